use stario::prelude::*;

stario::app!();

#[app::detached_command("/page")]
async fn page() -> Html {
    html! { <p></p> }
}

#[app::detached_command("/stream")]
async fn live() -> impl Stream<Item = Event> {
    stream! { yield 1; }
}

fn main() {}
