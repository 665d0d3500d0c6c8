//! Typed signals and actions run on a page in a test as they do in a browser.

use stario::prelude::*;

use super::app;

stario::app!(local);

#[derive(Signals)]
struct Shop {
    q: String,
    page: u32,
    #[signals(local)]
    open: bool,
}

#[app::query("/shop", app = local)]
async fn shop() -> Html {
    html! {
        <main data-signals={Shop { q: "tea".to_owned(), page: 1, open: false }}>
            <input id="q" data-bind={Shop::q()} data-on:input__debounce.300ms={Shop::page().set(1).then(list::action())}>
            <button id="more" data-on:click={Shop::open().toggle()} data-text={Shop::open().choose("Less", "More")}></button>
            <p id="open" data-show={Shop::open().and(Shop::page().gt(1))}>"open"</p>
            <b id="page" data-text={"Page " + Shop::page()}></b>
            <button id="next" data-on:click={Shop::page().set(Shop::page() + 1).then(list::action())}>"Next"</button>
            <ul id="list"></ul>
        </main>
    }
}

#[app::query("/list", app = local)]
async fn list(shop: Signals<Shop>) -> Html {
    html! { <ul id="list"><li>{&shop.q}" "{shop.page}</li></ul> }
}

#[test]
fn a_page_with_typed_signals_is_used() {
    let mut page = TestClient::new(local::new()).page("/shop");
    assert_eq!(
        (page.value("#q"), page.text("#more"), page.text("#page")),
        ("tea".into(), "More".into(), "Page 1".into())
    );
    page.click("#next");
    assert_eq!((page.text("#page"), page.text("#list li")), ("Page 2".to_owned(), "tea 2".to_owned()));
    assert!(!page.is_visible("#open"));
    page.click("#more");
    assert!(page.is_visible("#open"));
    assert_eq!(page.text("#more"), "Less");
    page.fill("#q", "milk");
    assert_eq!(page.text("#list li"), "milk 1");
    assert!(!page.is_visible("#open"));
}
