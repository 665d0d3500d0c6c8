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
mod reading;
mod script;
mod signals;
mod steps;
mod tab;
mod waiting;

use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;

use super::cookie_jar::CookieJar;
use super::wait::block_on;
use crate::app::Assembled;
use failure::Failure;
use fetch::Sender;
use script::Value;
use tab::Tab;

use reading::expect;

pub use find::FoundElement;
pub use reading::Page;

/// What `wait_until` waits for, in the message that it does not come.
const AWAITED: &str = "what the test waits for";

/// A [`Page`] of an `async` test: its steps are awaited; made by
/// [`TestClient::async_page`](super::TestClient::async_page).
///
/// What only looks at the page, such as [`text`](Page::text), is not awaited. A `selector` is one of CSS, such as `#more` or
/// `[name=title]`, and a step fails the test unless it matches exactly one element.
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
    ///
    /// # Panics
    ///
    /// When it is not true in time, however much comes from the app, with what the page shows instead.
    #[track_caller]
    pub fn wait_until(&mut self, mut holds: impl FnMut(&mut Page) -> bool) {
        self.catch_up();
        let deadline = self.tab.deadline();
        while !holds(self) {
            expect(run(self.tab.news_until(deadline, AWAITED)));
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
    ///
    /// # Panics
    ///
    /// When it is not true in time, however much comes from the app, with what the page shows instead.
    #[track_caller]
    pub fn wait_until(
        &mut self,
        mut holds: impl FnMut(&mut Page) -> bool + Send,
    ) -> impl Future<Output = ()> + Send {
        let place = Location::caller();
        async move {
            expect_at(self.page.tab.catch_up().await, place);
            let deadline = self.page.tab.deadline();
            while !holds(&mut self.page) {
                expect_at(self.page.tab.news_until(deadline, AWAITED).await, place);
            }
        }
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

impl std::fmt::Debug for AsyncPage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.page.fmt(formatter)
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("a value that is JSON").into()
}
