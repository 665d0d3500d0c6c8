//! `FormBody<T>`: the request's body, sent by an HTML form.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::content_type::ContentType;
use super::urlencoded::{self, Pair};
use super::{FromRequest, value, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Source};
use crate::scope::Scope;

pub(super) const SOURCE: &str = "form field";

/// The most fields of a form.
const FIELD_LIMIT: usize = 1000;

/// Reads the request's body, an HTML form, as a struct with a field per name.
///
/// Its content type is `application/x-www-form-urlencoded`; any other is refused with 415. A field that is a `Vec` gets
/// all values of its name, any other field the last, so that a hidden input before a checkbox is its default. An
/// `Option` may be missing, and so may a field with `#[serde(default)]`. An empty input counts as missing unless the
/// field is text: a `String` or an `Option<String>`. Names that the struct does not have are skipped. Flattened fields
/// and tagged enums are read as in a [`Query`](crate::Query).
///
/// A missing field is refused with 400, a value that does not fit with 422, both naming the field; more than 1000 fields
/// and bytes that are not UTF-8 with 400. The length is limited by [`App::body_limit`](crate::App::body_limit), 413
/// beyond.
///
/// ```
/// use stario::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Login {
///     name: String,
///     remember: Option<bool>,
/// }
///
/// # stario::app!();
/// #[app::command("/login")]
/// async fn login(FormBody(login): FormBody<Login>) -> String {
///     format!("{} {:?}", login.name, login.remember)
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let post = |form: &'static str| {
///     let request = client.post("/login").header("content-type", "application/x-www-form-urlencoded");
///     request.body(form).send().text().to_owned()
/// };
/// assert_eq!(post("name=Ada+L.&remember=on"), "Ada L. Some(true)");
/// assert_eq!(post("name=&remember="), " None");
/// assert_eq!(post("remember=on"), "missing form field `name`");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormBody<T>(pub T);

value_newtype!(FormBody);

impl<T: DeserializeOwned + Send> FromRequest for FormBody<T> {
    const SOURCE: Source = Source::Body;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        match ContentType::of(scope.headers()) {
            Some(content_type) if content_type.is_form() => read(scope).await.map(Self),
            // A form without fields has no body and needs no content type.
            None if scope.has_empty_body() => read(scope).await.map(Self),
            _ => Err(Rejection::unsupported_media_type(parameter, "`application/x-www-form-urlencoded`")),
        }
    }
}

/// Reads a body whose content type is that of a form.
pub(super) async fn read<T: DeserializeOwned>(scope: &Scope) -> Result<T, Rejection> {
    let body = read_bytes(scope).await?;
    value::from_pairs(&pairs(&body)?).map_err(|problem| problem.into_rejection(SOURCE, ""))
}

/// Reads a body whose content type is a form's, field by field.
pub(super) async fn read_fields<F>(
    scope: &Scope,
    field: impl Fn(Pair<'_>) -> F,
) -> Result<Vec<F>, Rejection> {
    let body = read_bytes(scope).await?;
    Ok(pairs(&body)?.into_iter().map(field).collect())
}

fn pairs(body: &[u8]) -> Result<Vec<Pair<'_>>, Rejection> {
    urlencoded::pairs(body).map_err(|_| Rejection::bad_request("the form is not valid text"))
}

async fn read_bytes(scope: &Scope) -> Result<Bytes, Rejection> {
    let body = scope.read_body().await?;
    if urlencoded::raw_pairs(&body).nth(FIELD_LIMIT).is_some() {
        return Err(Rejection::bad_request(format!("the form has more than {FIELD_LIMIT} fields")));
    }
    Ok(body)
}
