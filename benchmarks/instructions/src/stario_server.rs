//! What is measured.

use std::net::SocketAddr;

use stario::prelude::*;
use stario::{File, query};

use crate::app;

#[app::query("/")]
async fn home(#[default("world")] name: QueryParam<String>) -> Html {
    html! { <h1>"Hello, "{name}"!"</h1> }
}

#[app::command("/rename")]
async fn rename(name: Signal<String>, count: Signal<u32>, is_open: Signal<bool>) -> Html {
    html! { <p id="user">{name}" "{count}" "{if *is_open {"open"} else {"closed"}}</p> }
}

#[stario::handler]
async fn section(id: PathParam<u32>) -> Html {
    html! { <h1>"Section "{id}</h1> }
}

#[app::query("/stream")]
async fn stream(count: QueryParam<u32>) -> impl Stream<Item = Event> {
    stream! {
        for number in 0..*count {
            yield html! { <div id="counter">{number}</div> };
        }
    }
}

#[app::query("/live")]
async fn live(relay: State<Relay<Event>>) -> impl Stream<Item = Event> {
    let mut events = relay.subscribe("news");
    stream! {
        while let Some((_, event)) = events.next().await {
            yield event;
        }
    }
}

#[app::command("/publish")]
async fn publish(relay: State<Relay<Event>>) {
    relay.publish("news", Event::new(html! { <p id="news">"Something has happened."</p> }));
}

#[app::query("/long")]
async fn long() -> Html {
    html! {
        <ul>
            for number in 0..150 {
                <li class="item" id={("item-", number)}>"Item "{number}", with some words of its own"</li>
            }
        </ul>
    }
}

#[app::query("/file")]
async fn file() -> Result<File> {
    Ok(File::open(std::env::temp_dir().join("stario-instructions.bin")).await?)
}

pub async fn serve(address: SocketAddr) {
    std::fs::write(std::env::temp_dir().join("stario-instructions.bin"), vec![b'x'; 100_000]).unwrap();
    let app = app::new().state(Relay::<Event>::new()).listen(address.to_string());
    let app = (0..300)
        .fold(app, |app, number| app.route(query::<section>(format!("/section{number}/{{id}}/edit"))));
    app.serve().await.unwrap();
}
