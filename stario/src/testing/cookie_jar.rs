//! The cookies that a client keeps from one request to the next, as a browser does.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::header::{COOKIE, HOST, SET_COOKIE};
use http::{HeaderMap, HeaderValue, request};

/// Cookies of one browser. The time does not pass in it: a cookie goes when it is removed.
#[derive(Debug, Default)]
pub(super) struct CookieJar {
    cookies: Mutex<Vec<KeptCookie>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct KeptCookie {
    host: String,
    path: String,
    name: String,
    value: String,
}

impl CookieJar {
    fn lock(&self) -> MutexGuard<'_, Vec<KeptCookie>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the cookies for a request. One that the test gave the request itself goes before one of the same name.
    pub(super) fn add_to(&self, head: &mut request::Parts) {
        let (host, path) = (host_of(head), head.uri.path().to_owned());
        let written =
            head.headers.get(COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let is_given =
            |name: &str| written.split(';').any(|pair| pair.trim().split('=').next() == Some(name));
        let mut cookies: Vec<KeptCookie> = self
            .lock()
            .iter()
            .filter(|kept| kept.host == host && is_below(&path, &kept.path) && !is_given(&kept.name))
            .cloned()
            .collect();
        // The longest path first.
        cookies.sort_by_key(|kept| std::cmp::Reverse(kept.path.len()));
        let given = Some(written.clone()).filter(|written| !written.is_empty());
        let kept = cookies.iter().map(|kept| format!("{}={}", kept.name, kept.value));
        let line = given.into_iter().chain(kept).collect::<Vec<_>>().join("; ");
        if let Ok(line) = HeaderValue::from_str(&line)
            && !line.is_empty()
        {
            head.headers.insert(COOKIE, line);
        }
    }

    /// Keeps what a response sets, and drops what it removes.
    pub(super) fn keep(&self, host: &str, request_path: &str, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let Some(cookie) = line.to_str().ok().and_then(|line| cookie::Cookie::parse(line).ok()) else {
                continue;
            };
            let path = match cookie.path() {
                Some(path) if path.starts_with('/') => path.to_owned(),
                _ => folder_of(request_path).to_owned(),
            };
            let is_past =
                cookie.expires_datetime().is_some_and(|time| time <= cookie::time::OffsetDateTime::now_utc());
            let is_removed = cookie.max_age().map_or(is_past, |age| age <= cookie::time::Duration::ZERO);
            let kept = KeptCookie {
                host: host.to_owned(),
                path,
                name: cookie.name().to_owned(),
                value: cookie.value().to_owned(),
            };
            let mut cookies = self.lock();
            let is_same =
                |it: &KeptCookie| (&it.host, &it.path, &it.name) == (&kept.host, &kept.path, &kept.name);
            match cookies.iter_mut().find(|it| is_same(it)) {
                _ if is_removed => cookies.retain(|it| !is_same(it)),
                Some(present) => *present = kept,
                None => cookies.push(kept),
            }
        }
    }

    /// The value of a cookie, whatever its path.
    #[cfg(feature = "testing")]
    pub(super) fn value(&self, name: &str) -> Option<String> {
        self.lock().iter().find(|kept| kept.name == name).map(|kept| kept.value.clone())
    }

    #[cfg(feature = "testing")]
    pub(super) fn set(&self, host: &str, name: &str, value: &str) {
        let mut cookies = self.lock();
        cookies.retain(|kept| kept.name != name || kept.host != host);
        cookies.push(KeptCookie {
            host: host.to_owned(),
            path: "/".to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
        });
    }
}

/// The host that a request names; `""` if it names none.
pub(super) fn host_of(head: &request::Parts) -> String {
    let named = || head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = head.uri.host().unwrap_or_else(|| named().split(':').next().unwrap_or_default());
    host.to_ascii_lowercase()
}

/// Whether a cookie of `cookie_path` is sent to `path` (RFC 6265, section 5.1.4).
fn is_below(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

/// The path of a cookie that names none.
fn folder_of(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}
