use stario::prelude::*;

stario::app!();

struct User;

#[app::query("/live")]
async fn live() -> impl Stream<Item = Event> {
    stream! {
        yield User;
        yield;
    }
}

fn main() {}
