//! `Sessions<T>`: how an app keeps its sessions, and who may end them.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cookie::Key;

use super::memory::MemoryStore;
use super::store::{DynSessionStore, SessionFilter, SessionRecord, SessionStore};
use super::{SessionData, SessionError, SessionId};

/// How long a session lasts without being used, unless the app says otherwise: 7 days.
const IDLE_TIMEOUT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long a session lasts at most, unless the app says otherwise: 30 days.
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most bytes of a session's value, unless the app says otherwise: 16 KiB.
const MAX_BYTES: usize = 16 * 1024;

/// The sessions of an app, whose values are `T`: given to it as state, so that handlers can take a [`Session<T>`](crate::Session).
///
/// Whether their cookie goes over HTTPS alone is set by [`App::secure_cookies`](crate::App::secure_cookies), for that of messages, too.
///
/// It is also how sessions are listed and ended from outside: take `State<Sessions<T>>`.
///
/// ```
/// use stario::prelude::*;
/// use stario::{Session, SessionId, Sessions};
///
/// #[derive(serde::Serialize, serde::Deserialize, Default)]
/// struct Cart {
///     items: u32,
/// }
///
/// # stario::app!();
/// #[app::command("/login")]
/// async fn log_in(session: Session<Cart>) -> Result {
///     Ok(session.log_in("ada", |_| {}).await?)
/// }
///
/// #[app::query("/devices")]
/// async fn devices(session: Session<Cart>, sessions: State<Sessions<Cart>>) -> Result<Html> {
///     let user = session.user().unwrap_or_default();
///     let found = sessions.of_user(&user).await?;
///     Ok(html! { for device in found { <li>{device.id.to_string()}</li> } })
/// }
///
/// #[app::command("/devices/end")]
/// async fn end(id: FormField<SessionId>, session: Session<Cart>, sessions: State<Sessions<Cart>>) -> Result {
///     sessions.revoke(session.user().unwrap_or_default(), &id).await?;
///     Ok(())
/// }
///
/// # fn main() {
/// let app = || app::new().state(Sessions::<Cart>::in_memory().idle_timeout(Duration::from_secs(3600)));
/// let client = TestClient::new(app()).keep_cookies();
/// client.post("/login").send();
/// let id = client.get("/devices").send().text().replace("<li>", "").replace("</li>", "");
/// assert_eq!(client.post("/devices/end").field("id", &id).send().status(), 204);
/// assert_eq!(client.get("/devices").send().text(), "");
/// # }
/// ```
pub struct Sessions<T> {
    pub(super) store: Arc<dyn DynSessionStore>,
    pub(super) cookie_name: String,
    /// Sign the cookies; the first signs new ones. None if they are not signed.
    pub(super) keys: Vec<Key>,
    max_bytes: usize,
    idle_timeout: Duration,
    lifetime: Duration,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    data: PhantomData<fn() -> T>,
}

impl<T: SessionData> Sessions<T> {
    /// Sessions in this store.
    pub fn new(store: impl SessionStore) -> Self {
        Self {
            store: Arc::new(store),
            cookie_name: "session".to_owned(),
            keys: Vec::new(),
            max_bytes: MAX_BYTES,
            idle_timeout: IDLE_TIMEOUT,
            lifetime: LIFETIME,
            clock: Arc::new(SystemTime::now),
            data: PhantomData,
        }
    }

    /// Sessions in the memory of the process, which end with it: a [`MemoryStore`](crate::MemoryStore).
    pub fn in_memory() -> Self {
        Self::new(MemoryStore::new())
    }

    /// Sets how long a session lasts without being used; 7 days unless set. A request that takes the session uses it, exact to a
    /// twentieth of this time.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets how long a session lasts at most, used or not; 30 days unless set. A new id does not prolong it, a new login does.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets the most bytes of a session's value as JSON; 16 KiB unless set. A change that makes it larger is an error.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets the name of the cookie, without `__Host-`; `session` unless set. Apps on several ports of one host need different
    /// ones, because browsers do not tell the ports apart.
    #[must_use]
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie_name = name.into();
        self
    }

    /// Signs the cookies, so that ids which somebody has made up are not even looked up in the store. It is not needed against
    /// guessing: an id has 256 random bits.
    ///
    /// The first key signs; the others are former ones. A cookie of theirs is read, and signed anew. To change the key, put
    /// the new one first, and remove the old one after the [`lifetime`](Self::lifetime). An app that begins to sign, or removes a
    /// key, ends the sessions whose cookies it does not know.
    ///
    /// ```
    /// use stario::Sessions;
    /// use stario::cookie::Key;
    ///
    /// # #[derive(serde::Serialize, serde::Deserialize, Default)] struct Login;
    /// // In production: at least 32 random bytes each, kept with the other secrets.
    /// let (new, old) = (Key::derive_from(&[2; 32]), Key::derive_from(&[1; 32]));
    /// let sessions = Sessions::<Login>::in_memory().keys([new, old]);
    /// ```
    #[must_use]
    pub fn keys(mut self, keys: impl IntoIterator<Item = Key>) -> Self {
        self.keys = keys.into_iter().collect();
        self
    }

    /// Sets the clock by which sessions expire, for tests; the system's unless set.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

