use stario::prelude::*;

stario::app!();

struct Plain {
    q: String,
}

#[app::query("/")]
async fn page(plain: Signals<Plain>, one: Signal<Plain>) -> String {
    plain.q.clone() + &one.q
}

#[app::command("/")]
async fn patch() -> impl Stream<Item = Event> {
    stream! {
        yield Plain { q: String::new() };
    }
}

fn main() {}
