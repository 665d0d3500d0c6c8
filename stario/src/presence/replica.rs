//! The part of a node in what all nodes know: it writes who is here to the store, and reads what the others write.
//!
//! ```text
//! write:   what has changed, a heartbeat three times in a lease, everything every three leases and after a failure; a farewell when
//!          the server stops
//! watch:   ask for everything to be written --> open a watch --> records, changes --> lost: from the beginning
//! expire:  hides the people of a node that was not heard for a lease
//! ```
//!
//! A node writes its records before its heartbeat when it begins and after a failure. So a node whose heartbeat is in the store has
//! all of its records there, and what others still list of it has gone; of a node without one nothing is known, and its
//! people stay until its lease is over.
//!
//! A farewell is a heartbeat of a server that stops. The pages that were open to it open their streams again, here or at another node, so
//! their people stay listed meanwhile. A node that is still there then, because its requests take longer, deletes the records of those
//! who have left, and goes on.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::figures::count_record;
use super::outbox::{Id, Outbox};
use super::problems::{Outage, Problems};
use super::record::{Codec, MAX_BYTES, Record, node_name, store_key};
use super::shared::{Shared, check_name};
use super::store::{AnyStore, PresenceStore, PresenceUpdate, PresenceWatch};
use super::writing::{CONCURRENT, RefusalCount, Refusals, all};
use crate::error::StoreError;
use crate::panic::{catch_panic, panic_message};

/// How long a node waits at least after a failure of the store.
const LEAST_PAUSE: Duration = Duration::from_millis(100);

/// The value of the heartbeat of a server that stops.
const FAREWELL: Bytes = Bytes::from_static(b"stops");

/// The lease of a node that has said farewell: in 2 seconds all streams are open again.
const RETURN_TIME: Duration = Duration::from_secs(3);

/// After how long a node that has said farewell writes its next heartbeat, if it is still there.
const NEXT_HEARTBEAT: Duration = Duration::from_millis(2500);

/// What the log says when the store refuses to write a record, and to delete one.
const UNLISTED: &str = "the store refuses the record of a person, whom other processes do not list";
const STILL_LISTED: &str =
    "the store refuses to delete the record of a person, whom other processes go on listing";

pub(super) struct Replica<T> {
    node: Arc<str>,
    store: Box<dyn AnyStore>,
    lease: Duration,
    codec: Codec<T>,
    has_started: AtomicBool,
    /// Given when there is something to write.
    unsent: Arc<Notify>,
    /// Given when the presence is dropped.
    ended: CancellationToken,
    /// Given when a node is alive from now on.
    heard: Notify,
    /// How often it was asked for everything to be written.
    asked: AtomicU64,
    /// How many of these requests are answered.
    answered: watch::Sender<u64>,
    unwritable: Outage,
    refusals: Refusals,
    unreadable: Outage,
    unreadable_records: Problems,
    /// Whether the log has that there is no room.
    is_full: AtomicBool,
    /// Whether its last heartbeat was a farewell.
    has_said_farewell: AtomicBool,
}

