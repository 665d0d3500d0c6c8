//! Responses that are sent in one piece.

use stario::prelude::*;

use super::{Server, local};
use crate::app;
use crate::support::probe::probe;

#[app::query("/html", app = local)]
async fn html_element(w: Writer) -> Result {
    Ok(w.html(html! { <div>"Hello"</div> })?)
}

#[app::query("/html-text", app = local)]
async fn html_text(w: Writer) -> Result {
    Ok(w.html("<b>1 & 2</b>")?)
}

#[app::query("/json", app = local)]
async fn json_data(w: Writer) -> Result {
    Ok(w.json(json!({ "ok": true, "name": "Zoë" }))?)
}

#[app::query("/text", app = local)]
async fn text(w: Writer) -> Result {
    Ok(w.text("OK <b>")?)
}

#[app::query("/bytes", app = local)]
async fn bytes(w: Writer) -> Result {
    Ok(w.bytes("image/gif", vec![0, 255, 10])?)
}

#[app::query("/redirect", app = local)]
async fn redirect(w: Writer) -> Result {
    Ok(w.redirect("/login")?)
}

#[app::query("/see-other", app = local)]
async fn see_other(w: Writer) -> Result {
    Ok(w.status(StatusCode::SEE_OTHER).redirect("/login")?)
}

#[app::query("/empty", app = local)]
async fn empty(w: Writer) -> Result {
    Ok(w.empty()?)
}

#[app::query("/accepted", app = local)]
async fn accepted(w: Writer) -> Result {
    Ok(w.status(StatusCode::ACCEPTED).empty()?)
}

#[app::command("/created", app = local)]
async fn created(w: Writer) -> Result {
    Ok(w.status(StatusCode::CREATED).json(json!({ "id": 7 }))?)
}

#[app::query("/respond", app = local)]
async fn respond(w: Writer) -> Result {
    w.set_header("x-own", "1")?;
    Ok(w.respond((StatusCode::IM_A_TEAPOT, html! { <p></p> }))?)
}

#[app::query("/nothing", app = local)]
async fn nothing(w: Writer) {
    drop(w);
}

#[app::query("/headers-only", app = local)]
async fn headers_only(w: Writer) -> Result {
    w.set_header("x-own", "1")?;
    Ok(())
}

/// Waits before it answers, so that it answers from its task.
#[app::query("/late", app = local)]
async fn late(w: Writer) -> Result {
    tokio::task::yield_now().await;
    Ok(w.text("late")?)
}

#[app::query("/users/{user_id}", app = local)]
async fn user(user_id: PathParam<u32>, w: Writer, #[default(1)] page: QueryParam<u32>) -> Result {
    Ok(w.text(format!("{user_id}, {page}"))?)
}

#[tokio::test]
async fn a_handler_takes_its_writer_beside_other_parameters() {
    let server = Server::start().await;
    assert_eq!(server.answer("GET /users/7?page=2 HTTP/1.1").await.text(), "7, 2");
    assert_eq!(server.answer("POST /created HTTP/1.1\r\ncontent-length: 0").await.status, 201);
    let refused = server.answer("GET /users/x HTTP/1.1").await;
    assert_eq!(refused.status, 422);
    server.stop().await;
}

#[tokio::test]
async fn methods_of_whole_responses_complete_the_response_and_keep_the_connection() {
    let server = Server::start().await;
    let mut client = server.ask("GET /text HTTP/1.1").await;
    let head = client.until("\r\n\r\n").await;
    assert!(head.contains("\r\ncontent-length: 6\r\n") && !head.contains("transfer-encoding"), "{head}");
    client.until("OK <b>").await;
    for path in ["/html", "/json", "/redirect", "/empty", "/late", "/text"] {
        client.ask(&format!("GET {path} HTTP/1.1")).await;
        client.until("\r\n\r\n").await;
    }
    client.until("OK <b>").await;
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn html_sends_an_element_or_text_which_is_escaped() {
    let server = Server::start().await;
    let answer = server.answer("GET /html HTTP/1.1").await;
    assert_eq!((answer.status, answer.text()), (200, "<div>Hello</div>"));
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("content-length"), "16");
    assert!(answer.is_complete);
    let answer = server.answer("GET /html-text HTTP/1.1").await;
    assert_eq!(answer.text(), "&lt;b&gt;1 &amp; 2&lt;/b&gt;");
    server.stop().await;
}

#[tokio::test]
async fn json_sends_json() {
    let server = Server::start().await;
    let answer = server.answer("GET /json HTTP/1.1").await;
    assert_eq!((answer.status, answer.text()), (200, "{\"name\":\"Zoë\",\"ok\":true}"));
    assert_eq!(answer.header("content-type"), "application/json");
    server.stop().await;
}

#[tokio::test]
async fn text_sends_plain_text() {
    let server = Server::start().await;
    let answer = server.answer("GET /text HTTP/1.1").await;
    assert_eq!((answer.status, answer.text()), (200, "OK <b>"));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    let answer = server.answer("GET /bytes HTTP/1.1").await;
    assert_eq!((answer.header("content-type").as_str(), &*answer.body), ("image/gif", &[0, 255, 10][..]));
    server.stop().await;
}

#[tokio::test]
async fn redirect_is_307_unless_chosen_otherwise() {
    let server = Server::start().await;
    for (path, status) in [("/redirect", 307), ("/see-other", 303)] {
        let answer = server.answer(&format!("GET {path} HTTP/1.1")).await;
        assert_eq!((answer.status, answer.header("location").as_str()), (status, "/login"));
        assert_eq!(answer.header("content-length"), "0");
    }
    server.stop().await;
}

#[tokio::test]
async fn empty_is_204_unless_chosen_otherwise() {
    let server = Server::start().await;
    let answer = server.answer("GET /empty HTTP/1.1").await;
    assert_eq!((answer.status, answer.text()), (204, ""));
    assert_eq!(answer.all("content-length"), [""; 0]);
    let answer = server.answer("GET /accepted HTTP/1.1").await;
    assert_eq!((answer.status, answer.text()), (202, ""));
    server.stop().await;
}

#[tokio::test]
async fn the_status_is_chosen_for_the_response_method() {
    let server = Server::start().await;
    let answer = server.answer("POST /created HTTP/1.1\r\ncontent-length: 0").await;
    assert_eq!((answer.status, answer.text()), (201, "{\"id\":7}"));
    let answer = server.answer("GET /respond HTTP/1.1").await;
    assert_eq!((answer.status, answer.text(), &*answer.header("x-own")), (418, "<p></p>", "1"));
    server.stop().await;
}

#[tokio::test]
async fn a_handler_that_says_nothing_answers_204() {
    let server = Server::start().await;
    assert_eq!(server.answer("GET /nothing HTTP/1.1").await.status, 204);
    let answer = server.answer("GET /headers-only HTTP/1.1").await;
    assert_eq!((answer.status, &*answer.header("x-own")), (204, "1"));
    server.stop().await;
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let server = Server::start().await;
    let answer = server.answer("HEAD /html HTTP/1.1").await;
    assert_eq!((answer.status, answer.text()), (200, ""));
    assert_eq!(answer.header("content-length"), "16");
    server.stop().await;
}

#[test]
fn the_test_client_sees_the_same() {
    let client = TestClient::new(local::new().state(probe().0).state(Relay::<u32>::new()));
    assert_eq!(client.get("/html").send().text(), "<div>Hello</div>");
    assert_eq!(client.get("/late").send().text(), "late");
    assert_eq!(client.get("/nothing").send().status(), 204);
    assert_eq!(client.get("/countdown").send().events().len(), 2);
}
