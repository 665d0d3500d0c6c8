use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! {
        <a href="/"><span><a href="/">"x"</a></span></a>
        <form><div><form></form></div></form>
        <button><button>"x"</button></button>
        <table><div></div><td></td>"text"</table>
        <div><tr></tr></div>
        <ul><li>"a"<li>"b"</li></li></ul>
    }
}
