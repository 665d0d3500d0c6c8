use stario_html::Html;
use stario_macros::html;

struct Wrapper;

fn main() {
    _ = page();
}

fn page() -> Html {
    let input = Wrapper;
    html! { <a href={input}>"a"</a> }
}
