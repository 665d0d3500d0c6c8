//! The checks of a request before it is routed, where hyper accepts more than it should.

use http::header::{CONNECTION, HOST, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode, Version};
use http_body::Body;

use crate::response::{self, Response};

/// The answer to a request that cannot be served, after which the connection ends. None if it can be; then its
/// header `host` is what its target names, where that names one.
pub(super) fn refusal(head: &mut Parts, body: &impl Body, most_fields: usize) -> Option<Response> {
    let (status, message) = problem(head, body, most_fields)?;
    let mut answer = response::text(status, message);
    if head.version < Version::HTTP_2 {
        response::set(answer.headers_mut(), CONNECTION, "close");
    }
    Some(answer)
}

fn problem(head: &mut Parts, body: &impl Body, most_fields: usize) -> Option<(StatusCode, &'static str)> {
    if head.headers.len() > most_fields {
        return Some((StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "too many header fields"));
    }
    if head.method == Method::CONNECT {
        return Some((StatusCode::NOT_IMPLEMENTED, "this server is no proxy"));
    }
    let message = if head.version == Version::HTTP_2 {
        host_over_http2(head)
    } else {
        // hyper takes all codings in which `chunked` is the last, and cannot undo the others.
        if body.size_hint().exact().is_none() && !is_chunked(&head.headers) {
            return Some((StatusCode::NOT_IMPLEMENTED, "the only transfer coding is chunked"));
        }
        target(head).or_else(|| host(head))
    };
    message.map(|message| (StatusCode::BAD_REQUEST, message))
}

/// Whether the coding is exactly `chunked`, once. Of anything else, another server on the way may conclude that the body has
/// another length.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    codings.next().is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        && codings.next().is_none()
}

/// The target is a path, a URL of HTTP, or `*` with OPTIONS (RFC 9112, 3.2).
fn target(head: &Parts) -> Option<&'static str> {
    let uri = &head.uri;
    let is_good = match uri.scheme_str() {
        None if uri.path() == "*" => head.method == Method::OPTIONS,
        None => uri.authority().is_none() && uri.path().starts_with('/'),
        Some("http" | "https") => {
            uri.authority().is_some_and(|authority| is_host(authority.as_str().as_bytes()))
        }
        Some(_) => false,
    };
    (!is_good).then_some("bad request target")
}

/// There is exactly one `host` in HTTP/1.1 (RFC 9112, 3.2). The one that the target names takes its place.
fn host(head: &mut Parts) -> Option<&'static str> {
    let headers = &head.headers;
    // Nearly all clients send it first and each header once. To look up a name takes 100 instructions.
    let first = headers.iter().next().filter(|(name, _)| **name == HOST);
    let (first, another) = match first {
        Some((_, host)) if headers.len() == headers.keys_len() => (Some(host), None),
        _ => {
            let mut hosts = headers.get_all(HOST).iter();
            (hosts.next(), hosts.next())
        }
    };
    let problem = match (first, another) {
        (None, _) if head.version == Version::HTTP_11 => Some("missing header `host`"),
        (None, _) => None,
        (Some(host), None) => (!is_host(host.as_bytes())).then_some("bad header `host`"),
        (Some(_), Some(_)) => Some("more than one header `host`"),
    };
    if let (None, Some(authority)) = (problem, head.uri.authority()) {
        let authority = value_of(authority);
        head.headers.insert(HOST, authority);
    }
    problem
}

/// There is `:authority` or `host`, or both and they are the same (RFC 9113, 8.3.1).
fn host_over_http2(head: &Parts) -> Option<&'static str> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let (host, another) = (hosts.next(), hosts.next());
    let named = head.uri.authority().map(Authority::as_str).map(str::as_bytes);
    let is_good = match (named, host) {
        (None, None) => false,
        (Some(named), None) => is_host(named),
        (None, Some(host)) => is_host(host.as_bytes()),
        (Some(named), Some(host)) => is_host(named) && named.eq_ignore_ascii_case(host.as_bytes()),
    };
    (!is_good || another.is_some()).then_some("bad header `host`")
}

fn value_of(authority: &Authority) -> HeaderValue {
    // What `is_host` accepts is a header's value.
    HeaderValue::from_str(authority.as_str()).unwrap_or(HeaderValue::from_static(""))
}

/// Whether this is a host name or an IP address, with or without a port; or empty, which clients send that know no host. Of RFC
/// 3986's reg-name, only the characters of DNS names and `_`, `~` are allowed.
fn is_host(host: &[u8]) -> bool {
    if host.len() > 255 {
        return false;
    }
    // All bytes in any case: without branches this is faster for a name alone, which nearly all hosts are.
    if host.iter().fold(true, |all, byte| all & NAME_BYTES[usize::from(*byte)]) {
        return true;
    }
    let port = match host {
        [b'[', rest @ ..] => {
            let Some(end) = rest.iter().position(|byte| *byte == b']') else { return false };
            let (address, port) = (&rest[..end], &rest[end + 1..]);
            let is_address = std::str::from_utf8(address)
                .is_ok_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
            if !is_address {
                return false;
            }
            port
        }
        _ => {
            let end = host.iter().position(|byte| !NAME_BYTES[usize::from(*byte)]);
            &host[end.unwrap_or(host.len())..]
        }
    };
    is_port(port)
}

/// The bytes of a name: letters, digits, and `-`, `.`, `_`, `~`.
const NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        byte += 1;
    }
    table
};

/// `:` and a port, `:` alone, or nothing.
fn is_port(port: &[u8]) -> bool {
    let Some(digits) = port.strip_prefix(b":") else { return port.is_empty() };
    let mut number = 0_u32;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return false;
        }
        number = number.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
    }
    u16::try_from(number).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses_with_a_port_at_most() {
        for good in ["", "x", "example.com", "a_b-c.~d", "127.0.0.1:80", "[::1]", "[::1]:65535", "x:", "X.Y."]
        {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "a b",
            "a/b",
            "u@h",
            "a,b",
            "<script>",
            "\"a\"",
            "a:b",
            "a:99999",
            "a:+1",
            "a:1:2",
            "[::1",
            "[x]",
            "[::1]x",
            "::1",
            "a\0",
            "ä",
            "a?b",
            "a#b",
            "a\\b",
            long.as_str(),
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }
}
