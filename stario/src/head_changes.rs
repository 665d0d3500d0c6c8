//! `HeadChanges`: what parameters add to the head of the response, whichever response that is.
//!
//! A session's cookie must be in the answer also when the handler fails, streams, or writes its response itself. So it is not part
//! of the handler's value: the exchange holds the changes, and the dispatch applies them to the head that it has in the end.

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use http::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE};

use crate::response::keep_for_one_client;

/// The changes of one response. That they exist says that the response depends on the request's cookies.
#[derive(Default)]
pub(crate) struct HeadChanges(Mutex<HeadState>);

#[derive(Default)]
struct HeadState {
    /// By their names, each with its `set-cookie` line.
    cookies: Vec<(String, HeaderValue)>,
    is_sent: bool,
}

impl HeadChanges {
    /// No changes yet; with `is_sent`, there can be none any more.
    pub(crate) fn new(is_sent: bool) -> Self {
        Self(Mutex::new(HeadState { cookies: Vec::new(), is_sent }))
    }

    fn lock(&self) -> MutexGuard<'_, HeadState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the head is on its way, so that nothing can be added to it.
    pub(crate) fn is_sent(&self) -> bool {
        self.lock().is_sent
    }

    /// Adds a cookie in the place of an earlier one of this name. Returns whether it will be sent.
    pub(crate) fn set_cookie(&self, name: &str, line: HeaderValue) -> bool {
        let mut state = self.lock();
        if state.is_sent {
            return false;
        }
        state.cookies.retain(|(present, _)| present != name);
        state.cookies.push((name.to_owned(), line));
        true
    }

    /// Applies the changes, and keeps the response out of caches that others share.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        let mut state = self.lock();
        state.is_sent = true;
        keep_for_one_client(headers);
        if state.cookies.is_empty() {
            return;
        }
        for (_, line) in state.cookies.drain(..) {
            headers.append(SET_COOKIE, line);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stated: &[&'static str], expected: &str) {
        let mut headers = HeaderMap::new();
        for line in stated {
            headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
        }
        HeadChanges::default().apply(&mut headers);
        let found: Vec<_> = headers.get_all(CACHE_CONTROL).iter().collect();
        assert_eq!(found, [expected]);
    }

    #[test]
    fn no_shared_cache_keeps_what_depends_on_a_cookie() {
        check(&[], "private, no-cache");
        check(&["no-cache"], "private, no-cache");
        check(&["public, max-age=60"], "private, max-age=60");
        check(&["max-age=60", "s-maxage=600"], "private, max-age=60");
        check(&["Private, max-age=60"], "Private, max-age=60");
        check(&["no-store"], "no-store");
    }

    #[test]
    fn a_cookie_replaces_one_of_its_name_until_the_head_is_sent() {
        let (changes, mut headers) = (HeadChanges::default(), HeaderMap::new());
        assert!(changes.set_cookie("a", HeaderValue::from_static("a=1")));
        assert!(changes.set_cookie("b", HeaderValue::from_static("b=1")));
        assert!(changes.set_cookie("a", HeaderValue::from_static("a=2")));
        changes.apply(&mut headers);
        assert_eq!(headers.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["b=1", "a=2"]);
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        assert_eq!(headers["vary"], "cookie");
        assert!(changes.is_sent() && !changes.set_cookie("a", HeaderValue::from_static("a=3")));
    }
}
