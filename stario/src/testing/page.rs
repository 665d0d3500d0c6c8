//! Pages in tests: a browser without a screen, which knows what Datastar's client does.

mod actions;
mod address;
mod attribute;
mod bind;
mod control;
mod document;
mod dom;
mod events;
mod failure;
mod fetch;
mod find;
mod form;
mod morph;
mod outgoing;
mod patch;
mod plugins;
mod script;
mod signals;
mod steps;
mod tab;

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::cookie_jar::CookieJar;
use super::wait::{block_on, runtime};
use crate::app::Assembled;
use dom::NodeId;
use failure::Failure;
use fetch::Sender;
use script::Value;
use tab::Tab;

pub use find::FoundElement;

/// A page that is open in a browser of its own, for tests that are not `async`; made by
/// [`TestClient::page`](super::TestClient::page).
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
/// browser would not send, because a field is required; an event that finds no target; and an expression that needs
/// JavaScript. The page runs signals, literals, operators, `if`, assignments, `el` and `evt` with common properties,
/// and the client's actions; test what is more in a browser.
///
/// # What is different from a browser
///
/// There is no clock: `__delay`, `__debounce` and `__throttle` do not wait, `data-on-interval` and
/// `data-on-intersect` run only when the test [fires](Self::fire) them, no action is tried again. There is no layout: an element is
/// shown unless `display: none`, `hidden` or a closed `<details>` or `<dialog>` hides it. Scripts do not run, but those of
/// events are [kept](Self::scripts), and one that only leads to another page is followed.
pub struct Page {
    tab: Tab,
    marked: Vec<NodeId>,
}

/// A [`Page`] of an `async` test: its steps are awaited; made by
/// [`TestClient::async_page`](super::TestClient::async_page).
///
/// What only looks at the page, such as [`text`](Page::text), is not awaited.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home() -> Html {
///     html! { <a href={about::url()}>"About"</a> }
/// }
///
/// #[app::query("/about")]
/// async fn about() -> Html {
///     html! { <h1>"About"</h1> }
/// }
///
/// # #[tokio::main]
/// # async fn main() {
/// let mut page = TestClient::new(app::new()).async_page("/").await;
/// page.click("a").await;
/// assert_eq!((page.url(), page.text("h1")), ("/about".to_owned(), "About".to_owned()));
/// # }
/// ```
pub struct AsyncPage {
    page: Page,
}

impl Page {
    /// Opens a page in a browser of its own.
    #[track_caller]
    pub(super) fn open(app: Arc<Assembled>, jar: Arc<CookieJar>, path: &str) -> Self {
        let mut page = Self { tab: Tab::new(Sender { app, jar }), marked: Vec::new() };
        expect(run(page.tab.open(path)));
        page
    }
}

impl AsyncPage {
    /// Opens a page in a browser of its own, for a test at `place`.
    pub(super) async fn open(
        app: Arc<Assembled>,
        jar: Arc<CookieJar>,
        path: String,
        place: &Location<'_>,
    ) -> Self {
        let mut page = Page { tab: Tab::new(Sender { app, jar }), marked: Vec::new() };
        expect_at(page.tab.open(&path).await, place);
        Self { page }
    }
}

/// Waits for a step of a test that is not async.
#[track_caller]
fn run<T>(step: impl Future<Output = T>) -> T {
    assert!(
        tokio::runtime::Handle::try_current().is_err(),
        "this test is async: open the page with `client.async_page(..).await`, and `.await` its steps"
    );
    block_on(step)
}

#[track_caller]
fn expect<T>(result: Result<T, Failure>) -> T {
    match result {
        Ok(value) => value,
        Err(Failure(message)) => panic!("{message}"),
    }
}

fn expect_at<T>(result: Result<T, Failure>, place: &Location<'_>) -> T {
    match result {
        Ok(value) => value,
        Err(Failure(message)) => panic!("{message}\nat {place}"),
    }
}

/// Writes each step for a page of a test that is async, and of one that is not.
macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*);)*) => {
        impl Page {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $name(&mut self, $($argument: $type),*) {
                    expect(run(self.tab.$name($($argument),*)));
                }
            )*
        }

        impl AsyncPage {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $name(&mut self, $($argument: $type),*) -> impl Future<Output = ()> + Send {
                    let place = Location::caller();
                    async move { expect_at(self.page.tab.$name($($argument),*).await, place) }
                }
            )*
        }
    };
}

