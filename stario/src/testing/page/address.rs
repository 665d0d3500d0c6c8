//! Addresses: relative ones resolved, queries read and written as browsers do.

use percent_encoding::percent_decode_str;

use crate::datastar::encode_form;

/// The origin of a page that was asked for by its path alone.
pub(in crate::testing) const ORIGIN: &str = "http://localhost";

/// The scheme and host of an address, `https://example.com`, and what follows.
pub(in crate::testing) fn split_origin(address: &str) -> (&str, &str) {
    let host = address.find("://").map_or(0, |scheme| scheme + 3);
    let end = address[host..].find(['/', '?', '#']).map_or(address.len(), |end| host + end);
    address.split_at(end)
}

/// The address without its fragment.
pub(in crate::testing) fn without_fragment(address: &str) -> &str {
    address.split('#').next().unwrap_or_default()
}

/// The path and the query, without its `?`.
pub(in crate::testing) fn split_query(address: &str) -> (&str, &str) {
    without_fragment(address).split_once('?').unwrap_or((without_fragment(address), ""))
}

/// What an address on a page leads to.
pub(in crate::testing) fn resolve(base: &str, address: &str) -> String {
    let address = address.trim();
    let (origin, base_path) = split_origin(base);
    let scheme = address.split(['/', '?', '#']).next().unwrap_or_default().split_once(':');
    if scheme.is_some_and(|(scheme, _)| scheme.starts_with(|first: char| first.is_ascii_alphabetic())) {
        let (host, path) = split_origin(address);
        return if path.starts_with('/') { address.to_owned() } else { format!("{host}/{path}") };
    }
    if address.starts_with("//") {
        let scheme = origin.split("//").next().unwrap_or_default();
        return format!("{scheme}{address}");
    }
    let (path, _) = split_query(base_path);
    let relative = if address.starts_with('/') {
        address.to_owned()
    } else if address.is_empty() {
        without_fragment(base_path).to_owned()
    } else if address.starts_with('?') {
        format!("{path}{address}")
    } else if address.starts_with('#') {
        format!("{}{address}", without_fragment(base_path))
    } else {
        let folder = path.rfind('/').map_or("/", |end| &path[..=end]);
        format!("{folder}{address}")
    };
    format!("{origin}{}", without_dots(&relative))
}

/// Resolves `.` and `..` in the path.
fn without_dots(address: &str) -> String {
    let end = address.find(['?', '#']).unwrap_or(address.len());
    let (path, rest) = address.split_at(end);
    let mut segments: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part {
            ".." => {
                segments.pop();
            }
            "." => {}
            _ => segments.push(part),
        }
        if is_last && matches!(part, "." | "..") {
            segments.push("");
        }
    }
    format!("/{}{rest}", segments.join("/"))
}

/// The pairs of a query.
pub(in crate::testing) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// Writes pairs as a form and a query have them.
pub(in crate::testing) fn encode(pairs: &[(String, String)]) -> String {
    let encoded = pairs
        .iter()
        .map(|(name, value)| encode_form(name).chain(["="]).chain(encode_form(value)).collect::<String>());
    encoded.collect::<Vec<_>>().join("&")
}

/// The address with another query.
pub(in crate::testing) fn with_query(address: &str, query: &str) -> String {
    let (path, _) = split_query(address);
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
