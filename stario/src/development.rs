//! Development: what is shown to the developers of an app, and never to its users. Only builds with debug assertions have it.
//!
//! Whether an app is in development is decided once, when its server has its sockets: it is if all of these are loopback addresses.
//! The address of the server decides, not that of the client, because behind a proxy on the same machine every client has a
//! loopback address. A request with a proxy's headers, or that names another host, is not shown anything either: a proxy that adds none and
//! changes `host`, too, cannot be told apart.

mod secret;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{ACCEPT, CACHE_CONTROL, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::client::is_passed_on;
use crate::response::{self, Response};
use crate::routing;
use secret::may_be_secret;

/// Where the script that reloads pages is, with the build of its page as the query.
pub(crate) const RELOAD_SCRIPT: &str = "/_stario/reload.js";
/// Where it asks which build answers.
const BUILD: &str = "/_stario/build";

/// Asks once a second, while the page is visible, which build answers, and reloads the page when it is another one. It asks
/// instead of listening, because a browser keeps six connections to a server over HTTP/1.1, for all of its tabs.
const SCRIPT: &str = r#"(() => {
  const build = new URL(document.currentScript.src).search.slice(1), key = "stario-reloaded-for";
  const ask = async () => {
    if (document.visibilityState === "visible") {
      try {
        const answer = await fetch("/_stario/build", { cache: "no-store" });
        const now = answer.ok ? await answer.text() : build;
        if (now !== build && sessionStorage.getItem(key) !== now) {
          sessionStorage.setItem(key, now);
          location.reload();
          return;
        }
      } catch {}
    }
    setTimeout(ask, 1000);
  };
  setTimeout(ask, 1000);
})();
"#;

/// Whether an app is in development. It is not until its server says so.
#[derive(Debug, Default)]
pub(crate) struct Development(OnceLock<DevelopmentMode>);

#[derive(Debug)]
struct DevelopmentMode {
    /// Names the build of this program.
    build: String,
    /// Whether every request is shown what developers see, because `STARIO_DEV=1` says so.
    is_forced: bool,
}

impl Development {
    /// Decides. `setting` is the one of `STARIO_DEV`.
    pub(crate) fn decide(&self, setting: Option<bool>, has_only_loopback: bool) {
        if setting.unwrap_or(has_only_loopback) {
            let _ = self.0.set(DevelopmentMode { build: build(), is_forced: setting.is_some() });
        }
    }

    /// Whether the app is in development.
    pub(crate) fn is_on(&self) -> bool {
        self.0.get().is_some()
    }

    /// The build, if the request may be shown what developers see.
    fn admit(&self, head: &Parts) -> Option<&str> {
        let mode = self.0.get()?;
        (mode.is_forced || is_of_this_machine(head)).then_some(&*mode.build)
    }

    /// The answer to the script that reloads pages. The log says nothing of it.
    pub(crate) fn answer(&self, head: &Parts) -> Option<Response> {
        let (content_type, body) = match head.uri.path() {
            RELOAD_SCRIPT => ("text/javascript; charset=utf-8", SCRIPT),
            BUILD => ("text/plain; charset=utf-8", self.admit(head)?),
            _ => return None,
        };
        self.admit(head)?;
        let mut answer = response::with_type(HeaderValue::from_static(content_type), body.to_owned());
        response::set(answer.headers_mut(), CACHE_CONTROL, "no-store");
        Some(answer)
    }
}

/// Whether a request names this machine, and has no header of a proxy.
fn is_of_this_machine(head: &Parts) -> bool {
    routing::is_of_this_machine(head) == Some(true) && !is_passed_on(&head.headers)
}

/// Changes when the program is built again: the time and the length of its file.
fn build() -> String {
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let time = file.as_ref().ok().and_then(|file| file.modified().ok()).unwrap_or_else(SystemTime::now);
    let nanos = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    format!("{nanos:x}-{:x}", file.map(|file| file.len()).unwrap_or_default())
}

/// The parts of a request that development pages show; empty unless the app is in development.
#[derive(Debug, Default)]
pub(crate) struct SeenRequest(Option<Box<Seen>>);

#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    /// Path and query. The values of what may be a secret are left out.
    pub(crate) target: String,
    /// Names and values. The values of what may be a secret are left out.
    pub(crate) headers: Vec<(String, String)>,
    /// Whether Datastar's client sends it.
    pub(crate) is_of_datastar: bool,
    /// Whether a browser opens a page by it.
    pub(crate) is_navigation: bool,
    pub(crate) accepts_html: bool,
    pub(crate) build: String,
    /// The message and the place of the panic that ended its handler.
    pub(crate) panic: OnceLock<String>,
}

impl SeenRequest {
    pub(crate) fn of(development: &Development, head: &Parts) -> Self {
        Self(development.admit(head).map(|build| Box::new(Seen::new(head, build))))
    }

    pub(crate) fn get(&self) -> Option<&Seen> {
        self.0.as_deref()
    }

