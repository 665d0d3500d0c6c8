use std::rc::Rc;
use std::time::Duration;

use stario::prelude::*;

stario::app!();

#[app::query("/live")]
async fn live() -> impl Stream<Item = Event> {
    stream! {
        let number = Rc::new(7);
        tokio::time::sleep(Duration::from_millis(1)).await;
        yield html! { <p id="n">{*number}</p> };
    }
}

#[app::query("/page")]
async fn page() -> Html {
    let number = Rc::new(7);
    tokio::time::sleep(Duration::from_millis(1)).await;
    html! { <p>{*number}</p> }
}

fn main() {}
