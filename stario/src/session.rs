//! `Session<T>`: what the app remembers of one browser, and `Flash`: a message for the next page.
//!
//! A change is stored when the handler makes it, and the handler awaits that. So the dispatch has no step that stores sessions: an
//! error of the store is one of the handler, and streams, detached commands and handlers with a `Writer` need no rules of their
//! own. Only the cookie is added to the head of the response, by `HeadChanges`.

mod cookie;
mod current;
mod error;
mod flash;
mod id;
mod memory;
mod sessions;
mod store;

use std::any::{TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use crate::error::Rejection;
use crate::extract::FromRequest;
use crate::parameter::{Parameter, Requirement};
use crate::scope::Scope;
use current::CurrentSession;

pub use error::SessionError;
pub use flash::Flash;
pub use id::{InvalidSessionId, SessionId};
pub use memory::MemoryStore;
pub use sessions::{SessionInfo, Sessions};
pub use store::{SessionData, SessionFilter, SessionRecord, SessionStore};

/// The session of the browser that sent the request, with a value of your own type. The app needs [`Sessions<T>`] as state.
///
/// ```
/// use stario::prelude::*;
/// use stario::{Session, Sessions};
///
/// #[derive(serde::Serialize, serde::Deserialize, Default)]
/// struct Visit {
///     pages: u32,
/// }
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home(session: Session<Visit>) -> Result<String> {
///     let pages = session.update(|visit| { visit.pages += 1; visit.pages }).await?;
///     Ok(format!("page {pages} of your visit"))
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new().state(Sessions::<Visit>::in_memory())).keep_cookies();
/// client.get("/").send();
/// assert_eq!(client.get("/").send().text(), "page 2 of your visit");
/// # }
/// ```
///
/// **It is loaded** where a parameter takes it, if the request has its cookie: once, however many take it. A visitor without one has the
/// default of `T`, costs the store nothing, and gets a cookie with the first change.
///
/// **A change is stored at once**, and is in the store when [`update`](Self::update) returns: an error of the store is the handler's
/// to pass on with `?`. What the handler fails with later does not undo it. Requests may change one
/// session at the same time. Each change is made to the newest stored value, so none is lost; where two set the same field, the later one
/// counts. A session that was ended, or given a new id, since the request read it is not stored again: 409.
///
/// **The cookie** holds 256 random bits, of which the store has the hash. It is `HttpOnly`, `SameSite=Lax`, and `Secure` except in
/// development; see [`App::secure_cookies`](crate::App::secure_cookies). It is part of the response's head. A stream and a detached
/// command run after the head is sent. There, a login, a new id and the first change of a new session are errors, because they
/// need a new cookie.
///
/// **Caches**: a response whose handler takes a session has `vary: cookie`, and `cache-control` with `private`, whatever the handler
/// set; one with a new cookie has `no-store`.
///
/// A new release of the app reads what the old one has stored: give new fields `#[serde(default)]`. What `T` cannot read counts as no
/// session, and the log says so.
pub struct Session<T>(Arc<CurrentSession<T>>);

impl<T: SessionData> Session<T> {
    /// The value as it was last read or stored by this request.
    pub fn get(&self) -> Arc<T> {
        self.0.data()
    }

    /// The user who has logged in with this session.
    pub fn user(&self) -> Option<String> {
        self.0.record()?.user
    }

    /// Names the session among those of its user; `None` if there is none yet. See [`Sessions::of_user`].
    pub fn id(&self) -> Option<SessionId> {
        Some(self.0.record()?.id)
    }

    /// Changes the value and stores it, if it is another than before. Returns what the closure returns.
    ///
    /// The closure is called again, on the newest value, when another request was faster: let it depend on its argument
    /// alone, as in `|cart| cart.items.push(item)`, and clone what it moves.
    ///
    /// # Errors
    ///
    /// When the store fails, when the value is too large, when the session has ended meanwhile, and when it is new and the
    /// head of the response is sent.
    pub async fn update<R>(&self, change: impl FnMut(&mut T) -> R) -> Result<R, SessionError> {
        self.0.update(change).await
    }

    /// Makes it the session of a user who has just proved who they are. It gets a new id, so that the old one, which somebody else may
    /// know, is of no use. The value is kept and given to `change`; if it was that of another user, `change` gets the default.
    ///
    /// `user` is what you know a user by, such as the key of a row; [`Sessions::revoke_user`] takes the same. Choose a key that is never
    /// given out again: SQLite promises that only with `AUTOINCREMENT`.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update), but a session that has ended meanwhile is none.
    pub async fn log_in(&self, user: impl ToString, change: impl FnOnce(&mut T)) -> Result<(), SessionError> {
        self.0.log_in(user.to_string(), change).await
    }

    /// Gives the session a new id, as is due when its user gets more rights.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn renew(&self) -> Result<(), SessionError> {
        self.0.renew().await
    }

    /// Ends the session: it is deleted from the store, and the browser forgets its cookie.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn log_out(&self) -> Result<(), SessionError> {
        self.0.log_out().await
    }

    /// Reads it again from the store. A stream that lasts for hours learns so that its session was ended.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] if the session is no longer there; the store's.
    pub async fn reload(&self) -> Result<(), SessionError> {
        self.0.reload().await
    }
}

impl<T> Clone for Session<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

// The value may be secret.
impl<T> fmt::Debug for Session<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").finish_non_exhaustive()
    }
}

impl<T: SessionData> FromRequest for Session<T> {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        // Boxed: the future of each handler that takes one would have room for all of it.
        Box::pin(current::of(scope)).await.map(Self)
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        Some(Requirement::State { id: TypeId::of::<Sessions<T>>(), type_name: type_name::<Sessions<T>>() })
    }
}
