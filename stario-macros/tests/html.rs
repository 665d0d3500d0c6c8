//! What templates write, one line per rule.

use stario_html::{Html, Raw, Render, css, display, js, json, trusted_url};
use stario_macros::html;

#[track_caller]
fn check(html: &Html, expected: &str) {
    assert_eq!(html.as_str(), expected);
}

#[test]
fn elements_and_text() {
    check(&html! {}, "");
    check(&html! { "a" }, "a");
    check(&html! { <p>"a & b"</p> }, "<p>a &amp; b</p>");
    check(&html! { <p>"a" "b"</p><p></p> }, "<p>ab</p><p></p>");
    check(&html! { <div/><br><img src="/x.png"/> }, "<div></div><br><img src=\"/x.png\">");
    check(&html! { <ul><li>"1"</li><li>"2"</li></ul> }, "<ul><li>1</li><li>2</li></ul>");
    check(&html! { <!DOCTYPE html><html></html> }, "<!DOCTYPE html><html></html>");
    check(&html! { <>"a"<b>"b"</b></> }, "a<b>b</b>");
    check(&html! { <!-- "why not" --> }, "<!--why not-->");
    check(&html! { r#"raw "text""# }, "raw &quot;text&quot;");
    check(&html! { <my-widget data-x="1">"w"</my-widget> }, "<my-widget data-x=\"1\">w</my-widget>");
    check(
        &html! { <svg viewBox="0 0 1 1"><path d="M0 0"/><linearGradient/></svg> },
        "<svg viewBox=\"0 0 1 1\"><path d=\"M0 0\"/><linearGradient/></svg>",
    );
    check(&html! { <math><mi>"x"</mi></math> }, "<math><mi>x</mi></math>");
}

#[test]
fn splices() {
    let name = String::from("<Ada>");
    check(&html! { <p>{name}</p> }, "<p>&lt;Ada&gt;</p>");
    check(&html! { {name.len()} " " {1 + 1} " " {-5_i8} " " {1.5} }, "5 2 -5 1.5");
    check(&html! { {Some("x")}{None::<&str>}{'c'}{&&name} }, "xc&lt;Ada&gt;");
    check(&html! { {html! { <b>"n"</b> }}{Raw("<i>")} }, "<b>n</b><i>");
    check(&html! { {vec![1, 2]}{["a", "b"]} }, "12ab");
    check(&html! { {display(format_args!("{:03}", 7))} }, "007");
    check(&html! { {"lit<eral"}{"&nbsp;"} }, "lit&lt;eral&amp;nbsp;");
    check(&html! { {format_args!("{:.1}", 2.25)} }, "2.2");
    check(&html! { {if name.is_empty() { "none" } else { "some" }} }, "some");
    // The value was only looked at.
    drop(name);
}

#[test]
fn attributes() {
    let (id, cls) = (7, "big");
    check(&html! { <p class={cls} id={("user-", id)}/> }, "<p class=\"big\" id=\"user-7\"></p>");
    check(&html! { <p id={"user-", id, "-", cls}/> }, "<p id=\"user-7-big\"></p>");
    check(&html! { <p title="a \"b\" <c>"/> }, "<p title='a \"b\" &lt;c&gt;'></p>");
    check(&html! { <p title={"\"<"}/> }, "<p title='\"&lt;'></p>");
    check(&html! { <td colspan=2_u8 tabindex=-1/> }, "<td colspan=\"2\" tabindex=\"-1\"></td>");
    check(
        &html! { <input max=1_000 min=0x10 step=1_0.5f32 size=10px> },
        "<input max=\"1000\" min=\"16\" step=\"10.5\" size=\"10px\">",
    );
    check(&html! { <input disabled required={id == 7} checked={id == 8}> }, "<input disabled required>");
    check(&html! { <p title={Some("t")} lang={None::<&str>} id="x"/> }, "<p title=\"t\" id=\"x\"></p>");
    check(&html! { <p lang={None::<&str>}/> }, "<p></p>");
    check(
        &html! { <p hidden={id == 7}/><p hidden={id == 8}/><p hidden={(id == 7).then_some("until-found")}/><p hidden/> },
        "<p hidden=\"\"></p><p></p><p hidden=\"until-found\"></p><p hidden></p>",
    );
    check(
        &html! { <a download={true}/><a download={"x.csv"}/><a download={cls}/> },
        "<a download=\"\"></a><a download=\"x.csv\"></a><a download=\"big\"></a>",
    );
    check(
        &html! { <p aria-busy={true} draggable={false} aria-label={"x"} aria-hidden={None::<bool>}/> },
        "<p aria-busy=\"true\" draggable=\"false\" aria-label=\"x\"></p>",
    );
    check(&html! { <label for="x" class="y">"z"</label> }, "<label for=\"x\" class=\"y\">z</label>");
    check(&html! { <p "hx-get"="/x" "odd"={id}/> }, "<p hx-get=\"/x\" odd=\"7\"></p>");
    check(
        &html! { <svg><use xlink:href="#a"/><a xlink:href="/b" xlink:title="c"/></svg> },
        "<svg><use xlink:href=\"#a\"/><a xlink:href=\"/b\" xlink:title=\"c\"></a></svg>",
    );
    check(
        &html! { <p "@click"="f()" ":class"="c" "x-data"="{ a: 1 }" "v-if"="d"/><my-widget x.y="z"/> },
        "<p @click=\"f()\" :class=\"c\" x-data=\"{ a: 1 }\" v-if=\"d\"></p><my-widget x.y=\"z\"></my-widget>",
    );
}

#[test]
fn attribute_groups_and_lists() {
    let on = true;
    check(
        &html! { <a if on { aria-current="page" } else { href="/" }>"x"</a> },
        "<a aria-current=\"page\">x</a>",
    );
    check(&html! { <a if !on { id="a" } else if on { id="b" }/> }, "<a id=\"b\"></a>");
    check(&html! { <p class="a" class:b={on} class:c={!on}/> }, "<p class=\"a b\"></p>");
    check(&html! { <p class:b={on} class:text-2xl={on} class:c={!on}/> }, "<p class=\"b text-2xl\"></p>");
    check(&html! { <p class:b={!on}/> }, "<p></p>");
    check(&html! { <p class={Some("x")} class:b={on}/> }, "<p class=\"x b\"></p>");
    check(&html! { <p class:b={on} class={None::<&str>} id="i"/> }, "<p class=\"b\" id=\"i\"></p>");
    check(&html! { <p class={"a-", 1} class:b={on}/> }, "<p class=\"a-1 b\"></p>");
    check(
        &html! { <p class="p-1" class:w-1/2={on} class:"grid-cols-[1fr_2fr]"={on} class:"a&b c"={on}/> },
        "<p class=\"p-1 w-1/2 grid-cols-[1fr_2fr] a&amp;b c\"></p>",
    );
    let (extra, none, empty) = (Some("x y"), None::<&str>, String::new());
    check(&html! { <p class="a" class={extra} class="b"/> }, "<p class=\"a b x y\"></p>");
    check(&html! { <p class="a" class={none} class={&empty} class:b={on}/> }, "<p class=\"a b\"></p>");
    check(&html! { <p class={empty} class={"c-", 1} class:b={!on}/> }, "<p class=\"c-1\"></p>");
    check(
        &html! { <p class="a" class="b"/><p class="" class:b={on}/> },
        "<p class=\"a b\"></p><p class=\"b\"></p>",
    );
    check(&html! { <p style:color={"red"} style:--gap={4}/> }, "<p style=\"color:red;--gap:4\"></p>");
    check(&html! { <p style="margin: 0;" style:width={50, "%"}/> }, "<p style=\"margin: 0;width:50%\"></p>");
    check(&html! { <p style:color="red" style="a: b"/> }, "<p style=\"color:red;a: b\"></p>");
    check(&html! { <p style:color={None::<&str>}/> }, "<p></p>");
    let (bad, dx) = ("red;x:y", -4);
    check(&html! { <p style:color={bad}/> }, "<p style=\"color:unset\"></p>");
    check(
        &html! { <p style:transform={format!("translateX({dx}px)")} style:width={"calc(100% - ", dx, "px)"}/> },
        "<p style=\"transform:translateX(-4px);width:calc(100% - -4px)\"></p>",
    );
    check(
        &html! { <p style:color={"rgba(", 1, ",", 2, ",", 3, ",", 0.5, ")"} style:top={"ur", "l(", bad, ")"}/> },
        "<p style=\"color:rgba(1,2,3,0.5);top:unset\"></p>",
    );
    check(&html! { <p style={css("color: red")}/> }, "<p style=\"color: red\"></p>");
    // A later declaration wins, so they stay in their order.
    check(
        &html! { <p style:color={"red"} style="color:blue;" style={css("top: 0")} style:top="1px"/> },
        "<p style=\"color:red;color:blue;top: 0;top:1px\"></p>",
    );
    let attrs = stario_html::Attrs::new().with("data-x", 1).unwrap();
    check(&html! { <p {..attrs} id="i"/> }, "<p id=\"i\" data-x=\"1\"></p>");
}

struct Point {
    x: i32,
}

#[test]
fn control_flow() {
    let items = [1, 2, 3, 4];
    check(&html! { if items.len() > 3 { "many" } else { "few" } }, "many");
    check(&html! { if false { "a" } else if let [first, ..] = &items[..] { {first} } }, "1");
    check(&html! { if let Some(x) = Some(1) && let Point { x: y } = (Point { x }) { {y} } }, "1");
    check(&html! { for i in items { <li>{i}</li> } }, "<li>1</li><li>2</li><li>3</li><li>4</li>");
    check(&html! { for i in items { if i == 2 { continue; } if i == 4 { break; } {i} } }, "13");
    check(&html! { 'outer: for _ in items { for i in items { {i} break 'outer; } } }, "1");
    check(
        &html! { for i in items { match i { 1 => "one", n if n > 3 => { "big" {n} } 2 | 3 => {} _ => <hr>, } } },
        "onebig4",
    );
    let mut left = items.iter();
    check(&html! { while let Some(i) = left.next() { {i} if *i == 2 { break; } } }, "12");
    check(&html! { 'outer: while true { while true { "x" break 'outer; } } }, "x");
    check(&html! { let double = items[1] * 2; <p>{double}</p> }, "<p>4</p>");
    let x = "outer";
    check(&html! { <p>let x = "inner"; {x}</p>{x} }, "<p>inner</p>outer");
    check(&html! { <>let x = "inner"; {x}</>{x} }, "innerouter");
    check(&html! { let Some(x) = Some(1) else { return }; {x} }, "1");
}

