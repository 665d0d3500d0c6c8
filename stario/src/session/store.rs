//! Where sessions are kept: a trait of three calls.

use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SessionId;
use crate::error::StoreError;

/// A type that a session can hold: a value that serde writes and reads, with a default for visitors that have no session.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a session",
    label = "not stored in a session",
    note = "derive `serde::Serialize`, `serde::Deserialize` and `Default` for it; it must also be `Send`, `Sync` and own all that it holds"
)]
pub trait SessionData: Serialize + DeserializeOwned + Default + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Default + Send + Sync + 'static> SessionData for T {}

/// The record of one session in a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Names it.
    pub id: SessionId,
    /// Who logged in with it.
    pub user: Option<String>,
    /// Its value, as JSON.
    pub data: String,
    /// When it began, in milliseconds since 1970.
    pub created: i64,
    /// When it was last used, in milliseconds since 1970; exact to a twentieth of the idle timeout.
    pub used: i64,
    /// When it ends unless it is used, in milliseconds since 1970. A store may drop it from then on.
    pub expires: i64,
    /// 1 for a new one, and one more with each change.
    pub version: i64,
}

/// Which sessions are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionFilter {
    /// The one with this id.
    Id(SessionId),
    /// All with which this user has logged in.
    User(String),
}

/// Keeps sessions: implement it to keep them elsewhere than in the memory of the process.
///
/// An expired session is not used, whether or not a store still has it. A store drops it when that is cheap, for example when
/// it saves a new one, by the record's own times.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
///
/// use stario::{SessionFilter, SessionId, SessionRecord, SessionStore, StoreError};
///
/// #[derive(Default)]
/// struct Kept(Mutex<HashMap<SessionId, SessionRecord>>);
///
/// fn is_meant(which: &SessionFilter, record: &SessionRecord) -> bool {
///     match which {
///         SessionFilter::Id(id) => record.id == *id,
///         SessionFilter::User(user) => record.user.as_ref() == Some(user),
///     }
/// }
///
/// impl SessionStore for Kept {
///     async fn load(&self, which: &SessionFilter) -> Result<Vec<SessionRecord>, StoreError> {
///         let kept = self.0.lock().unwrap();
///         Ok(kept.values().filter(|record| is_meant(which, record)).cloned().collect())
///     }
///
///     async fn save(&self, record: &SessionRecord) -> Result<bool, StoreError> {
///         let mut kept = self.0.lock().unwrap();
///         let stored = kept.get(&record.id).map_or(0, |stored| stored.version);
///         let is_next = stored == record.version - 1;
///         if is_next {
///             kept.insert(record.id, record.clone());
///         }
///         Ok(is_next)
///     }
///
///     async fn delete(&self, which: &SessionFilter) -> Result<u64, StoreError> {
///         let mut kept = self.0.lock().unwrap();
///         let before = kept.len();
///         kept.retain(|_, record| !is_meant(which, record));
///         Ok((before - kept.len()) as u64)
///     }
/// }
/// ```
pub trait SessionStore: Send + Sync + 'static {
    /// Returns the sessions that are meant, in any order.
    fn load(
        &self,
        which: &SessionFilter,
    ) -> impl Future<Output = Result<Vec<SessionRecord>, StoreError>> + Send;

    /// Keeps the record if what is stored under its id has the version before its own, or if nothing is and its version is 1.
    /// Returns whether it did; comparing and storing is one step.
    fn save(&self, record: &SessionRecord) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Drops the sessions that are meant. Returns how many there were.
    fn delete(&self, which: &SessionFilter) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

type SessionFuture<'a, V> = Pin<Box<dyn Future<Output = Result<V, StoreError>> + Send + 'a>>;

/// A [`SessionStore`] of any type.
pub(super) trait DynSessionStore: Send + Sync {
    fn load<'a>(&'a self, which: &'a SessionFilter) -> SessionFuture<'a, Vec<SessionRecord>>;
    fn save<'a>(&'a self, record: &'a SessionRecord) -> SessionFuture<'a, bool>;
    fn delete<'a>(&'a self, which: &'a SessionFilter) -> SessionFuture<'a, u64>;
}

impl<S: SessionStore> DynSessionStore for S {
    fn load<'a>(&'a self, which: &'a SessionFilter) -> SessionFuture<'a, Vec<SessionRecord>> {
        Box::pin(SessionStore::load(self, which))
    }

    fn save<'a>(&'a self, record: &'a SessionRecord) -> SessionFuture<'a, bool> {
        Box::pin(SessionStore::save(self, record))
    }

    fn delete<'a>(&'a self, which: &'a SessionFilter) -> SessionFuture<'a, u64> {
        Box::pin(SessionStore::delete(self, which))
    }
}
