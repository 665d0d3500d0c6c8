//! The state of the page: who painted which tile.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use stario::{Relay, Subscription};

/// How many tiles there are; the style sheet lays them out in rows of twelve.
pub(crate) const TILES: usize = 144;

/// How many colors the style sheet has.
const COLORS: u64 = 8;

/// A browser's number, given when it loads the page for the first time, and the same in all of its tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Painter(u64);

impl Painter {
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    pub(crate) fn color(self) -> u64 {
        self.0 % COLORS
    }
}

pub(crate) struct Board {
    tiles: Mutex<[Option<Painter>; TILES]>,
    changes: Relay<()>,
    highest: AtomicU64,
}

impl Default for Board {
    fn default() -> Self {
        Self { tiles: Mutex::new([None; TILES]), changes: Relay::new(), highest: AtomicU64::new(0) }
    }
}

const CHANGES: &str = "board";

impl Board {
    pub(crate) fn newcomer(&self) -> Painter {
        Painter(self.highest.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }

    /// Notes a painter from before a restart, so that no newcomer gets the same number.
    pub(crate) fn welcome(&self, painter: Painter) -> Painter {
        self.highest.fetch_max(painter.0, Ordering::Relaxed);
        painter
    }

    /// Who painted each tile.
    pub(crate) fn tiles(&self) -> [Option<Painter>; TILES] {
        *lock(&self.tiles)
    }

    /// One item per change from now on.
    pub(crate) fn changes(&self) -> Subscription<()> {
        self.changes.subscribe(CHANGES)
    }

    /// Returns whether there is such a tile.
    pub(crate) fn paint(&self, tile: usize, painter: Painter) -> bool {
        match lock(&self.tiles).get_mut(tile) {
            Some(owner) => *owner = if *owner == Some(painter) { None } else { Some(painter) },
            None => return false,
        }
        self.changes.publish(CHANGES, ());
        true
    }
}

/// Each change under the lock is one step, so a panic leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
