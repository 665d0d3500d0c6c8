//! Elements in the HTML of a response.

use super::dom::{Element, NodeId, parse};
use super::failure::Failure;
use crate::testing::response::TestResponse;

/// An element of a response; found by [`TestResponse::find`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundElement {
    text: String,
    html: String,
    attributes: Vec<(String, String)>,
}

impl FoundElement {
    /// The text in the element, each run of space as one space.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The element as HTML, as a browser writes it.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// The value of an attribute.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }
}

impl TestResponse {
    /// The elements of the body that a CSS selector matches, in their order. The body is parsed as a browser parses
    /// it. Needs the feature `testing`.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home() -> Html {
    ///     html! { <ul><li class="done">"Tea"</li><li>"Milk"</li></ul> }
    /// }
    ///
    /// # fn main() {
    /// let res = TestClient::new(app::new()).get("/").send();
    /// assert_eq!(res.find("li").len(), 2);
    /// assert_eq!(res.find("li.done")[0].text(), "Tea");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the selector is none, or the body is not UTF-8.
    #[track_caller]
    pub fn find(&self, selector: &str) -> Vec<FoundElement> {
        let dom = parse::document(self.text());
        let found = match dom.select(selector) {
            Ok(found) => found,
            Err(Failure(message)) => panic!("{message}"),
        };
        let describe = |node: NodeId| FoundElement {
            text: dom.text_content(node).split_whitespace().collect::<Vec<_>>().join(" "),
            html: dom.outer_html(node),
            attributes: dom.element(node).map(Element::names_and_values).unwrap_or_default(),
        };
        found.into_iter().map(describe).collect()
    }
}
