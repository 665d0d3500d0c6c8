//! What is near to the mistakes, and none.

#![allow(unreachable_pub)]

use serde::{Deserialize, Serialize};
use stario::prelude::*;

stario::app!();

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Sort {
    Newest,
}

impl TextSignal for Sort {}

/// With serde's traits, and what they say.
#[derive(Signals, Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase", rename = "Search", default)]
struct Search {
    q: String,
    page: u32,
    #[signals(local)]
    open: bool,
    sort: Option<Sort>,
    words: Vec<String>,
    r#type: String,
    #[signals(fn = "is_new")]
    new: bool,
    #[serde(skip)]
    skipped: std::marker::PhantomData<Sort>,
}

/// Without.
#[derive(Signals)]
struct Plain<'a, T: Clone, const N: usize>
where
    T: 'static,
{
    value: T,
    from: Option<T>,
    #[serde(skip)]
    borrowed: Option<&'a str>,
    #[signals(nested)]
    list: List,
}

mod other {
    use stario::prelude::*;

    #[derive(Signals, Default)]
    #[signals(crate = stario)]
    pub struct List {
        pub depth: u32,
        pub(crate) shown: bool,
        pub(super) name: String,
    }
}
use other::List;

#[component]
fn Field(signal: &SignalRef<String>) -> Html {
    html! { <input data-bind={signal}> }
}

#[app::query("/")]
async fn home(search: Signals<Search>, list: Signal<List>, page: Signal<u32>) -> impl Stream<Item = Event> {
    let Search { q, sort, words, r#type, new, skipped, .. } = search.0;
    stream! {
        drop((q, sort, words, r#type, new, skipped, list.depth, list.shown, page));
        yield Search::page().is(2);
        yield Search::default();
        yield event::signals(Search::q().delete()).only_if_missing();
    }
}

#[test]
fn signals_have_their_places() {
    let plain = Plain::<u32, 3> { value: 1, from: None, borrowed: None, list: List::default() };
    assert!(plain.borrowed.is_none());
    _ = html! {
        <main data-signals={&plain}>
            <Field signal={&Search::q()}/>
            <Field signal={&Plain::<u32, 3>::list().name()}/>
            <select data-bind={Search::sort()}><option>"x"</option></select>
            <select multiple data-bind={Search::words()}></select>
            <p data-show={Search::open()} data-text={Search::r#type()} data-attr:title={Search::sort()}/>
            <p data-show={Plain::<u32, 3>::list().shown().and(Plain::<u32, 3>::value().gt(1))} data-class:a={Search::is_new().not()}/>
            <button data-on:click={Search::page().set(Search::page() + 1).then(home::action())} data-indicator={Search::open()}/>
            <input data-bind={Plain::<u32, 3>::from()}>
        </main>
    };
}
