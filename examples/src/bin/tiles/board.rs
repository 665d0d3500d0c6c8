//! The state of the page: who painted which tile, and who is here.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use stario::{Relay, Subscription};

/// How many tiles there are; the style sheet lays them out in rows of twelve.
pub(crate) const TILES: usize = 144;

/// How many colors the style sheet has.
const COLORS: u64 = 8;

/// A browser's number, given when it loads the page and sent with each of its requests.
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
    /// Each with the number of its open streams: a reloaded page opens the next before it loses the last.
    here: Mutex<BTreeMap<Painter, usize>>,
    changes: Relay<()>,
    newcomers: AtomicU64,
}

impl Default for Board {
    fn default() -> Self {
        Self {
            tiles: Mutex::new([None; TILES]),
            here: Mutex::default(),
            changes: Relay::new(),
            newcomers: AtomicU64::new(0),
        }
    }
}

const CHANGES: &str = "board";

impl Board {
    pub(crate) fn newcomer(&self) -> Painter {
        Painter(self.newcomers.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Who painted each tile.
    pub(crate) fn tiles(&self) -> [Option<Painter>; TILES] {
        *lock(&self.tiles)
    }

    pub(crate) fn here(&self) -> Vec<Painter> {
        lock(&self.here).keys().copied().collect()
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

/// A painter's presence: begins with an open stream, ends when the stream is dropped.
pub(crate) struct Visit {
    board: Arc<Board>,
    painter: Painter,
}

impl Visit {
    pub(crate) fn new(board: Arc<Board>, painter: Painter) -> Self {
        *lock(&board.here).entry(painter).or_default() += 1;
        board.changes.publish(CHANGES, ());
        Self { board, painter }
    }

    pub(crate) fn board(&self) -> &Board {
        &self.board
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut here = lock(&self.board.here);
        if let Some(streams) = here.get_mut(&self.painter) {
            *streams -= 1;
            if *streams == 0 {
                here.remove(&self.painter);
            }
        }
        drop(here);
        self.board.changes.publish(CHANGES, ());
    }
}

/// Each change under these locks is one step, so a panic leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
