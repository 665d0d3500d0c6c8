//! Signals with a type: what a page declares is what a handler reads, and what it patches.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stario::html::{SignalInfo, SignalKind, js};
use stario::prelude::*;
use stario::{FromRequest, PageSignals, Text};

use crate::app;

stario::app!(local);

/// As in the documentation: with serde's traits beside it.
#[derive(Signals, Serialize, Deserialize, Default, Debug, Clone, PartialEq)]
struct Search {
    q: String,
    page: u32,
    #[signals(local)]
    open: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    Newest,
    Price,
}

impl TextSignal for Sort {}

/// One of each kind of field, without serde's traits.
#[derive(Signals, Debug, Clone, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Shop {
    search_text: String,
    only_new: bool,
    sort: Option<Sort>,
    tags: Vec<String>,
    #[serde(default = "ten")]
    per_page: u8,
    #[serde(rename = "type", default)]
    kind: String,
    #[signals(fn = "is_new")]
    new: bool,
    #[signals(local)]
    chosen_row: Option<u64>,
    #[serde(skip)]
    server_side: u8,
    #[signals(nested)]
    price_range: Range<f64>,
    #[signals(nested, local)]
    ui: Ui,
}

#[derive(Signals, Debug, Default, Clone, PartialEq)]
struct Range<T: Clone> {
    from: Option<T>,
    to: Option<T>,
    #[signals(nested)]
    step: Step<T>,
}

#[derive(Signals, Debug, Default, Clone, PartialEq)]
struct Step<T>
where
    T: Clone,
{
    size: Option<T>,
    #[signals(local)]
    is_shown: bool,
}

#[derive(Signals, Debug, Default, Clone, PartialEq)]
struct Ui {
    tab: String,
}

/// Fields that were not sent are those of the default.
#[derive(Signals, Debug, Clone, PartialEq)]
#[serde(default)]
struct Settings {
    theme: String,
    size: u8,
    #[signals(local)]
    is_open: bool,
    #[serde(skip)]
    seen: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { theme: "dark".into(), size: 12, is_open: true, seen: 3 }
    }
}

fn ten() -> u8 {
    10
}

fn shop() -> Shop {
    Shop {
        search_text: "a'b".into(),
        only_new: true,
        sort: Some(Sort::Price),
        tags: vec!["x".into()],
        per_page: 20,
        kind: "y".into(),
        new: true,
        chosen_row: Some(7),
        server_side: 3,
        price_range: Range { from: Some(1.5), to: None, step: Step { size: Some(0.5), is_shown: true } },
        ui: Ui { tab: "list".into() },
    }
}

/// What comes back: local fields are defaults, and so is what serde skips.
fn as_read() -> Shop {
    let mut shop = shop();
    (shop.chosen_row, shop.server_side, shop.ui) = (None, 0, Ui::default());
    shop.price_range.step.is_shown = false;
    shop
}

#[derive(FromRequest)]
struct Inputs {
    search: Signals<Search>,
    page: Signal<u32>,
}

/// Generic, so that its signals are read by serde.
#[derive(FromRequest)]
struct Untyped<T: DeserializeOwned + Send + 'static> {
    search: Signals<T>,
}

#[app::query("/search", app = local)]
async fn search(search: Signals<Search>) -> Text<String> {
    Text(format!("{:?}", search.0))
}

#[app::command("/shop", app = local)]
async fn read_shop(shop: Signals<Shop>) -> String {
    assert_eq!(shop.0, as_read());
    "as it was sent".to_owned()
}

#[app::command("/range", app = local)]
async fn range(
    #[name("priceRange")] range: Signal<Range<f64>>,
    priceRange__from: Signal<Option<f64>>,
) -> String {
    format!("{:?} {:?}", range.to, priceRange__from.0)
}

#[app::query("/settings", app = local)]
async fn settings(settings: Signals<Settings>) -> Text<String> {
    Text(format!("{:?}", settings.0))
}

#[app::query("/defaulted", app = local)]
async fn defaulted(#[default(Step { size: Some(9), is_shown: true })] step: Signal<Step<u8>>) -> String {
    format!("{:?}", step.0)
}

#[app::query("/inputs", app = local)]
async fn inputs(inputs: Inputs, untyped: Untyped<Theme>) -> String {
    format!("{} {} {}", inputs.search.q, inputs.page, untyped.search.theme)
}

#[derive(Deserialize)]
struct Theme {
    theme: String,
}

#[app::query("/patches", app = local)]
async fn patches() -> impl Stream<Item = Event> {
    stream! {
        yield Search::page().is(2);
        yield Search::open().is(true);
        yield Shop::price_range().step().size().is(Some(0.25));
        yield Shop::sort().is(None);
        yield Search::q().delete();
        yield Search::q().is("x").and(Search::page().is(3));
        yield Shop::price_range().is(&shop().price_range);
        yield event::signals(Search::page().is(1)).only_if_missing().id(4);
        let search = Search { q: "tea".into(), page: 2, open: true };
        yield &search;
        yield search;
    }
}

