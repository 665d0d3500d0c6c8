//! The session of one request, which all parameters of that request share.
//!
//! ```text
//!   None --update, log_in--> Some(record) --update--> the next version of it
//!                              |   \--renew, log_in--> a record with another id
//!                              +--log_out--> None
//! ```
//!
//! The store may have something newer: another request may have changed, renewed or ended the session. So a change is stored only if
//! the store still has the version that the change was made to; otherwise the change is made again to the newest version. A record
//! that is no longer in the store is never stored again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::cookie::OwnCookie;
use super::id::Secret;
use super::store::{SessionFilter, SessionRecord};
use super::{SessionData, SessionError, Sessions};
use crate::error::{Error, Rejection};
use crate::error_text::Chain;
use crate::extract;
use crate::head_changes::HeadChanges;
use crate::response::SetCookie;
use crate::scope::Scope;

/// How often a change is made again because another request was faster.
const ATTEMPTS: usize = 64;

pub(super) struct CurrentSession<T> {
    sessions: Arc<Sessions<T>>,
    cookie: OwnCookie,
    head: Arc<HeadChanges>,
    state: Mutex<SessionState<T>>,
    /// Held while this request changes the session: its own changes wait for each other.
    turn: tokio::sync::Mutex<()>,
}

struct SessionState<T> {
    /// As it was last read or stored; `None` if the request has no session.
    record: Option<SessionRecord>,
    data: Arc<T>,
}

/// The session of the request, loaded at the first call.
pub(super) async fn of<T: SessionData>(scope: &Scope) -> Result<Arc<CurrentSession<T>>, Rejection> {
    let cell: &OnceCell<Result<Arc<CurrentSession<T>>, Rejection>> = scope.exchange().kept();
    let load = || async {
        let loaded = CurrentSession::load(scope).await.map(Arc::new);
        loaded.map_err(Error::into_rejection)
    };
    cell.get_or_init(load).await.clone()
}

impl<T: SessionData> CurrentSession<T> {
    async fn load(scope: &Scope) -> Result<Self, Error> {
        let Some(sessions) = scope.app().states.get::<Sessions<T>>() else {
            return Err("the app was assembled without these sessions".into());
        };
        let cookie = OwnCookie::of(&sessions.cookie_name, scope);
        let state = Mutex::new(SessionState { record: None, data: Arc::default() });
        let (head, turn) = (Arc::clone(scope.exchange().head_changes()), tokio::sync::Mutex::default());
        let current = Self { sessions, cookie, head, state, turn };
        if let Some((secret, is_signed_by_former)) = current.secret(scope)
            && let Some(record) = current.find(&secret).await?
        {
            if is_signed_by_former {
                current.send(&secret, &record)?;
            }
            current.begin(record).await;
        }
        Ok(current)
    }

    /// The secret in the request's cookie, and whether a former key has signed it.
    fn secret(&self, scope: &Scope) -> Option<(Secret, bool)> {
        let keys = &self.sessions.keys;
        let mut cookies = extract::cookies_named(scope, &self.cookie.name);
        if keys.is_empty() {
            return Some((Secret::parse(cookies.next()?.value_trimmed())?, false));
        }
        let verified = cookies.find_map(|cookie| {
            let verified = keys.iter().map(|key| extract::verify_cookie(&cookie, key)).enumerate();
            verified.into_iter().find_map(|(position, text)| Some((text?, position > 0)))
        });
        let (text, is_signed_by_former) = verified?;
        Some((Secret::parse(&text)?, is_signed_by_former))
    }

    async fn find(&self, secret: &Secret) -> Result<Option<SessionRecord>, SessionError> {
        Ok(self.sessions.find(SessionFilter::Id(secret.id())).await?.pop())
    }

