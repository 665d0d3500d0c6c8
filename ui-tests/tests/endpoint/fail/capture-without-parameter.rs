use stario::prelude::*;

stario::app!();

#[app::query("/users/{user_id}")]
async fn get_user() -> Html {
    html! { <p></p> }
}

fn main() {
    let _ = get_user::url("7");
}
