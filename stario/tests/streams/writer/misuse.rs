//! What goes wrong while it runs: misuse, errors, panics. What does not compile is in `ui-tests`.

use stario::prelude::*;

use super::{Server, local};
use crate::app;
use crate::support::probe::{Probe, probe};

#[app::query("/headers-twice", app = local)]
async fn headers_twice(probe: State<Probe>, w: Writer) -> Result {
    w.write_headers(StatusCode::OK)?;
    probe.log_result(w.write_headers(StatusCode::OK));
    probe.log_result(w.status(StatusCode::OK).html("late"));
    Ok(())
}

#[app::query("/late-status", app = local)]
async fn late_status(probe: State<Probe>, w: Writer) -> Result {
    w.write("1").await?;
    let w = w.status(StatusCode::NOT_FOUND);
    probe.log_result(w.write("2").await);
    Ok(())
}

#[app::query("/one-shot-after-event", app = local)]
async fn one_shot_after_event(probe: State<Probe>, w: Writer) -> Result {
    w.patch(1).await?;
    probe.log_result(w.json(1));
    Ok(())
}

#[app::query("/event-after-write", app = local)]
async fn event_after_write(probe: State<Probe>, w: Writer) -> Result {
    w.write("text").await?;
    probe.log_result(w.patch(1).await);
    Ok(())
}

#[app::query("/event-of-another-type", app = local)]
async fn event_of_another_type(probe: State<Probe>, w: Writer) -> Result {
    w.set_header("content-type", "text/plain")?;
    probe.log_result(w.patch(1).await);
    w.set_header("content-type", "text/event-stream")?;
    let w = w.status(StatusCode::NOT_FOUND);
    probe.log_result(w.patch(1).await);
    Ok(w.text("none")?)
}

#[app::query("/raw-events", app = local)]
async fn raw_events(w: Writer) -> Result {
    w.set_header("content-type", "text/event-stream; charset=utf-8")?.write_headers(StatusCode::OK)?;
    w.write(": hello\n\n").await?.patch(1).await?;
    Ok(())
}

#[app::query("/too-long", app = local)]
async fn too_long(probe: State<Probe>, w: Writer) -> Result {
    w.set_header("content-length", 4)?;
    w.write("abc").await?;
    probe.log_result(w.write("de").await);
    Ok(w.end_with("d")?)
}

#[app::query("/too-short", app = local)]
async fn too_short(probe: State<Probe>, w: Writer) {
    w.set_header("content-length", 4).unwrap();
    w.write("abc").await.unwrap();
    probe.log_result(w.end());
}

#[app::query("/too-short-and-silent", app = local)]
async fn too_short_and_silent(w: Writer) -> Result {
    w.set_header("content-length", 4)?;
    w.write("abc").await?;
    Ok(())
}

#[app::query("/one-shot-of-another-length", app = local)]
async fn one_shot_of_another_length(probe: State<Probe>, w: Writer) -> Result {
    w.set_header("content-length", 4)?;
    probe.log_result(w.text("abcde"));
    Ok(())
}

#[app::query("/no-length", app = local)]
async fn no_length(probe: State<Probe>, w: Writer) -> Result {
    for length in ["x", "-1", "1, 1", "99999999999999999999"] {
        w.set_header("content-length", length)?;
        probe.log_result(w.write_headers(StatusCode::OK));
    }
    w.set_header("content-length", 1)?.add_header("content-length", 1)?;
    probe.log_result(w.write_headers(StatusCode::OK));
    w.set_header("content-length", 1)?;
    Ok(w.text("x")?)
}

#[app::query("/body-of-204", app = local)]
async fn body_of_204(probe: State<Probe>, w: Writer) -> Result {
    probe.log_result(w.write_headers(StatusCode::CONTINUE));
    w.write_headers(StatusCode::NO_CONTENT)?;
    probe.log_result(w.write("x").await);
    Ok(())
}

#[app::query("/html-of-204", app = local)]
async fn html_of_204(probe: State<Probe>, w: Writer) -> Result {
    probe.log_result(w.status(StatusCode::NO_CONTENT).html("x"));
    Ok(())
}

#[app::query("/bad-json", app = local)]
async fn bad_json(w: Writer) -> Result {
    let keys_that_are_no_text = std::collections::BTreeMap::from([((1, 2), 3)]);
    Ok(w.json(&keys_that_are_no_text)?)
}

/// The writer outlives its handler.
#[app::query("/writer-elsewhere", app = local)]
async fn writer_elsewhere(probe: State<Probe>, w: Writer) -> Result {
    w.write("here").await?;
    let probe = Probe::clone(&probe);
    tokio::spawn(async move {
        probe.released().await;
        probe.log_result(w.write("there").await);
    });
    Ok(())
}

#[app::query("/fail-before", app = local)]
async fn fail_before(w: Writer) -> Result {
    w.set_header("x-own", "1")?.delete_cookie("a")?;
    Err(stario::Error::new(StatusCode::CONFLICT, "taken"))
}

#[app::query("/fail-after", app = local)]
async fn fail_after(w: Writer) -> Result {
    w.write("part").await?;
    "x".parse::<u8>()?;
    Ok(())
}

#[app::query("/panic-before", app = local)]
async fn panic_before(w: Writer) -> Result {
    tokio::task::yield_now().await;
    drop(w);
    panic!("on purpose")
}

#[app::query("/panic-after", app = local)]
async fn panic_after(w: Writer) -> Result {
    w.write("part").await?;
    tokio::task::yield_now().await;
    panic!("on purpose")
}

