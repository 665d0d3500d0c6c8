//! What the text of a URL says: whether it runs code, whether it leaves the site, and whether text after it could
//! change either.
//!
//! Text may be escaped for an attribute already. That hides nothing: no entity contains a colon, a slash or a
//! backslash, and the safe schemes contain nothing that is ever escaped.

use std::borrow::Cow;

/// The schemes a string may bring along. Everything without a scheme is relative and fine.
const SAFE_SCHEMES: [&str; 6] = ["http", "https", "mailto", "tel", "sms", "about"];

/// The schemes after which browsers look for a host, however many slashes there are.
const SCHEMES_WITH_HOST: [&str; 6] = ["http", "https", "ftp", "ws", "wss", "file"];

/// Tells whether `url` is relative or has a scheme that cannot run code.
///
/// The scheme ends at the first `:` before any `/`, `?` or `#`. Browsers drop tabs, newlines and leading spaces while
/// they read it; a scheme with any of those in it is not in the list and is refused, which errs on the safe side.
pub(crate) fn is_safe(url: &str) -> bool {
    let url = url.trim_start_matches(' ');
    match url.find([':', '/', '?', '#']) {
        Some(end) if url.as_bytes()[end] == b':' => is_in(&SAFE_SCHEMES, &url[..end]),
        _ => true,
    }
}

/// Tells whether every URL of a list separated by spaces and commas is safe.
pub(crate) fn is_safe_list(list: &str) -> bool {
    list.split(is_list_separator).all(is_safe)
}

/// Tells whether `url` leads to the site of the page: it has neither a scheme nor a host. `about:blank` is empty.
pub fn is_same_site(url: &str) -> bool {
    let url = as_browsers_read(url);
    let has_scheme = url.find([':', '/', '\\', '?', '#']).is_some_and(|end| url.as_bytes()[end] == b':');
    let has_host = url.starts_with(['/', '\\']) && url[1..].starts_with(['/', '\\']);
    !has_scheme && !has_host || url == "about:blank"
}

/// Tells whether the `content` of a `<meta http-equiv="refresh">` leads to a safe URL, or nowhere.
pub(crate) fn is_safe_refresh(content: &str) -> bool {
    let content = content.replace("&quot;", "\"");
    let url = refresh_url_start(&content).map_or("", |start| &content[start..]);
    is_safe(url.trim_start())
}

/// The place where the URL begins in the `content` of a `<meta http-equiv="refresh">`, as browsers find it: `5; url=/`.
pub fn refresh_url_start(content: &str) -> Option<usize> {
    let after_space = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_whitespace()).len();
    let text = content.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let behind_delay = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if behind_delay.len() == text.len()
        || !behind_delay.starts_with(|c: char| c == ';' || c == ',' || c.is_ascii_whitespace())
    {
        return None;
    }
    let rest = &behind_delay[behind_delay.len() - after_space(behind_delay)..];
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest);
    let rest = &rest[rest.len() - after_space(rest)..];
    let mut url = rest;
    if rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("url")) {
        let after = &rest[3..];
        let after = &after[after.len() - after_space(after)..];
        if let Some(after) = after.strip_prefix('=') {
            url = &after[after.len() - after_space(after)..];
        }
    }
    let url = url.strip_prefix(['"', '\'']).unwrap_or(url);
    Some(content.len() - url.len())
}

/// What the beginning of a URL has decided, which values after it must not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// Nothing: the URL is checked as a whole.
    Open,
    /// It is one slash; a second one would begin a host.
    Slash,
    /// It ends inside of a host, which further letters would make another one, perhaps after a colon, where digits
    /// are the port.
    Host {
        /// Whether the colon is there.
        has_colon: bool,
    },
    /// Scheme and host: neither can change any more.
    Settled,
}

/// Tells what `beginning`, the text of a URL up to some place, has decided.
#[must_use]
pub fn lead(beginning: &str) -> Lead {
    let url = as_browsers_read(beginning);
    let Some(end) = url.find([':', '/', '\\', '?', '#']) else { return Lead::Open };
    let rest = &url[end + 1..];
    let behind_slashes = rest.trim_start_matches(['/', '\\']);
    match url.as_bytes()[end] {
        b':' if end == 0 => Lead::Open,
        b':' if behind_slashes.len() < rest.len() || is_in(&SCHEMES_WITH_HOST, &url[..end]) => {
            lead_of_host(behind_slashes)
        }
        b'/' | b'\\' if end == 0 && rest.is_empty() => Lead::Slash,
        b'/' | b'\\' if end == 0 && behind_slashes.len() < rest.len() => lead_of_host(behind_slashes),
        _ => Lead::Settled,
    }
}

/// What the text from the host on has decided. Without any of it the host was left to the values.
fn lead_of_host(text: &str) -> Lead {
    if text.is_empty() || text.contains(['/', '\\', '?', '#']) {
        return Lead::Settled;
    }
    // The colons in the brackets of an IPv6 address begin no port.
    let name_end = text.rfind(']').unwrap_or(0);
    Lead::Host { has_colon: text[name_end..].contains(':') }
}

