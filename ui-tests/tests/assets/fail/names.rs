//! What `asset!` refuses, at the user's literal.

use stario::prelude::*;

stario::app!();
stario::assets!("../../../../ui-tests/tests/assets/static");

const NAME: &str = "app.css";

fn main() {
    asset!("ap.css");
    asset!("logo.svg");
    asset!("nothing-like-it.txt");
    asset!("img");
    asset!("../fail/names.rs");
    asset!("/app.css");
    asset!("./app.css");
    asset!(".hidden");
    asset!("link.css");
    asset!("");
    asset!(NAME);
    asset!();
    asset!("app.css", "img/logo.svg");
    html! { <link rel="stylesheet" href={asset!("app.scss")}> };
}
