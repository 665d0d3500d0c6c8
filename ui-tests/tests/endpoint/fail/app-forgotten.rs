use stario::prelude::*;

// Without `stario::app!();` here, and without `use crate::app;` in another module, there is no `app`.
#[app::query("/")]
async fn home() -> Html {
    html! { <p></p> }
}

fn main() {}
