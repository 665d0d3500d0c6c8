//! One node with people: it serves the streams of their tabs, and one that says who joins and who leaves.

use stario::Limits;
use stario::prelude::*;
use stario::presence::{Member, PresenceStore};

use crate::app;
use crate::process::say;

stario::app!(people);

/// The topic of all people.
const ROOM: &str = "room";

/// A page that somebody has open.
#[app::query("/room/{person}", app = people)]
async fn room(person: PathParam<String>, presence: State<Presence<String>>) -> impl Stream<Item = Event> {
    stream! {
        let _here = presence.join(ROOM, &*person, person.to_uppercase());
        yield html! { <p id="here">"here"</p> };
        std::future::pending::<()>().await;
    }
}

/// Says who has joined and who has left, by their keys.
#[app::query("/watch", app = people)]
async fn watch(presence: State<Presence<String>>) -> impl Stream<Item = Event> {
    let mut changes = presence.changes(ROOM);
    stream! {
        while let Some(change) = changes.next().await {
            let (joined, left) = (keys(change.joined()), keys(change.left()));
            yield html! { <p id="change" data-joined={joined} data-left={left}></p> };
        }
    }
}

fn keys<'a>(members: impl Iterator<Item = &'a Member<String>>) -> String {
    members.map(Member::key).collect::<Vec<_>>().join(" ")
}

/// Argument: the server.
pub fn node(arguments: &[String]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let nats = stario_nats::connect(&arguments[0]).await.unwrap();
        let store = nats.presence("bench");
        say(PresenceStore::lease(&store).as_millis());
        let many = 1 << 20;
        let app = people::new()
            .state(Presence::<String>::over(store))
            .limits(Limits::default().connections(many).connections_per_client(many).streams(many));
        app.serve().await.unwrap();
    });
}
