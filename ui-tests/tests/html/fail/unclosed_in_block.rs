use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let c = true;
    html! {
        <div>if c { <p>"a" } else { </div> }</div>
        <ui::card/>
        <svg:pathh/>
    }
}
