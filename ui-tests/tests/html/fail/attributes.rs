use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let c = true;
    html! {
        <p class:active class:open="x" style:color id="a" if c { id="b" }/>
        <input checked="true" checked={"a", 123} disabled=1>
        <p style={"color: ", c}/>
        <a href={"javascript:go(", 7, ")"}/><a href={"data:text/html,", 7}/>
        <p tabIndex="1" onClick="x" ariaLabel="x"/>
        <iframe srcdoc={"<p>", 7}></iframe>
        <my-widget someThing="x"/>
    }
}
