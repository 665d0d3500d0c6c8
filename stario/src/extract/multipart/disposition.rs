//! The head of a part: its headers, and what `content-disposition` says (RFC 7578 section 4.2).

use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, HeaderName, HeaderValue};

use super::super::file_name::sanitized;

/// The field that a part belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: String,
    /// Safe; `None` for a part that is no file.
    pub(super) file_name: Option<String>,
    pub(super) is_unnamed_file: bool,
}

impl Disposition {
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        Self::parse(std::str::from_utf8(headers.get(CONTENT_DISPOSITION)?.as_bytes()).ok()?)
    }

    /// `form-data; name=".."; filename=".."`. RFC 7578 forbids `filename*`, so it is skipped like any other.
    fn parse(text: &str) -> Option<Self> {
        let (kind, mut rest) = text.split_once(';')?;
        if !kind.trim().eq_ignore_ascii_case("form-data") {
            return None;
        }
        let (mut name, mut file_name) = (None, None);
        while let Some((key, value)) = rest.split_once('=') {
            let (value, after) = value_of(value)?;
            match key.trim() {
                key if key.eq_ignore_ascii_case("name") => _ = name.get_or_insert(value),
                key if key.eq_ignore_ascii_case("filename") => _ = file_name.get_or_insert(value),
                _ => {}
            }
            rest = after;
        }
        Some(Self {
            name: name?,
            is_unnamed_file: file_name.as_ref().is_some_and(String::is_empty),
            file_name: file_name.map(|name| sanitized(&name)),
        })
    }
}

/// A parameter's value and what follows its `;`.
fn value_of(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = text.split_once(';').unwrap_or((text, ""));
        return Some((unescaped(value.trim()), after));
    };
    // Browsers escape a quote as `%22`, others as `\"`; a backslash before anything else is a backslash.
    let is_end = |at: usize| quoted[at..].starts_with('"') && !quoted[..at].ends_with('\\');
    let end = quoted.match_indices('"').map(|(at, _)| at).find(|at| is_end(*at))?;
    let (value, after) = (&quoted[..end], &quoted[end + 1..]);
    let after = after.split_once(';').map_or("", |(_, after)| after);
    Some((unescaped(&value.replace("\\\"", "\"")), after))
}

/// What the URL standard's form encoding escapes in names, and nothing else.
fn unescaped(text: &str) -> String {
    text.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")
}

/// The headers of a part, one per line; `None` if they are none.
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
        check("form-data; name=\"a\"; filename*=UTF-8''b.txt", Some(("a", None)));
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
