use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! { <b data-signals:fooBar="1"/> }
}