impl<T: PartialEq + Send + Sync + 'static> Replica<T> {
    pub(super) fn new(store: impl PresenceStore, codec: Codec<T>, shared: &Shared<T>) -> Self {
        Self {
            node: node_name(),
            lease: store.lease().max(Duration::from_millis(1)),
            store: Box::new(store),
            codec,
            has_started: AtomicBool::new(false),
            unsent: shared.unsent(),
            ended: shared.ended(),
            heard: Notify::new(),
            asked: AtomicU64::new(0),
            answered: watch::Sender::new(0),
            unwritable: Outage::new(
                "a presence cannot write to its store: other processes list its people for one lease more",
            ),
            refusals: Refusals::default(),
            unreadable: Outage::new(
                "a presence cannot read its store: people of other processes are listed for one lease more",
            ),
            unreadable_records: Problems::default(),
            is_full: AtomicBool::new(false),
            has_said_farewell: AtomicBool::new(false),
        }
    }

    /// Starts the tasks of the node, unless they run already or there is no runtime.
    pub(super) fn start(self: &Arc<Self>, shared: &Arc<Shared<T>>) {
        if self.has_started.load(Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.has_started.swap(true, Ordering::Relaxed) {
            let (replica, shared) = (Arc::clone(self), Arc::downgrade(shared));
            runtime.spawn(async move { replica.run(&shared).await });
        }
    }

    async fn run(&self, shared: &Weak<Shared<T>>) {
        loop {
            let work = async { tokio::join!(self.write(shared), self.watch(shared), self.expire(shared)) };
            let panicked = tokio::select! {
                biased;
                () = self.ended.cancelled() => break,
                ended = catch_panic(work) => ended.err(),
            };
            // The code of the store or of the values panics.
            if let Some(panic) = panicked {
                tracing::error!(panic = panic_message(&*panic), "a presence panicked, and begins again");
                sleep(self.pause()).await;
            }
        }
        // The others need not wait for the lease to end, unless the farewell says when it does.
        if self.has_said_farewell.load(Ordering::Relaxed) {
            return;
        }
        let _ = timeout(self.call_time(), self.store.delete(&self.node)).await;
    }

    /// Writes what has changed, and that the node lives.
    async fn write(&self, shared: &Weak<Shared<T>>) {
        let mut next_heartbeat = Instant::now();
        let mut next_renewal = Instant::now() + self.lease * 3;
        loop {
            match self.write_all(shared, &mut next_heartbeat, &mut next_renewal).await {
                Ok(()) => {
                    self.unwritable.end();
                    tokio::select! {
                        () = self.unsent.notified() => {}
                        () = sleep_until(next_heartbeat) => {}
                    }
                }
                Err(error) => {
                    self.unwritable.begin(&*error);
                    // The store may have lost everything.
                    self.asked.fetch_add(1, Ordering::Relaxed);
                    sleep(self.pause()).await;
                }
            }
        }
    }

    /// Writes until there is nothing to write.
    ///
    /// # Errors
    ///
    /// Why the store did not take it. What is not written waits for the next time.
    async fn write_all(
        &self,
        shared: &Weak<Shared<T>>,
        next_heartbeat: &mut Instant,
        next_renewal: &mut Instant,
    ) -> Result<(), StoreError> {
        let asked = self.asked.load(Ordering::Relaxed);
        let is_asked = asked > *self.answered.borrow();
        if is_asked || *next_renewal <= Instant::now() {
            with_outbox(shared, Outbox::note_all);
            *next_renewal = Instant::now() + self.lease * 3;
        }
        loop {
            // The records that are written after a failure show that the node lives, too.
            if !is_asked && *next_heartbeat <= Instant::now() {
                self.heartbeat(shared, next_heartbeat).await?;
            }
            let ids = with_outbox(shared, |outbox| outbox.next(CONCURRENT)).unwrap_or_default();
            if ids.is_empty() {
                break;
            }
            self.write_records(shared, &ids).await?;
        }
        if is_asked {
            self.heartbeat(shared, next_heartbeat).await?;
            self.answered.send_replace(asked);
        }
        // Behind the records, because those show that the node lives, too.
        if with_outbox(shared, |outbox| outbox.has_farewell()) == Some(true) {
            self.call(self.store.put(&self.node, FAREWELL)).await?;
            with_outbox(shared, Outbox::farewell_said);
            // A farewell that is repeated does not put off the moment when nobody is expected back any more.
            if !self.has_said_farewell.swap(true, Ordering::Relaxed) {
                *next_heartbeat = Instant::now() + NEXT_HEARTBEAT;
            }
        }
        with_outbox(shared, Outbox::release);
        Ok(())
    }

    /// Writes the heartbeat of this node.
    async fn heartbeat(
        &self,
        shared: &Weak<Shared<T>>,
        next_heartbeat: &mut Instant,
    ) -> Result<(), StoreError> {
        let next = Instant::now() + self.lease / 3;
        self.call(self.store.put(&self.node, Bytes::new())).await?;
        *next_heartbeat = next;
        if self.has_said_farewell.swap(false, Ordering::Relaxed) {
            with_outbox(shared, Outbox::forget_expected);
        }
        Ok(())
    }

    /// Writes the records of some people at the same time. One that the store refuses although it can be reached is left out when it is refused again.
    ///
    /// # Errors
    ///
    /// When the store cannot be reached. What is not written waits for the next time.
    async fn write_records(&self, shared: &Weak<Shared<T>>, ids: &[Id]) -> Result<(), StoreError> {
        let written = all(ids.iter().map(|id| self.write_record(shared, id))).await;
        let again = |id: &Id| {
            with_outbox(shared, |outbox| outbox.note(&id.0, &id.1, true));
        };
        if written.iter().all(Result::is_err) {
            // The store is away, or refuses each of them. It has no record with this key, so the call changes nothing.
            let probe = format!("{}.-", self.node);
            if let Err(error) = self.call(self.store.delete(&probe)).await {
                for id in ids {
                    count_record("failed");
                    again(id);
                }
                return Err(error);
            }
        }
        for (id, written) in ids.iter().zip(written) {
            let Err((consequence, error)) = written else {
                self.refusals.end(id);
                continue;
            };
            let refusals = self.refusals.note(id);
            count_record(if refusals == RefusalCount::First { "failed" } else { "refused" });
            match refusals {
                RefusalCount::First => again(id),
                RefusalCount::Final => {
                    tracing::error!(topic = &*id.0, error = &*error, "{consequence}");
                    // Other processes would list what the store took last. If this fails, they do.
                    self.call(self.store.delete(&store_key(&self.node, &id.0, &id.1))).await.ok();
                }
                RefusalCount::Known => {}
            }
        }
        Ok(())
    }

    /// Writes or deletes the record of one person.
    ///
    /// # Errors
    ///
    /// Why the store did not take it, behind what follows for other processes if the store refuses it for good.
    async fn write_record(
        &self,
        shared: &Weak<Shared<T>>,
        id: &Id,
    ) -> Result<(), (&'static str, StoreError)> {
        let Some(record) = shared.upgrade().map(|shared| shared.table().record(id)) else { return Ok(()) };
        let key = store_key(&self.node, &id.0, &id.1);
        if let Some(bytes) = record.and_then(|record| self.encode(&record)) {
            with_outbox(shared, |outbox| outbox.begin_to_put(id));
            if self.has_said_farewell.load(Ordering::Relaxed) {
                // The record shows that the node lives, which takes the farewell back.
                with_outbox(shared, Outbox::repeat_farewell);
            }
            self.call(self.store.put(&key, bytes)).await.map_err(|error| (UNLISTED, error))?;
            count_record("written");
        } else {
            if with_outbox(shared, |outbox| outbox.is_stored(id)) == Some(true) {
                self.call(self.store.delete(&key)).await.map_err(|error| (STILL_LISTED, error))?;
                count_record("deleted");
            }
            with_outbox(shared, |outbox| outbox.deleted(id));
        }
        Ok(())
    }

    /// The bytes of a record; none, which is logged, if there can be none.
    fn encode(&self, record: &Record<T>) -> Option<Bytes> {
        let problem = match catch_unwind(AssertUnwindSafe(|| (self.codec.encode)(record))) {
            Ok(Ok(bytes)) if bytes.len() <= MAX_BYTES => return Some(bytes.into()),
            Ok(Ok(bytes)) => format!("its record has {} bytes, and may have {MAX_BYTES}", bytes.len()),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic_message(&*panic),
        };
        count_record("refused");
        tracing::error!(topic = &*record.topic, problem, "a person is not listed by other processes");
        None
    }

    /// Reads what other nodes write.
    async fn watch(&self, shared: &Weak<Shared<T>>) {
        loop {
            self.ask_for_everything().await;
            match self.call(self.store.watch()).await {
                Ok(updates) => {
                    self.unreadable.end();
                    self.follow(updates, shared).await;
                }
                Err(error) => self.unreadable.begin(&*error),
            }
            sleep(self.pause()).await;
        }
    }

    /// Has everything written, and waits for that, but no longer than a lease.
    async fn ask_for_everything(&self) {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        self.unsent.notify_one();
        let mut answered = self.answered.subscribe();
        let _ = timeout(self.lease, answered.wait_for(|answered| *answered >= asked)).await;
    }

    /// Takes over what the store yields, until the stream ends or this node's own heartbeat does not come back.
    async fn follow(&self, mut updates: PresenceWatch, shared: &Weak<Shared<T>>) {
        let mut end = Instant::now() + self.lease;
        let mut snapshot = Some(Snapshot::default());
        loop {
            let next = std::future::poll_fn(|ctx| updates.as_mut().poll_next(ctx));
            let update = match timeout_at(end, next).await {
                Ok(Some(update)) if Instant::now() <= end => update,
                Ok(None) => return,
                Ok(_) | Err(_) => {
                    tracing::warn!("a presence hears nothing from its store, and watches it anew");
                    return;
                }
            };
            let Some(shared) = shared.upgrade() else { return };
            match update {
                PresenceUpdate::Put { key, value, age } => {
                    let (node, is_heartbeat) = parts(&key);
                    if node == &*self.node {
                        // Each of its own records shows that the watch works. Many of them may come before a heartbeat does.
                        end = Instant::now() + self.lease;
                        continue;
                    }
                    let is_farewell = is_heartbeat && value == FAREWELL;
                    let lease = if is_farewell { RETURN_TIME } else { self.lease };
                    let mut end = Instant::now() + lease.saturating_sub(age);
                    if let Some(snapshot) = &mut snapshot {
                        snapshot.note(node, &key, is_heartbeat);
                        if !is_heartbeat {
                            // Of a node that has ended, records may be left.
                            end = Instant::now();
                        }
                    }
                    self.take(&shared, node, &key, is_heartbeat, &value, end);
                    if is_farewell {
                        shared.change(|table, _| table.set_end(node, end));
                        self.heard.notify_one();
                    }
                }
                PresenceUpdate::Delete { key } => {
                    let (node, is_heartbeat) = parts(&key);
                    let name = Arc::from(node);
                    if node == &*self.node {
                        continue;
                    }
                    shared.change(|table, effects| {
                        if is_heartbeat {
                            table.forget(&name, effects);
                        } else {
                            table.remove_record(&name, &key, effects);
                        }
                    });
                }
                PresenceUpdate::Current => {
                    let Some(Snapshot { heartbeats, records }) = snapshot.take() else { continue };
                    for node in heartbeats {
                        let none = HashSet::new();
                        let keys = records.get(&node).unwrap_or(&none);
                        shared.change(|table, effects| table.keep_records(&node, keys, effects));
                    }
                }
            }
        }
    }

    /// Takes over a record or a heartbeat of a node, whose lease ends at `end`.
    fn take(
        &self,
        shared: &Arc<Shared<T>>,
        node: &str,
        key: &str,
        is_heartbeat: bool,
        value: &[u8],
        end: Instant,
    ) {
        let node = Arc::from(node);
        let record = if is_heartbeat { None } else { self.decode(key, value) };
        let (is_new, has_room) = shared.change(|table, effects| {
            let is_new = table.hear(&node, end, effects);
            let has_room = record.map(|record| table.put_record(&node, key.into(), record, effects));
            (is_new, has_room)
        });
        if is_new {
            self.heard.notify_one();
        }
        let Some(has_room) = has_room else { return };
        if !has_room && !self.is_full.swap(true, Ordering::Relaxed) {
            tracing::warn!("people of other processes are not listed: there is no room for more");
        }
    }

    /// The record that another node has written; none if it cannot be read, which is logged once for each node and cause.
    fn decode(&self, key: &str, bytes: &[u8]) -> Option<Record<T>> {
        let problem = match catch_unwind(AssertUnwindSafe(|| (self.codec.decode)(bytes))) {
            Ok(Ok(record)) => {
                let checked = check_name(&record.topic).and(check_name(&record.key));
                let Err(reason) = checked else { return Some(record) };
                reason.to_owned()
            }
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic_message(&*panic),
        };
        // A node of another release may write many of them, and each of them again and again.
        let (node, _) = parts(key);
        if self.unreadable_records.is_new(node, &problem) {
            tracing::error!(
                key,
                problem,
                "people of another process are not listed: their records cannot be read"
            );
        }
        None
    }

    /// Hides the people of nodes that have become silent, whether or not the store can be reached.
    async fn expire(&self, shared: &Weak<Shared<T>>) {
        loop {
            let Some(table) = shared.upgrade() else { return };
            let next = table.change(|table, effects| table.expire(self.lease, effects));
            drop(table);
            tokio::select! {
                () = self.heard.notified() => {}
                () = sleep_until(next.unwrap_or_else(|| Instant::now() + self.lease)) => {}
            }
        }
    }

    /// Calls the store, and gives up after a third of a lease.
    async fn call<V>(&self, call: impl Future<Output = Result<V, StoreError>>) -> Result<V, StoreError> {
        timeout(self.call_time(), call).await.unwrap_or_else(|_| Err("the store does not answer".into()))
    }

    fn call_time(&self) -> Duration {
        self.lease / 3
    }

    /// How long to wait after a failure.
    fn pause(&self) -> Duration {
        (self.lease / 20).max(LEAST_PAUSE)
    }
}

/// Uses the outbox, unless the presence was dropped.
fn with_outbox<T, R>(shared: &Weak<Shared<T>>, call: impl FnOnce(&mut Outbox) -> R) -> Option<R> {
    shared.upgrade()?.table().outbox.as_mut().map(call)
}

/// What a watch yields before it is current.
#[derive(Default)]
struct Snapshot {
    /// The nodes whose heartbeat is in the store.
    heartbeats: HashSet<Arc<str>>,
    /// The keys of the records of each node.
    records: HashMap<Arc<str>, HashSet<String>>,
}

impl Snapshot {
    fn note(&mut self, node: &str, key: &str, is_heartbeat: bool) {
        if is_heartbeat {
            self.heartbeats.insert(node.into());
        } else {
            self.records.entry(node.into()).or_default().insert(key.to_owned());
        }
    }
}

/// The node that a key of the store belongs to, and whether it is that of its heartbeat.
fn parts(key: &str) -> (&str, bool) {
    key.split_once('.').map_or((key, true), |(node, _)| (node, false))
}
