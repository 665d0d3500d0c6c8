//! `JsonOrForm<T>`: the request's body, read by its content type.

use serde::de::DeserializeOwned;

use super::content_type::MediaType;
use super::{FromRequest, form_body, json_body, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

/// Reads the request's body as a `T`, like a [`JsonBody`](crate::JsonBody) or a [`FormBody`](crate::FormBody)
/// depending on its content type; any other is refused with 415.
///
/// ```
/// use stario::prelude::*;
/// use stario::JsonOrForm;
///
/// #[derive(serde::Deserialize)]
/// struct Vote {
///     stars: u8,
/// }
///
/// # stario::app!();
/// #[app::command("/vote")]
/// async fn vote(vote: JsonOrForm<Vote>) -> u8 {
///     vote.stars
/// }
///
/// # fn main() {
/// let post = || TestClient::new(app::new()).post("/vote");
/// assert_eq!(post().json(&json!({ "stars": 5 })).send().text(), "5");
/// let form = post().header("content-type", "application/x-www-form-urlencoded").body("stars=4");
/// assert_eq!(form.send().text(), "4");
/// assert_eq!(post().body("stars=4").send().status(), 415);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonOrForm<T>(pub T);

value_newtype!(JsonOrForm);

impl<T: DeserializeOwned + Send + 'static> FromRequest for JsonOrForm<T> {
    const SOURCE: Source = Source::Body;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        match MediaType::of(scope.headers()) {
            Some(content_type) if content_type.is_json() => json_body::read(scope, parameter).await.map(Self),
            Some(content_type) if content_type.is_form() => form_body::read(scope).await.map(Self),
            _ => Err(Rejection::unsupported_media_type(
                parameter,
                "`application/json` or `application/x-www-form-urlencoded`",
            )),
        }
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        form_body::requirement::<T>()
    }
}
