use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let id = 7;
    html! { <button data-on:click={format!("@get('/{id}')")}>"a"</button> }
}