#[test]
fn contexts() {
    let input = "javascript:alert(1)";
    check(&html! { <a href={input}>"x"</a> }, "<a href=\"about:invalid\">x</a>");
    check(&html! { <a href={"/users/", 7}/> }, "<a href=\"/users/7\"></a>");
    check(&html! { <a href={input, "x"}/> }, "<a href=\"about:invalidx\"></a>");
    check(&html! { <a href={trusted_url(input)}/> }, "<a href=\"javascript:alert(1)\"></a>");
    let (list, n) = ("/a 1x, data:b 2x", 1);
    check(&html! { <img srcset={list}> }, "<img srcset=\"about:invalid\">");
    check(&html! { <a href={input, n, n, n, n, n, n, n, n, n}/> }, "<a href=\"about:invalid111111111\"></a>");
    let java = "java";
    check(&html! { <a href={java, "script:", n, n, n, n, n, n, n, n}/> }, "<a href=\"about:invalid\"></a>");
    check(
        &html! { <b data-on:click={"$a && f()"} onclick={"g()"}/> },
        "<b data-on:click=\"$a &amp;&amp; f()\" onclick=\"g()\"></b>",
    );
    check(
        &html! { <b data-on:click__debounce.500ms={js("$a && $b")}/> },
        "<b data-on:click__debounce.500ms=\"$a &amp;&amp; $b\"></b>",
    );
    check(&html! { <b data-text={"$n + ", 1}/> }, "<b data-text=\"$n + 1\"></b>");
    check(
        &html! { <b data-show={true} data-signals:count={3}/> },
        "<b data-show=\"true\" data-signals:count='3'></b>",
    );
    check(&html! { <b data-signals={json(&[("a'", 1)])}/> }, "<b data-signals='[[\"a\\u0027\",1]]'></b>");
    check(
        &html! { <b onclick={"f(", json("\"'"), ")"}/> },
        "<b onclick=\"f(&quot;\\u0022\\u0027&quot;)\"></b>",
    );
    check(
        &html! { <script>"let u = '<b>' + " {json("</script>")} ";"</script> },
        "<script>let u = '<b>' + \"\\u003c/script\\u003e\";</script>",
    );
    check(&html! { <style>"a > b { }" {css("i{}")}</style> }, "<style>a > b { }i{}</style>");
    check(&html! { <script>{"a < b && c"}</script> }, "<script>a < b && c</script>");
    check(
        &html! {
            <svg>
                <style>"a > b::after { content: '&<' }" {css("i > b {}")}</style>
                <g><script>"f(a && b < " {n} ", " {json("<")} ", " {js("c && d")} ")"</script></g>
                <foreignObject><style>"a > b {}"</style></foreignObject>
            </svg>
            <style>"a > b {}"</style>
        },
        "<svg><style>a &gt; b::after { content: '&amp;&lt;' }i &gt; b {}</style>\
         <g><script>f(a &amp;&amp; b &lt; 1, &quot;\\u003c&quot;, c &amp;&amp; d)</script></g>\
         <foreignObject><style>a > b {}</style></foreignObject></svg><style>a > b {}</style>",
    );
    check(&html! { <title>{"a"}"</title>"</title> }, "<title>a&lt;/title&gt;</title>");
    check(&html! { <textarea>{String::from("\nx")}</textarea> }, "<textarea>\n\nx</textarea>");
    check(
        &html! { <iframe srcdoc={html! { <p>"\"q\""</p> }}></iframe> },
        "<iframe srcdoc=\"&lt;p&gt;&amp;quot;q&amp;quot;&lt;/p&gt;\"></iframe>",
    );
}

