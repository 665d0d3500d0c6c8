//! The same on axum, as its documentation shows it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::{Json, Path, Query};
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use futures_core::Stream;
use maud::{Markup, html};
use serde::Deserialize;

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Count {
    count: u32,
}

#[derive(Deserialize)]
struct Signals {
    name: String,
    count: u32,
    is_open: bool,
}

fn page(markup: Markup) -> axum::response::Html<String> {
    axum::response::Html(markup.into_string())
}

async fn home(Query(Name { name }): Query<Name>) -> axum::response::Html<String> {
    page(html! { h1 { "Hello, " (name) "!" } })
}

async fn rename(Json(Signals { name, count, is_open }): Json<Signals>) -> axum::response::Html<String> {
    page(html! { p #user { (name) " " (count) " " (if is_open { "open" } else { "closed" }) } })
}

async fn section(Path(id): Path<u32>) -> axum::response::Html<String> {
    page(html! { h1 { "Section " (id) } })
}

struct Events {
    next: u32,
    count: u32,
}

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.next == self.count {
            return Poll::Ready(None);
        }
        let markup = html! { div #counter { (self.next) } };
        self.next += 1;
        let event = Event::default().event("datastar-patch-elements");
        Poll::Ready(Some(Ok(event.data(format!("elements {}", markup.into_string())))))
    }
}

async fn stream(Query(Count { count }): Query<Count>) -> Sse<Events> {
    Sse::new(Events { next: 0, count })
}

pub async fn serve(address: SocketAddr) {
    let app =
        Router::new().route("/", get(home)).route("/rename", post(rename)).route("/stream", get(stream));
    let app =
        (0..300).fold(app, |app, number| app.route(&format!("/section{number}/{{id}}/edit"), get(section)));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