#[app::command("/one", app = local)]
async fn one() -> SignalPatch {
    Search::page().is(2)
}

#[app::command("/act/{id}", app = local)]
async fn act(id: PathParam<u32>) {
    let _ = id;
}

fn client() -> TestClient {
    TestClient::new(local::new())
}

#[test]
fn a_struct_reads_what_its_page_sends() {
    let get = |signals| client().get("/search").signals(&signals).send().text().to_owned();
    assert_eq!(
        get(json!({ "q": "tea", "page": "2", "other": 1 })),
        r#"Search { q: "tea", page: 2, open: false }"#
    );
    assert_eq!(
        get(json!({ "q": "", "page": 2, "_open": true })),
        r#"Search { q: "", page: 2, open: false }"#
    );
    assert_eq!(get(json!({ "q": "" , "page": "" })), "missing signal `page`");
    assert_eq!(get(json!({ "page": 1 })), "missing signal `q`");
    assert_eq!(get(json!({ "q": 1, "page": 1 })), "invalid signal `q`: expected text");
    assert_eq!(
        get(json!({ "q": "", "page": -1 })),
        "invalid signal `page`: expected a whole number of 32 bits, not negative"
    );
}

#[test]
fn what_is_declared_is_read_again() {
    let sent = SignalPatch::of(&shop());
    assert_eq!(
        json!(sent),
        json!({
            "searchText": "a'b", "onlyNew": true, "sort": "price", "tags": ["x"], "perPage": 20, "type": "y", "new": true,
            "priceRange": { "from": 1.5, "to": null, "step": { "size": 0.5 } },
        })
    );
    assert_eq!(client().post("/shop").signals(&sent).send().text(), "as it was sent");
    let all = html! { <p data-signals={shop()}/> };
    let expected = concat!(
        r#"<p data-signals='{"searchText":"a\u0027b","onlyNew":true,"sort":"price","tags":["x"],"perPage":20,"type":"y","#,
        r#""new":true,"_chosenRow":7,"priceRange":{"from":1.5,"to":null,"step":{"size":0.5,"_is_shown":true}},"#,
        r#""_ui":{"tab":"list"}}'></p>"#
    );
    assert_eq!(all.as_str(), expected);
    let value = &shop();
    assert_eq!(html! { <p data-signals={value}/> }.as_str(), expected);
}

#[test]
fn a_nested_struct_is_one_signal() {
    let post = |signals| client().post("/range").signals(&signals).send().text().to_owned();
    let range = |from| json!({ "priceRange": { "from": from, "to": "4", "step": {} } });
    assert_eq!(post(range(json!("1.5"))), "Some(4.0) Some(1.5)");
    assert_eq!(post(range(json!(""))), "Some(4.0) None");
    // All of `step` may be missing, and then a page sends nothing for it.
    assert_eq!(post(json!({ "priceRange": { "to": null } })), "None None");
    assert_eq!(
        post(json!({ "priceRange": { "to": [] } })),
        "invalid signal `priceRange.to`: expected a number"
    );
    assert_eq!(post(json!({ "priceRange": 1 })), "invalid signal `priceRange`: expected an object");
}

#[test]
fn what_is_missing_is_the_default() {
    let get = |path, signals| client().get(path).signals(&signals).send().text().to_owned();
    assert_eq!(
        get("/settings", json!({})),
        r#"Settings { theme: "dark", size: 12, is_open: true, seen: 3 }"#
    );
    assert_eq!(
        get("/settings", json!({ "size": "" })),
        r#"Settings { theme: "dark", size: 12, is_open: true, seen: 3 }"#
    );
    assert_eq!(
        get("/settings", json!({ "size": "9", "theme": "" })),
        r#"Settings { theme: "", size: 9, is_open: true, seen: 3 }"#
    );
    assert_eq!(get("/defaulted", json!({})), "Step { size: Some(9), is_shown: true }");
    assert_eq!(
        get("/defaulted", json!({ "step": { "size": 1 } })),
        "Step { size: Some(1), is_shown: false }"
    );
}

#[test]
fn a_source_may_have_typed_signals() {
    let signals = json!({ "q": "tea", "page": 3, "theme": "dark" });
    assert_eq!(client().get("/inputs").signals(&signals).send().text(), "tea 3 dark");
}

#[test]
fn patches_are_signals() {
    let events = client().get("/patches").send().events();
    let signals: Vec<_> = events.iter().map(|event| event.signals().unwrap()).collect();
    let expected = [
        json!({ "page": 2 }),
        json!({ "_open": true }),
        json!({ "priceRange": { "step": { "size": 0.25 } } }),
        json!({ "sort": null }),
        json!({ "q": null }),
        json!({ "q": "x", "page": 3 }),
        json!({ "priceRange": { "from": 1.5, "to": null, "step": { "size": 0.5 } } }),
        json!({ "page": 1 }),
        json!({ "q": "tea", "page": 2 }),
        json!({ "q": "tea", "page": 2 }),
    ];
    assert_eq!(signals, expected);
    assert_eq!(events[7].data("onlyIfMissing").as_deref(), Some("true"));
    assert_eq!(client().post("/one").send().events()[0].signals(), Some(json!({ "page": 2 })));
}