#[test]
fn values_do_not_change_where_a_url_leads() {
    let (evil, path, port) = ("/evil.example/x", "users", 3000);
    for evil in [evil, "\\evil.example", "\t/evil.example", "\r\n\\evil.example"] {
        check(&html! { <a href={"/", evil}/> }, "<a href=\"about:invalid\"></a>");
        check(&html! { <a href={"", "/", evil}/> }, "<a href=\"about:invalid\"></a>");
        check(&html! { <form action={"/", evil}/> }, "<form action=\"about:invalid\"></form>");
        check(&html! { <img src={" /", evil}> }, "<img src=\"about:invalid\">");
        check(&html! { <script src={"/", evil}></script> }, "<script src=\"about:invalid\"></script>");
        check(&html! { <b "hx-get"={"/", evil}/> }, "<b hx-get=\"about:invalid\"></b>");
    }
    check(&html! { <img srcset={"/", evil, " 2x"}> }, "<img srcset=\"about:invalid\">");
    check(&html! { <a href={"/", path}/> }, "<a href=\"/users\"></a>");
    check(&html! { <a href={"/?to=", evil}/> }, "<a href=\"/?to=/evil.example/x\"></a>");
    check(&html! { <a href={"https://", path}/> }, "<a href=\"https://users\"></a>");
    check(
        &html! { <a href={"https://a.example", evil}/> },
        "<a href=\"https://a.example/evil.example/x\"></a>",
    );
    check(&html! { <a href={"https://a.example", path}/> }, "<a href=\"about:invalid\"></a>");
    check(&html! { <a href={"http://localhost:", port}/> }, "<a href=\"http://localhost:3000\"></a>");
}