    /// Begins with a record that was stored, and notes that it is used.
    async fn begin(&self, record: SessionRecord) {
        let data = match serde_json::from_str(&record.data) {
            Ok(data) => data,
            Err(error) => {
                // A new release of the app reads what the old one has stored. Its users log in again.
                tracing::warn!(%error, "a session holds what its type does not read, and is not used");
                return;
            }
        };
        let mut record = record;
        if self.sessions.is_stale(&record) {
            let used = self.sessions.used(SessionRecord { version: record.version + 1, ..record.clone() });
            match self.sessions.save(&used).await {
                Ok(true) => record = used,
                // Another request has noted the use, or has ended the session: then a change will fail.
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(error = %Chain(&error), "the use of a session is not noted");
                }
            }
        }
        self.set(Some(record), data);
    }

    fn lock(&self) -> MutexGuard<'_, SessionState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn data(&self) -> Arc<T> {
        Arc::clone(&self.lock().data)
    }

    pub(super) fn record(&self) -> Option<SessionRecord> {
        self.lock().record.clone()
    }

    fn set(&self, record: Option<SessionRecord>, data: T) {
        *self.lock() = SessionState { record, data: Arc::new(data) };
    }

    /// Takes over what the store has now.
    pub(super) async fn reload(&self) -> Result<(), SessionError> {
        let _turn = self.turn.lock().await;
        match self.record() {
            Some(record) => self.newest(&record).await.map(drop),
            None => Ok(()),
        }
    }

    /// The newest version of this record in the store.
    async fn newest(&self, record: &SessionRecord) -> Result<SessionRecord, SessionError> {
        let found = self.sessions.find(SessionFilter::Id(record.id)).await?.pop();
        let newest = found.ok_or(SessionError::Ended)?;
        self.set(Some(newest.clone()), read(&newest)?);
        Ok(newest)
    }

    pub(super) async fn update<R>(&self, mut change: impl FnMut(&mut T) -> R) -> Result<R, SessionError> {
        let _turn = self.turn.lock().await;
        for _ in 0..ATTEMPTS {
            let before = self.record();
            let mut data = before.as_ref().map_or_else(|| Ok(T::default()), read)?;
            let result = change(&mut data);
            let json = self.sessions.json(&data)?;
            let Some(before) = before else {
                if json != self.sessions.json(&T::default())? {
                    self.create(None, json, data).await?;
                }
                return Ok(result);
            };
            if json == before.data {
                return Ok(result);
            }
            let version = before.version + 1;
            let after = self.sessions.used(SessionRecord { data: json, version, ..before });
            if self.sessions.save(&after).await? {
                self.set(Some(after), data);
                return Ok(result);
            }
            self.newest(&after).await?;
        }
        Err(SessionError::Busy)
    }

    pub(super) async fn log_in(&self, user: String, change: impl FnOnce(&mut T)) -> Result<(), SessionError> {
        let _turn = self.turn.lock().await;
        if self.head.is_sent() {
            return Err(SessionError::HeadSent);
        }
        let before = match self.record() {
            Some(record) => match self.newest(&record).await {
                Ok(newest) => Some(newest),
                Err(SessionError::Ended) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        // The value of another user's session is not kept.
        let own =
            before.as_ref().filter(|record| record.user.as_ref().is_none_or(|present| *present == user));
        let mut data = own.map_or_else(|| Ok(T::default()), read)?;
        change(&mut data);
        let json = self.sessions.json(&data)?;
        self.create(Some(user), json, data).await?;
        if let Some(before) = before {
            self.sessions.delete(SessionFilter::Id(before.id)).await?;
        }
        Ok(())
    }

    pub(super) async fn renew(&self) -> Result<(), SessionError> {
        let _turn = self.turn.lock().await;
        let Some(record) = self.record() else { return Ok(()) };
        if self.head.is_sent() {
            return Err(SessionError::HeadSent);
        }
        let before = self.newest(&record).await?;
        let secret = Secret::random()?;
        let after = SessionRecord { id: secret.id(), version: 1, ..self.sessions.used(before.clone()) };
        self.store_new(&secret, &after).await?;
        if self.sessions.delete(SessionFilter::Id(before.id)).await? == 0 {
            // Another request has ended the session meanwhile, so the renewed one ends, too.
            self.sessions.delete(SessionFilter::Id(after.id)).await?;
            return Err(SessionError::Ended);
        }
        let data = read(&after)?;
        self.set(Some(after), data);
        Ok(())
    }

    pub(super) async fn log_out(&self) -> Result<(), SessionError> {
        let _turn = self.turn.lock().await;
        let Some(record) = self.record() else { return Ok(()) };
        self.sessions.delete(SessionFilter::Id(record.id)).await?;
        self.set(None, T::default());
        match self.cookie.send(&self.head, SetCookie::removal(self.cookie.name.clone())) {
            // The browser keeps its cookie, whose session no longer exists.
            Err(SessionError::HeadSent) => Ok(()),
            sent => sent,
        }
    }

    async fn create(&self, user: Option<String>, json: String, data: T) -> Result<(), SessionError> {
        if self.head.is_sent() {
            return Err(SessionError::HeadSent);
        }
        let secret = Secret::random()?;
        let record = self.sessions.record(secret.id(), user, json);
        self.store_new(&secret, &record).await?;
        self.set(Some(record), data);
        Ok(())
    }

    /// Stores a record under a new id, and sends its cookie.
    async fn store_new(&self, secret: &Secret, record: &SessionRecord) -> Result<(), SessionError> {
        if !self.sessions.save(record).await? {
            return Err(SessionError::Store("it has a session with the same random id".into()));
        }
        if let Err(error) = self.send(secret, record) {
            self.sessions.delete(SessionFilter::Id(record.id)).await?;
            return Err(error);
        }
        Ok(())
    }

    fn send(&self, secret: &Secret, record: &SessionRecord) -> Result<(), SessionError> {
        let mut cookie = SetCookie::new(self.cookie.name.clone(), secret.text());
        if let Some(key) = self.sessions.keys.first() {
            cookie = cookie.signed(key);
        }
        self.cookie.send(&self.head, cookie.max_age(self.sessions.time_left(record)))
    }
}

fn read<T: SessionData>(record: &SessionRecord) -> Result<T, SessionError> {
    serde_json::from_str(&record.data).map_err(SessionError::Json)
}
