//! Every kind of event with every option, as the Datastar client in a browser takes it.

use std::sync::atomic::{AtomicUsize, Ordering};

use browser_tests::{Browsers, PATIENCE, datastar_file, wait_until};
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use stario::Raw;
use stario::event::Namespace;
use stario::prelude::*;
use tokio::net::TcpListener;
use tokio::sync::Notify;

stario::app!();

/// Counts the view transitions, by what they are of, marks elements so that a replacement shows, and tells the
/// server of the first comment in a stream, which the client keeps to itself.
const WATCH: &str = r#"<script>
    window.transitions = [];
    for (const [kind, owner] of [["page", Document.prototype], ["element", Element.prototype]]) {
        const start = owner.startViewTransition;
        owner.startViewTransition = function (change) {
            transitions.push(kind === "page" ? kind : this.id);
            return start.call(this, change);
        };
    }
    addEventListener("DOMContentLoaded", () => {
        for (const element of document.querySelectorAll("[id]")) element.isOld = true;
    });
    const send = window.fetch;
    const findComment = async body => {
        const pieces = body.pipeThrough(new TextDecoderStream()).getReader();
        let text = "";
        while (!/^:/m.test(text)) text += (await pieces.read()).value;
        send("/comment-came", { method: "POST" });
    };
    window.fetch = async (...options) => {
        const response = await send(...options);
        if (response.url.includes("/silent")) findComment(response.clone().body);
        return response;
    };
</script>"#;

const PAGE: &str = r#"<body data-signals="{kept: 'page', gone: 'here', nested: {a: 1, b: 2}}">
    <p id="outer">old</p> <p id="chosen">old</p> <p id="inner"><i>old</i></p>
    <p id="replaced">old</p> <p id="replaced-by-id">old</p>
    <ul id="list"><li>middle</li></ul>
    <p class="many">old</p> <p class="many">old</p>
    <p id="removed"></p> <p class="all-removed"></p> <p class="all-removed"></p> <p id="removed-by-mode"></p>
    <svg id="drawing"></svg> <math id="formula"></math>
    <main id="main"><p id="moved">old</p> <p id="moved-in-main">old</p> <p id="faded"></p></main>
    <pre id="lines"></pre> <p id="text"></p> <p id="attempts"></p> <p id="silence"></p>
    <pre id="signals" data-json-signals></pre>
    <div data-init="@get('/events')"></div>
    <div data-init="@get('/interrupted')"></div>
    <div data-init="@get('/silent')"></div>
</body>"#;

#[app::query("/")]
async fn page(datastar: DatastarScript) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Events"</title>{Raw(WATCH)}{datastar}</head>
            {Raw(PAGE)}
        </html>
    }
}