/// Lists and ends sessions.
impl<T: SessionData> Sessions<T> {
    /// Finds the sessions of a user, those that were used last first.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn of_user(&self, user: impl ToString) -> Result<Vec<SessionInfo>, SessionError> {
        let mut found = self.find(SessionFilter::User(user.to_string())).await?;
        found.sort_by_key(|record| (std::cmp::Reverse(record.used), record.id));
        let info = |record: SessionRecord| SessionInfo {
            id: record.id,
            created: time(record.created),
            used: time(record.used),
            expires: time(record.expires),
        };
        Ok(found.into_iter().map(info).collect())
    }

    /// Ends one session of a user, such as that of a lost device. Returns whether there was one: the session of
    /// another user is left alone, so the id may come from a form.
    ///
    /// A request that has read the session already cannot change it any more, and gets 409.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn revoke(&self, user: impl ToString, id: &SessionId) -> Result<bool, SessionError> {
        let (user, which) = (user.to_string(), SessionFilter::Id(*id));
        let is_theirs =
            self.find(which.clone()).await?.iter().any(|record| record.user.as_ref() == Some(&user));
        Ok(is_theirs && self.delete(which).await? > 0)
    }

    /// Ends all sessions of a user, also that of the request which asks for it: log out everywhere, or the password was
    /// changed. Returns how many there were.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn revoke_user(&self, user: impl ToString) -> Result<u64, SessionError> {
        self.delete(SessionFilter::User(user.to_string())).await
    }
}

impl<T: SessionData> Sessions<T> {
    /// Finds the sessions that are meant and have not expired.
    pub(super) async fn find(&self, which: SessionFilter) -> Result<Vec<SessionRecord>, SessionError> {
        let mut found = self.store.load(&which).await.map_err(SessionError::Store)?;
        let now = self.now();
        found.retain(|record| record.expires > now);
        Ok(found)
    }

    pub(super) async fn save(&self, record: &SessionRecord) -> Result<bool, SessionError> {
        self.store.save(record).await.map_err(SessionError::Store)
    }

    pub(super) async fn delete(&self, which: SessionFilter) -> Result<u64, SessionError> {
        self.store.delete(&which).await.map_err(SessionError::Store)
    }

    /// A new record.
    pub(super) fn record(&self, id: SessionId, user: Option<String>, data: String) -> SessionRecord {
        let now = self.now();
        self.used(SessionRecord { id, user, data, created: now, used: now, expires: now, version: 1 })
    }

    /// The record, used now.
    pub(super) fn used(&self, record: SessionRecord) -> SessionRecord {
        let used = self.now();
        let expires = used.saturating_add(millis(self.idle_timeout)).min(self.end(&record));
        SessionRecord { used, expires, ..record }
    }

    /// Whether the last use that is stored is too old.
    pub(super) fn is_stale(&self, record: &SessionRecord) -> bool {
        let is_at_end = record.expires >= self.end(record);
        !is_at_end && self.now().saturating_sub(record.used) > millis(self.idle_timeout) / 20
    }

    /// How long the record may still last.
    pub(super) fn time_left(&self, record: &SessionRecord) -> Duration {
        let left = self.end(record).saturating_sub(self.now());
        Duration::from_millis(u64::try_from(left).unwrap_or_default())
    }

    fn end(&self, record: &SessionRecord) -> i64 {
        record.created.saturating_add(millis(self.lifetime))
    }

    fn now(&self) -> i64 {
        match (self.clock)().duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            // A clock before 1970 stands still.
            Err(_) => 0,
        }
    }

    /// The value as it is stored.
    pub(super) fn json(&self, data: &T) -> Result<String, SessionError> {
        let json = serde_json::to_string(data).map_err(SessionError::Json)?;
        if json.len() > self.max_bytes {
            return Err(SessionError::TooLarge { bytes: json.len(), limit: self.max_bytes });
        }
        Ok(json)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn time(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

// The keys are secret and must not appear in a log.
impl<T> fmt::Debug for Sessions<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sessions")
            .field("cookie_name", &self.cookie_name)
            .field("idle_timeout", &self.idle_timeout)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// One session of a user, as [`Sessions::of_user`] finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Names it; equal to [`Session::id`](crate::Session::id) for the session of this request.
    pub id: SessionId,
    /// When the user logged in.
    pub created: SystemTime,
    /// When it was last used, exact to a twentieth of the idle timeout.
    pub used: SystemTime,
    /// When it ends, unless it is used before.
    pub expires: SystemTime,
}
