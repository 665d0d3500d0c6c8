//! `Multipart`: parts as they arrive.

use stario::Body;
use stario::prelude::*;
use stario::testing::TestRequest;

use super::{FORM, MULTIPART, app, check, client, post};

#[app::command("/multipart")]
async fn summary(mut form: Multipart) -> stario::Result<String> {
    let mut summary = Vec::new();
    while let Some(part) = form.next_part().await? {
        let words = [Some(part.name()), part.file_name(), part.content_type()];
        let line = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        summary.push(format!("{line}={}", part.text().await?));
    }
    assert!(form.next_part().await?.is_none());
    Ok(summary.join(";"))
}

#[app::command("/multipart/skip")]
async fn skip(mut form: Multipart) -> stario::Result<usize> {
    let mut count = 0;
    while form.next_part().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

fn send(body: impl AsRef<[u8]>) -> TestRequest {
    post("/multipart", MULTIPART, body)
}

const A: &str = "content-disposition: form-data; name=\"a\"";

#[test]
fn parts_are_separated_by_the_boundary() {
    check(send("--x--"), 200, "");
    check(send(format!("--x\r\n{A}\r\n\r\n1\r\n--x--\r\n")), 200, "a=1");
    check(send(format!("preamble\r\n--x \t\r\n{A}\r\n\r\n1\r\n--x--epilogue")), 200, "a=1");
    check(send(format!("--x\r\n{A}\r\n\r\n\r\n--x\r\n{A}\r\n\r\n\r\n\r\n--x--")), 200, "a=;a=\r\n");
    check(send(format!("--x\r\n{A}\r\n\r\n--x\r--x\n--x-\r\n-\r\n--x--")), 200, "a=--x\r--x\n--x-\r\n-");
    check(
        send(format!("--x\r\n{A}; filename=\"../b.txt\"\r\nContent-Type: text/plain\r\n\r\n1\r\n--x--")),
        200,
        "a b.txt text/plain=1",
    );
    check(post("/multipart", "multipart/form-data; boundary=\"a b\"", "--a b--"), 200, "");
    check(
        post("/multipart/skip", MULTIPART, format!("--x\r\n{A}\r\n\r\n1\r\n--x\r\n{A}\r\n\r\n2\r\n--x--")),
        200,
        "2",
    );
}

#[test]
fn a_boundary_may_be_split_over_reads() {
    let body = format!("--x\r\n{A}\r\n\r\n1\r\r\n-\r\n--x\r\n{A}\r\n\r\n2\r\n--x--\r\n");
    for size in 1..body.len() {
        let chunks: Vec<_> = body.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        let body = Body::stream(stream_of(chunks));
        let request = client().post("/multipart").header("content-type", MULTIPART).body(body);
        check(request, 200, "a=1\r\r\n-;a=2");
    }
}

fn stream_of(chunks: Vec<Vec<u8>>) -> impl Stream<Item = std::io::Result<bytes::Bytes>> + Send {
    struct Chunks(std::vec::IntoIter<Vec<u8>>);
    impl Stream for Chunks {
        type Item = std::io::Result<bytes::Bytes>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready(self.0.next().map(|chunk| Ok(chunk.into())))
        }
    }
    Chunks(chunks.into_iter())
}

#[test]
fn a_malformed_body_is_refused() {
    let check = |body: &[u8], why: &str| {
        check(send(body), 422, &format!("the request's body is not valid multipart: {why}"));
    };
    check(b"", "it ends within a part");
    check(b"--", "it ends within a part");
    check(b"--x", "it ends within a part");
    check(b"--x\r\n", "it ends within a part");
    check(b"--y--", "it ends within a part");
    check(format!("--x\r\n{A}").as_bytes(), "it ends within a part");
    check(format!("--x\r\n{A}\r\n\r\n1\r\n--").as_bytes(), "it ends within a part");
    check(b"--xy\r\n\r\n\r\n", "a part has broken headers");
    check(b"--x\r\nbroken\r\n\r\n", "a part has broken headers");
    check(b"--x\r\na: \0\r\n\r\n", "a part has broken headers");
    check(b"--x\r\n\r\n1\r\n--x--", "a part has no `content-disposition` with a name");
    check(b"--x\r\na: b\r\n\r\n1\r\n--x--", "a part has no `content-disposition` with a name");
    check(
        b"--x\r\ncontent-disposition: form-data; name=\"\xff\"\r\n\r\n1\r\n--x--",
        "a part has no `content-disposition` with a name",
    );
    super::check(
        send(format!("--x\r\n{A}\r\n\r\n\u{e9}\r\n--x--").replace('é', "\u{fffd}")),
        200,
        "a=\u{fffd}",
    );
    let broken = [format!("--x\r\n{A}\r\n\r\n").as_bytes(), b"\xff\r\n--x--"].concat();
    super::check(send(broken), 400, "a part of the request's body is not valid text");
}

#[test]
fn parts_and_headers_have_limits() {
    let parts = |count: usize| format!("{}--x--", format!("--x\r\n{A}\r\n\r\n\r\n").repeat(count));
    check(post("/multipart/skip", MULTIPART, parts(1000)), 200, "1000");
    check(
        post("/multipart/skip", MULTIPART, parts(10_000)),
        422,
        "the request's body is not valid multipart: it has more than 1000 parts",
    );
    let long = "the request's body is not valid multipart: a part has more than 8192 bytes of headers";
    check(send(format!("--x\r\na: {}\r\n\r\n", "b".repeat(64 * 1024))), 422, long);
    check(send(format!("--x\r\na: {}", "b".repeat(64 * 1024))), 422, long);
    check(send(format!("--x{}", " ".repeat(64 * 1024))), 422, long);
    let preamble = "\r\n--".repeat(200_000);
    check(send(format!("{preamble}\r\n--x--")), 200, "");
    check(send(vec![b'-'; 1024 * 1024 + 1]), 413, "the request's body is larger than 1048576 bytes");
}

#[test]
fn another_content_type_or_no_boundary_is_refused() {
    for content_type in ["", "text/plain", FORM, "multipart/mixed; boundary=x"] {
        check(
            post("/multipart", content_type, "--x--"),
            415,
            "unsupported content type of body `form`: expected `multipart/form-data`",
        );
    }
    let long = format!("multipart/form-data; boundary={}", "x".repeat(4000));
    for content_type in ["multipart/form-data", "multipart/form-data; boundary=", &long] {
        check(
            post("/multipart", content_type, "--x--"),
            422,
            "a multipart body needs a boundary of 1 to 70 characters",
        );
    }
}

#[test]
fn a_name_of_a_file_never_refuses_the_form() {
    let send = |file_name: &[u8]| {
        let head = format!("--x\r\n{A}; ");
        send([head.as_bytes(), file_name, b"\r\n\r\n1\r\n--x--"].concat())
    };
    check(send(b"filename=\"report\\\""), 200, "a report=1");
    check(send(b"filename=\"a\\\"b\""), 200, "a a\"b=1".replace('"', "&quot;").as_str());
    check(send(b"filename=\"caf\xe9.txt\""), 200, "a caf\u{fffd}.txt=1");
    check(send(b"filename=\"=?utf-8?B?YQ==?=\"; filename*=UTF-8''na%C3%AFve.txt"), 200, "a na\u{ef}ve.txt=1");
    check(send(b"filename*=UTF-8''b.txt"), 200, "a b.txt=1");
    check(send(b"filename*=UTF-8''%FF"), 200, "a=1");
}