impl Lead {
    /// Tells whether `next` leaves what is decided as it is.
    pub(crate) fn allows(self, next: &str) -> bool {
        let next = next.trim_start_matches(['\t', '\n', '\r']);
        match self {
            Self::Open | Self::Settled => true,
            Self::Slash => !next.starts_with(['/', '\\']),
            Self::Host { has_colon } => {
                let of_host = &next[..next.find(['/', '\\', '?', '#']).unwrap_or(next.len())];
                let port = if has_colon { Some(of_host) } else { of_host.strip_prefix(':') };
                of_host.is_empty() || port.is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
            }
        }
    }
}

/// The last URL of a list, or its beginning.
pub(crate) fn last_of_list(list: &str) -> &str {
    list.rsplit(is_list_separator).next().unwrap_or_default()
}

/// The first URL of a list, or the rest of one that began before.
pub(crate) fn first_of_list(list: &str) -> &str {
    list.split(is_list_separator).next().unwrap_or_default()
}

fn is_list_separator(c: char) -> bool {
    matches!(c, ',' | ';') || c.is_ascii_whitespace()
}

/// Browsers drop spaces and control characters in front of a URL, and tabs and newlines anywhere in it.
fn as_browsers_read(url: &str) -> Cow<'_, str> {
    let url = url.trim_start_matches(|c: char| c <= ' ');
    if url.contains(['\t', '\n', '\r']) {
        return Cow::Owned(url.replace(['\t', '\n', '\r'], ""));
    }
    Cow::Borrowed(url)
}

fn is_in(schemes: &[&str], scheme: &str) -> bool {
    schemes.iter().any(|known| known.eq_ignore_ascii_case(scheme))
}

#[cfg(test)]
mod tests {
    use super::{Lead, is_safe_refresh, is_same_site, lead, refresh_url_start};

    #[test]
    fn knows_what_a_beginning_decides() {
        let (host, port) = (Lead::Host { has_colon: false }, Lead::Host { has_colon: true });
        for (beginning, expected) in [
            ("", Lead::Open),
            (" \n", Lead::Open),
            ("users", Lead::Open),
            (":", Lead::Open),
            ("/", Lead::Slash),
            (" /", Lead::Slash),
            ("\\", Lead::Slash),
            ("/\t", Lead::Slash),
            ("/u", Lead::Settled),
            ("/?", Lead::Settled),
            ("users/", Lead::Settled),
            ("?q=", Lead::Settled),
            ("#", Lead::Settled),
            ("mailto:", Lead::Settled),
            ("https:", Lead::Settled),
            ("https://", Lead::Settled),
            ("//", Lead::Settled),
            ("//cdn.example", host),
            ("/\\cdn.example", host),
            ("/\n/cdn.example", host),
            ("https://cdn.example", host),
            ("HTTPS:cdn.example", host),
            ("custom://host", host),
            ("http://[::1]", host),
            ("http://localhost:", port),
            ("http://[::1]:", port),
            ("//cdn.example/", Lead::Settled),
            ("https://cdn.example?", Lead::Settled),
        ] {
            assert_eq!(lead(beginning), expected, "{beginning:?}");
        }
    }

    #[test]
    fn lets_values_change_nothing_that_is_decided() {
        let check = |beginning: &str, next: &str, expected: bool| {
            assert_eq!(lead(beginning).allows(next), expected, "{beginning:?} {next:?}");
        };
        for next in ["/evil.example", "\\evil.example", "\t/evil.example", "\r\n\\x"] {
            check("/", next, false);
        }
        for next in ["", "users", ".", " /x", "?q", "a//b", "a:b"] {
            check("/", next, true);
        }
        for next in [".evil.example", "@evil.example/", "evil", ":80@evil.example", ":x", "&amp;", "-x/"] {
            check("https://site.example", next, false);
        }
        for next in ["", "/users", "?q", "#x", ":8080", ":8080/x", ":"] {
            check("https://site.example", next, true);
        }
        check("http://localhost:", "3000/x", true);
        check("http://localhost:", "x@evil.example", false);
    }

    #[test]
    fn knows_the_own_site() {
        for url in ["", "/a", "a/b:c", "?q=a:b", "#x", "..", " /a", "/a//b", "about:blank"] {
            assert!(is_same_site(url), "{url:?}");
        }
        for url in [
            "//a",
            "/\\a",
            "\\\\a",
            "/\t/a",
            " //a",
            "\u{1}//a",
            "https:a",
            "data:,",
            "javascript:x",
            "about:x",
            ":",
        ] {
            assert!(!is_same_site(url), "{url:?}");
        }
    }

    #[test]
    fn finds_the_url_of_a_refresh() {
        for (content, url) in [
            ("5; url=/a", Some("/a")),
            (" 0.5 , URL = '/a'", Some("/a'")),
            ("5;/a", Some("/a")),
            ("5 urly", Some("urly")),
            ("5;\turl=\"", Some("")),
            ("0; url=", Some("")),
            ("5", None),
            ("url=/a", None),
            ("5x; url=/a", None),
            ("", None),
        ] {
            assert_eq!(refresh_url_start(content).map(|start| &content[start..]), url, "{content:?}");
        }
        assert!(is_safe_refresh("5") && is_safe_refresh("5; url=https://x") && is_safe_refresh("text: a"));
        for content in
            ["0;javascript:x", "0 url=data:x", "0; url=' javascript:x", "0; url=&quot;javascript:x"]
        {
            assert!(!is_safe_refresh(content), "{content:?}");
        }
    }
}
