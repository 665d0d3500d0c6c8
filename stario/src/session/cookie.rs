//! The cookies of sessions and messages: their names, and what a browser may do with them.

use http::HeaderValue;
use http::header::ORIGIN;

use super::SessionError;
use crate::head_changes::HeadChanges;
use crate::response::SetCookie;
use crate::routing::is_of_this_machine;
use crate::scope::Scope;

/// The name of a cookie as it is for one request, and whether it goes over HTTPS alone.
pub(super) struct OwnCookie {
    pub(super) name: String,
    is_secure: bool,
    /// The page that sent the request, if a browser says that it came over plain HTTP.
    plain_page: Option<HeaderValue>,
}

impl OwnCookie {
    /// `name` with the prefix `__Host-`, by which browsers take the cookie only from this host, over HTTPS. On
    /// `http://localhost` there is neither HTTPS nor another host, and some browsers would drop the cookie: the name is plain
    /// there, unless `is_secure` says otherwise.
    pub(super) fn of(name: &str, is_secure: Option<bool>, scope: &Scope) -> Self {
        let is_secure = is_secure.unwrap_or_else(|| !is_plain_on_this_machine(scope));
        let name = if is_secure { format!("__Host-{name}") } else { name.to_owned() };
        let plain_page = scope.headers().get(ORIGIN).filter(|origin| is_secure && is_plain(origin)).cloned();
        Self { name, is_secure, plain_page }
    }

    /// Sends the cookie with the response.
    pub(super) fn send(&self, head: &HeadChanges, cookie: SetCookie) -> Result<(), SessionError> {
        if let Some(page) = &self.plain_page {
            tracing::warn!(
                ?page,
                cookie = self.name,
                "a browser drops a `Secure` cookie of a page that came over plain HTTP: use HTTPS, or `secure(false)`"
            );
        }
        let line = cookie
            .secure(self.is_secure)
            .into_header()
            .map_err(|error| SessionError::Cookie(error.to_string()))?;
        if head.set_cookie(&self.name, line) { Ok(()) } else { Err(SessionError::HeadSent) }
    }
}

/// Whether a browser asks the machine that it runs on, without TLS in between.
fn is_plain_on_this_machine(scope: &Scope) -> bool {
    let forwarded = scope.headers().get("x-forwarded-proto");
    let is_behind_tls = forwarded.is_some_and(|scheme| scheme.as_bytes().starts_with(b"https"));
    !is_behind_tls && is_of_this_machine(scope.head())
}

fn is_plain(origin: &HeaderValue) -> bool {
    origin.as_bytes().starts_with(b"http://")
}
