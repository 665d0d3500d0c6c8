//! `SetCookie`: a cookie for the browser to keep, or to forget.

#[cfg(feature = "sealed-cookies")]
mod sealed;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cookie::time::OffsetDateTime;
use cookie::{Cookie, SameSite};
use http::header::{HeaderValue, SET_COOKIE};

use super::{Response, ResponsePart};
use crate::error::Result;

/// A cookie for the browser to store, put before the value that a handler returns.
///
/// Unless set otherwise, it is sent back to every path of this host (`Path=/`), until the browser is closed,
/// from this site's own pages and from links to them (`SameSite=Lax`), and no script can read it (`HttpOnly`).
/// Add [`secure`](Self::secure) if the site is served by HTTPS, or begin the name with `__Host-`, which implies
/// it.
///
/// A cookie that browsers would drop or misread is not sent (RFC 6265 section 4.1): one whose name is not a
/// token; whose value has spaces, quotes, `,`, `;`, `\`, control characters or anything but ASCII; whose path
/// does not begin with `/`; or with more than 4,096 bytes of name and value. The response is then 500, and the log
/// says what is wrong. An [`encrypted`](Self::encrypted) cookie can hold any text.
///
/// Read it with [`Cookie`](crate::Cookie).
///
/// ```
/// use stario::prelude::*;
/// use stario::{Redirect, SetCookie};
///
/// # stario::app!();
/// #[app::command("/theme/{name}")]
/// async fn choose(name: PathParam<String>) -> (SetCookie, Redirect) {
///     let cookie = SetCookie::new("theme", name.0).max_age(Duration::from_secs(3600));
///     (cookie, Redirect::see_other("/"))
/// }
///
/// #[app::command("/forget")]
/// async fn forget() -> (SetCookie, StatusCode) {
///     (SetCookie::removal("theme"), StatusCode::NO_CONTENT)
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.post("/theme/dark").send();
/// assert_eq!(res.header("set-cookie"), "theme=dark; HttpOnly; SameSite=Lax; Path=/; Max-Age=3600");
/// assert_eq!(client.post("/theme/a;b").send().status(), 500);
/// # }
/// ```
#[derive(Clone)]
pub struct SetCookie {
    cookie: Cookie<'static>,
    /// What is wrong with an attribute that cannot even be kept.
    problem: Option<&'static str>,
}

impl SetCookie {
    /// Makes a cookie with the defaults above.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let mut cookie = Cookie::new(name.into(), value.into());
        cookie.set_path("/");
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Lax);
        Self { cookie, problem: None }
    }

    /// Makes the browser forget a cookie. The [`path`](Self::path) and [`domain`](Self::domain) must be the same
    /// as when it was set.
    pub fn removal(name: impl Into<String>) -> Self {
        let mut removal = Self::new(name, "");
        removal.cookie.set_max_age(cookie::time::Duration::ZERO);
        removal.cookie.set_expires(OffsetDateTime::UNIX_EPOCH);
        removal
    }

    /// The path that the cookie is sent to, with all below it; `/` unless set.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.cookie.set_path(path.into());
        self
    }

    /// The domain that the cookie is sent to, with all its subdomains. This host alone unless set.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.cookie.set_domain(domain.into());
        self
    }

    /// Sets how long the browser keeps the cookie, in whole seconds; browsers allow some 400 days. Unless set, it
    /// is kept until the browser is closed.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        let age = cookie::time::Duration::try_from(age).unwrap_or(cookie::time::Duration::MAX);
        self.cookie.set_max_age(age);
        self
    }

    /// Sets until when the browser keeps the cookie, by its own clock. [`max_age`](Self::max_age) does not depend
    /// on that clock, and wins if both are set.
    #[must_use]
    pub fn expires(mut self, time: SystemTime) -> Self {
        let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let time = i64::try_from(seconds).ok().and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        match time {
            Some(time) => self.cookie.set_expires(time),
            None => self.problem = Some("no date can say when it expires"),
        }
        self
    }

    /// Sets whether the cookie is sent only over HTTPS (and to `localhost`). It is if its name begins with
    /// `__Host-` or `__Secure-`, or with `SameSite::None`; otherwise not unless set.
    #[must_use]
    pub fn secure(mut self, is_secure: bool) -> Self {
        self.cookie.set_secure(is_secure);
        self
    }

    /// Sets whether the cookie is hidden from scripts; it is unless set.
    #[must_use]
    pub fn http_only(mut self, is_http_only: bool) -> Self {
        self.cookie.set_http_only(is_http_only);
        self
    }

    /// Sets from which pages requests carry the cookie; `SameSite::Lax` unless set. `SameSite::None` also makes
    /// it [`secure`](Self::secure), which browsers require.
    #[must_use]
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.cookie.set_same_site(same_site);
        self
    }

    /// The value of the `set-cookie` header.
    ///
    /// # Errors
    ///
    /// When browsers would not take the cookie as it is meant.
    pub(crate) fn into_header(mut self) -> Result<HeaderValue, InvalidCookie> {
        let has_prefix = |prefix: &str| {
            self.cookie.name().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let (is_host, is_secure) = (has_prefix("__Host-"), has_prefix("__Secure-"));
        if is_host || is_secure || self.cookie.same_site() == Some(SameSite::None) {
            self.cookie.set_secure(true);
        }
        let header = match self.problem.or_else(|| problem(&self.cookie, is_host)) {
            Some(problem) => Err(problem),
            None => HeaderValue::try_from(self.cookie.to_string()).map_err(|_| "no header can hold it"),
        };
        header.map_err(|problem| InvalidCookie { name: self.cookie.name().to_owned(), problem })
    }
}

