use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! {
        <b data-on="x" data-text:key="x" data-bind:a="b" data-ref data-show/>
        <b data-on-click="x" data-on-load="x" data-fooBar="1"/>
        <b data-on:mouseEnter="x" data-on:myEvent="x" data-on:clcik="x" data-class:isOpen="x"/>
        <b data-on:click__debounce="x" data-on:click__once.500ms="x" data-on:input__debounce.5xx="x"/>
        <b data-on:input__throttle.1s.leading="x" data-on-intersect__threshold.half="x" data-text__once="x"/>
        <b data-signals:a__case.upper="1" data-ignore="x"/>
    }
}
