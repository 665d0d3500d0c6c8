//! `Attachment`: the name under which a client saves a body.

use http::header::{CONTENT_DISPOSITION, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Response, ResponsePart};
use crate::error::Result;

/// The characters that `filename*` must escape: everything but `attr-char` of RFC 8187 section 3.2.1.
const NOT_IN_ATTRIBUTES: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A part of a response that makes a browser save the body instead of showing it.
///
/// The name may be any text. It is encoded as in RFC 6266: in ASCII for old clients and, if that is not enough,
/// also in UTF-8. Control characters, `/` and `\` become `_`, so that the name can neither end its header nor lead
/// to another folder; and so do the marks that turn the direction of text, which could make `gpj.exe` look like
/// `exe.jpg`.
///
/// ```
/// use stario::prelude::*;
/// use stario::{Attachment, Bytes};
///
/// # stario::app!();
/// #[app::query("/export")]
/// async fn export() -> (Attachment, Bytes) {
///     (Attachment::named("Übersicht.csv"), Bytes::from_static(b"a,b"))
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/export").send();
/// assert_eq!(
///     res.header("content-disposition"),
///     "attachment; filename=\"_bersicht.csv\"; filename*=UTF-8''%C3%9Cbersicht.csv"
/// );
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment(String);

impl Attachment {
    /// Has the body saved under `name`; if that is empty, the browser chooses a name.
    pub fn named(name: impl AsRef<str>) -> Self {
        Self(name.as_ref().replace(is_unsafe, "_"))
    }

    fn disposition(&self) -> String {
        let name = &self.0;
        if name.is_empty() {
            return "attachment".to_owned();
        }
        // Some clients decode `%` here, and some take `\"` for the end.
        let is_plain = |character: char| character.is_ascii() && !matches!(character, '"' | '%');
        let plain = name.replace(|character| !is_plain(character), "_");
        if plain == *name {
            return format!("attachment; filename=\"{plain}\"");
        }
        let whole = utf8_percent_encode(name, NOT_IN_ATTRIBUTES);
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}")
    }
}

/// The characters that are left out of names.
fn is_unsafe(character: char) -> bool {
    let turns_text =
        matches!(character, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    character.is_control() || turns_text || matches!(character, '/' | '\\')
}

impl ResponsePart for Attachment {
    fn apply(self, response: &mut Response) -> Result<()> {
        let disposition = HeaderValue::try_from(self.disposition())?;
        response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Attachment;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(Attachment::named(name).disposition(), expected);
    }

    #[test]
    fn a_name_stays_in_its_quotes_and_in_its_folder() {
        check("report.pdf", "attachment; filename=\"report.pdf\"");
        check("my report;v=2.pdf", "attachment; filename=\"my report;v=2.pdf\"");
        check("", "attachment");
        check("a\"; x=\"b", "attachment; filename=\"a_; x=_b\"; filename*=UTF-8''a%22%3B%20x%3D%22b");
        check("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt");
        check("a\r\nset-cookie: b=c", "attachment; filename=\"a__set-cookie: b=c\"");
        check("a\0\u{85}b", "attachment; filename=\"a__b\"");
        check("../../etc/passwd", "attachment; filename=\".._.._etc_passwd\"");
        check("a\u{202E}gpj.exe", "attachment; filename=\"a_gpj.exe\"");
        check("..\\a", "attachment; filename=\".._a\"");
        check("日本.txt", "attachment; filename=\"__.txt\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.txt");
        check("it's.txt", "attachment; filename=\"it's.txt\"");
    }
}
