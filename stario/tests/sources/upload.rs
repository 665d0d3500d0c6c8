//! `UploadedFile`, one, optional or many.

use stario::prelude::*;
use stario::testing::TestRequest;

use super::{FORM, MULTIPART, app, check, client, post, shown};

#[app::command("/upload/one")]
async fn one(doc: UploadedFile) -> stario::Result<Response> {
    let bytes = doc.bytes().await?;
    assert_eq!((bytes.len() as u64, bytes.is_empty()), (doc.len(), doc.is_empty()));
    Ok(shown(&(doc.file_name(), doc.content_type(), bytes)))
}

#[app::command("/upload/two")]
async fn two(a: UploadedFile, b: Option<UploadedFile>, #[name("c[]")] many: Vec<UploadedFile>) -> Response {
    let names: Vec<&str> = many.iter().map(UploadedFile::file_name).collect();
    shown(&(a.file_name(), b.as_ref().map(UploadedFile::len), names))
}

/// Reads a file twice, and saves it.
#[app::command("/upload/large")]
async fn large(doc: UploadedFile) -> stario::Result<usize> {
    let folder = tempfile::tempdir()?;
    let copy = folder.path().join("copy");
    let second = doc.clone();
    doc.save(&copy).await?;
    let saved = std::fs::read(&copy)?;
    drop(doc);
    assert_eq!(saved, second.bytes().await?);
    assert_eq!(saved, second.bytes().await?);
    assert_eq!(saved.len() as u64, second.len());
    assert!(saved.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251));
    Ok(saved.len())
}

#[app::command("/upload/late")]
async fn late(doc: UploadedFile, n: QueryParam<u8>) -> String {
    format!("{} {n}", doc.file_name())
}

#[app::command("/upload/never")]
async fn never(doc: UploadedFile) {
    panic!("the handler is called with {doc:?}");
}

#[app::detached_command("/upload/never-detached")]
async fn never_detached(doc: UploadedFile) {
    panic!("the handler is called with {doc:?}");
}

/// A form of files, each with its field's name, its own name and its content.
fn form(path: &str, parts: &[(&str, &str, &[u8])]) -> TestRequest {
    let mut body = Vec::new();
    for (name, file_name, content) in parts {
        let head =
            format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\ncontent-type: text/plain\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--x--\r\n");
    client().post(path).header("content-type", MULTIPART).body(body)
}

#[test]
fn a_file_is_read_before_the_handler_runs() {
    let one = |parts: &[(&str, &str, &[u8])]| form("/upload/one", parts);
    check(one(&[("doc", "a.txt", b"hi\0\xff")]), 200, r#"("a.txt", Some("text/plain"), b"hi\0\xff")"#);
    check(one(&[("other", "b", b""), ("doc", "a", b"")]), 200, r#"("a", Some("text/plain"), b"")"#);
    check(one(&[("doc", "b", b"2"), ("doc", "a", b"1")]), 200, r#"("a", Some("text/plain"), b"1")"#);
    check(one(&[("doc", "", b"1")]), 200, r#"("file", Some("text/plain"), b"1")"#);
    for name in ["../../etc/a", "C:\\dir\\a", "/a", "a ", "a."] {
        check(one(&[("doc", name, b"1")]), 200, r#"("a", Some("text/plain"), b"1")"#);
    }
    let long = "n".repeat(5_000);
    let expected = format!("(\"{}\", Some(\"text/plain\"), b\"1\")", "n".repeat(255));
    check(one(&[("doc", &long, b"1")]), 200, &expected);
}

#[test]
fn a_missing_file_or_another_body_is_refused() {
    const MISSING: &str = "missing file `doc`: expected an uploaded file";
    check(form("/upload/one", &[]), 400, MISSING);
    check(form("/upload/one", &[("Doc", "a", b"1")]), 400, MISSING);
    check(form("/upload/one", &[("doc", "", b"")]), 400, MISSING);
    let text = "--x\r\ncontent-disposition: form-data; name=\"doc\"\r\n\r\nhi\r\n--x--";
    check(post("/upload/one", MULTIPART, text), 422, "invalid file `doc`: expected an uploaded file");
    for content_type in ["", "text/plain", FORM, "application/octet-stream", "multipart/mixed; boundary=x"] {
        check(
            post("/upload/one", content_type, "hi"),
            422,
            "invalid file `doc`: expected a form of type `multipart/form-data`",
        );
    }
    check(
        post("/upload/one", "multipart/form-data", "--x--"),
        422,
        "a multipart body needs a boundary of 1 to 70 characters",
    );
    check(
        post("/upload/one", MULTIPART, "--x\r\n"),
        422,
        "the request's body is not valid multipart: it ends within a part",
    );
}

/// A panic would be a 500, and the answer of a detached command 204.
#[test]
fn an_invalid_file_is_refused_before_the_handler_is_called() {
    for path in ["/upload/never", "/upload/never-detached"] {
        check(
            post(path, "text/plain", "hi"),
            422,
            "invalid file `doc`: expected a form of type `multipart/form-data`",
        );
        let text = "--x\r\ncontent-disposition: form-data; name=\"doc\"\r\n\r\nhi\r\n--x--";
        check(post(path, MULTIPART, text), 422, "invalid file `doc`: expected an uploaded file");
        check(
            post(path, MULTIPART, "--x\r\n"),
            422,
            "the request's body is not valid multipart: it ends within a part",
        );
    }
}

#[test]
fn several_parameters_share_one_reading() {
    check(
        form("/upload/two", &[("c[]", "1", b""), ("b", "b", b"22"), ("a", "a", b""), ("c[]", "2", b"")]),
        200,
        r#"("a", Some(2), ["1", "2"])"#,
    );
    check(form("/upload/two", &[("a", "a", b"")]), 200, r#"("a", None, [])"#);
    check(
        form("/upload/two", &[("a", "a", b""), ("b", "", b""), ("c[]", "", b"")]),
        200,
        r#"("a", None, [])"#,
    );
    check(form("/upload/two", &[("b", "b", b"")]), 400, "missing file `a`: expected an uploaded file");
}

#[test]
fn large_files_are_read_whole() {
    for length in [0, 1, 256 * 1024, 256 * 1024 + 1, 900_000] {
        let content: Vec<u8> = (0..=250).cycle().take(length).collect();
        check(form("/upload/large", &[("doc", "a", &content)]), 200, &length.to_string());
    }
    let content = vec![0; 1024 * 1024];
    check(
        form("/upload/large", &[("doc", "a", &content)]),
        413,
        "the request's body is larger than 1048576 bytes",
    );
}

#[test]
fn an_earlier_parameter_decides_first() {
    check(
        post("/upload/late", "text/plain", ""),
        422,
        "invalid file `doc`: expected a form of type `multipart/form-data`",
    );
    check(
        form("/upload/late", &[("doc", "a", b"")]),
        400,
        "missing query parameter `n`: expected a whole number from 0 to 255",
    );
}
