//! The cookies of sessions and messages: their names, and what a browser may do with them.

use http::HeaderValue;
use http::header::ORIGIN;
use http::uri::Authority;

use super::SessionError;
use crate::head_changes::HeadChanges;
use crate::response::SetCookie;
use crate::routing::{is_of_this_machine, is_this_machine};
use crate::scope::Scope;

/// The name of a cookie as it is for one request, and whether it goes over HTTPS alone.
pub(super) struct OwnCookie {
    pub(super) name: String,
    is_secure: bool,
    /// What is wrong with that for the page that sent the request, and the origin of the page.
    warning: Option<(&'static str, HeaderValue)>,
}

impl OwnCookie {
    /// `name` with the prefix `__Host-`, by which browsers take the cookie only from this host, over HTTPS. On
    /// `http://localhost` there is neither HTTPS nor another host, and some browsers would drop the cookie: the name is plain
    /// there, unless `is_secure` says otherwise.
    pub(super) fn of(name: &str, is_secure: Option<bool>, scope: &Scope) -> Self {
        let warning = |is_secure, is_chosen| {
            let origin = scope.headers().get(ORIGIN)?;
            Some((problem(is_secure, is_chosen, origin)?, origin.clone()))
        };
        let (is_secure, is_chosen) = match is_secure {
            Some(is_secure) => (is_secure, true),
            None => (!is_plain_on_this_machine(scope), false),
        };
        let name = if is_secure { format!("__Host-{name}") } else { name.to_owned() };
        Self { name, is_secure, warning: warning(is_secure, is_chosen) }
    }

    /// Sends the cookie with the response.
    pub(super) fn send(&self, head: &HeadChanges, cookie: SetCookie) -> Result<(), SessionError> {
        if let Some((problem, page)) = &self.warning {
            tracing::warn!(?page, cookie = self.name, "{problem}");
        }
        let line = cookie
            .secure(self.is_secure)
            .into_header()
            .map_err(|error| SessionError::Cookie(error.to_string()))?;
        if head.set_cookie(&self.name, line) { Ok(()) } else { Err(SessionError::HeadSent) }
    }
}

/// Whether a browser asks the machine that it runs on, without TLS in between. It must be the same for each request of a page,
/// because the name of the cookie depends on it.
fn is_plain_on_this_machine(scope: &Scope) -> bool {
    let forwarded = scope.headers().get("x-forwarded-proto");
    let is_behind_tls = forwarded.is_some_and(|scheme| scheme.as_bytes().starts_with(b"https"));
    !is_behind_tls && is_of_this_machine(scope.head())
}

/// What the origin of the page, as the browser names it, shows to be wrong.
fn problem(is_secure: bool, is_chosen: bool, origin: &HeaderValue) -> Option<&'static str> {
    let (scheme, authority) = origin.to_str().ok()?.split_once("://")?;
    let host = authority.parse::<Authority>().ok()?;
    let is_local = is_this_machine(host.host());
    match (is_secure, scheme) {
        (true, "http") if !is_local => Some(
            "a browser drops a `Secure` cookie of a page that came over plain HTTP: use HTTPS, or `Sessions::secure(false)`",
        ),
        (false, _) if !is_local && !is_chosen => Some(
            "a cookie is not `Secure`, because the proxy says that the page is on `localhost`: have it pass the header `host`, or \
             `x-forwarded-proto: https`",
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_does_not_fit_its_cookie_is_warned_of() {
        #[track_caller]
        fn check(is_secure: bool, origin: &'static str, expected: Option<&str>) {
            let found = problem(is_secure, false, &HeaderValue::from_static(origin));
            assert_eq!(found.map(|text| &text[..20]), expected);
        }
        check(true, "https://shop.example", None);
        check(true, "http://192.168.1.5:8000", Some("a browser drops a `S"));
        check(false, "http://localhost:8000", None);
        check(false, "https://[::1]:8000", None);
        check(false, "https://shop.example", Some("a cookie is not `Sec"));
        check(true, "null", None);
        assert_eq!(problem(false, true, &HeaderValue::from_static("http://192.168.1.5")), None);
    }
}
