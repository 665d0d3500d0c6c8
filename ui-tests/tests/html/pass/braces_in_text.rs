#![deny(warnings)]

use stario_html::Html;
use stario_macros::{component, html};

#[test]
fn is_accepted() {
    _ = page();
}

#[component]
fn Card(title: &str) -> Html {
    html! { <h2>{title}</h2> }
}

fn page() -> Html {
    let name = "Ada";
    html! {
        <title>"Hello " {name}</title>
        <p class={"card-", name} id="row-{{name}}" title=r"{name}">"Hello {{name}}" " {} { name }" r"{a: {b: 1}}"</p>
        <Card title={&format!("Hello {name}")}/>
        <p title={format_args!("{:?}", name)} "x-data"="{count:0}">{format_args!("{:>4}", name.len())} " letters"</p>
        <p data-class="{active: {name}}" onclick="f({name})">{"{name}"}</p>
    }
}
