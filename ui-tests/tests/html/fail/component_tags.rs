use stario_html::{Children, Html};
use stario_macros::{component, html};

fn main() {
    _ = page();
}

#[component]
fn Card(title: &str, children: Children) -> Html {
    html! { <p title={title}>{children}</p> }
}

#[component]
fn Rule(width: u8) -> Html {
    html! { <hr data-width={width}> }
}

#[component]
fn Text() -> String {
    String::new()
}

#[component]
fn Nothing() {
    html! { "x" }
}

fn page() -> Html {
    let x = "x";
    html! {
        <Card title="x" data-x="1" on:click={x}/>
        <Card title="x" {..x}/>
        <Card {title}/>
        <Card title="x" if true { level=3 }/>
        <Card title=x/>
        <Card title=/>
        <Card title={}/>
        <Rule width=5>"x"</Rule>
    }
}
