//! `MemoryStore`: sessions in the memory of the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::SessionId;
use super::store::{SessionFilter, SessionRecord, SessionStore};
use crate::error::StoreError;

/// The most bytes that are kept unless the app says otherwise: 64 MiB.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Counted for each session besides its own text.
const OVERHEAD: usize = 256;

/// Keeps sessions in the memory of the process: they end with it, and no other process knows them.
///
/// It keeps 64 MiB unless [`max_bytes`](Self::max_bytes) says otherwise. When it is full, it drops sessions that have expired, then those
/// with which nobody has logged in, then others. Of each kind, those go first that were not used for the longest time.
#[derive(Debug)]
pub struct MemoryStore {
    kept: Mutex<KeptSessions>,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct KeptSessions {
    records: HashMap<SessionId, SessionRecord>,
    bytes: usize,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { kept: Mutex::default(), max_bytes: MAX_BYTES }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the most bytes of all sessions together, each with its own text and 256 bytes more.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    fn lock(&self) -> MutexGuard<'_, KeptSessions> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeptSessions {
    fn insert(&mut self, record: SessionRecord) {
        self.bytes += bytes(&record);
        if let Some(replaced) = self.records.insert(record.id, record) {
            self.bytes -= bytes(&replaced);
        }
    }

    fn remove(&mut self, id: &SessionId) {
        if let Some(removed) = self.records.remove(id) {
            self.bytes -= bytes(&removed);
        }
    }

    /// Makes room when there are more than `max` bytes: an eighth of it, so that not every request looks at all sessions.
    fn make_room(&mut self, max: usize, now: i64) {
        if self.bytes <= max {
            return;
        }
        let mut all: Vec<_> = self
            .records
            .values()
            .map(|record| (record.expires > now, record.user.is_some(), record.used, record.id))
            .collect();
        all.sort_unstable();
        for (is_live, _, _, id) in all {
            if is_live && self.bytes <= max - max / 8 {
                break;
            }
            self.remove(&id);
        }
    }
}

fn bytes(record: &SessionRecord) -> usize {
    OVERHEAD + record.data.len() + record.user.as_ref().map_or(0, String::len)
}

impl SessionStore for MemoryStore {
    async fn load(&self, which: &SessionFilter) -> Result<Vec<SessionRecord>, StoreError> {
        let kept = self.lock();
        Ok(match which {
            SessionFilter::Id(id) => kept.records.get(id).cloned().into_iter().collect(),
            SessionFilter::User(user) => {
                let all = kept.records.values();
                all.filter(|record| record.user.as_ref() == Some(user)).cloned().collect()
            }
        })
    }

    async fn save(&self, record: &SessionRecord) -> Result<bool, StoreError> {
        let mut kept = self.lock();
        let stored = kept.records.get(&record.id).map_or(0, |stored| stored.version);
        if stored != record.version - 1 {
            return Ok(false);
        }
        kept.insert(record.clone());
        kept.make_room(self.max_bytes, record.used);
        Ok(true)
    }

    async fn delete(&self, which: &SessionFilter) -> Result<u64, StoreError> {
        let mut kept = self.lock();
        let meant: Vec<SessionId> = match which {
            SessionFilter::Id(id) => kept.records.contains_key(id).then_some(*id).into_iter().collect(),
            SessionFilter::User(user) => {
                let all = kept.records.values();
                all.filter(|record| record.user.as_ref() == Some(user)).map(|record| record.id).collect()
            }
        };
        for id in &meant {
            kept.remove(id);
        }
        Ok(meant.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u8, user: Option<&str>, used: i64) -> SessionRecord {
        SessionRecord {
            id: SessionId::from_bytes([number; 32]),
            user: user.map(str::to_owned),
            data: "x".repeat(744),
            created: 0,
            used,
            expires: used + 1000,
            version: 1,
        }
    }

    #[tokio::test]
    async fn a_full_store_drops_what_nobody_logged_in_with_first() {
        let store = MemoryStore::new().max_bytes(8 * 1003);
        for number in 0..8 {
            let user = (number % 2 == 0).then_some("ada");
            assert!(store.save(&record(number, user, i64::from(number))).await.unwrap());
        }
        assert!(store.save(&record(8, None, 8)).await.unwrap());
        let is_kept = |number| store.lock().records.contains_key(&SessionId::from_bytes([number; 32]));
        let dropped: Vec<u8> = (0..9).filter(|number| !is_kept(*number)).collect();
        assert_eq!(dropped, [1, 3]);
        // One lock: both sides of an assertion are held until it has ended.
        let state = store.lock();
        assert_eq!(state.bytes, state.records.values().map(bytes).sum::<usize>());
    }
}
