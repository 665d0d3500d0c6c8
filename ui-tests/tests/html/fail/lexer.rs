use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
    _ = begins_with_an_apostrophe();
    _ = two_apostrophes();
}

fn page() -> Html {
    html! { <p>don't</p> }
}

fn begins_with_an_apostrophe() -> Html {
    html! { <p>'tis the season</p> }
}

fn two_apostrophes() -> Html {
    html! { <p>It's a dog's life</p> }
}
