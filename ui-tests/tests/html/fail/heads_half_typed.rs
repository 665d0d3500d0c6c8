use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! {
        if { "a" }
        if let Some(x) = { "b" }
        for { "c" }
        for x in { "d" }
        match { }
        while { "e" }
        <p title= </p>
        <p id="x" </p>
    }
}
