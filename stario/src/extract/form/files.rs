//! Files of a form: what a field accepts, and what came.

use super::super::UploadedFile;
use super::super::content_type::MediaType;
use super::problem::Problem;

/// The rules of a field for files.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct FileRules {
    /// The most bytes of one file.
    pub max_size: u64,
    /// The types, as the attribute `accept` lists them. Empty for any.
    pub accept: &'static str,
}

impl FileRules {
    /// Whether a file of this name and content type is accepted. Both are the client's words.
    pub(super) fn accept(&self, file_name: &str, content_type: Option<&str>) -> bool {
        let is_type = |essence: &str| content_type.is_some_and(|text| MediaType::parse(text).is(essence));
        let is_group = |group: &str| {
            let own = content_type.and_then(|text| text.split('/').next()).unwrap_or_default();
            own.trim().eq_ignore_ascii_case(group)
        };
        let is_named = |ending: &str| {
            let start = file_name.len().checked_sub(ending.len());
            start.and_then(|start| file_name.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(ending))
        };
        self.accept.trim().is_empty()
            || self.accept.split(',').map(str::trim).any(|accepted| match accepted.strip_suffix("/*") {
                Some(group) => group == "*" || is_group(group),
                None if accepted.starts_with('.') => is_named(accepted),
                None => is_type(accepted),
            })
    }
}

/// The file that a client sent for one file input.
#[derive(Debug)]
pub(super) enum ReceivedFile {
    File(UploadedFile),
    /// No file was chosen.
    Nothing,
    /// The file was not kept.
    Refused(Problem),
}

/// A type that a field for files can have.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a file of a form",
    label = "not a file",
    note = "a field with #[form(file)] is an `UploadedFile`, an `Option<UploadedFile>` or a `Vec<UploadedFile>`"
)]
pub trait FormFile: Sized {
    #[doc(hidden)]
    fn __of(files: Vec<UploadedFile>) -> Option<Self>;

    #[doc(hidden)]
    fn __stand_in() -> Self;
}

impl FormFile for UploadedFile {
    fn __of(mut files: Vec<UploadedFile>) -> Option<Self> {
        files.pop()
    }

    fn __stand_in() -> Self {
        UploadedFile::empty()
    }
}

impl FormFile for Option<UploadedFile> {
    fn __of(mut files: Vec<UploadedFile>) -> Option<Self> {
        Some(files.pop())
    }

    fn __stand_in() -> Self {
        None
    }
}

impl FormFile for Vec<UploadedFile> {
    fn __of(files: Vec<UploadedFile>) -> Option<Self> {
        Some(files)
    }

    fn __stand_in() -> Self {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_accepted_by_type_and_by_name() {
        let check = |accept: &'static str, name: &str, content_type: Option<&str>| {
            FileRules { max_size: 1, accept }.accept(name, content_type)
        };
        assert!(check("", "a", None));
        assert!(check("image/png, image/jpeg", "a", Some("image/jpeg; x=y")));
        assert!(check("image/*", "a", Some("IMAGE/gif")));
        assert!(check("*/*", "a", None));
        assert!(check(".csv,.txt", "A.CSV", Some("application/vnd.ms-excel")));
        assert!(!check("image/*", "a.png", None));
        assert!(!check("image/*", "a", Some("text/image")));
        assert!(!check(".csv", "é", Some("text/csv")));
        assert!(!check("image/png", "a.png", Some("image/pngx")));
    }
}
