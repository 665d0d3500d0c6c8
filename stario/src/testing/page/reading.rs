//! A page that is open, and what looks at it.

use std::time::Duration;

use super::address;
use super::dom::{Dom, NodeId};
use super::failure::Failure;
use super::tab::Tab;
use crate::testing::wait::runtime;

/// A page that is open in a browser of its own, for tests that are not `async`; made by
/// [`TestClient::page`](crate::testing::TestClient::page).
///
/// It does what a browser with Datastar's client 1.0.4 does: it runs the page's `data-*` attributes, sends what its
/// actions send, and applies what the app answers. Cookies are kept, redirects followed, links and forms work.
///
/// ```
/// use stario::prelude::*;
/// use std::sync::Mutex;
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home(titles: State<Mutex<Vec<String>>>) -> Html {
///     html! {
///         <form data-on:submit={add::action()}>
///             <input id="title" data-bind:title>
///             <button>"Add"</button>
///         </form>
///         {list(&titles)}
///     }
/// }
///
/// #[app::command("/titles")]
/// async fn add(title: Signal<String>, titles: State<Mutex<Vec<String>>>) -> Html {
///     titles.lock().unwrap().push(title.0);
///     list(&titles)
/// }
///
/// fn list(titles: &Mutex<Vec<String>>) -> Html {
///     html! { <ul id="titles">for title in &*titles.lock().unwrap() { <li>{title}</li> }</ul> }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new().state(Mutex::new(Vec::<String>::new())));
/// let mut page = client.page("/");
/// page.fill("#title", "Tea");
/// page.click("button");
/// assert_eq!(page.text("#titles li"), "Tea");
/// # }
/// ```
///
/// # What is waited for
///
/// After each step, the page waits for the answers to the requests that the step started, no longer than
/// [`patience`](Self::patience). The event stream that a command answers is applied to its end, or until it has been
/// silent for 2 seconds. One that a query answers stays open: the page waits for its first event, a quarter of a
/// second at most. What comes later is applied by the next call of any method here; wait for it with
/// [`wait_for`](Self::wait_for), [`wait_until`](Self::wait_until) or [`live`](Self::live). No task runs in between.
///
/// # What fails a test
///
/// A selector that matches nothing, or several elements; an element that is disabled or not shown; a form that a
/// browser would not send, because a field is required; an event that finds no target, or whose id several elements have; and an expression, or a
/// handler such as `onclick`, that needs JavaScript. The page runs signals, literals, operators, `if`, assignments, `el` and `evt` with common properties,
/// and the client's actions; test what is more in a browser.
///
/// # What is different from a browser
///
/// There is no clock: `__delay`, `__debounce` and `__throttle` do not wait, `data-on-interval` and
/// `data-on-intersect` run only when the test [fires](Self::fire) them, but for the first turn of an interval with `.leading`;
/// no action is tried again. There is no layout: an element is
/// shown unless `display: none`, `hidden` or a closed `<details>` or `<dialog>` hides it. Scripts do not run, but those of
/// events are [kept](Self::scripts), and one that only leads to another page is followed. Attributes run whether or not the
/// page loads the client.
pub struct Page {
    pub(in crate::testing) tab: Tab,
    /// The elements that there were when they were marked.
    pub(in crate::testing) marked: Vec<NodeId>,
}

/// What looks at the page. What has come from the app by then is applied first.
///
/// # Panics
///
/// Methods that take a selector panic when it matches nothing, or several elements, but for those that say
/// otherwise.
impl Page {
    /// The path and query of the page; the whole address where the page is of another host.
    pub fn url(&mut self) -> String {
        self.catch_up();
        self.tab.url().to_owned()
    }

    /// The status that the page was answered with.
    pub fn status(&mut self) -> http::StatusCode {
        self.catch_up();
        self.tab.status
    }

    /// The text of `<title>`.
    pub fn title(&mut self) -> String {
        self.catch_up();
        self.tab.title()
    }

    /// The text that the element shows: without what is hidden, each run of space as one space.
    #[track_caller]
    pub fn text(&mut self, selector: &str) -> String {
        let node = self.one(selector);
        self.tab.document.visible_text(node)
    }

    /// The texts of all elements that match, in their order.
    #[track_caller]
    pub fn texts(&mut self, selector: &str) -> Vec<String> {
        let nodes = self.all(selector);
        nodes.into_iter().map(|node| self.tab.document.visible_text(node)).collect()
    }

    /// How many elements match; none is zero.
    #[track_caller]
    pub fn count(&mut self, selector: &str) -> usize {
        self.all(selector).len()
    }

    /// The element as HTML, as a browser writes it.
    #[track_caller]
    pub fn html(&mut self, selector: &str) -> String {
        let node = self.one(selector);
        self.tab.document.dom.outer_html(node)
    }

    /// The value of an attribute.
    #[track_caller]
    pub fn attr(&mut self, selector: &str, name: &str) -> Option<String> {
        let node = self.one(selector);
        self.tab.document.dom.attribute(node, name).map(str::to_owned)
    }

    /// What a control holds: the text of an input, the value of a select.
    #[track_caller]
    pub fn value(&mut self, selector: &str) -> String {
        let node = self.one(selector);
        self.tab.document.dom.value(node)
    }

    /// Whether a checkbox or radio button is checked.
    #[track_caller]
    pub fn is_checked(&mut self, selector: &str) -> bool {
        let node = self.one(selector);
        self.tab.document.dom.is_checked(node)
    }

    /// Whether a control is disabled.
    #[track_caller]
    pub fn is_disabled(&mut self, selector: &str) -> bool {
        let node = self.one(selector);
        self.tab.document.dom.is_disabled(node)
    }

    /// Whether the element is shown: nothing hides it or what is around it, such as `data-show`, `hidden` or a closed
    /// `<details>`. An element that is not there is not shown.
    #[track_caller]
    pub fn is_visible(&mut self, selector: &str) -> bool {
        let nodes = self.all(selector);
        nodes.into_iter().any(|node| self.tab.document.dom.is_visible(node))
    }

    /// The value of a signal, by its path: `"user.name"`.
    ///
    /// # Panics
    ///
    /// When the page has no such signal.
    #[track_caller]
    pub fn signal(&mut self, name: &str) -> serde_json::Value {
        self.catch_up();
        expect(self.tab.signal(name))
    }

    /// All signals of the page.
    pub fn signals(&mut self) -> serde_json::Value {
        self.catch_up();
        self.tab.document.signals.all().to_serde()
    }

    /// The scripts that events brought since the page was loaded, none of which has run.
    pub fn scripts(&mut self) -> Vec<String> {
        self.catch_up();
        self.tab.document.scripts.clone()
    }

    /// What the app answered to actions, links and forms since the page was opened: `POST /items 200`.
    pub fn answers(&mut self) -> Vec<String> {
        self.catch_up();
        self.tab.answers.clone()
    }

    /// The value of a cookie that the browser keeps.
    pub fn cookie(&mut self, name: &str) -> Option<String> {
        self.catch_up();
        self.tab.sender.jar.value(name)
    }

    /// Sets a cookie of the browser, for all paths.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        let (origin, _) = address::split_origin(&self.tab.document.address);
        let host = if origin == address::ORIGIN { "" } else { origin.split("//").nth(1).unwrap_or_default() };
        self.tab.sender.jar.set(host, name, value);
    }

    /// How long the page waits for an answer, or a test for a change; 30 seconds unless set.
    pub fn patience(&mut self, patience: Duration) {
        self.tab.patience = patience;
    }

    /// Whether an event without a target is passed over, as by the client, rather than failing the test; so is one for an id
    /// that several elements have, of which the client patches the first.
    pub fn allow_missing_targets(&mut self, is_allowed: bool) {
        self.tab.document.allows_missing_targets = is_allowed;
    }

    /// Remembers which elements there are, for [`describe`](Self::describe).
    #[doc(hidden)]
    pub fn mark_elements(&mut self) {
        self.catch_up();
        let dom = &self.tab.document.dom;
        self.marked = dom.elements(Dom::DOCUMENT).collect();
    }

    /// The element as HTML, and for each element in it where it stood when elements were marked and what it holds. The
    /// browser tests compare that with the same of a browser.
    #[doc(hidden)]
    #[track_caller]
    pub fn describe(&mut self, selector: &str) -> String {
        let root = self.one(selector);
        let dom = &self.tab.document.dom;
        let mut lines = vec![dom.outer_html(root)];
        for node in dom.elements(root) {
            let before = self.marked.iter().position(|&marked| marked == node);
            let before = before.map_or("new".to_owned(), |position| position.to_string());
            let name = dom.element(node).map(|it| it.name.local.to_lowercase()).unwrap_or_default();
            let value = serde_json::Value::from(dom.value(node));
            let state = match dom.html_name(node) {
                "input" if dom.is_checkbox_or_radio(node) => format!(" {}", dom.is_checked(node)),
                "input" | "textarea" | "select" => format!(" {value}"),
                "option" => format!(" {}", dom.is_selected(node)),
                _ => String::new(),
            };
            lines.push(format!("{name} {before}{state}"));
        }
        lines.join("\n")
    }

    /// Applies what has come from the app.
    #[track_caller]
    pub(in crate::testing) fn catch_up(&mut self) {
        let is_async = tokio::runtime::Handle::try_current().is_ok();
        let result = if is_async { self.tab.poll_once() } else { runtime().block_on(self.tab.catch_up()) };
        expect(result);
    }

    #[track_caller]
    fn one(&mut self, selector: &str) -> NodeId {
        self.catch_up();
        expect(self.tab.find_one(selector))
    }

    #[track_caller]
    fn all(&mut self, selector: &str) -> Vec<NodeId> {
        self.catch_up();
        expect(self.tab.here());
        expect(self.tab.document.dom.select(selector))
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Page").field("url", &self.tab.url()).finish_non_exhaustive()
    }
}

/// Fails the test at the place of the step.
#[track_caller]
pub(in crate::testing) fn expect<T>(result: Result<T, Failure>) -> T {
    match result {
        Ok(value) => value,
        Err(Failure(message)) => panic!("{message}"),
    }
}
