#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    html! {
        <p "x-data"="{}" "@click"="f()" ":class"="c" "v-if"="a" "hx-get"="/a" "x-on:click.prevent"="b" "on:click"="d"/>
        <my-widget "@click"="f()" any.name="x"/>
        <svg><a xlink:href="/"/></svg>
    }
}
