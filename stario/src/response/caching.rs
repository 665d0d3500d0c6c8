//! How a handler's pages are kept and asked for again: `cache = ".."` and `etag = true` in its attribute.
//!
//! The tag is made where the response meets the head of its request, which says what the client has. The header `cache-control`
//! is written later, when the head of the response is complete: what has a cookie by then is for one client.

use std::hash::{DefaultHasher, Hasher};

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, SET_COOKIE,
};
use http::{Method, StatusCode, request};

use super::Response;
use super::entity_tag::EntityTag;
use crate::body::Body;
use crate::compress::vary;

/// The caching rules in a handler's attribute.
#[derive(Debug, Clone, Copy)]
pub struct Caching {
    /// Whether its pages have a tag.
    pub etag: bool,
    /// The value of `cache-control`. The macros have checked it.
    pub cache: Option<&'static str>,
}

/// Extension of a response until its `cache-control` is written.
#[derive(Clone, Copy)]
struct PendingCacheControl {
    cache: &'static str,
    handler: &'static str,
    has_nonce: bool,
}

/// Gives the page its tag, and answers 304 to a client that has it. `has_nonce` says that the page holds a nonce, which is
/// for one response.
pub(crate) fn finish(
    response: &mut Response,
    caching: &Caching,
    handler: &'static str,
    request: &request::Parts,
    has_nonce: bool,
) {
    if !response.status().is_success() {
        return;
    }
    if let Some(cache) = caching.cache {
        response.extensions_mut().insert(PendingCacheControl { cache, handler, has_nonce });
    }
    if caching.etag && response.status() == StatusCode::OK {
        validate(response, handler, request, has_nonce);
    }
}

fn validate(response: &mut Response, handler: &'static str, request: &request::Parts, has_nonce: bool) {
    let Some(bytes) = response.body().whole() else { return };
    if !response.headers().contains_key(ETAG) {
        if has_nonce {
            tracing::warn!(
                handler,
                "`etag = true` is of no use: the page holds a nonce, so no two are equal"
            );
            return;
        }
        // Weak, because the page is the same in every coding.
        let tag = format!("W/\"{:016x}-{:x}\"", hash(bytes), bytes.len());
        let Ok(tag) = HeaderValue::try_from(tag) else { return };
        response.headers_mut().insert(ETAG, tag);
    }
    let tag = EntityTag::of(response.headers());
    if matches!(request.method, Method::GET | Method::HEAD)
        && EntityTag::is_among(tag.as_ref(), &request.headers, &IF_NONE_MATCH, EntityTag::matches_weakly)
    {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for name in [CONTENT_TYPE, CONTENT_DISPOSITION, CONTENT_LENGTH] {
            response.headers_mut().remove(name);
        }
    }
}

/// 64 bits of the page. Processes of one program agree on it, so that a tag is good for all of them.
fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Writes `cache-control`, if the handler's attribute has one and the response does not say it itself. `reads_cookies` says that
/// the response depends on the request's cookies.
pub(crate) fn declare(response: &mut Response, reads_cookies: bool) {
    let Some(PendingCacheControl { cache, handler, has_nonce }) = response.extensions_mut().remove() else {
        return;
    };
    let headers = response.headers_mut();
    if headers.contains_key(CACHE_CONTROL) {
        return;
    }
    let of_one_client = reason_for_one_client(headers, has_nonce, reads_cookies);
    let cache = match of_one_client.and_then(|reason| Some((reason, made_private(cache)?))) {
        Some((reason, private)) => {
            tracing::warn!(handler, cache, sent = private, "a response is not for shared caches: {reason}");
            HeaderValue::try_from(private).unwrap_or(HeaderValue::from_static("no-store"))
        }
        None => HeaderValue::from_static(cache),
    };
    headers.insert(CACHE_CONTROL, cache);
}

/// Why the response must not be given to another client, if that is so.
fn reason_for_one_client(headers: &HeaderMap, has_nonce: bool, reads_cookies: bool) -> Option<&'static str> {
    if headers.contains_key(SET_COOKIE) {
        Some("it sets a cookie")
    } else if has_nonce {
        Some("it holds a nonce")
    } else if reads_cookies {
        Some("its handler reads a cookie")
    } else {
        None
    }
}

/// Has only the client's own cache keep the response, for no longer than the handler allows, and as long as its cookies are the same.
pub(crate) fn keep_for_one_client(headers: &mut HeaderMap) {
    vary(headers, "cookie");
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let stated = lines.collect::<Vec<_>>().join(", ");
    let value = if stated.is_empty() { Some("private, no-cache".to_owned()) } else { made_private(&stated) };
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(CACHE_CONTROL, value);
    }
}

/// The value of `cache-control` for the cache of one browser; `None` if it is that already.
fn made_private(cache: &str) -> Option<String> {
    let directives = || cache.split(',').map(str::trim).filter(|directive| !directive.is_empty());
    let is_among = |directive: &str, names: &[&str]| {
        let (found, _) = directive.split_once('=').unwrap_or((directive, ""));
        names.iter().any(|name| found.trim().eq_ignore_ascii_case(name))
    };
    if directives().any(|directive| is_among(directive, &["private", "no-store"])) {
        return None;
    }
    let kept =
        directives().filter(|directive| !is_among(directive, &["public", "s-maxage", "proxy-revalidate"]));
    Some(std::iter::once("private").chain(kept).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_one_client_is_private() {
        let check = |cache, expected: Option<&str>| {
            assert_eq!(made_private(cache).as_deref(), expected, "{cache}");
        };
        check("public, max-age=60", Some("private, max-age=60"));
        check("max-age=60", Some("private, max-age=60"));
        check("public, max-age=60, s-maxage=600, proxy-revalidate", Some("private, max-age=60"));
        check("no-cache", Some("private, no-cache"));
        check("public", Some("private"));
        check("Public, S-MaxAge=60, max-age = 60", Some("private, max-age = 60"));
        check("private, max-age=60", None);
        check("no-store", None);
    }
}
