use stario::prelude::*;

stario::app!();

#[app::query("users")]
async fn users() -> Html {
    html! { <p></p> }
}

fn main() {
    let _ = users::url();
}