/// Calls another app, whose handlers have writers too, while its own is open.
#[app::query("/nested", app = local)]
async fn nested(w: Writer) -> Result {
    w.write("outer, ").await?;
    let inner = TestClient::new(local::new().state(probe().0).state(Relay::<u32>::new()));
    w.write(inner.get("/write").await.bytes()).await?;
    w.write(", ").await?.write(inner.get("/late").await.bytes()).await?;
    Ok(())
}

/// What the handler at `path` says, and its answer.
async fn run<const SAID: usize>(path: &str) -> ([String; SAID], super::Answer) {
    let mut server = Server::start().await;
    let answer = server.answer(&format!("GET {path} HTTP/1.1")).await;
    let mut said = [const { String::new() }; SAID];
    for text in &mut said {
        *text = server.said().await;
    }
    server.stop().await;
    (said, answer)
}

const SENT: &str = "the status and the headers of this response are sent already";

#[tokio::test]
async fn write_headers_twice_is_an_error() {
    let (said, answer) = run("/headers-twice").await;
    assert_eq!(said, [SENT, SENT]);
    assert_eq!((answer.status, answer.text(), answer.is_complete), (200, "", true));
}

#[tokio::test]
async fn a_status_after_the_head_is_an_error() {
    let (said, answer) = run("/late-status").await;
    assert_eq!((said, answer.text()), ([SENT.to_owned()], "1"));
}

#[tokio::test]
async fn a_whole_response_after_an_event_is_an_error() {
    let (said, answer) = run("/one-shot-after-event").await;
    assert_eq!(said, [SENT]);
    assert_eq!(answer.text(), "event: datastar-patch-elements\ndata: elements 1\n\n");
}

#[tokio::test]
async fn a_write_after_the_end_is_an_error() {
    let mut server = Server::start().await;
    let mut client = server.ask("GET /writer-elsewhere HTTP/1.1").await;
    client.until("0\r\n\r\n").await;
    server.probe.release(1);
    assert_eq!(server.said().await, "this response has ended");
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn events_go_to_event_streams_only() {
    let events = "events go to an event stream with status 200, and this response is none";
    let (said, answer) = run("/event-after-write").await;
    assert_eq!((said, answer.text()), ([events.to_owned()], "text"));
    let (said, answer) = run("/event-of-another-type").await;
    assert_eq!(said, [events, events]);
    assert_eq!((answer.status, answer.text()), (404, "none"));
    let ([], answer) = run("/raw-events").await;
    assert_eq!(answer.text(), ": hello\n\nevent: datastar-patch-elements\ndata: elements 1\n\n");
    assert_eq!(answer.all("content-type"), ["text/event-stream; charset=utf-8"]);
}

#[tokio::test]
async fn a_body_longer_than_its_length_is_an_error_and_not_sent() {
    let (said, answer) = run("/too-long").await;
    assert_eq!(said, ["the `content-length` of this response is 4, and 5 bytes were written"]);
    assert_eq!((answer.text(), answer.is_complete), ("abcd", true));
    let (said, answer) = run("/one-shot-of-another-length").await;
    assert_eq!(said, ["the `content-length` of this response is 4, and 5 bytes were written"]);
    assert_eq!(answer.status, 204);
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_an_error_and_cut() {
    let (said, answer) = run("/too-short").await;
    assert_eq!(said, ["the `content-length` of this response is 4, and 3 bytes were written"]);
    assert_eq!((answer.text(), answer.is_complete), ("abc", false));
    let ([], answer) = run("/too-short-and-silent").await;
    assert_eq!((answer.text(), answer.is_complete), ("abc", false));
}

#[tokio::test]
async fn a_length_that_is_no_number_is_an_error() {
    let (said, answer) = run("/no-length").await;
    assert_eq!(said, ["the `content-length` of this response is not one number"; 5]);
    assert_eq!((answer.text(), answer.is_complete), ("x", true));
}

#[tokio::test]
async fn a_body_where_the_status_allows_none_is_an_error() {
    let (said, answer) = run("/body-of-204").await;
    assert_eq!(
        said,
        ["100 is not a status of a response: 200 to 599", "a response with status 204 has no body"]
    );
    assert_eq!(answer.status, 204);
    let (said, answer) = run("/html-of-204").await;
    assert_eq!((said, answer.status), (["a response with status 204 has no body".to_owned()], 204));
}

#[tokio::test]
async fn what_is_no_json_is_an_error() {
    let ([], answer) = run("/bad-json").await;
    assert_eq!((answer.status, answer.text()), (500, "Internal Server Error"));
}

#[tokio::test]
async fn an_error_answers_before_the_head_and_cuts_after_it() {
    let ([], answer) = run("/fail-before").await;
    assert_eq!((answer.status, answer.text()), (409, "taken"));
    assert_eq!((answer.all("x-own"), answer.all("set-cookie")), (vec![], vec![]));
    let ([], answer) = run("/fail-after").await;
    assert_eq!((answer.status, answer.text(), answer.is_complete), (200, "part", false));
}

#[tokio::test]
async fn a_panic_answers_500_before_the_head_and_cuts_after_it() {
    let ([], answer) = run("/panic-before").await;
    assert_eq!((answer.status, answer.text()), (500, "Internal Server Error"));
    let ([], answer) = run("/panic-after").await;
    assert_eq!((answer.status, answer.text(), answer.is_complete), (200, "part", false));
}

#[tokio::test]
async fn a_handler_can_call_another_while_its_response_is_open() {
    let ([], answer) = run("/nested").await;
    assert_eq!(answer.text(), "outer, one two, late");
}
