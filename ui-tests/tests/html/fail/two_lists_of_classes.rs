use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let (a, b) = (true, false);
    html! {
        <p if a { class="x" class="y" } if b { class="z" }></p>
        <p class="x" if a { style="x:y" } else { style="x:z" }></p>
        <p if a { style="x:y" } style:color="red"></p>
    }
}
