//! Compression of responses: which are compressed, and the headers of those.
//!
//! The codings that a request accepts are read before its head moves on ([`Accepted`]). A request that names none costs
//! that one look and no more. Request bodies are decompressed by `compress/decode.rs`.

mod accept;
mod blocks;
mod decode;
mod encoder;
mod event_frames;
mod events;
mod run;
mod settings;
mod shared;
mod stream;
#[cfg_attr(not(feature = "files"), path = "compress/unmodified/absent.rs")]
mod unmodified;
#[cfg_attr(not(feature = "files"), path = "compress/variants/absent.rs")]
mod variants;
mod vary;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue,
    LAST_MODIFIED,
};
use http::{HeaderMap, StatusCode};
use http_body::Body as _;

use crate::body::Body;
use crate::response::Response;

pub(crate) use accept::Accepted;
pub use decode::Decompression;
pub(crate) use decode::{DecodeError, coding_of, decoded};
use settings::Effort;
pub use settings::{Compression, ContentCoding};
pub(crate) use shared::{Broadcast, Sequence, SharedEvent, SharedParts};
#[cfg(feature = "files")]
pub(crate) use unmodified::UnmodifiedFile;
#[cfg(not(feature = "files"))]
use unmodified::UnmodifiedFile;
#[cfg(not(feature = "files"))]
use variants::Variants;
#[cfg(feature = "files")]
pub(crate) use variants::{Variants, in_background};
use vary::members;
pub(crate) use vary::vary;

/// A whole body of up to this many bytes is compressed by the thread that answers: a millisecond at most
/// with the levels that are set unless an app sets others. A longer one would keep other requests waiting.
const INLINE_BYTES: usize = 64 * 1024;

/// Compresses the body if the client accepts it and the response qualifies, and says so in its head.
///
/// HEAD is answered as GET is, so that both have one head.
pub(crate) async fn respond(accepted: Accepted, settings: &Compression, response: &mut Response) {
    if settings.is_off() {
        return;
    }
    // They have the head of the response that they stand for (RFC 9110, 15.3.7 and 15.4.5); of its type or length
    // they may say nothing.
    if matches!(response.status(), StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT) {
        vary(response.headers_mut(), "accept-encoding");
        if let Some(file) = UnmodifiedFile::take(response)
            && file.qualifies(settings)
            && !response.headers().contains_key(CONTENT_ENCODING)
            && !forbids_transform(response.headers())
            && accepted.choose(settings.stream_preference().iter().copied()).is_some()
        {
            weaken_tag(response.headers_mut());
        }
        return;
    }
    let threshold = if accepted.refuses_identity() { 1 } else { settings.least_bytes() };
    if !is_negotiable(response, settings, threshold) {
        return;
    }
    vary(response.headers_mut(), "accept-encoding");
    if let Some(variants) = Variants::of(response) {
        return send_variant(&variants, accepted, settings, response);
    }
    let preference = match response.body().whole() {
        Some(_) => settings.preference(),
        None => settings.stream_preference(),
    };
    let Some(coding) = accepted.choose(preference.iter().copied()) else {
        return;
    };
    if let Some(bytes) = response.body().whole() {
        let Some(encoded) = encode_whole(bytes.clone(), coding, settings.effort(coding)).await else {
            return;
        };
        *response.body_mut() = encoded.into();
    } else {
        let effort = settings.stream_effort(coding);
        let body = std::mem::take(response.body_mut());
        *response.body_mut() =
            if coding != ContentCoding::Brotli && is_event_stream(response.headers()) && body.has_pieces() {
                Body::frames(event_frames::EncodedEvents::new(body, coding, effort))
            } else {
                Body::new(stream::Encoded::new(body, coding, effort))
            };
    }
    set_coding_headers(response.headers_mut(), coding);
}

/// Sends content that never changes in a coding that is made already, else as it is.
fn send_variant(variants: &Variants, accepted: Accepted, settings: &Compression, response: &mut Response) {
    let codings = settings.preference();
    variants.want(codings);
    let made = codings.iter().copied().filter(|coding| variants.get(*coding).is_some());
    if let Some(coding) = accepted.choose(made)
        && let Some(encoded) = variants.get(coding)
    {
        *response.body_mut() = encoded.clone().into();
        set_coding_headers(response.headers_mut(), coding);
    }
}

/// Says of a response that a cache may keep, to a client that names no coding, that others get it in one.
pub(crate) fn note_variants(settings: &Compression, response: &mut Response) {
    let is_kept = [ETAG, LAST_MODIFIED].iter().any(|name| response.headers().contains_key(name));
    if !is_kept || settings.is_off() {
        return;
    }
    let is_of_another = matches!(response.status(), StatusCode::NOT_MODIFIED | StatusCode::PARTIAL_CONTENT);
    if is_of_another || is_negotiable(response, settings, settings.least_bytes()) {
        vary(response.headers_mut(), "accept-encoding");
    }
}

/// Whether the response would be compressed for a client that accepts it.
fn is_negotiable(response: &Response, settings: &Compression, threshold: usize) -> bool {
    let (status, headers) = (response.status(), response.headers());
    if status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT) {
        return false;
    }
    // A body that a `Writer` writes with a `content-length` is not compressed: its handler has chosen the bytes.
    let (is_long, is_fixed) = match response.body().whole() {
        Some(bytes) => (bytes.len() >= threshold, false),
        None => {
            let length = response.body().size_hint().exact();
            (length.is_none_or(|length| length >= threshold as u64), headers.contains_key(CONTENT_LENGTH))
        }
    };
    is_long
        && !is_fixed
        && !headers.contains_key(CONTENT_ENCODING)
        && headers.get(CONTENT_TYPE).is_some_and(|content_type| settings.compresses(content_type))
        && !forbids_transform(headers)
}

/// `cache-control: no-transform` (RFC 9111, section 5.2.2.6).
fn forbids_transform(headers: &HeaderMap) -> bool {
    members(headers, CACHE_CONTROL).any(|directive| directive.eq_ignore_ascii_case(b"no-transform"))
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

/// Sets the headers of a compressed body.
fn set_coding_headers(headers: &mut HeaderMap, coding: ContentCoding) {
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    headers.remove(CONTENT_LENGTH);
    // Ranges would be of the bytes as they were.
    headers.remove(ACCEPT_RANGES);
    weaken_tag(headers);
}

/// Makes a strong tag weak: a strong one promises the same bytes (RFC 9110, section 8.8.1).
fn weaken_tag(headers: &mut HeaderMap) {
    if let Some(tag) = headers.get(ETAG)
        && tag.as_bytes().starts_with(b"\"")
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        headers.insert(ETAG, weak);
    }
}

/// The body in `coding`, unless that is no shorter.
async fn encode_whole(bytes: Bytes, coding: ContentCoding, effort: Effort) -> Option<Vec<u8>> {
    let length = bytes.len();
    let encode = move || {
        let encoded = encoder::encode_whole(&bytes, coding, effort);
        let encoded = encoded.inspect_err(|error| tracing::error!(%error, "a response cannot be compressed"));
        encoded.ok().filter(|encoded| encoded.len() < length)
    };
    if length <= INLINE_BYTES {
        return encode();
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(encode).await.ok().flatten(),
        Err(_) => encode(),
    }
}
