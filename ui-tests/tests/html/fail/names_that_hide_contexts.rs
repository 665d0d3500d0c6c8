//! Names written so that the meaning of what they hold could be missed.

use stario_html::{TagName, json};
use stario_macros::html;

struct Wrapper;

fn main() {
    let user = String::from("alert(1)");
    let object = TagName::new("object").unwrap();
    let _ = html! { <"SCRIPT">{&user}</"SCRIPT"> };
    let _ = html! { <"p onclick=x">"text"</"p onclick=x"> };
    let _ = html! { <{object} data={Wrapper}></{object}> };
    let _ = html! { <svg><animate attributeName="href" values={Wrapper}/></svg> };
    let _ = html! { <my-x a/onclick={&user}></my-x> };
    let _ = html! { <script>if true { "x = \"" if true { } } {json(&user)} "\""</script> };
    let _ = html! { <script>"f = () => { return /\"/ }; x = \"" {json(&user)} "\""</script> };
    let _ = html! { <b data-text={"f() / \"", json(&user), "\""}></b> };
}
