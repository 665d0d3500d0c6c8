use stario::prelude::*;

stario::app!();

struct Database;

#[app::query("/users")]
async fn users(db: Database, page: u32) -> Html {
    let _ = (db, page);
    html! { <p></p> }
}

fn main() {}
