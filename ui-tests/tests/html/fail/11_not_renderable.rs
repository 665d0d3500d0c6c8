use stario_html::Html;
use stario_macros::html;

struct User;

fn main() {
    _ = page();
}

fn page() -> Html {
    let user = User;
    html! { <p>{user}</p> }
}
