//! What somebody does on a page.

use stario::prelude::*;

use super::{open, site};

#[test]
fn signals_are_shown() {
    let mut page = open(
        r#"<main data-signals="{count: 1, user: {name: 'Ada'}, _open: false}" data-signals:late__ifmissing="2">
            <p id="count" data-text="$count + 1"></p>
            <p id="name" data-text="'Hello, ' + $user.name + '!'"></p>
            <p id="shown" data-show="$_open">here</p>
            <p id="classes" class="a" data-class:is-open="$_open" data-class="{b: $count > 1, 'c d': !$_open}"></p>
            <a id="link" data-attr:href="'/items/' + $count" data-attr:aria-busy="$_open" data-attr="{title: $user.name}">x</a>
            <p id="style" data-style:color="$count > 1 ? 'red' : 'blue'"></p>
            <p id="total" data-computed:double-count="$count * 2" data-text="$doubleCount"></p>
            <button id="more" data-on:click="$count++; $_open = !$_open">More</button>
            <button id="rename" data-on:click="$user.name = 'Grace'">Rename</button>
        </main>"#,
    );
    assert_eq!((page.text("#count"), page.text("#name")), ("2".to_owned(), "Hello, Ada!".to_owned()));
    assert!(!page.is_visible("#shown"));
    assert_eq!(page.attr("#classes", "class").unwrap(), "a c d");
    assert_eq!(page.attr("#link", "href").unwrap(), "/items/1");
    assert_eq!(
        (page.attr("#link", "aria-busy"), page.attr("#link", "title")),
        (None, Some("Ada".to_owned()))
    );
    assert_eq!(page.attr("#style", "style").unwrap(), "color: blue;");
    assert_eq!(page.text("#total"), "2");

    page.click("#more");
    page.click("#rename");
    assert_eq!((page.text("#count"), page.text("#name")), ("3".to_owned(), "Hello, Grace!".to_owned()));
    assert!(page.is_visible("#shown"));
    assert_eq!(page.attr("#classes", "class").unwrap(), "a is-open b");
    assert_eq!(
        (page.attr("#link", "aria-busy").unwrap(), page.attr("#style", "style").unwrap()),
        (String::new(), "color: red;".to_owned())
    );
    assert_eq!(page.text("#total"), "4");
    assert_eq!((page.signal("late"), page.signal("user.name")), (2.into(), "Grace".into()));
    page.set_signal("count", 9);
    assert_eq!((page.text("#count"), page.text("#total")), ("10".to_owned(), "18".to_owned()));
    assert_eq!(page.title(), "A page");
}