#[test]
fn urls_of_code_stay_on_the_site() {
    let (here, there) = ("/app.js", "https://cdn.example/app.js");
    let at = "https://cdn.example/";
    check(
        &html! { <script src="https://cdn.example/a.js"></script><script src={here}></script> },
        "<script src=\"https://cdn.example/a.js\"></script><script src=\"/app.js\"></script>",
    );
    check(
        &html! { <script src={there}></script><script src={at, "a.js"}></script> },
        "<script src=\"about:invalid\"></script><script src=\"about:invalida.js\"></script>",
    );
    check(
        &html! { <script src={trusted_url(there)}></script><script src={trusted_url(at), "a.js"}></script> },
        "<script src=\"https://cdn.example/app.js\"></script><script src=\"https://cdn.example/a.js\"></script>",
    );
    check(&html! { <script src={"/js/", here}></script> }, "<script src=\"/js//app.js\"></script>");
    check(
        &html! { <iframe src={there}></iframe><embed src={there}><object data={there}/><base href={there}> },
        "<iframe src=\"about:invalid\"></iframe><embed src=\"about:invalid\">\
         <object data=\"about:invalid\"></object><base href=\"about:invalid\">",
    );
    check(
        &html! { <svg><script href={there}/><script xlink:href={there}/></svg> },
        "<svg><script href=\"about:invalid\"></script><script xlink:href=\"about:invalid\"></script></svg>",
    );
    let rel = "stylesheet";
    check(
        &html! {
            <link rel="icon" href={there}><link rel="alternate Stylesheet" href={there}>
            <link rel="modulepreload" href={there}><link rel={rel} href={there}>
            <link href={there} if true { rel="stylesheet" }>
        },
        "<link rel=\"icon\" href=\"https://cdn.example/app.js\"><link rel=\"alternate Stylesheet\" href=\"about:invalid\">\
         <link rel=\"modulepreload\" href=\"about:invalid\"><link rel=\"stylesheet\" href=\"about:invalid\">\
         <link href=\"about:invalid\" rel=\"stylesheet\">",
    );
    let attrs = stario_html::Attrs::new().with("src", there).unwrap();
    check(
        &html! { <img {..attrs}><iframe {..attrs}></iframe> },
        "<img src=\"https://cdn.example/app.js\"><iframe src=\"about:invalid\"></iframe>",
    );
    let tag = stario_html::TagName::new("object").unwrap();
    check(&html! { <{tag} data={there}/> }, "<object data=\"about:invalid\"></object>");
}

