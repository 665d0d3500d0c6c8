//! `Action`: a call of a handler, as a Datastar expression.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use stario_html::{Expression, JsWriter, code_of};

use super::Url;
use super::link::{Complete, Link, Setters, Target};
use super::text::Sink;

/// A Datastar action that calls a handler with its own method, made by the handler's `action(..)`.
///
/// Use it where `html!` expects an expression, alone or as part of a longer one. The arguments of `action(..)`
/// are the captures of the path; query parameters are set on the [`Link`] that it returns.
///
/// The options are those of Datastar 1.0, each written only if it is set, and text always as a literal that it
/// cannot end. Times are sent in milliseconds.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/users/{name}")]
/// async fn rename(name: PathParam<String>) {
///     drop(name);
/// }
///
/// #[app::query("/live")]
/// async fn live() {}
///
/// # fn main() {
/// let page = html! { <button data-on:click={rename::action("Ada")}>"Rename"</button> };
/// assert_eq!(page.as_str(), r#"<button data-on:click="@post('/users/Ada')">Rename</button>"#);
///
/// let page = html! { <button data-on:click={"$open && ", rename::action("Ada")}>"Rename"</button> };
/// assert_eq!(page.as_str(), r#"<button data-on:click="$open &amp;&amp; @post('/users/Ada')">Rename</button>"#);
///
/// let stream = live::action().retry(action::Retry::Always).retry_max_wait(Duration::from_secs(5));
/// assert_eq!(stream.to_string(), "@get('/live', {retry: 'always', retryMaxWait: 5000})");
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Action {
    method: &'static str,
    url: Url,
    /// The values of the options as code, in the order in which they are written.
    options: BTreeMap<ActionOption, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum ActionOption {
    ContentType,
    /// `filterSignals` is written once for both.
    Include,
    Exclude,
    Selector,
    /// The headers that the route of the handler asks for. `headers` is written once for both.
    OwnHeaders,
    Headers,
    OpenWhenHidden,
    Payload,
    Retry,
    RetryInterval,
    RetryScaler,
    RetryMaxWait,
    RetryMaxCount,
    RequestCancellation,
}

/// A handler whose method Datastar has an action for.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "Datastar has no action for the method of `{Self}`",
    label = "there are `@get`, `@post`, `@put`, `@patch`, `@delete` and `@query`",
    note = "give the handler one of those methods, or call its `url(..)` by other means"
)]
pub trait HasAction<'a> {}

/// What a Datastar action sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentType {
    /// The page's signals. Datastar's default.
    Json,
    /// The fields of a form, and no signals.
    Form,
}

/// When a Datastar action is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// When the network fails, and when the server's stop has ended a stream. Datastar's default.
    Auto,
    /// Also when the answer is a 4xx or a 5xx.
    Error,
    /// Also when the response ends: opens a stream again that its handler has ended.
    Always,
    /// Never.
    Never,
}

/// What cancels the request of a Datastar action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestCancellation {
    /// The next request with the same method and URL. Datastar's default.
    Auto,
    /// That, and its element being removed from the page.
    Cleanup,
    /// Nothing.
    Disabled,
}

impl Action {
    /// One that asks for the route with these headers.
    #[doc(hidden)]
    pub fn new(method: &'static str, url: Url, headers: &[(&str, &str)]) -> Self {
        let mut options = BTreeMap::new();
        if !headers.is_empty() {
            let fields = headers.iter().map(|(name, value)| field(name, value));
            options.insert(ActionOption::OwnHeaders, fields.collect::<Vec<_>>().join(", "));
        }
        Self { method, url, options }
    }

    /// The action for a link, whose query may have parameters.
    #[doc(hidden)]
    pub fn of_link<S: Setters<Link = Url>>(
        method: &'static str,
        url: &Link<S>,
        headers: &[(&str, &str)],
    ) -> Self {
        Self::new(method, url.link().clone(), headers)
    }

    /// Sets a key of the query that the handler does not read by a parameter of this name, as
    /// [`Url::query`] does.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl serde::Serialize) -> Self {
        self.url = self.url.query(name, value);
        self
    }

    pub(super) fn with_query(&self, name: &str, values: &mut dyn FnMut(Sink<'_>)) -> Self {
        let url = self.url.with_query(name, values);
        Self { method: self.method, url, options: self.options.clone() }
    }
}

