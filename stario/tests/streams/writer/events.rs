//! Events for Datastar, to the byte.

use stario::prelude::*;

use super::{Server, local};
use crate::app;
use crate::support::probe::{Probe, probe};

#[app::query("/countdown", app = local)]
async fn countdown(w: Writer) -> Result {
    w.patch(html! { <div id="x">"New"</div> }).await?;
    w.patch((Mode::Append, "#list", html! { <li></li> })).await?;
    Ok(())
}

#[app::query("/sync", app = local)]
async fn sync(w: Writer) -> Result {
    #[derive(serde::Serialize)]
    struct Signals {
        name: &'static str,
    }
    w.sync(json!({ "count": 5 })).await?.sync(Signals { name: "x" }).await?;
    Ok(())
}

#[app::query("/navigate", app = local)]
async fn navigate(w: Writer) -> Result {
    w.navigate("/home").await?;
    Ok(())
}

#[app::query("/execute", app = local)]
async fn execute(w: Writer) -> Result {
    w.execute("alert('Hi')").await?;
    Ok(())
}

#[app::query("/remove", app = local)]
async fn remove(w: Writer) -> Result {
    w.remove("#error").await?;
    Ok(())
}

#[app::query("/last-event-id", app = local)]
async fn last_event_id(last_event_id: Header<Option<String>>, w: Writer) -> Result {
    Ok(w.text(last_event_id.0.unwrap_or_default())?)
}

/// An event, and a wait for the test.
#[app::query("/event-then-wait", app = local)]
async fn event_then_wait(probe: State<Probe>, w: Writer) -> Result {
    w.patch(1).await?;
    probe.released().await;
    w.patch(2).await?;
    Ok(())
}

/// Opens the stream, and waits for the test.
#[app::query("/open-events", app = local)]
async fn open_events(probe: State<Probe>, w: Writer) -> Result {
    w.open_events()?;
    probe.released().await;
    w.patch(1).await?;
    probe.log_result(w.open_events());
    Ok(())
}

#[tokio::test]
async fn a_stream_can_be_opened_before_there_is_an_event() {
    let mut server = Server::start().await;
    let mut client = server.ask("GET /open-events HTTP/1.1").await;
    let head = client.until("\r\n\r\n").await;
    assert!(head.contains("\r\ncontent-type: text/event-stream\r\n"), "{head}");
    server.probe.release(1);
    client.until("elements 1\n\n").await;
    assert_eq!(server.said().await, "the status and the headers of this response are sent already");
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn an_open_stream_that_is_silent_is_kept_open_by_comments() {
    let server = Server::start_with(|app| app.ping_interval(Duration::from_millis(1))).await;
    let mut client = server.ask("GET /open-events HTTP/1.1").await;
    client.until("\r\n:\n\n\r\n").await;
    server.probe.release(1);
    client.until("elements 1\n\n").await;
    drop(client);
    server.stop().await;
}

async fn check(path: &str, expected: &str) {
    let server = Server::start().await;
    let answer = server.answer(&format!("GET {path} HTTP/1.1")).await;
    assert_eq!((answer.status, answer.text()), (200, expected));
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!(answer.header("cache-control"), "no-cache");
    assert_eq!(answer.header("transfer-encoding"), "chunked");
    assert!(answer.is_complete);
    server.stop().await;
}

#[tokio::test]
async fn patch_replaces_an_element_by_its_id_or_as_it_says() {
    let expected = "event: datastar-patch-elements\ndata: elements <div id=\"x\">New</div>\n\n\
        event: datastar-patch-elements\ndata: selector #list\ndata: mode append\ndata: elements <li></li>\n\n";
    check("/countdown", expected).await;
}

#[tokio::test]
async fn sync_changes_signals() {
    let expected = "event: datastar-patch-signals\ndata: signals {\"count\":5}\n\n\
        event: datastar-patch-signals\ndata: signals {\"name\":\"x\"}\n\n";
    check("/sync", expected).await;
}

/// What an event of `events` is, as a stream sends it.
async fn sent(path: &str) -> String {
    let client = TestClient::new(local::new().state(probe().0).state(Relay::<u32>::new()));
    client.get(path).await.text().to_owned()
}

#[app::query("/stream/navigate", app = local)]
async fn stream_navigate() -> impl Stream<Item = Event> {
    stream! { yield event::redirect("/home"); }
}

#[app::query("/stream/execute", app = local)]
async fn stream_execute() -> impl Stream<Item = Event> {
    stream! { yield event::script("alert('Hi')"); }
}

#[tokio::test]
async fn navigate_leads_to_another_page() {
    let expected = sent("/stream/navigate").await;
    assert!(expected.contains("/home"), "{expected}");
    check("/navigate", &expected).await;
}

#[tokio::test]
async fn execute_runs_javascript() {
    let expected = sent("/stream/execute").await;
    assert!(expected.contains("alert('Hi')"), "{expected}");
    check("/execute", &expected).await;
}

#[tokio::test]
async fn remove_removes_an_element() {
    check("/remove", "event: datastar-patch-elements\ndata: selector #error\ndata: mode remove\n\n").await;
}

#[tokio::test]
async fn an_event_is_sent_before_the_next_one_is_there() {
    let server = Server::start().await;
    let mut client = server.ask("GET /event-then-wait HTTP/1.1").await;
    client.until("data: elements 1\n\n").await;
    server.probe.release(1);
    client.until("data: elements 2\n\n").await;
    client.until("\r\n0\r\n\r\n").await;
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn the_last_event_id_is_a_header() {
    let server = Server::start().await;
    let answer = server.answer("GET /last-event-id HTTP/1.1\r\nLast-Event-ID: 42").await;
    assert_eq!(answer.text(), "42");
    assert_eq!(server.answer("GET /last-event-id HTTP/1.1").await.text(), "");
    server.stop().await;
}
