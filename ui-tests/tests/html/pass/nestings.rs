#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let rows = [1, 2];
    html! {
        <a href="/"><span>"x"</span></a><form><div></div></form><form></form>
        <table><tr><td><p>"x"</p><table><tbody><tr><th>"y"</th></tr></tbody></table></td></tr></table>
        <table><tbody>for row in rows { <tr><td>{row}</td></tr> }</tbody></table>
        <ul><li>"a"<ul><li>"b"</li></ul></li></ul>
        <svg><a href="/"><title>"t"</title></a><foreignObject><div></div></foreignObject></svg>
        <button><div>"x"</div></button>
    }
}
