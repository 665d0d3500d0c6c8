//! The records of other nodes, and which of these nodes are alive.
//!
//! ```text
//! unknown --heard--> alive: its people are listed --not heard for a lease--> silent: its people are not listed
//!                      ^                                                       |           |
//!                      +-------------------------- heard ----------------------+           | ten leases
//!                                                                                          v
//!                                                                                      forgotten
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::record::Record;

pub(super) struct Nodes<T> {
    pub(super) by_name: HashMap<Arc<str>, Node<T>>,
    /// How many records all of them have.
    pub(super) records: usize,
}

pub(super) struct Node<T> {
    /// When its lease ends.
    pub(super) end: Instant,
    pub(super) is_alive: bool,
    /// By their keys in the store.
    pub(super) records: HashMap<Arc<str>, Record<T>>,
}

impl<T> Default for Nodes<T> {
    fn default() -> Self {
        Self { by_name: HashMap::new(), records: 0 }
    }
}
