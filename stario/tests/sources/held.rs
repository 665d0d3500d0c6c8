//! How much of request bodies is held in memory, and how fast the rest of them must come.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use http::Request;
use stario::prelude::*;
use stario::testing::TestRequest;
use stario::{Body, Bytes, Limits};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tower::ServiceExt;

use super::{FORM, JSON, MULTIPART, app, complete};

#[app::command("/held/field")]
async fn field(a: FormField<String>) -> usize {
    a.len()
}

#[app::command("/held/part")]
async fn part(mut form: Multipart) -> stario::Result<usize> {
    let mut length = 0;
    while let Some(part) = form.next_part().await? {
        length += part.bytes().await?.len();
    }
    Ok(length)
}

const KIB: usize = 1024;

const FULL: &str = "the memory for request bodies is full: try again later";

fn client(memory: usize) -> TestClient {
    TestClient::new(complete().limits(Limits::default().body_memory(memory)))
}

/// The end of a form.
const END: &[u8] = b"\r\n--x--\r\n";

/// A form with one part, whose content is `length` bytes.
fn multipart(disposition: &str, length: usize) -> Vec<u8> {
    let head = format!("--x\r\ncontent-disposition: form-data; {disposition}\r\n\r\n");
    [head.as_bytes(), &vec![b'a'; length], END].concat()
}

/// A form that does not end.
fn begun(disposition: &str, length: usize) -> Vec<u8> {
    let mut form = multipart(disposition, length);
    form.truncate(form.len() - END.len());
    form
}

#[test]
fn what_would_hold_too_much_is_answered_503() {
    let text = "a".repeat(30 * KIB);
    let json = format!("{{\"a\":\"{text}\"}}");
    let form = format!("a={text}");
    let (file, field) = (multipart("name=doc; filename=b", 30 * KIB), multipart("name=a", 30 * KIB));
    let request = |path: &str, content_type: &str, body: &[u8]| -> TestRequest {
        client(20 * KIB).post(path).header("content-type", content_type).body(body.to_vec())
    };
    for (path, content_type, body) in [
        ("/raw/bytes", "", text.as_bytes()),
        ("/raw/text", "", text.as_bytes()),
        ("/json/any", JSON, json.as_bytes()),
        ("/signals/whole", JSON, json.as_bytes()),
        ("/form/pairs", FORM, form.as_bytes()),
        ("/held/field", FORM, form.as_bytes()),
        ("/held/field", MULTIPART, &field),
        ("/upload/one", MULTIPART, &file),
        ("/held/part", MULTIPART, &file),
    ] {
        let res = request(path, content_type, body).send();
        assert_eq!((res.status().as_u16(), res.text()), (503, FULL), "{path} {content_type}");
        assert_eq!(res.header("retry-after"), "1", "{path}");
    }
    // What is handed on as it comes holds nothing, and few bytes pass at any time.
    assert_eq!(request("/raw/stream", "", text.as_bytes()).send().text(), "30720");
    assert_eq!(request("/raw/bytes", "", b"few").send().text(), r#"b"few""#);
}

#[test]
fn nothing_is_held_any_more_when_the_parameters_are_resolved() {
    let client = client(400 * KIB);
    for _ in 0..20 {
        let body = "a".repeat(300 * KIB);
        assert_eq!(client.post("/raw/stream").body(body.clone()).send().status(), 200);
        assert_eq!(client.post("/raw/text").body(body).send().status(), 200);
        let form = client.post("/upload/one").header("content-type", MULTIPART);
        let form = form.body(multipart("name=doc; filename=b", 30 * KIB));
        assert_eq!(form.send().status(), 200);
    }
}

/// Sends `first`, then the event that it was read. It fails when the client leaves.
fn unfinished(first: Vec<u8>, was_read: mpsc::UnboundedSender<()>, left: oneshot::Receiver<()>) -> Body {
    let first = Bytes::from(first);
    let rest = stream::once(async move {
        was_read.send(()).unwrap();
        let _ = left.await;
        Err(std::io::Error::other("the client has left"))
    });
    Body::stream(stream::iter([Ok(first)]).chain(rest))
}

#[tokio::test]
async fn bodies_that_do_not_end_leave_room_for_few_others() {
    let client = client(100 * KIB);
    let (sender, mut was_read) = mpsc::unbounded_channel();
    let whole = || client.post("/raw/bytes").body("a".repeat(60 * KIB));
    for (path, first) in [
        ("/raw/bytes", vec![b'a'; 60 * KIB]),
        ("/upload/one", begun("name=doc; filename=b", 60 * KIB)),
        ("/held/field", begun("name=a", 60 * KIB)),
        ("/held/part", begun("name=a", 60 * KIB)),
    ] {
        let (leave, left) = oneshot::channel();
        let body = unfinished(first, sender.clone(), left);
        let request = client.post(path).header("content-type", MULTIPART).body(body);
        let request = tokio::spawn(request.into_future());
        was_read.recv().await.unwrap();
        let refused = whole().await;
        assert_eq!((refused.status().as_u16(), refused.text()), (503, FULL), "{path}");
        assert_eq!(client.post("/raw/bytes").body("few").await.status(), 200);
        drop(leave);
        assert_eq!(request.await.unwrap().status(), 400, "{path}");
        assert_eq!(whole().await.status(), 200, "{path}");
    }
}

/// `first`, and then 300 bytes a second.
fn trickle(first: Vec<u8>) -> Body {
    let rest = stream::repeat(()).then(|()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(Bytes::from_static(&[b'a'; 300]))
    });
    Body::stream(stream::iter([Ok::<_, std::io::Error>(Bytes::from(first))]).chain(rest))
}

#[tokio::test(start_paused = true)]
async fn a_body_of_which_much_is_kept_must_not_trickle() {
    let app = complete().body_limit(10 << 20).into_service().unwrap();
    let begun = |disposition| begun(disposition, 2_000_000);
    for (path, first, seconds) in [
        ("/raw/bytes", vec![b'a'; 9_900_000], 30),
        // In a file on the disk, or in memory.
        ("/upload/one", begun("name=doc; filename=b"), 35),
        ("/held/field", begun("name=a"), 35),
        ("/held/part", begun("name=a"), 35),
    ] {
        let request = Request::post(path).header("content-type", MULTIPART).header("host", "x");
        let began = Instant::now();
        let response = app.clone().oneshot(request.body(trickle(first)).unwrap()).await.unwrap();
        assert_eq!(response.status(), 408, "{path}");
        assert_eq!(began.elapsed().as_secs(), seconds, "{path}");
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        assert_eq!(body, "the request's body did not come in time", "{path}");
    }
    // Of what is handed on, nothing is kept: 256 bytes a second are enough.
    let request =
        Request::post("/raw/stream").header("host", "x").body(trickle(vec![b'a'; 9_900_000])).unwrap();
    let began = Instant::now();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 413);
    assert!(began.elapsed().as_secs() > 1000);
}
