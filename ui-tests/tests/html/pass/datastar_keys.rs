#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    html! {
        <b data-on:submit__prevent="x" data-text="$a" data-bind:a data-ref="b" data-show="$a" data-on:my-event="x"/>
        <b data-on-intersect__threshold.25__once="x" data-on-interval__duration.500ms="x" data-init__delay.500ms="x"/>
        <b data-on:input__throttle.1s.noleading.trailing="x" data-class:text-2xl="$a" data-style:--gap="$b"/>
        <b data-signals:my-name__case.snake__ifmissing="1" data-ignore__self data-ignore-morph data-json-signals__terse/>
        <b data-attr:aria-label="$a" data-computed:full="$a + $b" data-indicator:busy data-preserve-attr="open class"/>
        <b "data-on:clcik"="x" "data-fooBar"="1" data-user-id="7" data-test="a" "@click"="go()" "x-on:click.prevent"="go()"/>
    }
}
