use stario_html::{Children, Html};
use stario_macros::{component, html};

#[component]
fn Card(title: &str, #[default(1)] level: u8, children: Children) -> Html {
    html! { <section title={title} data-level={level}>{children}</section> }
}

fn main() {
    _ = page();
}

fn page() -> Html {
    html! { <Card level=2>"x"</Card> }
}
