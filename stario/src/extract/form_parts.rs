//! The parts of a form, read once for all parameters that take one of them.

use bytes::Bytes;

use super::UploadedFile;
use super::content_type::MediaType;
use super::form_body;
use super::multipart::MultipartParser;
use crate::error::Rejection;
use crate::scope::Scope;

/// The fields of one request's form, with their names, in their order.
pub(super) struct FormParts(Vec<(String, FormPart)>);

pub(super) enum FormPart {
    File(UploadedFile),
    /// A file input in which nothing was chosen.
    NoFile,
    Text(Bytes),
}

impl FormPart {
    /// The text of a field.
    pub(super) fn text(&self) -> Option<&Bytes> {
        match self {
            FormPart::Text(text) => Some(text),
            FormPart::File(_) | FormPart::NoFile => None,
        }
    }
}

impl FormParts {
    pub(super) fn named<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p FormPart> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, part)| part)
    }
}

/// Whether a body of this type is a form.
pub(super) fn is_form(content_type: MediaType<'_>) -> bool {
    content_type.is_form() || content_type.is("multipart/form-data")
}

/// Reads the whole body: as multipart, or as a form without files if it says so.
pub(super) async fn read_form_parts(scope: &Scope) -> Result<FormParts, Rejection> {
    if MediaType::of(scope.headers()).is_some_and(MediaType::is_form) {
        let fields = form_body::read_fields(scope, |(name, text)| {
            (name.into_owned(), FormPart::Text(text.into_owned().into()))
        });
        return fields.await.map(FormParts);
    }
    let mut parser = MultipartParser::new(scope)?;
    let mut parts = Vec::new();
    while let Some(mut part) = parser.next_part().await? {
        let name = part.name().to_owned();
        let content = if part.file_name().is_some() {
            let file = UploadedFile::read(part).await?;
            if let Some(file) = &file {
                parser.keep(file.bytes_in_memory(), file.length())?;
            }
            file.map_or(FormPart::NoFile, FormPart::File)
        } else {
            let text = part.rest().await?;
            parser.keep(text.capacity(), text.len())?;
            FormPart::Text(text.into())
        };
        parts.push((name, content));
    }
    scope.keep(parser.into_held());
    Ok(FormParts(parts))
}
