#![deny(warnings)]

use stario_html::{Children, Html};
use stario_macros::{component, html};

#[component]
fn Card(title: &str, #[default(1)] level: u8, children: Children) -> Html {
    html! { <section title={title} data-level={level}>{children}</section> }
}

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    html! { <Card title="x"/><Card title="x" level=2>"y"</Card> }
}