#[test]
fn a_refresh_is_a_url() {
    let (run, evil, next, five) = ("0; url=javascript:f()", "/evil.example", "next", 5);
    let refused = "<meta http-equiv=\"refresh\" content=\"about:invalid\">";
    check(&html! { <meta http-equiv="refresh" content={run}> }, refused);
    check(&html! { <meta http-equiv="refresh" if true { content={run} }> }, refused);
    let refresh = "refresh";
    check(&html! { <meta http-equiv={refresh} content={run}> }, refused);
    check(
        &html! { <meta http-equiv="Refresh" content={"0; url=/", evil}> },
        "<meta http-equiv=\"Refresh\" content=\"0; url=about:invalid\">",
    );
    check(
        &html! { <meta http-equiv="refresh" content={"0; url=/", next}><meta http-equiv="refresh" content={five}> },
        "<meta http-equiv=\"refresh\" content=\"0; url=/next\"><meta http-equiv=\"refresh\" content=\"5\">",
    );
    check(&html! { <meta name="x" content={run}> }, "<meta name=\"x\" content=\"0; url=javascript:f()\">");
    check(&html! { <meta content={"a ", next}> }, "<meta content=\"a next\">");
}

#[test]
fn braces_are_characters() {
    check(
        &html! { "{{name}} {{" <p title="{{a}}" class="}}"/> },
        "{name} {<p title=\"{a}\" class=\"}\"></p>",
    );
    check(
        &html! { r"{name} {{" {"{name} {{"} <p title=r"{a} {{" id={"{a} {{"}/> },
        "{name} {{{name} {{<p title=\"{a} {{\" id=\"{a} {{\"></p>",
    );
    check(
        &html! { "{ a } {} {1}" <p class="a{" id={"{{", 1, "}}"}/> },
        "{ a } {} {1}<p class=\"a{\" id=\"{{1}}\"></p>",
    );
    check(
        &html! { <p data-class="{active: {a}}" onclick="f({a})"/><script>"let a = {b: {c}};"</script><style>"a {{}}"</style> },
        "<p data-class=\"{active: {a}}\" onclick=\"f({a})\"></p><script>let a = {b: {c}};</script><style>a {{}}</style>",
    );
    check(&html! { <title>"{{a}}"</title><a href="/{{id}}"/> }, "<title>{a}</title><a href=\"/{id}\"></a>");
}