#[test]
fn what_is_only_peeked_at_runs_nothing() {
    let mut page = open(r#"<p data-signals="{a: 1, b: 1}" data-text="$a + @peek(() => $b) * 10"></p>"#);
    page.set_signal("b", 2);
    assert_eq!(page.text("p"), "11");
    page.set_signal("a", 2);
    assert_eq!(page.text("p"), "22");
}

#[test]
fn all_signals_are_shown_as_they_are_now() {
    let events = vec![Event::new(json!({ "new": 1, "old": null }))];
    let body = r#"<pre data-signals="{old: 1}" data-json-signals="{exclude: /^_/}"></pre>
        <p data-signals:heard="''" data-on-signal-patch="$heard += 'b'" data-on-signal-patch-filter="{include: /^(new|old)$/}"></p>
        <p data-signals:told="''" data-on:datastar-signal-patch="if (evt.detail.new) $told += 'a'"></p>
        <button data-on:click="@get('/events')">Go</button>"#;
    let mut page = TestClient::new(site(body, events)).page("/");
    assert_eq!(page.text("pre"), r#"{"old":1,"heard":"","told":""}"#);
    page.click("button");
    assert_eq!(page.text("pre"), r#"{"heard":"b","told":"a","new":1}"#);
}

#[test]
fn an_interval_may_begin_at_once() {
    let mut page = open(
        r#"<p data-signals="{a: 0, b: 0}" data-on-interval__duration.5s="$a++"></p>
        <p data-on-interval__duration.5s.leading="$b++"></p>"#,
    );
    assert_eq!((page.signal("a"), page.signal("b")), (0.into(), 1.into()));
}

#[test]
fn controls_and_signals_follow_each_other() {
    let mut page = open(
        r#"<form data-signals="{size: 'l', tags: [], age: 7, amount: 0}">
            <input id="word" data-bind:word value="begin">
            <textarea id="note" data-bind="note"></textarea>
            <input id="age" data-bind:age>
            <input id="amount" type="number" data-bind:amount>
            <input id="terms" type="checkbox" data-bind:terms>
            <input id="plan" type="checkbox" value="big" data-bind:plan>
            <input id="red" type="radio" value="red" data-bind:color><input id="blue" type="radio" value="blue" checked data-bind:color>
            <select id="size" data-bind:size><option value="s">Small</option><option value="l">Large</option></select>
            <select id="several" multiple data-bind:several><option>1</option><option>2</option></select>
            <input class="tag" type="checkbox" value="a" data-bind:tags><input class="tag" type="checkbox" value="b" data-bind:tags>
            <button type="button" data-on:click="$word = 'set'; $terms = true; $color = 'red'; $size = 's'">Set</button>
        </form>"#,
    );
    assert_eq!(page.signal("word"), "begin");
    assert_eq!((page.value("#age"), page.value("#size")), ("7".to_owned(), "l".to_owned()));
    assert_eq!(
        (page.signal("terms"), page.signal("plan"), page.signal("color")),
        (false.into(), "".into(), "blue".into())
    );
    assert_eq!(page.signal("tags"), serde_json::json!(["", ""]));

    page.fill("#word", "typed");
    page.fill("#note", "two\nlines");
    page.fill("#age", "8");
    page.fill("#amount", "2.5");
    page.check("#terms");
    page.check("#plan");
    page.check("#red");
    page.select("#size", "Small");
    page.select("#several", "1");
    page.select("#several", "2");
    page.check(".tag[value=b]");
    assert_eq!(
        page.signals(),
        serde_json::json!({
            "size": "s", "tags": ["", "b"], "age": 8, "amount": 2.5, "word": "typed", "note": "two\nlines", "terms": true,
            "plan": "big", "color": "red", "several": ["1", "2"],
        })
    );
    page.uncheck("#terms");
    assert_eq!(page.signal("terms"), false);

    page.check("#blue");
    page.click("button");
    assert_eq!((page.value("#word"), page.value("#size")), ("set".to_owned(), "s".to_owned()));
    assert!(page.is_checked("#terms") && page.is_checked("#red") && !page.is_checked("#blue"));
}

#[test]
fn events_reach_their_listeners() {
    let mut page = open(
        r#"<section data-signals="{log: ''}" data-on:click="$log += 'section '" data-on:click__capture="$log += 'first '">
            <button id="plain" data-on:click="$log += 'plain '"><b id="inner">x</b></button>
            <button id="stopped" data-on:click__stop="$log += 'stopped '">x</button>
            <button id="once" data-on:click__once="$log += 'once '">x</button>
            <a id="link" href="/elsewhere" data-on:click__prevent="$log += 'link '">x</a>
            <a id="called" href="/elsewhere" data-on:click="evt.preventDefault(); $log += evt.type + ' '">x</a>
            <input id="input" data-on:input__debounce.500ms="$log += 'input ' + el.value + ' '" data-on:change="$log += evt.target.value + ' '">
            <input id="key" data-on:keydown="evt.key === 'Enter' && ($log += 'enter ')">
            <p id="near" data-on:click__outside="$log += 'outside '">x</p>
            <p data-on:keydown__window="$log += 'window '">x</p>
            <p id="own" data-on:my-event="$log += 'own '" data-on-interval="$log += 'tick '">x</p>
        </section>"#,
    );
    let mut check = |step: &mut dyn FnMut(&mut stario::testing::Page), log: &str| {
        page.set_signal("log", "");
        step(&mut page);
        assert_eq!(page.signal("log"), log);
    };
    check(&mut |page| page.click("#inner"), "first plain section outside ");
    check(&mut |page| page.click("#stopped"), "first stopped ");
    check(&mut |page| page.click("#once"), "first once section outside ");
    check(&mut |page| page.click("#once"), "first section outside ");
    check(&mut |page| page.click("#link"), "first link section outside ");
    check(&mut |page| page.click("#called"), "first click section outside ");
    check(&mut |page| page.fill("#input", "tea"), "input tea tea ");
    check(&mut |page| page.press("#key", "Enter"), "enter window ");
    check(&mut |page| page.press("#key", "a"), "window ");
    check(&mut |page| page.click("#near"), "first section ");
    check(&mut |page| page.fire("#own", "my-event"), "own ");
    check(&mut |page| page.fire("#own", "on-interval"), "tick ");
    assert_eq!(page.url(), "/");
}

#[test]
fn a_browser_does_what_is_not_prevented() {
    let mut page = open(
        r##"<label for="terms">Terms</label><input id="terms" type="checkbox">
            <details><summary>More</summary><p id="more">text</p></details>
            <form><input id="name" value="x"><button type="reset">Reset</button></form>
            <a id="here" href="#more">Here</a> <a id="again" href="?page=2">Again</a>"##,
    );
    page.click("label");
    assert!(page.is_checked("#terms"));
    assert!(!page.is_visible("#more"));
    page.click("summary");
    assert!(page.is_visible("#more"));
    page.fill("#name", "typed");
    page.click("[type=reset]");
    assert_eq!(page.value("#name"), "x");
    page.click("#here");
    assert_eq!(page.url(), "/");
    page.click("#again");
    assert_eq!(page.url(), "/?page=2");
}

#[test]
fn elements_are_counted_and_read() {
    let mut page = open(
        "<ul><li class='a'>one</li><li>two  <b>three</b></li><li hidden>four</li></ul><input disabled value='&quot;'>",
    );
    assert_eq!((page.count("li"), page.count("i")), (3, 0));
    assert_eq!(page.texts("li"), ["one", "two three", ""]);
    assert_eq!(page.text("ul"), "one two three");
    assert_eq!(page.html("li.a"), r#"<li class="a">one</li>"#);
    assert_eq!(page.html("input"), r#"<input disabled="" value="&quot;">"#);
    assert!(page.is_disabled("input"));
    assert_eq!((page.attr("li.a", "class").as_deref(), page.attr("li.a", "id")), (Some("a"), None));
    assert_eq!(page.texts("li:is(.a, :has(b))").len(), 2);
}
