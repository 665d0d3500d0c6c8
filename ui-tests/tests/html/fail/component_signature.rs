use stario_html::Html;
use stario_macros::{component, html};

#[component]
fn card() -> Html {
    html! { "a" }
}

#[component]
async fn Late(#[other] (a, b): (u8, u8)) -> Html {
    html! { {a} {b} }
}

#[component(fast)]
fn Fast() -> Html {
    html! { "a" }
}

fn main() {}
