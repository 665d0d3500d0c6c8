//! The people of other nodes in the table: they are listed until the lease of their node ends.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::nodes::Node;
use super::record::Record;
use super::table::Table;
use super::topic::{Effects, Entry, Origin};

/// After how many leases a silent node is forgotten, as the store forgets its records.
const LEASES_KEPT: u32 = 10;

impl<T> Table<T> {
    /// Notes that a node is alive, and that its lease does not end before `end`. Returns whether it was not alive before.
    pub(super) fn hear(&mut self, name: &Arc<str>, end: Instant, effects: &mut Effects<T>) -> bool {
        let node = self.nodes.by_name.entry(Arc::clone(name)).or_insert_with(|| Node {
            end,
            is_alive: false,
            records: HashMap::new(),
        });
        node.end = node.end.max(end);
        if node.is_alive || node.end <= Instant::now() {
            return false;
        }
        node.is_alive = true;
        let records: Vec<_> = node.records.values().map(|record| entry_of(name, record)).collect();
        for (topic, key, entry) in records {
            self.enter_remote(&topic, &key, entry, effects);
        }
        true
    }

    /// Notes that the lease of a node ends at `end`, unless it is heard again.
    pub(super) fn set_end(&mut self, name: &str, end: Instant) {
        if let Some(node) = self.nodes.by_name.get_mut(name) {
            node.end = end;
        }
    }

    /// Takes a record that a node has put. Returns whether there was room for it.
    pub(super) fn put_record(
        &mut self,
        name: &Arc<str>,
        store_key: Arc<str>,
        record: Record<T>,
        effects: &mut Effects<T>,
    ) -> bool {
        let Some(node) = self.nodes.by_name.get_mut(name) else { return false };
        if !node.records.contains_key(&store_key) {
            if self.nodes.records >= self.max_total {
                effects.values.push(record.value);
                return false;
            }
            self.nodes.records += 1;
        }
        let (topic, key, entry) = entry_of(name, &record);
        let is_alive = node.is_alive;
        effects.values.extend(node.records.insert(store_key, record).map(|replaced| replaced.value));
        !is_alive || self.enter_remote(&topic, &key, entry, effects)
    }

    /// Drops a record that a node has deleted.
    pub(super) fn remove_record(&mut self, name: &Arc<str>, store_key: &str, effects: &mut Effects<T>) {
        let Some(node) = self.nodes.by_name.get_mut(name) else { return };
        if let Some(record) = node.records.remove(store_key) {
            self.nodes.records -= 1;
            self.exit(&record.topic, &record.key, &Origin::Node(Arc::clone(name)), effects);
            effects.values.push(record.value);
        }
    }

    /// Drops the records of a node that are not among those in the store.
    pub(super) fn keep_records(
        &mut self,
        name: &Arc<str>,
        store_keys: &HashSet<String>,
        effects: &mut Effects<T>,
    ) {
        let Some(node) = self.nodes.by_name.get(name) else { return };
        let gone: Vec<_> = node.records.keys().filter(|key| !store_keys.contains(&***key)).cloned().collect();
        for store_key in gone {
            self.remove_record(name, &store_key, effects);
        }
    }

    /// Forgets a node and its people, because it has ended.
    pub(super) fn forget(&mut self, name: &Arc<str>, effects: &mut Effects<T>) {
        self.keep_records(name, &HashSet::new(), effects);
        self.nodes.by_name.remove(name);
    }

    /// Lists no longer the people of nodes that have become silent, and forgets those that have been for ten leases. Returns when to
    /// look again.
    pub(super) fn expire(&mut self, lease: Duration, effects: &mut Effects<T>) -> Option<Instant> {
        let now = Instant::now();
        let mut forgotten = Vec::new();
        let mut silent = Vec::new();
        let mut next = None;
        for (name, node) in &mut self.nodes.by_name {
            let end = if node.is_alive { node.end } else { node.end + lease * LEASES_KEPT };
            if end > now {
                next = Some(next.map_or(end, |next: Instant| next.min(end)));
            } else if node.is_alive {
                node.is_alive = false;
                silent.extend(
                    node.records
                        .values()
                        .map(|record| (Arc::clone(name), Arc::clone(&record.topic), Arc::clone(&record.key))),
                );
                let end = node.end + lease * LEASES_KEPT;
                next = Some(next.map_or(end, |next| next.min(end)));
            } else {
                forgotten.push(Arc::clone(name));
            }
        }
        for (name, topic, key) in silent {
            self.exit(&topic, &key, &Origin::Node(name), effects);
        }
        for name in forgotten {
            self.forget(&name, effects);
        }
        next
    }

    /// Lists a person of another node. Returns whether there was room.
    fn enter_remote(
        &mut self,
        topic: &Arc<str>,
        key: &Arc<str>,
        mut entry: Entry<T>,
        effects: &mut Effects<T>,
    ) -> bool {
        entry.stamp = self.hear_stamp(entry.stamp);
        entry.since = entry.since.min(self.time());
        self.enter(topic, key, entry, effects).is_ok()
    }
}

fn entry_of<T>(name: &Arc<str>, record: &Record<T>) -> (Arc<str>, Arc<str>, Entry<T>) {
    let Record { topic, key, since, stamp, value } = record;
    let origin = Origin::Node(Arc::clone(name));
    let entry = Entry { origin, stamp: *stamp, since: *since, value: Arc::clone(value) };
    (Arc::clone(topic), Arc::clone(key), entry)
}
