//! `Flash<T>`: messages for the next page, in an encrypted cookie of their own.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cookie::Key;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SessionError;
use super::cookie::OwnCookie;
use crate::error::Rejection;
use crate::extract::{self, FromRequest, RetiredKeys};
use crate::head_changes::HeadChanges;
use crate::parameter::Parameter;
use crate::response::SetCookie;
use crate::scope::Scope;

const NAME: &str = "flash";

/// Messages that are shown once, by the next page that takes them: "Saved." after a redirect. A message is text, or a `T` that serde
/// writes and reads.
///
/// They are kept in an encrypted cookie of the browser, so a visitor who has no session gets none by them. The key is the app's
/// [`cookie::Key`](crate::cookie::Key), if it has one as its state; else the process makes one, and a restart loses messages on
/// their way. An app of several processes needs a key of its own.
///
/// The cookie is `__Host-flash`, or `flash` where [`App::secure_cookies`](crate::App::secure_cookies) says so, as that of a session.
/// It is part of the response's head: push before the first event of a stream, or answer with one event, as after
/// [`event::redirect`](crate::event::redirect).
///
/// ```
/// use stario::prelude::*;
/// use stario::{Flash, Redirect};
///
/// # stario::app!();
/// #[app::command("/save")]
/// async fn save(flash: Flash) -> Result<Redirect> {
///     flash.push("Your changes are saved.")?;
///     Ok(Redirect::see_other(list::url()))
/// }
///
/// #[app::query("/list")]
/// async fn list(flash: Flash) -> Html {
///     html! { for message in flash.take() { <p role="status">{message}</p> } }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new()).keep_cookies();
/// client.post("/save").send();
/// assert_eq!(client.get("/list").send().text(), r#"<p role="status">Your changes are saved.</p>"#);
/// assert_eq!(client.get("/list").send().text(), "");
/// # }
/// ```
pub struct Flash<T = String>(Arc<Messages<T>>);

struct Messages<T> {
    /// Those that came with the request and were not taken, then those that were pushed.
    waiting: Mutex<Vec<T>>,
    cookie: OwnCookie,
    key: Key,
    head: Arc<HeadChanges>,
}

impl<T: Serialize> Flash<T> {
    /// Adds a message for the next page, behind those that no page has taken.
    ///
    /// # Errors
    ///
    /// When the head of the response is sent; when the messages are more than a cookie can hold, some 2,900 bytes.
    pub fn push(&self, message: impl Into<T>) -> Result<(), SessionError> {
        let Messages { waiting, cookie, key, head } = &*self.0;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(message.into());
        let json = serde_json::to_string(&*waiting).map_err(SessionError::Json)?;
        let sent = cookie.send(head, SetCookie::new(cookie.name.clone(), json).encrypted(key));
        if sent.is_err() {
            // The next one may be small enough.
            waiting.pop();
        }
        sent
    }

    /// Takes the messages, the oldest first: no other page shows them. There are none where the head of the response is
    /// sent, because the browser could not get them.
    pub fn take(&self) -> Vec<T> {
        let Messages { waiting, cookie, head, .. } = &*self.0;
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() || cookie.send(head, SetCookie::removal(cookie.name.clone())).is_err() {
            return Vec::new();
        }
        std::mem::take(&mut *waiting)
    }
}

impl<T> Clone for Flash<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Flash<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Flash").finish_non_exhaustive()
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> FromRequest for Flash<T> {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        // All who take it in one request have the same messages.
        let cell: &OnceLock<Arc<Messages<T>>> = scope.exchange().kept();
        Ok(Self(Arc::clone(cell.get_or_init(|| Arc::new(Messages::of(scope))))))
    }
}

impl<T: DeserializeOwned> Messages<T> {
    fn of(scope: &Scope) -> Self {
        let cookie = OwnCookie::of(NAME, scope);
        let (own, retired) = (scope.app().states.get::<Key>(), scope.app().states.get::<RetiredKeys>());
        let key = own.as_deref().unwrap_or_else(|| process_key()).clone();
        let keys = || std::iter::once(&key).chain(retired.iter().flat_map(|retired| retired.keys()));
        let text = extract::cookies_named(scope, &cookie.name)
            .find_map(|cookie| keys().find_map(|key| extract::decrypt_cookie(&cookie, key)));
        // What an older release of the app has pushed may be of another type.
        let waiting = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self { waiting: Mutex::new(waiting), cookie, key, head: Arc::clone(scope.exchange().head_changes()) }
    }
}

/// The key of an app that has none.
fn process_key() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(Key::generate)
}
