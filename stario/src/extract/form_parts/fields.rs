//! The fields of a form, read once for all parameters that take one of them. It stands in for the parts of a form where
//! the feature `uploads` is off.

use bytes::Bytes;

use super::Rejection;
use super::content_type::MediaType;
use super::form_body;
use crate::scope::Scope;

/// The fields of one request's form, with their names, in their order.
pub(super) struct FormParts(Vec<(String, FormPart)>);

pub(super) enum FormPart {
    Text(Bytes),
}

impl FormPart {
    /// The text of a field.
    pub(super) fn text(&self) -> Option<&Bytes> {
        let FormPart::Text(text) = self;
        Some(text)
    }
}

impl FormParts {
    pub(super) fn named<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p FormPart> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, part)| part)
    }
}

/// Whether a body of this type is a form.
pub(super) fn is_form(content_type: MediaType<'_>) -> bool {
    content_type.is_form()
}

/// Reads the whole body.
pub(super) async fn read_form_parts(scope: &Scope) -> Result<FormParts, Rejection> {
    let fields = form_body::read_fields(scope, |(name, text)| {
        (name.into_owned(), FormPart::Text(text.into_owned().into()))
    });
    fields.await.map(FormParts)
}
