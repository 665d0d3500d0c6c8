//! The parts of a request's `content-type` that decide how its body is read (RFC 9110 section 8.3).

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// A media type with its parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct MediaType<'a> {
    essence: &'a str,
    parameters: &'a str,
}

impl<'a> MediaType<'a> {
    /// The request's content type, if it has one that is text.
    pub(super) fn of(headers: &'a HeaderMap) -> Option<Self> {
        headers.get(CONTENT_TYPE)?.to_str().ok().map(Self::parse)
    }

    pub(super) fn parse(text: &'a str) -> Self {
        let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
        Self { essence: essence.trim(), parameters }
    }

    /// Whether it is `application/json` or `application/..+json`, in UTF-8, the only encoding of JSON (RFC 8259).
    pub(super) fn is_json(self) -> bool {
        let is_suffixed = |essence: &str| {
            let essence = essence.to_ascii_lowercase();
            essence.strip_prefix("application/").is_some_and(|rest| rest.ends_with("+json"))
        };
        (self.is("application/json") || is_suffixed(self.essence)) && self.is_utf_8()
    }

    /// Whether it is the type that HTML forms without files send.
    pub(super) fn is_form(self) -> bool {
        self.is("application/x-www-form-urlencoded") && self.is_utf_8()
    }

    /// The boundary of a `multipart/form-data`; RFC 2046 allows 70 characters.
    #[cfg(feature = "uploads")]
    pub(super) fn boundary(self) -> Option<&'a str> {
        let boundary = self.is("multipart/form-data").then(|| self.parameter("boundary"))??;
        let is_allowed = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
        ((1..=70).contains(&boundary.len()) && boundary.bytes().all(is_allowed)).then_some(boundary)
    }

    pub(super) fn is(self, essence: &str) -> bool {
        self.essence.eq_ignore_ascii_case(essence)
    }

    /// Whether the text is UTF-8, of which ASCII is a part. Without a `charset` it is.
    pub(super) fn is_utf_8(self) -> bool {
        self.parameter("charset").is_none_or(|charset| {
            ["utf-8", "utf8", "us-ascii"].iter().any(|name| charset.eq_ignore_ascii_case(name))
        })
    }

    /// A parameter's value, without its quotes. No value that is needed here may contain an escape or a `;`.
    fn parameter(self, name: &str) -> Option<&'a str> {
        let mut pairs = self.parameters.split(';').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
        let value = value.trim();
        Some(value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value))
    }
}

#[cfg(test)]
mod tests {
    use super::MediaType;

    #[test]
    fn json_is_recognized_by_its_type_or_suffix_and_its_encoding() {
        let check =
            |text: &str, expected: bool| assert_eq!(MediaType::parse(text).is_json(), expected, "{text}");
        check("application/json", true);
        check("Application/JSON; charset=UTF-8", true);
        check("application/json;charset=\"utf-8\"", true);
        check("application/merge-patch+json", true);
        check("application/json; charset=utf-16", false);
        check("application/jsonp", false);
        check("text/json", false);
        check("image/x+json", false);
        check("", false);
        check(";;;=", false);
    }

    #[test]
    fn a_boundary_has_1_to_70_characters() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(MediaType::parse(text).boundary(), expected, "{text}");
        };
        check("multipart/form-data; boundary=x", Some("x"));
        check("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", Some("a b"));
        check("multipart/form-data", None);
        check("multipart/form-data; boundary=", None);
        check("multipart/form-data; boundary=\"\"", None);
        check("multipart/mixed; boundary=x", None);
        check(&format!("multipart/form-data; boundary={}", "x".repeat(71)), None);
    }
}
