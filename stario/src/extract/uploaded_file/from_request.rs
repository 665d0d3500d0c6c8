//! Uploaded files as parameters: one, one that may be missing, or all of a field.

use super::super::FromRequest;
use super::super::form_parts::{FormPart, read_form_parts};
use super::super::multipart::is_multipart;
use super::UploadedFile;
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

const SOURCE: &str = "file";

const EXPECTED: &str = "an uploaded file";

impl FromRequest for UploadedFile {
    const BY_NAME: bool = true;

    const SOURCE: Source = Source::Parts;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        match Option::<UploadedFile>::from_request(scope, parameter).await? {
            Some(file) => Ok(file),
            None => Err(Rejection::missing(SOURCE, parameter.name(), EXPECTED)),
        }
    }

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        Requirement::form_field(parameter)
    }
}

impl FromRequest for Option<UploadedFile> {
    const BY_NAME: bool = true;

    const SOURCE: Source = Source::Parts;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        Ok(Vec::from_request(scope, parameter).await?.pop())
    }

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        Requirement::form_field(parameter)
    }
}

impl FromRequest for Vec<UploadedFile> {
    const BY_NAME: bool = true;

    const SOURCE: Source = Source::Parts;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        if !is_multipart(scope) {
            return Err(Rejection::invalid(SOURCE, parameter.name(), "a form of type `multipart/form-data`"));
        }
        let parts = scope.shared(|| read_form_parts(scope)).await?;
        let files = parts.named(parameter.name()).map(|part| match part {
            FormPart::File(file) => Ok(Some(file.clone())),
            FormPart::NoFile => Ok(None),
            FormPart::Text(_) => Err(Rejection::invalid(SOURCE, parameter.name(), EXPECTED)),
        });
        files.filter_map(Result::transpose).collect()
    }

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        Requirement::form_field(parameter)
    }
}
