use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let id = 7;
    html! {
        <a href="/users/{id}">{id}</a>
        <img src="{id}.png">
        <a href={"/users/{id}"}>"a template of a URL"</a>
        <a href="javascript:void(0)">"x"</a>
        <form action={" JavaScript:f()"}></form>
    }
}
