use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let c = true;
    html! {
        <!DOCTYPE svg>
        <!-- unquoted -->
        <!-- "a --> b" -->
        <p>{}</p>
        <p class={}/>
        <p {c}/>
        < p>"x"</p>
        if c
    }
}