steps! {
    /// Opens another page in the same tab, as if somebody had typed its address.
    goto(path: &str);

    /// Loads the page again.
    reload();

    /// Clicks the element: runs its `data-on:click`, then does what a browser does, such as following a link,
    /// submitting a form or checking a box.
    click(selector: &str);

    /// Types text in place of what an input or a textarea holds.
    fill(selector: &str, text: &str);

    /// Checks a checkbox or a radio button, if it is not.
    check(selector: &str);

    /// Unchecks a checkbox, if it is checked.
    uncheck(selector: &str);

    /// Selects an option by its value, or by its text. One of a `<select multiple>` is selected as well as others.
    select(selector: &str, option: &str);

    /// Submits a form, or the form that the element belongs to, as the Enter key does: by its first button.
    submit(selector: &str);

    /// Presses a key, such as `"Enter"` or `"Escape"`, in the element. Enter submits the form of an input; no other
    /// key types anything.
    press(selector: &str, key: &str);

    /// Fires any event, such as `"focus"`, or an event of the app's own. `"on-interval"` and `"on-intersect"` run
    /// what the attributes of these names hold.
    fire(selector: &str, event: &str);

    /// Waits until an element that matches is shown.
    wait_for(selector: &str);

    /// Waits until something came from the app by a stream that is open, and applies it.
    live();

    /// Opens all streams again, as the client does after a network that failed: with the signals as they are now, and the
    /// last id as `last-event-id`.
    reconnect();
}

impl Page {
    /// Chooses a file in a file input. One that takes several has it as well as those chosen before.
    #[track_caller]
    pub fn upload(&mut self, selector: &str, file_name: &str, content: impl Into<Bytes>) {
        expect(run(self.tab.upload(selector, file_name, content.into())));
    }

    /// Sets a signal of the page, by its path, as an expression does.
    ///
    /// # Panics
    ///
    /// When the page has no such signal; and when the value cannot be written as JSON.
    #[track_caller]
    pub fn set_signal(&mut self, name: &str, value: impl Serialize) {
        expect(run(self.tab.set_signal(name, json(&value))));
    }

    /// Waits until `holds` is true of the page. It is asked again whenever something came from the app.
    #[track_caller]
    pub fn wait_until(&mut self, mut holds: impl FnMut(&mut Page) -> bool) {
        self.catch_up();
        while !holds(self) {
            let seen = self.tab.seen();
            let next = run(self.tab.live());
            if let Err(Failure(message)) = next {
                panic!("what the test waits for does not come: {message}; before, {seen}");
            }
        }
    }
}

impl AsyncPage {
    /// Chooses a file in a file input. One that takes several has it as well as those chosen before.
    #[track_caller]
    pub fn upload(
        &mut self,
        selector: &str,
        file_name: &str,
        content: impl Into<Bytes>,
    ) -> impl Future<Output = ()> + Send {
        let (place, content) = (Location::caller(), content.into());
        async move { expect_at(self.page.tab.upload(selector, file_name, content).await, place) }
    }

    /// Sets a signal of the page, by its path, as an expression does.
    ///
    /// # Panics
    ///
    /// When the page has no such signal; and when the value cannot be written as JSON.
    #[track_caller]
    pub fn set_signal(&mut self, name: &str, value: impl Serialize) -> impl Future<Output = ()> + Send {
        let (place, value) = (Location::caller(), json(&value));
        async move { expect_at(self.page.tab.set_signal(name, value).await, place) }
    }

    /// Waits until `holds` is true of the page. It is asked again whenever something came from the app.
    #[track_caller]
    pub fn wait_until(
        &mut self,
        mut holds: impl FnMut(&mut Page) -> bool + Send,
    ) -> impl Future<Output = ()> + Send {
        let place = Location::caller();
        async move {
            expect_at(self.page.tab.catch_up().await, place);
            while !holds(&mut self.page) {
                expect_at(self.page.tab.live().await, place);
            }
        }
    }
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

    /// Whether an event without a target is passed over, as by the client, rather than failing the test.
    pub fn allow_missing_targets(&mut self, is_allowed: bool) {
        self.tab.document.allows_missing_targets = is_allowed;
    }

    /// Remembers which elements there are, for [`describe`](Self::describe).
    #[doc(hidden)]
    pub fn mark_elements(&mut self) {
        self.catch_up();
        let dom = &self.tab.document.dom;
        self.marked = dom.elements(dom::Dom::DOCUMENT).collect();
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
    fn catch_up(&mut self) {
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

impl Deref for AsyncPage {
    type Target = Page;

    fn deref(&self) -> &Page {
        &self.page
    }
}

impl DerefMut for AsyncPage {
    fn deref_mut(&mut self) -> &mut Page {
        &mut self.page
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Page").field("url", &self.tab.url()).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for AsyncPage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.page.fmt(formatter)
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("a value that is JSON").into()
}
