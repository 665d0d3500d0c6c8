//! The cookies of sessions and messages: their names, and what a browser may do with them.

use http::HeaderValue;
use http::header::ORIGIN;
use http::uri::Authority;

use super::SessionError;
use crate::client::is_passed_on;
use crate::head_changes::HeadChanges;
use crate::response::SetCookie;
use crate::routing::{is_of_this_machine, is_this_machine};
use crate::scope::Scope;

/// The name of a cookie as it is for one request, and whether it goes over HTTPS alone.
pub(super) struct OwnCookie {
    pub(super) name: String,
    is_secure: bool,
    /// The problem of that for the page that sent the request, and the origin of the page.
    warning: Option<(&'static str, HeaderValue)>,
}

impl OwnCookie {
    /// `name` with the prefix `__Host-`, by which browsers take the cookie only from this host, over HTTPS. For a developer's own
    /// browser on `http://localhost` the name is plain: there is neither HTTPS nor another host, and Safari would drop the cookie.
    /// All cookies of an app follow [`App::secure_cookies`](crate::App::secure_cookies).
    pub(super) fn of(name: &str, scope: &Scope) -> Self {
        let is_secure =
            scope.app().served.secure_cookies.unwrap_or_else(|| !is_of_developer_on_this_machine(scope));
        let name = if is_secure { format!("__Host-{name}") } else { name.to_owned() };
        let warning = || {
            let origin = scope.headers().get(ORIGIN)?;
            Some((problem(is_secure, scope.app().served.secure_cookies.is_some(), origin)?, origin.clone()))
        };
        Self { name, is_secure, warning: warning() }
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

/// Whether a developer's browser asks the machine that it runs on, without TLS in between. In doubt it does not, and the cookie is
/// `Secure`. The result must be the same for each request of a page, because the name of the cookie depends on it.
fn is_of_developer_on_this_machine(scope: &Scope) -> bool {
    // A proxy on this machine may ask for `localhost` and add no header. So a release build trusts none of what follows.
    cfg!(debug_assertions)
        && scope.exchange().peer().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && is_of_this_machine(scope.head()) != Some(false)
        && (!is_passed_on(scope.headers()) || is_plain_by_trusted_proxy(scope))
}

/// Whether a proxy that the app trusts says that the browser asked it by plain HTTP.
fn is_plain_by_trusted_proxy(scope: &Scope) -> bool {
    let (proxies, peer) = (scope.app().served.proxies(), scope.exchange().peer());
    let mut schemes = scope.headers().get_all("x-forwarded-proto").iter();
    proxies.zip(peer).is_some_and(|(proxies, peer)| proxies.trusts(peer.ip().to_canonical()))
        && schemes.next().is_some_and(|scheme| scheme == "http")
        && schemes.next().is_none()
}

/// The problem that the origin of the page, as the browser names it, shows.
fn problem(is_secure: bool, is_chosen: bool, origin: &HeaderValue) -> Option<&'static str> {
    let (scheme, authority) = origin.to_str().ok()?.split_once("://")?;
    let host = authority.parse::<Authority>().ok()?;
    let is_local = is_this_machine(host.host());
    match (is_secure, scheme) {
        (true, "http") if !is_local => Some(
            "a browser drops a `Secure` cookie of a page that came over plain HTTP: use HTTPS, or `App::secure_cookies(false)`",
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
