//! The site on Stario, as its guide shows it.

use std::net::SocketAddr;

use serde::Deserialize;
use stario::prelude::*;
use stario::{JsonBody, Text};

use super::content::{EVENTS, NEWS, PLAIN, PRODUCTS};
use crate::app;

#[derive(Deserialize)]
struct Person {
    name: String,
    age: u32,
}

#[app::query("/plain")]
async fn plain() -> Text<&'static str> {
    Text(PLAIN)
}

#[app::query("/users/{id}")]
async fn user(id: PathParam<u32>, tab: QueryParam<String>) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><meta charset="utf-8"><title>"User "{id}</title></head>
            <body>
                <nav><a href="/">"Home"</a><a href="/users">"All users"</a></nav>
                <h1>"User "{id}</h1>
                <p>"Here is what this user has written so far."</p>
                <p class="tab">{tab}</p>
            </body>
        </html>
    }
}

#[app::query("/page")]
async fn page() -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><meta charset="utf-8"><title>"Products"</title></head>
            <body>
                <table>
                    for product in PRODUCTS.iter() {
                        <tr id={("product-", product.number)}>
                            <td>{product.number}</td>
                            <td class="name">{&product.name}</td>
                            <td>{&product.description}</td>
                        </tr>
                    }
                </table>
            </body>
        </html>
    }
}

#[app::command("/echo")]
async fn echo(person: JsonBody<Person>) -> Html {
    html! { <p id="person">{&person.name}" is "{person.age}" years old."</p> }
}

#[app::query("/events")]
async fn events() -> impl Stream<Item = Event> {
    stream! {
        for number in 0..EVENTS {
            yield html! { <p id="tick">{number}</p> };
        }
    }
}

#[app::query("/live")]
async fn live(news: State<Relay<Event>>) -> impl Stream<Item = Event> {
    let mut events = news.subscribe("news");
    stream! {
        while let Some((_, event)) = events.next().await {
            yield event;
        }
    }
}

pub async fn serve(address: SocketAddr) {
    let news = Relay::<Event>::new();
    let publisher = news.clone();
    tokio::spawn(super::publish_on_datagrams(address, move || {
        publisher.publish("news", Event::new(html! { <p id="news">{NEWS.as_str()}</p> }));
    }));
    app::new().state(news).listen(address.to_string()).serve().await.unwrap();
}
