//! What components write, and what they accept.

use stario_html::{Children, Html, Render};
use stario_macros::{component, html};

#[track_caller]
fn check(html: &Html, expected: &str) {
    assert_eq!(html.as_str(), expected);
}

/// A card with a title.
#[component]
fn Card(title: &str, #[default(2)] level: u8, note: Option<&str>, children: Children) -> Html {
    html! {
        <section title={title} data-level={level}>
            if let Some(note) = note { <small>{note}</small> }
            {children}
        </section>
    }
}

#[test]
fn properties_are_named_optional_and_defaulted() {
    let title = String::from("<t>");
    check(&html! { <Card title="x"/> }, "<section title=\"x\" data-level=\"2\"></section>");
    check(
        &html! { "a" <Card note="n" level=3 title={&title}>"in" <b>"side"</b></Card> "z" },
        "a<section title=\"&lt;t&gt;\" data-level=\"3\"><small>n</small>in<b>side</b></section>z",
    );
    check(&html! { <Card title="x" note={None}/> }, "<section title=\"x\" data-level=\"2\"></section>");
    check(
        &html! { <Card title="x" note={Some(title.as_str())}><Card title="y"/></Card> },
        "<section title=\"x\" data-level=\"2\"><small>&lt;t&gt;</small><section title=\"y\" data-level=\"2\"></section></section>",
    );
}

#[test]
fn braces_in_properties_are_characters() {
    check(
        &html! { <Card title="{{a}}"/><Card title={"{a}"}/><Card title=r"{a}"/> },
        &"<section title=\"{a}\" data-level=\"2\"></section>".repeat(3),
    );
}

#[test]
fn components_are_functions_too() {
    check(&Card("x", 1, None, Children::default()), "<section title=\"x\" data-level=\"1\"></section>");
}

mod ui {
    use super::{Html, Render, component, html};

    #[component]
    pub(crate) fn List<T, const N: usize>(items: [T; N], label: impl Render, is_open: bool) -> Html
    where
        T: Render + Clone,
    {
        if items.is_empty() {
            return html! { <p>"nothing"</p> };
        }
        match is_open {
            true => html! { <ul>for item in items.iter().cloned() { <li>{label}{item}</li> }</ul> },
            false => html! { <hr> },
        }
    }
}

#[test]
fn components_are_generic_and_found_by_path() {
    check(&html! { <ui::List items={[1, 2]} label="n" is_open/> }, "<ul><li>n1</li><li>n2</li></ul>");
    check(&html! { <ui::List items={["a"]} label={1} is_open={false}/> }, "<hr>");
    check(&html! { "x" <ui::List items={[0_u8; 0]} label="" is_open/> }, "x<p>nothing</p>");
}

#[component]
fn Borrowing<'a>(all: &'a [String], pick: &dyn Fn(&str) -> bool, mut count: usize) -> Html {
    let mut found = Vec::new();
    for one in all {
        if count > 0 && pick(one) {
            count -= 1;
            found.push(one);
        }
    }
    html! { {found.as_slice()} }
}

#[test]
fn properties_borrow() {
    let all = ["ab".to_owned(), "ac".to_owned(), "bc".to_owned()];
    check(&html! { <Borrowing all={&all} pick={&|one| one.contains('c')} count=1/> }, "ac");
}

#[component]
fn Early(value: Option<u8>) -> Html {
    html! { <p>let Some(value) = value else { return html! { "none" } }; {value}</p> }
}

#[test]
fn what_was_written_before_an_early_return_is_taken_back() {
    check(&html! { "a" <Early value=1/> <Early/> "b" }, "a<p>1</p>noneb");
}

#[component]
fn Page(r#type: &str) -> Html {
    let inner = html! { <i>{r#type}</i> };
    html! { <main>{inner}</main> }
}

#[test]
fn properties_may_be_keywords() {
    check(&html! { <Page type="x"/> }, "<main><i>x</i></main>");
}

#[test]
fn properties_and_children_await_and_fail() {
    async fn page(name: Result<&str, String>) -> Result<Html, String> {
        let count = std::future::ready(1).await;
        Ok(
            html! { <Card title={name?} level={std::future::ready(count).await}>{std::future::ready("c").await}</Card> },
        )
    }
    fn run<T>(future: impl Future<Output = T> + Send) -> T {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(value) => value,
            std::task::Poll::Pending => panic!("nothing to wait for"),
        }
    }
    check(&run(page(Ok("t"))).unwrap(), "<section title=\"t\" data-level=\"1\">c</section>");
    assert_eq!(run(page(Err("no".into()))), Err("no".into()));
}

#[test]
fn components_live_in_functions() {
    #[component]
    fn Local(n: u8) -> Html {
        html! { <b>{n}</b> }
    }
    check(&html! { for n in 1..3 { <Local n={n}/> } }, "<b>1</b><b>2</b>");
}

#[component]
fn Panel(children: Html) -> Html {
    html! { <p>{children}</p> }
}

#[component]
fn Maybe(children: Option<Html>) -> Html {
    html! { <p>{children.unwrap_or_else(|| html! { "none" })}</p> }
}

#[test]
fn children_are_html_too() {
    check(&html! { <Panel>"a" <b>"b"</b></Panel><Panel/> }, "<p>a<b>b</b></p><p></p>");
    check(&html! { <Maybe>"a"</Maybe><Maybe/> }, "<p>a</p><p>none</p>");
    check(
        &html! { <Panel children={html! { "c" }}/><Card title="t" children={Children::default()}/> },
        "<p>c</p><section title=\"t\" data-level=\"2\"></section>",
    );
}
