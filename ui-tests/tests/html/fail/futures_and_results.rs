use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let result: Result<u8, String> = Ok(1);
    html! { <p>{result} {async { 1 }}</p> }
}
