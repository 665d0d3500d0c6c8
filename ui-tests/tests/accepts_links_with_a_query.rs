//! Links with what stands in the way: lints, names that mean something, types behind aliases and in functions.

#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations)]
#![deny(nonstandard_style, unused, future_incompatible, rust_2018_idioms)]
#![forbid(unsafe_code)]
#![allow(clippy::too_many_arguments, clippy::used_underscore_binding, clippy::used_underscore_items)]

use stario::prelude::*;

stario::app!();

type Text = QueryParam<String>;
type Maybe<T> = QueryParam<Option<T>>;

/// Named as what links are made of.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Link(u8);

/// Takes each kind of parameter.
#[app::query("/search/{section}")]
async fn search(
    section: PathParam<String>,
    text: Text,
    r#type: Maybe<Link>,
    #[default(Link(1))] link: QueryParam<Link>,
    #[name("selector")] _selector: QueryParams<u8>,
    QueryParam(fragment): QueryParam<bool>,
    config: State<u8>,
    depth: &u8,
) -> String {
    format!("{section} {text} {:?} {} {_selector:?} {fragment} {} {depth}", r#type.0, link.0.0, config.0)
}

#[dependency(singleton)]
fn search_depth() -> u8 {
    9
}

mod inner {
    use crate::app;
    use stario::prelude::*;

    /// Seen from elsewhere.
    #[app::command("/inner")]
    pub(crate) async fn change(to: QueryParam<u8>) -> u8 {
        to.0
    }
}

#[test]
fn links_lead_to_their_handlers() {
    fn inside() -> String {
        /// A handler in a function.
        #[app::query("/inside")]
        async fn handler(page: QueryParam<u8>) -> u8 {
            page.0
        }
        handler::url().page(3).to_string()
    }

    let url = search::url("a/b").text("c d")._selector([1, 2]).fragment_(true).r#type(Link(7));
    assert_eq!(url.as_str(), "/search/a%2Fb?text=c+d&selector=1&selector=2&fragment=true&type=7");
    let client = TestClient::new(app::new().state(3_u8));
    assert_eq!(client.get(&url).send().text(), "a/b c d Some(Link(7)) 1 QueryParams([1, 2]) true 3 9");
    assert_eq!(client.post(inner::change::url().to(4)).send().text(), "4");
    assert_eq!(inner::change::action().to(4).to_string(), "@post('/inner?to=4')");
    assert_eq!(client.get(inside()).send().text(), "3");
}
