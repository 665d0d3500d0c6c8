//! `FormField<T>`: one field of a form.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::content_type::MediaType;
use super::form_body::SOURCE as FIELD;
use super::form_parts::{FormPart, is_form, read_form_parts};
use super::value::{self, NotText, SingleValue};
use super::{Defaulted, FromRequest, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

/// Reads the value of the form's field that is named like the parameter.
///
/// The form is `multipart/form-data` or `application/x-www-form-urlencoded`; another body is refused with
/// 415. A handler can take any number of them, and of [`UploadedFile`](crate::UploadedFile)s: the form is read
/// once, whole, for all. Of a repeated field the last value counts, so that a hidden input before a checkbox is its
/// default; a `FormField<Vec<T>>` takes all. A missing field is refused with 400, unless the parameter has a
/// `#[default(..)]` or is a `FormField<Option<T>>`; so is text that is not UTF-8. A value that `T` does not accept, or a
/// file, is refused with 422, as is a multipart body that is malformed. The whole form is limited by
/// [`App::body_limit`](crate::App::body_limit) and to 1000 fields, 413 beyond; multipart to 1000 parts, 422 beyond.
///
/// An empty input is itself for a `String` and an `Option<String>`. For any other type it counts as missing: `None`, the
/// default, or 400.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/photos")]
/// async fn add(title: FormField<String>, #[default(3)] stars: FormField<u8>, photo: UploadedFile) -> String {
///     format!("{title}: {stars}, {} bytes", photo.len())
/// }
///
/// # fn main() {
/// let body = "--x\r\ncontent-disposition: form-data; name=\"title\"\r\n\r\nSun\r\n\
///     --x\r\ncontent-disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\n1234\r\n--x--\r\n";
/// let request = TestClient::new(app::new()).post("/photos").body(body);
/// let res = request.header("content-type", "multipart/form-data; boundary=x").send();
/// assert_eq!(res.text(), "Sun: 3, 4 bytes");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormField<T>(pub T);

value_newtype!(FormField);

impl<T: DeserializeOwned + Send> FromRequest for FormField<T> {
    const BY_NAME: bool = true;

    const SOURCE: Source = Source::Parts;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let name = parameter.name();
        let parts = match MediaType::of(scope.headers()) {
            Some(content_type) if is_form(content_type) => {
                Some(scope.shared(|| read_form_parts(scope)).await?)
            }
            // A form without fields has no body and needs no content type.
            None if scope.has_empty_body() => None,
            _ => return Err(Rejection::unsupported_media_type(parameter, "a form")),
        };
        let parts = || parts.iter().flat_map(|parts| parts.named(name));
        if parts().any(|part| part.text().is_none()) {
            return Err(Rejection::invalid(FIELD, name, "text, not a file"));
        }
        let texts = parts().filter_map(FormPart::text);
        let texts = texts.map(|text| std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| NotText));
        value::from_texts(texts, SingleValue::Last)
            .map(Self)
            .map_err(|problem| problem.into_rejection(FIELD, name))
    }

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        Requirement::form_field(parameter)
    }
}

impl<T: DeserializeOwned + Send> Defaulted for FormField<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}
