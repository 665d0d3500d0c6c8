use stario::prelude::*;

stario::app!();

#[app::query("/page")]
async fn page(w: Writer) -> Html {
    drop(w);
    html! { <p></p> }
}

#[app::command("/stream")]
async fn stream(w: Writer) -> Result<impl Stream<Item = Event>> {
    drop(w);
    Ok(stream! { yield 1; })
}

fn main() {}
