//! The head of a part: its headers, and what `content-disposition` says (RFC 7578 section 4.2).

use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use super::super::file_name::sanitized;

/// The field that a part belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: String,
    /// The file's name without a path; `None` for a part that is not a file.
    pub(super) file_name: Option<String>,
    /// Whether the part is a file whose name is empty.
    pub(super) is_unnamed_file: bool,
}

impl Disposition {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = String::from_utf8_lossy(headers.get(CONTENT_DISPOSITION)?.as_bytes());
        // A file's name may be in an encoding that nothing names. A field's name decides what the part is.
        Self::parse(&text).filter(|disposition| !disposition.name.contains(char::REPLACEMENT_CHARACTER))
    }

    /// Reads `form-data; name=".."; filename=".."`.
    ///
    /// A `filename*` (RFC 5987) wins over a `filename`. RFC 7578 forbids it, but some clients send both, the second one in
    /// an encoding that only mail programs read.
    fn parse(text: &str) -> Option<Self> {
        // curl writes `\"` for a quote. Others write `%22` for it, so that their `\` before the last quote is a
        // backslash. The text shows which of them sent it: only one way leads to its end.
        Self::parse_with(text, Backslash::EscapesQuote)
            .or_else(|| Self::parse_with(text, Backslash::IsItself))
    }

    fn parse_with(text: &str, backslash: Backslash) -> Option<Self> {
        let (kind, mut rest) = text.split_once(';')?;
        if !kind.trim().eq_ignore_ascii_case("form-data") {
            return None;
        }
        let (mut name, mut file_name, mut encoded_file_name) = (None, None, None);
        while let Some((key, value)) = rest.split_once('=') {
            let (value, after) = value_of(value, backslash)?;
            match key.trim() {
                key if key.eq_ignore_ascii_case("name") => _ = name.get_or_insert(value),
                key if key.eq_ignore_ascii_case("filename") => _ = file_name.get_or_insert(value),
                key if key.eq_ignore_ascii_case("filename*") => {
                    encoded_file_name = encoded_file_name.or_else(|| decoded(&value));
                }
                _ => {}
            }
            rest = after;
        }
        let file_name = encoded_file_name.or(file_name);
        Some(Self {
            name: name?,
            is_unnamed_file: file_name.as_ref().is_some_and(String::is_empty),
            file_name: file_name.map(|name| sanitized(&name)),
        })
    }
}

/// What a `\` before a quote is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backslash {
    EscapesQuote,
    IsItself,
}

/// Returns a parameter's value and the text after its `;`; `None` if its quotes do not enclose it.
fn value_of(text: &str, backslash: Backslash) -> Option<(String, &str)> {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = text.split_once(';').unwrap_or((text, ""));
        return Some((unescaped(value.trim()), after));
    };
    let is_escaped = |at: usize| backslash == Backslash::EscapesQuote && quoted[..at].ends_with('\\');
    let end = quoted.match_indices('"').map(|(at, _)| at).find(|at| !is_escaped(*at))?;
    let (value, after) = (&quoted[..end], &quoted[end + 1..]);
    let (between, after) = after.split_once(';').unwrap_or((after, ""));
    match backslash {
        Backslash::EscapesQuote if !between.trim().is_empty() => None,
        Backslash::EscapesQuote => Some((unescaped(&value.replace("\\\"", "\"")), after)),
        Backslash::IsItself => Some((unescaped(value), after)),
    }
}

/// Decodes the value of `filename*`, such as `UTF-8''na%C3%AFve.txt`; `None` if its encoding is unknown or broken.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '\'');
    let (encoding, _language, value) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = percent_decode_str(value);
    if encoding.eq_ignore_ascii_case("utf-8") {
        bytes.decode_utf8().ok().map(std::borrow::Cow::into_owned)
    } else if encoding.eq_ignore_ascii_case("iso-8859-1") {
        Some(bytes.map(char::from).collect())
    } else {
        None
    }
}

/// Undoes the escapes of names in forms: the HTML standard has these three.
fn unescaped(text: &str) -> String {
    text.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// Reads the headers of a part, one per line; `None` if a line is not a header.
pub(super) fn parse_headers(section: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in section.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
        if line.is_empty() {
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        headers.append(name, value);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_clients_write_them() {
        let check = |text: &str, expected: Option<(&str, Option<&str>)>| {
            let found = Disposition::parse(text);
            let found = found.as_ref().map(|found| (&*found.name, found.file_name.as_deref()));
            assert_eq!(found, expected, "{text}");
        };
        check("form-data; name=\"a\"", Some(("a", None)));
        check("Form-Data; Name=a; FileName=b.txt", Some(("a", Some("b.txt"))));
        check("form-data; filename=\"b;c.txt\"; name=\"a\"", Some(("a", Some("b;c.txt"))));
        check("form-data; name=\"a\"; filename=\"../../b\"", Some(("a", Some("b"))));
        check("form-data; name=\"a\"; filename=\"C:\\dir\\b\"", Some(("a", Some("b"))));
        check("form-data; name=\"a\"; filename=\"\"", Some(("a", Some("file"))));
        check("form-data; name=\"a%22b\"", Some(("a\"b", None)));
        check("form-data; name=\"a\\\"b\"", Some(("a\"b", None)));
        check("form-data; name=\"a\"; filename*=UTF-8''na%C3%AFve.txt", Some(("a", Some("naïve.txt"))));
        check("form-data; name=\"a\"; filename*=iso-8859-1'en'na%EFve.txt", Some(("a", Some("naïve.txt"))));
        check(
            "form-data; filename*=UTF-8''b; name=\"a\"; filename=\"=?utf-8?B?Yw==?=\"",
            Some(("a", Some("b"))),
        );
        check("form-data; name=\"a\"; filename=\"c\"; Filename*=UTF-8''b", Some(("a", Some("b"))));
        check("form-data; name=\"a\"; filename=\"c\"; filename*=UTF-8''%FF", Some(("a", Some("c"))));
        check("form-data; name=\"a\"; filename=\"c\"; filename*=koi8-r''b", Some(("a", Some("c"))));
        check("form-data; name=\"a\"; filename*=b", Some(("a", None)));
        check("form-data; name=\"a\"; filename*=UTF-8''..%2Fb", Some(("a", Some("b"))));
        check("form-data; name=\"a\"; filename=\"report\\\"", Some(("a", Some("report"))));
        check("form-data; filename=\"report\\\"; name=\"a\"", Some(("a", Some("report"))));
        check("form-data; name=\"a\\\"; filename=\"b\"", Some(("a\\", Some("b"))));
        check("form-data; name=\"a\"; filename=\"\\\"b\\\".txt\"", Some(("a", Some("\"b\".txt"))));
        check("form-data; name=\"a\"; name=\"b\"", Some(("a", None)));
        check("form-data; name=\"\"", Some(("", None)));
        check("form-data; name=\"a", None);
        check("form-data; filename=\"b\"", None);
        check("form-data", None);
        check("attachment; name=\"a\"", None);
        check("", None);
    }

    #[test]
    fn headers_are_lines_with_a_colon() {
        assert_eq!(parse_headers(b"a: 1\r\nB:2\r\na:3").unwrap().len(), 3);
        assert!(parse_headers(b"").unwrap().is_empty());
        for broken in [&b"a"[..], b": 1", b"a b: 1", b"a: \0", b"\xff: 1"] {
            assert!(parse_headers(broken).is_none(), "{broken:?}");
        }
    }
}