/// Writes each option for an action and for a link to one.
macro_rules! options {
    ($($(#[$doc:meta])* $name:ident($argument:ident: $type:ty) => $field:ident: $code:expr;)*) => {
        impl Action {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(mut self, $argument: $type) -> Self {
                    self.options.insert(ActionOption::$field, $code);
                    self
                }
            )*
        }

        impl<S: Setters<Link = Action>> Link<S> {
            $(
                $(#[$doc])*
                pub fn $name(&self, $argument: $type) -> Self {
                    self.map(|action| action.$name($argument))
                }
            )*
        }
    };
}

options! {
    /// Sends the signals, or the form that the element is in.
    content_type(content_type: ContentType) => ContentType: literal(match content_type {
        ContentType::Json => "json",
        ContentType::Form => "form",
    });

    /// Sends only signals whose path, such as `user.name`, this regular expression of JavaScript matches.
    filter_signals_include(pattern: &str) => Include: literal(pattern);

    /// Sends no signals whose path this regular expression of JavaScript matches; those with a name that begins
    /// with `_` unless set.
    filter_signals_exclude(pattern: &str) => Exclude: literal(pattern);

    /// Sends the form that this CSS selector finds, rather than the one around the element. Only for
    /// [`ContentType::Form`].
    selector(selector: &str) => Selector: literal(selector);

    /// Sends these headers, in place of those set before. Those that the handler's route asks for,
    /// `headers("X-Mode" = "a")`, are sent in any case.
    headers(headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) => Headers: header_fields(headers);

    /// Whether the request stays open while the page is hidden. Unless set, the client cancels that of a query,
    /// and repeats it when the page is visible again.
    open_when_hidden(is_open: bool) => OpenWhenHidden: is_open.to_string();

    /// Sends this rather than the signals: `json(&value)`, or `js("{id: $id}")`.
    payload(payload: impl Expression) => Payload: code_of(&payload);

    /// When the action is tried again.
    retry(retry: Retry) => Retry: literal(match retry {
        Retry::Auto => "auto",
        Retry::Error => "error",
        Retry::Always => "always",
        Retry::Never => "never",
    });

    /// How long it waits before it tries again the first time: 1 second unless set.
    retry_interval(interval: Duration) => RetryInterval: interval.as_millis().to_string();

    /// The factor by which the wait grows each time: 2 unless set.
    retry_scaler(scaler: f64) => RetryScaler: code_of(&scaler);

    /// The longest wait: 30 seconds unless set.
    retry_max_wait(wait: Duration) => RetryMaxWait: wait.as_millis().to_string();

    /// How often it tries again before it gives up, counted from the last response: 10 unless set.
    retry_max_count(count: u32) => RetryMaxCount: count.to_string();

    /// What cancels the request.
    request_cancellation(cancellation: RequestCancellation) => RequestCancellation: literal(match cancellation {
        RequestCancellation::Auto => "auto",
        RequestCancellation::Cleanup => "cleanup",
        RequestCancellation::Disabled => "disabled",
    });
}

/// Text as a JavaScript literal.
struct JsText<'t>(&'t str);

impl Expression for JsText<'_> {
    fn write_expression(&self, out: &mut JsWriter<'_>) {
        out.write_string(self.0);
    }
}

fn literal(text: &str) -> String {
    code_of(&JsText(text))
}

/// `'x-token': '7'`.
fn field(name: &str, value: &str) -> String {
    format!("{}: {}", literal(name), literal(value))
}

/// The fields of an object. A browser takes each character of a value for a byte, so that is how bytes are given.
fn header_fields(headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> String {
    let fields = headers.into_iter().map(|(name, value)| {
        let value: String = value.as_bytes().iter().map(|&byte| char::from(byte)).collect();
        field(name.as_str(), &value)
    });
    fields.collect::<Vec<_>>().join(", ")
}

impl Expression for Action {
    fn write_expression(&self, out: &mut JsWriter<'_>) {
        out.write_code("@");
        out.write_code(self.method);
        out.write_code("(");
        out.write_string(self.url.as_str());
        if !self.options.is_empty() {
            out.write_code(", {");
            self.write_options(out);
            out.write_code("}");
        }
        out.write_code(")");
    }

    fn is_whole(&self) -> bool {
        true
    }
}

impl Action {
    fn write_options(&self, out: &mut JsWriter<'_>) {
        for (position, (field, code)) in self.options.iter().enumerate() {
            let includes = self.options.contains_key(&ActionOption::Include);
            let excludes = self.options.contains_key(&ActionOption::Exclude);
            let has_own_headers = self.options.contains_key(&ActionOption::OwnHeaders);
            let has_headers = self.options.contains_key(&ActionOption::Headers);
            if position > 0 {
                out.write_code(", ");
            }
            let before = match field {
                ActionOption::ContentType => "contentType: ",
                ActionOption::Include => "filterSignals: {include: ",
                ActionOption::Exclude if includes => "exclude: ",
                ActionOption::Exclude => "filterSignals: {exclude: ",
                ActionOption::Selector => "selector: ",
                ActionOption::Headers if has_own_headers => "",
                ActionOption::OwnHeaders | ActionOption::Headers => "headers: {",
                ActionOption::OpenWhenHidden => "openWhenHidden: ",
                ActionOption::Payload => "payload: ",
                ActionOption::Retry => "retry: ",
                ActionOption::RetryInterval => "retryInterval: ",
                ActionOption::RetryScaler => "retryScaler: ",
                ActionOption::RetryMaxWait => "retryMaxWait: ",
                ActionOption::RetryMaxCount => "retryMaxCount: ",
                ActionOption::RequestCancellation => "requestCancellation: ",
            };
            out.write_code(before);
            out.write_code(code);
            let is_closed = match field {
                ActionOption::Include => !excludes,
                ActionOption::OwnHeaders => !has_headers,
                other => matches!(other, ActionOption::Exclude | ActionOption::Headers),
            };
            if is_closed {
                out.write_code("}");
            }
        }
    }
}

impl Target for Action {
    fn with_query(&self, name: &str, values: &mut dyn FnMut(Sink<'_>)) -> Self {
        Action::with_query(self, name, values)
    }
}

impl<S: Complete<Link = Action>> From<Link<S>> for Action {
    fn from(link: Link<S>) -> Self {
        link.link().clone()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&code_of(self))
    }
}