/// Keeps all attributes as they are: the defaults of [`SetCookie::new`] do not apply.
impl From<Cookie<'static>> for SetCookie {
    fn from(cookie: Cookie<'static>) -> Self {
        Self { cookie, problem: None }
    }
}

// The value may be a secret.
impl fmt::Debug for SetCookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SetCookie").field("name", &self.cookie.name()).finish_non_exhaustive()
    }
}

impl ResponsePart for SetCookie {
    fn apply(self, response: &mut Response) -> Result<()> {
        response.headers_mut().append(SET_COOKIE, self.into_header()?);
        Ok(())
    }
}

impl<const COUNT: usize> ResponsePart for [SetCookie; COUNT] {
    fn apply(self, response: &mut Response) -> Result<()> {
        self.into_iter().try_for_each(|cookie| cookie.apply(response))
    }
}

impl ResponsePart for Vec<SetCookie> {
    fn apply(self, response: &mut Response) -> Result<()> {
        self.into_iter().try_for_each(|cookie| cookie.apply(response))
    }
}

/// The most bytes of a name and its value that browsers keep (RFC 6265bis section 5.6).
const MAX_LENGTH: usize = 4096;

fn problem(cookie: &Cookie<'_>, is_host: bool) -> Option<&'static str> {
    let (name, value) = cookie.name_value();
    if name.is_empty() || !name.bytes().all(is_token) {
        return Some("its name is not a token: letters, digits and `!#$%&'*+-.^_`|~`");
    }
    if !value.bytes().all(is_cookie_octet) {
        return Some("its value holds what no cookie can; encrypt or encode it");
    }
    if name.len() + value.len() > MAX_LENGTH {
        return Some("name and value are longer than 4096 bytes, which browsers do not keep");
    }
    if cookie.path().is_some_and(|path| !path.starts_with('/') || !path.bytes().all(is_in_path)) {
        return Some("its path does not begin with `/`, or holds `;` or what is not visible ASCII");
    }
    if cookie.domain().is_some_and(|domain| domain.is_empty() || !domain.bytes().all(is_in_domain)) {
        return Some("its domain is none: letters, digits, `-` and `.`");
    }
    if is_host && (cookie.path() != Some("/") || cookie.domain().is_some()) {
        return Some("a name that begins with `__Host-` goes with the path `/` and without a domain");
    }
    None
}

/// `tchar` of RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `cookie-octet` of RFC 6265 section 4.1.1.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\",;\\".contains(&byte)
}

fn is_in_path(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b';'
}

fn is_in_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.')
}

/// A cookie that browsers would not take as it is meant.
#[derive(Debug)]
pub(crate) struct InvalidCookie {
    name: String,
    problem: &'static str,
}

impl fmt::Display for InvalidCookie {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the cookie {:?} cannot be set: {}", self.name, self.problem)
    }
}

impl std::error::Error for InvalidCookie {}