/// Takes a reference as a property.
#[component]
fn Field(signal: &SignalRef<String>, label: &str) -> Html {
    html! { <label>{label}<input data-bind={signal} data-class:empty={signal.eq("")}></label> }
}

/// Takes any signal that is a `bool`.
#[component]
fn Toggle(signal: SignalRef<bool>) -> Html {
    html! { <button data-on:click={signal.toggle()} data-attr:aria-pressed={&signal}>"+"</button> }
}

#[test]
fn references_stand_where_their_type_fits() {
    let page = html! {
        <input data-bind={Search::q()}>
        <input type="number" data-bind={Search::page()}>
        <select data-bind={Shop::sort()}/>
        <select multiple data-bind={Shop::tags()}/>
        <input data-bind={Shop::price_range().from()}>
        <p data-show={Search::open()} data-text={Shop::price_range().step().size()} data-indicator={Shop::only_new()}/>
        <p data-text={Shop::kind() + ": " + Shop::search_text()} data-show={Shop::per_page().gt(10).and(Search::open().not())}/>
        <p data-attr:title={Search::q()} data-style:width={Search::q()} data-class:open={Shop::ui().tab().eq("list")}/>
        <p data-effect={Search::open().then(act::action(1))} data-computed:both={Search::open().or(Shop::is_new())}/>
        <p data-on:click={"evt.shiftKey && ", Search::page().set(1).then(act::action(7))}/>
        <Field signal={&Search::q()} label="q"/>
        <Toggle signal={Search::open()}/>
    };
    let expected = concat!(
        r#"<input data-bind="q"><input type="number" data-bind="page"><select data-bind="sort"></select>"#,
        r#"<select multiple data-bind="tags"></select><input data-bind="priceRange.from">"#,
        r#"<p data-show="$_open" data-text="$priceRange.step.size" data-indicator="onlyNew"></p>"#,
        r#"<p data-text="$type + ': ' + $searchText" data-show="$perPage &gt; 10 &amp;&amp; !$_open"></p>"#,
        r#"<p data-attr:title="$q" data-style:width="$q" data-class:open="$_ui.tab === 'list'"></p>"#,
        r#"<p data-effect="$_open &amp;&amp; @post('/act/1')" data-computed:both="$_open || $new"></p>"#,
        r#"<p data-on:click="evt.shiftKey &amp;&amp; ($page = 1, @post('/act/7'))"></p>"#,
        r#"<label>q<input data-bind="q" data-class:empty="$q === ''"></label>"#,
        r#"<button data-on:click="$_open = !$_open" data-attr:aria-pressed="$_open">+</button>"#,
    );
    assert_eq!(page.as_str(), expected);
}

#[test]
fn names_without_a_type_stay() {
    let name = "user.name";
    let page = html! {
        <input data-bind={name}>
        <input data-bind={("row-", 7)} data-indicator="busy">
        <p data-signals={json(&json!({ "a": 1 }))} data-text="$a" data-show={true} data-class:x={js("$a > 1")}/>
    };
    assert_eq!(
        page.as_str(),
        concat!(
            r#"<input data-bind="user.name"><input data-bind="row-7" data-indicator="busy">"#,
            r#"<p data-signals='{"a":1}' data-text="$a" data-show="true" data-class:x="$a &gt; 1"></p>"#
        )
    );
}

#[test]
fn what_is_known_of_signals_is_data() {
    const SIGNALS: &[SignalInfo] = Shop::SIGNALS;
    let named = |name| SIGNALS.iter().find(|signal| signal.name == name).unwrap();
    assert_eq!(SIGNALS.len(), 10);
    assert_eq!(named("searchText").kind, SignalKind::Text);
    assert_eq!(named("sort").kind, SignalKind::Text);
    assert_eq!(named("tags").kind, SignalKind::List);
    assert_eq!(named("perPage").kind, SignalKind::Number);
    assert_eq!(named("new").kind, SignalKind::Bool);
    assert!(named("_chosenRow").is_local && !named("new").is_local);
    let SignalKind::Nested(range) = named("priceRange").kind else { panic!("nested") };
    assert_eq!(range.iter().map(|signal| signal.name).collect::<Vec<_>>(), ["from", "to", "step"]);
}

#[cfg(feature = "uploads")]
#[test]
fn a_file_input_holds_a_list_of_files() {
    #[derive(Signals, Default)]
    struct Upload {
        files: Vec<stario::FileSignal>,
    }

    let page = html! { <form data-signals={Upload::default()}><input type="file" data-bind={Upload::files()}></form> };
    assert_eq!(
        page.as_str(),
        r#"<form data-signals='{"files":[]}'><input type="file" data-bind="files"></form>"#
    );
}