#[app::query("/events")]
async fn events() -> impl Stream<Item = Event> {
    stream! {
        // Elements: every mode, by id and by selector.
        yield Raw(r#"<p id="outer">new</p>"#);
        yield (Mode::Outer, "#chosen", Raw(r#"<p id="chosen">new</p>"#));
        yield (Mode::Inner, "#inner", Raw("<b>new</b>"));
        yield (Mode::Replace, "#replaced", Raw(r#"<p id="replaced">new</p>"#));
        yield (Mode::Replace, Raw(r#"<p id="replaced-by-id">new</p>"#));
        yield (Mode::Prepend, "#list", Raw("<li>first</li>"));
        yield (Mode::Append, "#list", Raw("<li>last</li>"));
        yield (Mode::Before, "#list", Raw(r#"<p id="before"></p>"#));
        yield (Mode::After, "#list", Raw(r#"<p id="after"></p>"#));
        yield (Mode::Inner, "p.many,\n p.many + p.many", "new");
        yield event::patch("").mode(Mode::Remove).selector("#removed-by-mode");
        yield event::remove("#removed");
        yield event::remove(".all-removed");
        yield Raw("<pre id=\"lines\">a\nb\r\nc\rd\n\ne: f</pre>");
        yield html! { <p id="text">"<b> & \"quoted\""</p> };

        // Namespaces, each with several elements on one line.
        yield event::patch(Raw("<circle r=\"1\"/><circle r=\"2\"/><g><circle r=\"3\"/></g><circle r=\"4\"/>"))
            .namespace(Namespace::Svg)
            .mode(Mode::Append)
            .selector("#drawing");
        yield event::patch(Raw("<mi>x</mi><mo>=</mo><mn>1</mn>"))
            .namespace(Namespace::MathMl)
            .mode(Mode::Inner)
            .selector("#formula");

        // Signals.
        yield json!({ "fresh": "a\nb", "nested": { "b": null, "c": 3 } });
        yield event::signals(json!({ "kept": "server", "added": "server" })).only_if_missing();
        yield event::signals(json!({ "gone": null }));

        // Scripts.
        yield event::script("window.ran = ['once']");
        yield event::script("ran.push('</script>', '<!-- <script>');\r// a comment\nran.push('after it')");
        yield event::script("ran.push(document.currentScript?.type ?? 'module')")
            .attribute("type", "module")
            .attribute("id", "left")
            .attribute("data-note", "a \"quoted\" <text> & more")
            .auto_remove(false);

        // Comments.
        yield event::ping();
        yield event::comment("one\ndata: elements <p id=\"outer\">forged</p>");

        // View transitions, after what they could delay.
        yield event::patch(Raw(r#"<p id="moved">new</p>"#)).view_transition();
        yield event::patch(Raw(r#"<p id="moved-in-main">new</p>"#)).view_transition_selector("#main");
        yield event::remove("#faded").view_transition();

        std::future::pending::<()>().await;
    }
}

/// What the browser has said.
#[derive(Default)]
struct Said {
    /// How often it has asked for `/interrupted`.
    attempts: AtomicUsize,
    event_came: Notify,
    comment_came: Notify,
}

#[app::command("/event-came")]
async fn event_came(said: State<Said>) {
    said.event_came.notify_one();
}

#[app::command("/comment-came")]
async fn comment_came(said: State<Said>) {
    said.comment_came.notify_one();
}

/// Fails twice. What the browser says of the last event each time is shown.
#[app::query("/interrupted")]
async fn interrupted(
    said: State<Said>,
    last_event_id: Header<Option<String>>,
) -> impl Stream<Item = Result<Event>> {
    let attempt = said.attempts.fetch_add(1, Ordering::Relaxed);
    let seen = last_event_id.0.unwrap_or_else(|| "none".to_owned());
    try_stream! {
        let seen = html! { <b data-init={event_came::action()}>{seen}</b> };
        let shown = event::patch(seen).mode(Mode::Append).selector("#attempts");
        yield shown.id(["41", "", "unused"][attempt.min(2)]).retry(Duration::from_millis(20));
        if attempt < 2 {
            // A browser that has not read the event yet would not know it.
            said.event_came.notified().await;
            Err(std::io::Error::other("interrupted"))?;
        }
        std::future::pending::<()>().await;
    }
}

/// Says nothing until the server has sent a comment.
#[app::query("/silent")]
async fn silent(said: State<Said>) -> impl Stream<Item = Event> {
    stream! {
        yield (Mode::Append, "#silence", "before ");
        said.comment_came.notified().await;
        yield (Mode::Append, "#silence", "after");
    }
}

#[app::query("/leave")]
async fn leave(datastar: DatastarScript) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Leave"</title>{datastar}</head>
            {Raw(r#"<body data-init="@get('/redirect')"></body>"#)}
        </html>
    }
}

#[app::query("/redirect")]
async fn redirect() -> impl Stream<Item = Event> {
    stream! { yield event::redirect("/arrived?by=an event&with=\"quotes\""); }
}

#[app::query("/arrived")]
async fn arrived(by: QueryParam<String>, with: QueryParam<String>) -> Html {
    html! { <p id="arrived">{by}", "{with}</p> }
}

async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = app::new().state(Said::default()).ping_interval(Duration::from_millis(10));
    let app = app.datastar_file(datastar_file()).expect("the client");
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    url
}

/// Evaluates an expression in the page.
async fn check(page: &Client, expression: &str, expected: Value) {
    let found = page.execute(&format!("return {expression}"), Vec::new()).await.expect("a script that runs");
    assert_eq!(found, expected, "{expression}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_applies_every_kind_and_option() {
    let url = serve().await;
    let browsers = Browsers::start().await;
    let page = browsers.open(&url).await;

    // The last of the stream.
    let text = |id: &str| format!("document.getElementById('{id}')?.textContent");
    wait_until(&page, "!document.getElementById('faded')", "document.body.innerHTML").await;
    wait_until(&page, &format!("{} === 'new'", text("moved")), &text("moved")).await;
    wait_until(&page, &format!("{} === 'new'", text("moved-in-main")), &text("moved-in-main")).await;

    for (id, is_morphed) in
        [("outer", true), ("chosen", true), ("inner", true), ("replaced", false), ("replaced-by-id", false)]
    {
        let element = format!("document.getElementById('{id}')");
        check(&page, &format!("[{element}.textContent, !!{element}.isOld]"), json!(["new", is_morphed]))
            .await;
    }
    check(&page, "document.getElementById('inner').innerHTML", json!("<b>new</b>")).await;
    check(&page, "[...list.children].map(item => item.textContent)", json!(["first", "middle", "last"]))
        .await;
    check(&page, "[list.previousElementSibling.id, list.nextElementSibling.id]", json!(["before", "after"]))
        .await;
    check(&page, "[...document.querySelectorAll('.many')].map(p => p.textContent)", json!(["new", "new"]))
        .await;
    let removed = "document.querySelectorAll('#removed, .all-removed, #removed-by-mode').length";
    check(&page, removed, json!(0)).await;
    check(&page, &text("lines"), json!("a\nb\nc\nd\n\ne: f")).await;
    check(&page, &text("text"), json!("<b> & \"quoted\"")).await;

    let parts = |id: &str| format!("[...document.querySelectorAll('#{id} *')].map(part => part.outerHTML)");
    check(&page, "document.querySelectorAll('#drawing circle').length", json!(4)).await;
    check(
        &page,
        "[...drawing.children].map(part => part.localName)",
        json!(["circle", "circle", "g", "circle"]),
    )
    .await;
    check(&page, "new Set([...drawing.querySelectorAll('*')].map(part => part.namespaceURI)).size", json!(1))
        .await;
    check(&page, "drawing.firstElementChild.namespaceURI", json!("http://www.w3.org/2000/svg")).await;
    check(&page, &parts("formula"), json!(["<mi>x</mi>", "<mo>=</mo>", "<mn>1</mn>"])).await;
    check(&page, "formula.firstElementChild.namespaceURI", json!("http://www.w3.org/1998/Math/MathML")).await;

    check(
        &page,
        "JSON.parse(signals.textContent)",
        json!({ "kept": "page", "nested": { "a": 1, "c": 3 }, "fresh": "a\nb", "added": "server" }),
    )
    .await;

    wait_until(&page, "window.ran?.length === 5", "JSON.stringify(window.ran)").await;
    check(&page, "ran", json!(["once", "</script>", "<!-- <script>", "after it", "module"])).await;
    check(&page, "document.querySelectorAll('body script').length", json!(1)).await;
    let left = "document.getElementById('left')";
    check(
        &page,
        &format!("[{left}.type, {left}.dataset.note]"),
        json!(["module", "a \"quoted\" <text> & more"]),
    )
    .await;

    check(&page, "transitions", json!(["page", "main", "page"])).await;

    let attempts = "[...document.querySelectorAll('#attempts b')].map(b => b.textContent).join()";
    wait_until(&page, &format!("{attempts} === 'none,41,none'"), attempts).await;
    wait_until(&page, &format!("{} === 'before after'", text("silence")), &text("silence")).await;

    page.goto(&format!("{url}/leave")).await.expect("the page");
    let arrived =
        page.wait().at_most(PATIENCE).for_element(Locator::Id("arrived")).await.expect("another page");
    assert_eq!(arrived.text().await.expect("its text"), "an event, \"quotes\"");
    page.close().await.expect("the browser closes");
}
