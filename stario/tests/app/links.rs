//! Links and actions built from handlers lead back to them, with the same parameters.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use stario::html::js;
use stario::http::{HeaderName, HeaderValue};
use stario::prelude::*;
use stario::{Action, Link, Redirect, Url};

use crate::app;

stario::app!(local);

type Page = QueryParam<u32>;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Order {
    NewestFirst,
    OldestFirst,
}

/// What a handler got, as JSON.
fn seen(value: impl Serialize) -> Response {
    Json(value).into_response()
}

#[app::query("/", app = local)]
async fn home() {}

#[app::query("/segments/{first}/of/{second}", app = local)]
async fn segments(first: PathParam<String>, second: PathParam<u128>) -> Response {
    seen((&first.0, second.to_string()))
}

#[app::command("/it's;$a@b(c)/{text}", app = local)]
async fn odd_literals(text: PathParam<String>) -> Response {
    seen(&text.0)
}

#[app::query("/search", app = local)]
async fn search(
    q: QueryParam<String>,
    #[default(1)] page: Page,
    order: QueryParam<Option<Order>>,
    tag: QueryParams<String>,
    #[name("from-address")] from: QueryParam<Option<Ipv4Addr>>,
    store: State<u8>,
) -> Response {
    let _ = store;
    seen((&q.0, page.0, order.0, &tag.0, from.0))
}

