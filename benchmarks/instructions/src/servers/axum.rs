//! The site on axum, as its documentation shows it, with templates of maud.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Json, Path, Query, State};
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use futures_util::stream::{self, Stream, unfold};
use maud::{DOCTYPE, Markup, html};
use serde::Deserialize;
use tokio::sync::broadcast;
use tower_http::compression::CompressionLayer;

use super::content::{EVENTS, NEWS, PLAIN, PRODUCTS};

#[derive(Deserialize)]
struct Tab {
    tab: String,
}

#[derive(Deserialize)]
struct Person {
    name: String,
    age: u32,
}

async fn plain() -> &'static str {
    PLAIN
}

async fn user(Path(id): Path<u32>, Query(Tab { tab }): Query<Tab>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "User " (id) } }
            body {
                nav { a href="/" { "Home" } a href="/users" { "All users" } }
                h1 { "User " (id) }
                p { "Here is what this user has written so far." }
                p.tab { (tab) }
            }
        }
    }
}

async fn page() -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "Products" } }
            body {
                table {
                    @for product in &*PRODUCTS {
                        tr id={ "product-" (product.number) } {
                            td { (product.number) }
                            td.name { (product.name) }
                            td { (product.description) }
                        }
                    }
                }
            }
        }
    }
}

async fn echo(Json(Person { name, age }): Json<Person>) -> Markup {
    html! { p #person { (name) " is " (age) " years old." } }
}

fn event(elements: &str) -> Event {
    Event::default().event("datastar-patch-elements").data(format!("elements {elements}"))
}

async fn events() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::iter((0..EVENTS).map(|number| {
        let elements = html! { p #tick { (number) } };
        Ok(event(&elements.into_string()))
    })))
}

async fn live(
    State(news): State<broadcast::Sender<String>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(unfold(news.subscribe(), |mut news| async {
        let elements = news.recv().await.ok()?;
        Some((Ok(event(&elements)), news))
    }))
}

pub async fn serve(address: SocketAddr, with_compression: bool) {
    let news = broadcast::Sender::new(16);
    let app = Router::new()
        .route("/plain", get(plain))
        .route("/users/{id}", get(user))
        .route("/page", get(page))
        .route("/echo", post(echo))
        .route("/events", get(events))
        .route("/live", get(live))
        .with_state(news.clone());
    let app = if with_compression { app.layer(CompressionLayer::new()) } else { app };
    tokio::spawn(super::publish_on_datagrams(address, move || {
        let elements = html! { p #news { (*NEWS) } };
        let _ = news.send(elements.into_string());
    }));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
