//! `FormBody<T>`: the request's body, sent by an HTML form.

use serde::de::DeserializeOwned;

use super::content_type::MediaType;
use super::urlencoded::{self, TextPair};
use super::{FromRequest, off_worker, value, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement, Source, TakenFields};
use crate::scope::Scope;

pub(super) const SOURCE: &str = "form field";

/// The most fields of a form.
pub(super) const FIELD_LIMIT: usize = 1000;

/// Reads the request's body, an HTML form, as a struct with a field per name.
///
/// Its content type is `application/x-www-form-urlencoded`; any other is refused with 415. A field that is a `Vec` gets
/// all values of its name, any other field the last, so that a hidden input before a checkbox is its default. An
/// `Option` may be missing, and so may a field with `#[serde(default)]`. An empty input counts as missing unless the
/// field is text: a `String` or an `Option<String>`. Names that the struct does not have are skipped. Flattened fields
/// and tagged enums are read as in a [`Query`](crate::Query).
///
/// A missing field is refused with 400, a value that does not fit with 422, both naming the field; bytes that are not UTF-8
/// with 400. More than 1000 fields are refused with 413, as is a body that is longer than
/// [`App::body_limit`](crate::App::body_limit).
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

impl<T: DeserializeOwned + Send + 'static> FromRequest for FormBody<T> {
    const SOURCE: Source = Source::Body;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        match MediaType::of(scope.headers()) {
            Some(content_type) if content_type.is_form() => read(scope).await.map(Self),
            // A form without fields has no body and needs no content type.
            None if scope.has_empty_body() => read(scope).await.map(Self),
            _ => Err(Rejection::unsupported_media_type(parameter, "`application/x-www-form-urlencoded`")),
        }
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        requirement::<T>()
    }
}

/// The fields of the struct. Only the check of names asks, and a build for production has none.
pub(super) fn requirement<T: DeserializeOwned>() -> Option<Requirement> {
    cfg!(debug_assertions).then_some(Requirement::FormFields(TakenFields::Of {
        has: |name| value::field_names::<T>().is_some_and(|names| names.contains(&name)),
        names: || value::field_names::<T>().map(<[_]>::to_vec),
    }))
}

/// Reads a body whose content type is that of a form.
pub(super) async fn read<T: DeserializeOwned + Send + 'static>(scope: &Scope) -> Result<T, Rejection> {
    let body = scope.read_body().await?;
    off_worker::parse(body.len(), move || {
        value::from_pairs(&pairs(&body)?).map_err(|problem| problem.into_rejection(SOURCE, ""))
    })
    .await
}

/// Reads a body whose content type is a form's, field by field.
pub(super) async fn read_fields<F: Send + 'static>(
    scope: &Scope,
    field: fn(TextPair<'_>) -> F,
) -> Result<Vec<F>, Rejection> {
    let body = scope.read_body().await?;
    off_worker::parse(body.len(), move || Ok(pairs(&body)?.into_iter().map(field).collect())).await
}

fn pairs(body: &[u8]) -> Result<Vec<TextPair<'_>>, Rejection> {
    let not_text = || Rejection::bad_request("the form is not valid text");
    let body = std::str::from_utf8(body).map_err(|_| not_text())?;
    if urlencoded::raw_pairs(body).nth(FIELD_LIMIT).is_some() {
        return Err(Rejection::too_much(format!("the form has more than {FIELD_LIMIT} fields")));
    }
    urlencoded::pairs(body).map_err(|_| not_text())
}
