//! Expressions: the part of JavaScript that pages in tests know, with the results that a browser has.

use super::{failure, open};

/// The value of an expression, as `data-text` shows it.
#[track_caller]
fn value(expression: &str) -> String {
    let signals = r#"data-signals="{n: 3, t: 'tea', yes: true, list: ['a', 'b'], o: {a: {b: 1}}}""#;
    let expression = expression.replace('&', "&amp;").replace('"', "&quot;");
    open(&format!(r#"<main {signals}><p data-text="{expression}"></p></main>"#)).text("p")
}

#[test]
fn values_are_those_of_a_browser() {
    for (expression, expected) in [
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("(1 + 2) * 3 % 5", "4"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("'a' + 1 + true + null", "a1truenull"),
        ("1 + 1 + 'a'", "2a"),
        ("'3' * '4'", "12"),
        ("-'x'", "NaN"),
        ("1 / 0", "Infinity"),
        ("[1, [2, 'x'], null] + ''", "1,2,x,"),
        ("$list[7] ?? 'or'", ""),
        ("$o.a.b + $n", "4"),
        ("$o['a'].b", "1"),
        ("$list[1] + $list.length", "b2"),
        ("$t.length", "3"),
        ("$t.toUpperCase().includes('TE')", "true"),
        ("$n === 3 && $t", "tea"),
        ("'' || 'or'", "or"),
        ("0 ?? 'or'", "0"),
        ("null ?? 'or'", "or"),
        ("1 == '1'", "true"),
        ("1 === '1'", "false"),
        ("null == undefined", "true"),
        ("null == 0", "false"),
        ("'b' > 'a' && 10 > '9'", "true"),
        ("'10' > '9'", "false"),
        ("!$yes ? 'no' : $n > 2 ? 'many' : 'few'", "many"),
        ("\"it's\" + 'a \\'b\\' \\u00e9 \\n' + `c`", "it'sa 'b' é c"),
        ("'$n @get(1)'", "$n @get(1)"),
        ("/* c */ 1", "1"),
        ("1; 2", "2"),
        ("el.id + el.dataset.text.length", "30"),
        ("$missing", ""),
        ("@peek(() => $n)", "3"),
        ("$n / 3 + (6) / 2 / 3", "2"),
        ("/a[/]\\/b/i", "/a[/]\\/b/i"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn statements_change_signals() {
    let run = |code: &str| {
        let code = code.replace('&', "&amp;").replace('"', "&quot;");
        let mut page = open(&format!(
            r#"<main data-signals="{{n: 3, t: '', list: [1], o: {{a: 1}}}}"><button data-on:click="{code}">x</button></main>"#
        ));
        page.click("button");
        page.signals()
    };
    let is = |code: &str, signal: &str, expected: serde_json::Value| {
        assert_eq!(run(code).pointer(&format!("/{signal}")), Some(&expected), "{code}");
    };
    is("$n += 2", "n", 5.into());
    is("$n -= 1; $n *= 4", "n", 8.into());
    is("$t = $n++ + '' + ++$n", "t", "35".into());
    is("$n--\n$t = 'next'", "t", "next".into());
    is("$o.b = [1, {c: 2}]", "o/b/1/c", 2.into());
    is("$list[0] = 7", "list/0", 7.into());
    is("$t ||= 'filled'", "t", "filled".into());
    is("if ($n > 2) $t = 'many'; else $t = 'few'", "t", "many".into());
    is("if ($n > 3) { $t = 'many' } else { $t = 'few'; $n = 0 }", "n", 0.into());
    is("$n > 2 && ($t = 'in')", "t", "in".into());
    assert_eq!(run("$o = {b: 2}; $list = null")["o"], serde_json::json!({ "b": 2 }));
    assert_eq!(run("$o = {b: 2}; $list = null").get("list"), None);
    // A signal that holds no object has no fields, and the client takes `-` for a part of a name.
    assert_eq!(run("$t.x = 1; $n-1")["t"], "");
    assert_eq!(run("$n-1")["n-1"], "");
}

#[test]
fn what_needs_javascript_says_so() {
    for (expression, word) in [
        ("new Date()", "new"),
        ("console.log(1)", "console"),
        ("$list.map(x => x)", "=>"),
        ("$list.reverse()", ".reverse()"),
        ("`a ${$n}`", "${"),
        ("let x = 1", "let"),
        ("() => 1", "=>"),
        ("(function() {})()", "function"),
        ("/a/.test($t)", ".test()"),
        ("$n = /a", "/"),
        ("$n +", "an expression that is not complete"),
        ("el.style.color = 'red'", ".style"),
    ] {
        let message = failure(move || {
            open(&format!(r#"<main id="m" data-signals="{{list: []}}"><button data-on:click="{expression}">x</button></main>"#)).click("button");
        });
        let expected = format!(
            "an expression needs JavaScript, for `{word}`: data-on:click=\"{expression}\" of <button "
        );
        assert!(message.starts_with(&expected), "{expression}: {message}");
        assert!(message.contains("in `#m`"), "{message}");
    }
    // So does a handler of the browser, wherever it hears the event.
    assert_eq!(
        failure(|| open(r#"<p id="p" onclick="go()"><button data-on:click="$n = 1">x</button></p>"#)
            .click("button")),
        "an event handler needs JavaScript: onclick=\"go()\" of <p id=\"p\" onclick=\"go()\"> in `html > body`; \
         a page in a test runs what stands in `data-on:click`, and a browser all else"
    );
    let mut page = open(
        r#"<form onsubmit="return false;" action="/elsewhere"><button onmouseover="go()">x</button></form>"#,
    );
    page.click("button");
    assert_eq!(page.url(), "/");
    // One that is not run does not fail.
    open(r#"<button data-on:click="new Date()">x</button>"#);
}