#[test]
fn dynamic_tags() {
    let tag = stario_html::TagName::new("h2").unwrap();
    check(&html! { <{tag} id="x">"t"</{tag}> }, "<h2 id=\"x\">t</h2>");
    check(&html! { <{tag}/> }, "<h2></h2>");
}

#[test]
fn static_templates_allocate_nothing() {
    let html = html! { <p class="a">"b"</p> };
    assert!(matches!(html.into_cow(), std::borrow::Cow::Borrowed("<p class=\"a\">b</p>")));
}

#[test]
fn templates_borrow_and_return_early() {
    fn page(input: Result<&str, String>) -> Result<Html, String> {
        let title = String::from("t");
        let body = &title;
        Ok(html! { <p title={body}>{input?}</p> })
    }
    check(&page(Ok("x")).unwrap(), "<p title=\"t\">x</p>");
    assert_eq!(page(Err("no".into())), Err("no".into()));
}

#[test]
fn templates_await_and_are_send() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    async fn user(id: u32) -> String {
        std::future::ready(format!("user {id}")).await
    }
    let page = is_send(async {
        let shared = String::from("s");
        html! { <p>{user(1).await}</p>{shared}<p title={user(2).await}/> }
    });
    let mut page = std::pin::pin!(page);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(html) = page.as_mut().poll(&mut context) else {
        panic!("nothing to wait for")
    };
    check(&html, "<p>user 1</p>s<p title=\"user 2\"></p>");
}

#[test]
fn macros_can_pass_parts_of_templates() {
    macro_rules! row {
        ($label:literal, $value:expr) => {
            html! { <tr><td>$label</td><td>{$value}</td></tr> }
        };
    }
    check(&row!("a", 1 + 1), "<tr><td>a</td><td>2</td></tr>");
}

#[test]
fn user_types_render_themselves() {
    struct Badge(&'static str);
    impl Render for Badge {
        fn render(&self, buf: &mut stario_html::Buf) {
            buf.push(&html! { <b class="badge">{self.0}</b> });
        }
    }
    check(&html! { {Badge("<")} }, "<b class=\"badge\">&lt;</b>");
}

mod shadowed {
    #![allow(dead_code, non_camel_case_types)]
    struct Some;
    struct None;
    struct Option;
    struct String;
    struct Vec;
    struct Result;
    mod std {}
    mod core {}
    struct Html;
    struct Buf;

    #[test]
    fn names_of_the_prelude_are_not_needed() {
        let html = stario_macros::html! { <p title={"x"}>{1}</p> };
        assert_eq!(html.as_str(), "<p title=\"x\">1</p>");
    }
}

#[test]
fn what_is_read_again_may_hold_entities_and_addresses_are_no_actions() {
    check(
        &html! { <iframe srcdoc="a&nbsp;b"></iframe><p data-on:click="el.innerHTML = '&times;'"/> },
        "<iframe srcdoc=\"a&amp;nbsp;b\"></iframe><p data-on:click=\"el.innerHTML = '&amp;times;'\"></p>",
    );
    check(&html! { <p data-test="ada@example.com"/> }, "<p data-test=\"ada@example.com\"></p>");
}