    /// Notes the panic that ended the handler.
    pub(crate) fn note_panic(&self, message: &str) {
        if let Some(seen) = self.get() {
            let _ = seen.panic.set(message.to_owned());
        }
    }
}

/// Stands for a value that may be a secret.
const HIDDEN: &str = "(not shown)";

impl Seen {
    fn new(head: &Parts, build: &str) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let shown = |(name, value): (&http::HeaderName, &HeaderValue)| {
            let value = text(value);
            let is_hidden = may_be_secret(name.as_str()) || may_be_secret(&value);
            (name.to_string(), if is_hidden { HIDDEN.to_owned() } else { value })
        };
        let says = |name: &str, expected: &str| {
            let value = head.headers.get(name);
            value.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(expected.as_bytes()))
        };
        let accepts = head.headers.get(ACCEPT).map(text).unwrap_or_default();
        Self {
            method: head.method.clone(),
            target: target(head),
            headers: head.headers.iter().map(shown).collect(),
            is_of_datastar: head.headers.contains_key("datastar-request"),
            is_navigation: says("sec-fetch-dest", "document"),
            accepts_html: accepts.contains("text/html"),
            build: build.to_owned(),
            panic: OnceLock::new(),
        }
    }
}

fn target(head: &Parts) -> String {
    let path = head.uri.path();
    let Some(query) = head.uri.query() else { return path.to_owned() };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            // Signals are one value, in which a password has a name of its own.
            Some((name, value)) if may_be_secret(name) || may_be_secret(value) => format!("{name}={HIDDEN}"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// Why the server failed: an error, then its sources.
#[derive(Clone)]
pub(crate) struct Causes(pub(crate) Arc<[String]>);

/// Notes the cause of a 5xx in its response.
pub(crate) fn note_cause(response: &mut Response, error: &(dyn Error + 'static)) {
    if response.status().is_server_error() {
        response.extensions_mut().insert(Causes(texts(error).into()));
    }
}

/// The texts of an error and of its sources. One whose text panics says so, and is the last. The log has said it already.
fn texts(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut texts = Vec::new();
    // What the panic interrupts is the error's own; the texts so far are whole.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let mut next = Some(error);
        while let Some(error) = next {
            texts.push("(its text panicked)".to_owned());
            if let Some(text) = texts.last_mut() {
                *text = error.to_string();
            }
            next = error.source();
        }
    }));
    texts
}

/// Marks the answer to a path that no route has.
#[derive(Clone)]
pub(crate) struct NoRoute;

/// Notes in a response that no route has the path.
pub(crate) fn note_no_route(response: &mut Response) {
    if response.status() == StatusCode::NOT_FOUND {
        response.extensions_mut().insert(NoRoute);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(target: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_server_s_addresses_decide_unless_the_variable_does() {
        let check = |setting, has_only_loopback, expected| {
            let development = Development::default();
            development.decide(setting, has_only_loopback);
            assert_eq!(development.is_on(), expected);
        };
        check(None, true, true);
        check(None, false, false);
        check(Some(false), true, false);
        check(Some(true), false, true);
        assert!(!Development::default().is_on());
    }

    #[test]
    fn a_request_from_elsewhere_is_shown_nothing() {
        let check = |setting, headers: &[(&str, &str)], expected| {
            let development = Development::default();
            development.decide(setting, true);
            let head = head("/_stario/build", headers);
            assert_eq!(SeenRequest::of(&development, &head).get().is_some(), expected, "{headers:?}");
            assert_eq!(development.answer(&head).is_some(), expected, "{headers:?}");
        };
        check(None, &[("host", "localhost:8000")], true);
        check(None, &[("host", "shop.LOCALHOST")], true);
        check(None, &[("host", "127.0.0.1")], true);
        check(None, &[("host", "[::1]:8000")], true);
        check(None, &[("host", "example.com")], false);
        check(None, &[("host", "localhost.example.com")], false);
        check(None, &[("host", "192.168.0.1")], false);
        check(None, &[], false);
        check(None, &[("host", "localhost"), ("x-forwarded-for", "203.0.113.7")], false);
        check(None, &[("host", "localhost"), ("forwarded", "for=203.0.113.7")], false);
        check(Some(true), &[("host", "example.com"), ("x-forwarded-for", "203.0.113.7")], true);
    }

    #[test]
    fn secrets_are_left_out() {
        let headers = [
            ("host", "localhost"),
            ("authorization", "Bearer s3cret"),
            ("cookie", "id=s3cret"),
            ("x-api-key", "s3cret"),
            ("x-color", "red"),
            ("referer", "http://localhost/?token=s3cret"),
        ];
        let seen = Seen::new(
            &head("/a?token=s3cret&page=2&flag&datastar=%7B%22password%22:%22s3cret%22%7D", &headers),
            "b",
        );
        assert_eq!(seen.target, "/a?token=(not shown)&page=2&flag&datastar=(not shown)");
        let shown = format!("{seen:?}");
        assert!(!shown.contains("s3cret") && shown.contains("red"), "{shown}");
    }
}
