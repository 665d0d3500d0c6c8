use stario_html::Html;
use stario_macros::{component, html};

fn main() {
    _ = page();
}

#[component]
fn Card(title: &str) -> Html {
    html! { <h2>{title}</h2> }
}

fn page() -> Html {
    let name = "Ada";
    html! {
        <title>"Hello {name}"</title>
        <p class="card-{name}" id="row-{name}" title="{name}">"Hello {name}, {name.len()}!"</p>
        <p style="color: {name}" style:width="{name}px" hidden="{name}"/>
        <Card title="Hello {name}"/>
        <p "hx-get"="/users/{name}">"{a: {b: 1}}"</p>
        <img srcset="/{name}.png 2x">
        <p title="{name:?}">"{name.len():>4} letters"</p>
    }
}
