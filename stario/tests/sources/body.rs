//! `RawBody` and `BodyStream`, and which requests have their body read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::bytes::Bytes;
use http_body_util::BodyExt as _;
use stario::prelude::*;
use stario::{Body, BodyStream};
use tower::ServiceExt as _;

use super::{app, check, client, post, shown};

#[app::command("/raw/bytes")]
async fn bytes(body: RawBody) -> Response {
    shown(&*body)
}

#[app::command("/raw/vec")]
async fn vec(body: RawBody<Vec<u8>>) -> Response {
    shown(&*body)
}

#[app::command("/raw/text")]
async fn text(body: RawBody<String>) -> Response {
    shown(&*body)
}

#[app::command("/raw/stream")]
async fn stream(mut body: BodyStream) -> stario::Result<usize> {
    let mut length = 0;
    while let Some(chunk) = body.chunk().await {
        length += chunk?.len();
    }
    assert!(body.chunk().await.is_none());
    Ok(length)
}

#[app::command("/raw/late")]
async fn late(n: QueryParam<u8>, body: RawBody<String>) -> String {
    format!("{n} {body}")
}

/// A body in chunks, without a length. The counter shows how many chunks were read.
pub(super) fn chunks(count: usize, size: usize) -> (Body, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read);
    let chunks = (0..count).map(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>(vec![b'a'; size].into())
    });
    (Body::stream(Chunks(chunks)), read)
}

struct Chunks<I>(I);

impl<I: Iterator + Unpin> Stream for Chunks<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[test]
fn a_whole_body_is_bytes_or_text() {
    check(post("/raw/bytes", "", b"\xff\0"), 200, r#"b"\xff\0""#);
    check(post("/raw/bytes", "", ""), 200, r#"b"""#);
    check(post("/raw/vec", "image/png", b"\xff\0"), 200, "[255, 0]");
    check(post("/raw/text", "", "é"), 200, r#""é""#);
    check(post("/raw/text", "text/plain; charset=utf-8", ""), 200, r#""""#);
    check(post("/raw/text", "", b"\xff"), 400, "body `body` is not valid text");
    check(
        post("/raw/text", "text/plain; charset=latin1", "a"),
        415,
        "unsupported content type of body `body`: expected text in UTF-8",
    );
}

#[test]
fn a_body_is_too_large_by_its_length_or_by_its_bytes() {
    const TOO_LARGE: &str = "the request's body is larger than 1048576 bytes";
    for path in ["/raw/bytes", "/raw/stream"] {
        check(post(path, "", vec![b'a'; 1024 * 1024 + 1]), 413, TOO_LARGE);
        assert_eq!(post(path, "", vec![b'a'; 1024 * 1024]).send().status(), 200);
        let (body, read) = chunks(10_000, 1024);
        check(client().post(path).body(body), 413, TOO_LARGE);
        assert_eq!(read.load(Ordering::SeqCst), 1025, "{path}");
    }
}

/// A slice would keep all of a connection's read buffer.
#[tokio::test]
async fn a_body_is_no_slice_of_what_was_read() {
    let read = Bytes::from(vec![b'a'; 64 * 1024]);
    let request = stario::http::Request::post("/raw/address").body(Body::from(read.slice(..10))).unwrap();
    let response = super::complete().into_service().unwrap().oneshot(request).await.unwrap();
    let address = response.into_body().collect().await.unwrap().to_bytes();
    assert_ne!(address, read.as_ptr().addr().to_string());
}

#[app::command("/raw/address")]
async fn address(body: RawBody) -> String {
    body.as_ptr().addr().to_string()
}

#[test]
fn a_compressed_body_is_refused_unless_it_is_streamed() {
    const COMPRESSED: &str = "the request's body is compressed: send it without `content-encoding`";
    let post = |path, content_type, coding: &'static str| {
        post(path, content_type, "{}").header("content-encoding", coding)
    };
    for coding in ["gzip", "br", "x", "", "identity, gzip"] {
        check(post("/raw/bytes", "", coding), 415, COMPRESSED);
        check(post("/json/any", super::JSON, coding), 415, COMPRESSED);
        check(post("/signals/whole", super::JSON, coding), 415, COMPRESSED);
        check(post("/upload/one", super::MULTIPART, coding), 415, COMPRESSED);
        check(post("/raw/stream", "", coding), 200, "2");
    }
    check(post("/json/any", super::JSON, "Identity"), 200, "{}");
}

#[test]
fn a_body_that_ends_early_is_refused() {
    for path in ["/raw/bytes", "/raw/stream"] {
        let broken = [Ok("a".into()), Err(std::io::Error::other("gone"))];
        let body = Body::stream(Chunks(broken.into_iter()));
        check(client().post(path).body(body), 400, "the request's body ended early");
    }
}

#[test]
fn a_body_is_not_read_when_an_earlier_parameter_is_refused() {
    let (body, read) = chunks(3, 1);
    check(
        client().post("/raw/late?n=x").body(body),
        422,
        "invalid query parameter `n`: expected a whole number from 0 to 255",
    );
    assert_eq!(read.load(Ordering::SeqCst), 0);
    let (body, read) = chunks(3, 1);
    check(client().post("/raw/late?n=1").body(body), 200, "1 aaa");
    assert_eq!(read.load(Ordering::SeqCst), 3);
}
