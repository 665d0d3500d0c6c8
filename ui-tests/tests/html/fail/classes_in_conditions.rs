//! A class or style in an attribute `if` beside another one.

use stario_macros::html;

fn main() {
    let c = true;
    let _ = html! { <p class="a" if c { class:b={c} }></p> };
    let _ = html! { <p if c { style:color="red" } style="top: 0"></p> };
    let _ = html! { <p if c { class="a" } else { class="b" }></p> };
}