#[app::command("/things/{kind}", app = local)]
async fn change(
    id: QueryParam<i64>,
    kind: PathParam<String>,
    // Named like what a link has already.
    selector: QueryParam<String>,
    r#type: QueryParam<Option<String>>,
) -> Response {
    seen((&kind.0, id.0, &selector.0, &r#type.0))
}

#[app::query("/files/{path...}", app = local)]
async fn file(path: PathParam<String>, version: QueryParam<Option<u8>>) -> Response {
    seen((&path.0, version.0))
}

#[app::command("/tree/{id}/{path...}", app = local, method = DELETE)]
async fn prune(id: PathParam<u8>, path: PathParam<Vec<String>>) -> Response {
    seen((id.0, &path.0))
}

#[app::query("/lookup", app = local, method = QUERY)]
async fn lookup(key: QueryParam<String>) -> Response {
    seen(&key.0)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Filter {
    size: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    color: Vec<String>,
    #[serde(rename = "sorted-by")]
    order: Option<Order>,
}

#[app::query("/filtered/{kind}", app = local)]
async fn filtered(kind: PathParam<String>, Query(filter): Query<Filter>) -> Response {
    seen((kind.0, filter))
}

/// Nothing of it must be set.
#[derive(Default, Serialize, Deserialize)]
struct Paging {
    page: Option<u32>,
    #[serde(flatten)]
    others: BTreeMap<String, String>,
}

#[app::query("/paged", app = local)]
async fn paged(paging: Query<Paging>) -> Response {
    seen((paging.page, &paging.others))
}

/// One client for each thread: a thread's tests send thousands of requests, and the app keeps nothing of them.
fn client() -> TestClient {
    thread_local! {
        static CLIENT: TestClient = TestClient::new(local::new().state(7_u8));
    }
    CLIENT.with(TestClient::clone)
}

fn get(url: impl AsRef<str>) -> serde_json::Value {
    client().get(url).send().json()
}

/// The method and URL of an action, read as a browser reads the expression.
fn read_action(action: &str) -> (String, String) {
    let (method, rest) = action.strip_prefix('@').unwrap().split_once("('").unwrap();
    let (literal, rest) = rest.split_once('\'').unwrap();
    assert_eq!(rest, ")");
    (method.to_owned(), unescape(literal))
}

/// What a JavaScript string literal says, read by the grammar of ECMA-262 section 12.9.4.
fn unescape(literal: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut rest = literal.chars();
    while let Some(c) = rest.next() {
        assert!(!matches!(c, '\n' | '\r' | '\'' | '\u{2028}' | '\u{2029}'), "{c:?} in a literal");
        if c != '\\' {
            units.extend(c.encode_utf16(&mut [0; 2]).iter());
            continue;
        }
        assert_eq!(rest.next(), Some('u'));
        let digits: String = rest.by_ref().take(4).collect();
        units.push(u16::from_str_radix(&digits, 16).unwrap());
    }
    String::from_utf16(&units).unwrap()
}

/// Calls the action as Datastar does.
fn call(action: impl std::fmt::Display) -> serde_json::Value {
    let (method, url) = read_action(&action.to_string());
    client().request(method.to_uppercase().parse().unwrap(), url).send().json()
}

/// Whether browsers can send the text as a segment of a path, and the app takes it.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains('\0')
}

/// Texts with much of what means something somewhere.
fn text() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec![
        "/",
        "%",
        "%2F",
        "%zz",
        "+",
        " ",
        "&",
        "=",
        "#",
        "?",
        ";",
        "'",
        "\"",
        "\\",
        "`",
        "$a",
        "@get(",
        "\n",
        "\r",
        "\0",
        ".",
        "..",
        "é",
        "\u{2028}",
        "🦀",
        "</script>",
        "{",
        "}",
        "//",
        ":",
        "\u{FFFD}",
    ]);
    prop_oneof![
        any::<String>(),
        prop::collection::vec(prop_oneof![odd.prop_map(str::to_owned), "[a-z]{0,2}"], 0..6)
            .prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn path_parameters_come_back(first in text().prop_filter("a segment", |text| is_segment(text)), second: u128) {
        let expected = json!([first, second.to_string()]);
        prop_assert_eq!(get(segments::url(&first, second)), expected.clone());
        prop_assert_eq!(call(segments::action(&first, second)), expected);
        prop_assert_eq!(call(odd_literals::action(&first)), json!(first));
    }

    #[test]
    fn query_parameters_come_back(
        q in text(),
        page: Option<u32>,
        is_newest: Option<bool>,
        tags in prop::collection::vec(text(), 0..4),
        from: Option<u32>,
    ) {
        let order = is_newest.map(|is_newest| if is_newest { Order::NewestFirst } else { Order::OldestFirst });
        let from = from.map(Ipv4Addr::from);
        let expected = json!([q, page.unwrap_or(1), order, tags, from]);
        let mut url = search::url().tag(&tags).order(order).q(&q).from(from);
        let mut action = search::action().q(&q).order(order).from(from).tag(&tags);
        if let Some(page) = page {
            (url, action) = (url.page(page), action.page(page));
        }
        prop_assert_eq!(get(&url), expected.clone());
        prop_assert_eq!(call(&action), expected.clone());
        let page = html! { <a href={url}></a> };
        let href = page.as_str().strip_prefix("<a href=\"").unwrap().strip_suffix("\"></a>").unwrap();
        prop_assert_eq!(get(href.replace("&amp;", "&")), expected);
    }

    #[test]
    fn rests_of_paths_come_back(segments in prop::collection::vec(text().prop_filter("a segment", |text| is_segment(text)), 1..5)) {
        prop_assert_eq!(call(prune::action(7, &segments)), json!([7, segments]));
        let path = segments.join("/");
        prop_assume!(!path.is_empty() && path.split('/').all(|text| text.is_empty() || is_segment(text)));
        prop_assert_eq!(get(file::url(&path).version(2)), json!([path, 2]));
    }

    #[test]
    fn whole_queries_come_back(
        kind in text().prop_filter("a segment", |text| is_segment(text)),
        size: u8,
        color in prop::collection::vec(text(), 0..4),
        is_newest: Option<bool>,
    ) {
        let order = is_newest.map(|is_newest| if is_newest { Order::NewestFirst } else { Order::OldestFirst });
        let filter = Filter { size, color, order };
        let expected: (String, Filter) = (kind, filter);
        let read = |value| serde_json::from_value::<(String, Filter)>(value).unwrap();
        prop_assert_eq!(&read(get(filtered::url(&expected.0).filter(&expected.1))), &expected);
        prop_assert_eq!(&read(call(filtered::action(&expected.0).filter(&expected.1))), &expected);
    }

    #[test]
    fn path_and_query_together_come_back(
        kind in text().prop_filter("a segment", |text| is_segment(text)),
        id: i64,
        selector in text(),
        r#type in prop::option::of(text()),
    ) {
        let action = change::action(&kind).selector_(&selector).r#type(r#type.clone()).id(id);
        prop_assert_eq!(call(&action), json!([kind, id, selector, r#type]));
    }
}

#[test]
fn a_link_says_what_was_set() {
    let check = |url: &dyn AsRef<str>, expected: &str| assert_eq!(url.as_ref(), expected);
    check(&home::url(), "/");
    check(&search::url().q("a b"), "/search?q=a+b");
    check(&search::url().page(2).q("x").page(3), "/search?q=x&page=3");
    check(&search::url().q("x").tag(["a", "b"]).tag(["c"]), "/search?q=x&tag=c");
    check(&search::url().q("x").order(Order::NewestFirst), "/search?q=x&order=newest-first");
    check(&search::url().q("x").order(None), "/search?q=x");
    check(&search::url().q("x").from(Ipv4Addr::LOCALHOST), "/search?q=x&from-address=127.0.0.1");
    check(&search::url().q("x").fragment("a/b").page(2).fragment("top"), "/search?q=x&page=2#top");
    check(&file::url("a b/c%/d").version(1), "/files/a%20b/c%25/d?version=1");
    check(&prune::url(1, ["a/b", "c"]), "/tree/1/a%2Fb/c");
    assert_eq!(lookup::action().key("k").to_string(), "@query('/lookup?key=k')");
    assert_eq!(call(lookup::action().key("k")), json!("k"));
    let filter =
        Filter { size: 4, color: vec!["a".to_owned(), "b".to_owned()], order: Some(Order::NewestFirst) };
    let link = filtered::url("x").filter(&filter);
    check(&link, "/filtered/x?size=4&color=a&color=b&sorted-by=newest-first");
    check(&link.query("color", "c"), "/filtered/x?size=4&sorted-by=newest-first&color=c");
    // What is set again replaces what was set, what it leaves out included.
    check(&link.filter(Filter { size: 5, color: Vec::new(), order: None }), "/filtered/x?size=5");
    check(&paged::url(), "/paged");
    let others = BTreeMap::from([("a b".to_owned(), "c&d".to_owned())]);
    let link = paged::url().paging(Paging { page: Some(2), others });
    check(&link, "/paged?page=2&a+b=c%26d");
    assert_eq!(get(link), json!([2, { "a b": "c&d" }]));
}

#[test]
fn a_link_is_what_is_in_it() {
    let link = search::url().q("x");
    assert_eq!(link.to_string(), "/search?q=x");
    assert_eq!(String::from(link.clone()), "/search?q=x");
    assert_eq!(Url::from(link.clone()).as_str(), "/search?q=x");
    assert_eq!(html! { <p>{&link}</p> }.as_str(), "<p>/search?q=x</p>");
    assert_eq!(format!("{link:?}"), r#"Url("/search?q=x")"#);
    let action: Action = search::action().q("x").into();
    assert_eq!(action.to_string(), "@get('/search?q=x')");
    let page = html! { <a data-on:click={search::action().q("x")} href={search::url().q("x").page(2)}></a> };
    assert_eq!(page.as_str(), r#"<a data-on:click="@get('/search?q=x')" href="/search?q=x&amp;page=2"></a>"#);
    let res = Redirect::to(search::url().q("x")).into_response();
    assert_eq!(res.headers()["location"], "/search?q=x");
}

#[test]
fn links_can_be_kept_and_passed_on() {
    fn pages<S: stario::html::UrlAttr>(link: impl Fn(u32) -> S) -> Html {
        html! { for page in 1..=2 { <a href={link(page)}>{page}</a> } }
    }
    let results = search::url().q("x");
    let page = pages(|page| results.page(page));
    assert_eq!(
        page.as_str(),
        r#"<a href="/search?q=x&amp;page=1">1</a><a href="/search?q=x&amp;page=2">2</a>"#
    );
}

/// All options at once, and that they stand in the reference's order.
#[test]
fn options_of_actions() {
    let action = home::action()
        .request_cancellation(action::RequestCancellation::Cleanup)
        .retry_max_count(3)
        .retry_max_wait(Duration::from_secs(30))
        .retry_scaler(1.5)
        .retry_interval(Duration::from_millis(250))
        .retry(action::Retry::Error)
        .payload(json(&["a'b"]))
        .open_when_hidden(true)
        .headers([(HeaderName::from_static("x-token"), HeaderValue::from_static("it's"))])
        .selector("#form")
        .filter_signals_exclude("^private")
        .filter_signals_include(r"^user\.")
        .content_type(action::ContentType::Form);
    assert_eq!(
        action.to_string(),
        "@get('/', {contentType: 'form', filterSignals: {include: '^user\\u005c.', exclude: '^private'}, \
         selector: '#form', headers: {'x-token': 'it\\u0027s'}, openWhenHidden: true, payload: [\"a\\u0027b\"], \
         retry: 'error', retryInterval: 250, retryScaler: 1.5, retryMaxWait: 30000, retryMaxCount: 3, \
         requestCancellation: 'cleanup'})"
    );
    let one = |action: Action| action.to_string();
    assert_eq!(one(home::action().filter_signals_include("a")), "@get('/', {filterSignals: {include: 'a'}})");
    assert_eq!(one(home::action().filter_signals_exclude("a")), "@get('/', {filterSignals: {exclude: 'a'}})");
    assert_eq!(one(home::action().payload(js("{id: $id}"))), "@get('/', {payload: {id: $id}})");
    let link = search::action().retry(action::Retry::Never).q("x").open_when_hidden(false);
    assert_eq!(link.to_string(), "@get('/search?q=x', {openWhenHidden: false, retry: 'never'})");
}

#[test]
fn an_action_is_part_of_a_longer_expression() {
    let page = html! { <p data-on:click={"$busy || ", search::action().q("'"), "; $busy = true"}></p> };
    assert_eq!(page.as_str(), r#"<p data-on:click="$busy || @get('/search?q=%27'); $busy = true"></p>"#);
}

#[app::command("/told-by-headers", app = local, headers("X-Mode" = "it's", "Accept" = "x/y"))]
async fn told_by_headers() {}

/// Without them the request would be refused.
#[test]
fn actions_send_the_headers_of_their_route() {
    let own = "'X-Mode': 'it\\u0027s', 'Accept': 'x/y'";
    let action = told_by_headers::action();
    assert_eq!(action.to_string(), format!("@post('/told-by-headers', {{headers: {{{own}}}}})"));
    let action = action
        .headers([(HeaderName::from_static("a"), HeaderValue::from_static("1"))])
        .headers([(HeaderName::from_static("b"), HeaderValue::from_static("2"))])
        .open_when_hidden(true);
    assert_eq!(
        action.to_string(),
        format!("@post('/told-by-headers', {{headers: {{{own}, 'b': '2'}}, openWhenHidden: true}})")
    );
}

/// What no text in an option may do: end its literal, or be found by what Datastar looks for.
#[test]
fn options_hold_any_text() {
    let text = "'\"`\\;$a@get(\n\r\u{2028}</script>é";
    let selector = home::action().selector(text).to_string();
    let literal = selector.strip_prefix("@get('/', {selector: '").unwrap().strip_suffix("'})").unwrap();
    assert_eq!(unescape(literal), text);
    assert!(!literal.contains(['\'', '"', '`', ';', '$', '@', '<', '\n']), "{literal}");

    let value = HeaderValue::from_bytes("é'".as_bytes()).unwrap();
    let header = home::action().headers([(HeaderName::from_static("x"), value)]).to_string();
    // Each byte is a character for `fetch`.
    assert_eq!(header, "@get('/', {headers: {'x': '\u{c3}\\u00a9\\u0027'}})".replace("\\u00a9", "\u{a9}"));
}

stario::app!(admin);

#[app::query("/users/{name}", app = admin)]
async fn admin_user(name: PathParam<String>, tab: QueryParam<String>) -> String {
    format!("{name} {tab}")
}

#[app::query("/", app = admin)]
async fn admin_index() -> Html {
    html! { <a href={admin_user::url("a/b").tab("x")} data-on:click={admin_user::action("a/b").tab("x")}></a> }
}

/// In a handler of a nested app, the links to its like know where the app is.
#[test]
fn links_know_their_prefix() {
    let client = TestClient::new(local::new().state(7_u8).nest("/admin", admin::new()));
    assert_eq!(
        client.get("/admin").send().text(),
        r#"<a href="/admin/users/a%2Fb?tab=x" data-on:click="@get('/admin/users/a%2Fb?tab=x')"></a>"#
    );
    assert_eq!(client.get("/admin/users/a%2Fb?tab=x").send().text(), "a/b x");
}

mod elsewhere {
    use crate::app;
    use stario::prelude::*;

    /// Named as what the links' own code has.
    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Value(pub(super) u8);

    #[app::query("/elsewhere", app = super::local)]
    pub(super) async fn link(
        value: QueryParam<Value>,
        link: QueryParam<u8>,
        with: QueryParam<bool>,
    ) -> String {
        format!("{} {link} {with}", value.0.0)
    }
}

#[test]
fn names_do_not_collide_with_the_links_own() {
    let url = elsewhere::link::url().with(true).value(elsewhere::Value(7)).link(8);
    assert_eq!(client().get(url).send().text(), "7 8 true");
}

/// A link takes up no more than what is in it, whatever may be set on it.
#[test]
fn a_link_is_no_larger_than_its_url() {
    fn size<S>(_: &Link<S>) -> usize {
        size_of::<Link<S>>()
    }
    assert_eq!(size(&search::url()), size_of::<Url>());
}
