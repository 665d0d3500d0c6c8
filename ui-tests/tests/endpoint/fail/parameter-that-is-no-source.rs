use stario::prelude::*;

stario::app!();

struct Database;

#[app::query("/users")]
async fn users(db: Database, page: u32) -> Html {
    html! { <p></p> }
}

fn main() {}
