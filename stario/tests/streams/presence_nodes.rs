//! Who is here at several nodes: what a presence over a store promises, with nodes that die and a store that goes away.
//!
//! Time is paused: it passes when every task waits.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use stario::prelude::*;
use stario::presence::{Changes, Member, PresenceStore, PresenceUpdate, PresenceWatch};
use stario::{Bytes, StoreError};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::app;
use crate::support::patiently;
use crate::support::records::listen_here;
use crate::support::server::{Server, get};

stario::app!(local);

const LEASE: Duration = Duration::from_secs(10);

/// What the nodes share, in memory.
#[derive(Clone, Default)]
struct Broker(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    by_key: BTreeMap<String, (Bytes, Instant)>,
    watches: Vec<(Cut, mpsc::UnboundedSender<PresenceUpdate>)>,
    is_away: bool,
    /// Whether a server has ever said that it stops.
    has_farewell: bool,
}

/// Whether a node does not reach the broker, as if its process were killed or its network gone.
type Cut = Arc<AtomicBool>;

impl Broker {
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap()
    }

    /// The connection of one node.
    fn store(&self) -> Store {
        Store {
            broker: self.clone(),
            is_cut: Cut::default(),
            delay: Duration::ZERO,
            max_bytes: usize::MAX,
            keeps_records: Arc::default(),
            puts: Arc::default(),
        }
    }

    /// A node, and what cuts it off.
    fn node(&self) -> (Presence<String>, Cut) {
        let store = self.store();
        let is_cut = Arc::clone(&store.is_cut);
        (Presence::over(store), is_cut)
    }

    /// Stops, and loses everything.
    fn crash(&self) {
        *self.lock() = Records { is_away: true, ..Records::default() };
    }

    fn come_back(&self) {
        self.lock().is_away = false;
    }

    fn keys(&self) -> Vec<String> {
        self.lock().by_key.keys().cloned().collect()
    }
}

impl Records {
    fn tell(&mut self, update: &PresenceUpdate) {
        self.watches
            .retain(|(is_cut, watch)| !is_cut.load(Ordering::Relaxed) && watch.send(update.clone()).is_ok());
    }
}

struct Store {
    broker: Broker,
    is_cut: Cut,
    /// How long a call takes.
    delay: Duration,
    /// A larger record is refused.
    max_bytes: usize,
    /// Whether it refuses to delete the records of people.
    keeps_records: Arc<AtomicBool>,
    puts: Arc<AtomicUsize>,
}

impl Store {
    /// The records, if they can be reached.
    async fn records(&self) -> Result<MutexGuard<'_, Records>, StoreError> {
        sleep(self.delay).await;
        let records = self.broker.lock();
        if records.is_away || self.is_cut.load(Ordering::Relaxed) {
            return Err("the broker cannot be reached".into());
        }
        Ok(records)
    }
}

impl PresenceStore for Store {
    fn lease(&self) -> Duration {
        LEASE
    }

    async fn put(&self, key: &str, value: Bytes) -> Result<(), StoreError> {
        assert!(!key.split('.').any(str::is_empty), "{key}");
        let mut records = self.records().await?;
        self.puts.fetch_add(1, Ordering::Relaxed);
        if value.len() > self.max_bytes {
            return Err("the record is too large".into());
        }
        records.has_farewell |= value == "stops";
        records.by_key.insert(key.to_owned(), (value.clone(), Instant::now()));
        records.tell(&PresenceUpdate::Put { key: key.to_owned(), value, age: Duration::ZERO });
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let mut records = self.records().await?;
        if self.keeps_records.load(Ordering::Relaxed) && records.by_key.contains_key(key) {
            return Err("nobody may delete records".into());
        }
        records.by_key.remove(key);
        records.tell(&PresenceUpdate::Delete { key: key.to_owned() });
        Ok(())
    }

    async fn watch(&self) -> Result<PresenceWatch, StoreError> {
        let (sender, mut updates) = mpsc::unbounded_channel();
        {
            let mut records = self.records().await?;
            for (key, (value, put)) in &records.by_key {
                let (key, value) = (key.clone(), value.clone());
                sender.send(PresenceUpdate::Put { key, value, age: put.elapsed() })?;
            }
            sender.send(PresenceUpdate::Current)?;
            records.watches.push((Arc::clone(&self.is_cut), sender));
        }
        Ok(Box::pin(futures_util::stream::poll_fn(move |ctx| updates.poll_recv(ctx))))
    }
}

/// Waits until these are here, as `key=value` in the order of their arrival. Returns how long that took.
#[track_caller]
fn until(changes: &mut Changes<String>, expected: &str) -> impl Future<Output = Duration> {
    let place = std::panic::Location::caller();
    async move {
        let begun = Instant::now();
        let mut shown = String::new();
        let reached = async {
            while let Some(change) = changes.next().await {
                let people =
                    change.list().iter().map(|member| format!("{}={}", member.key(), member.value()));
                shown = people.collect::<Vec<_>>().join(" ");
                if shown == expected {
                    return;
                }
            }
        };
        let is_reached = tokio::time::timeout(Duration::from_secs(600), reached).await.is_ok();
        assert!(is_reached, "{place}: {shown:?} instead of {expected:?}");
        begun.elapsed()
    }
}

/// Fails if anything changes within so many seconds.
async fn quiet(changes: &mut Changes<String>, seconds: u64) {
    let change = tokio::time::timeout(Duration::from_secs(seconds), changes.next()).await;
    assert!(change.is_err(), "{change:?}");
}

#[tokio::test(start_paused = true)]
async fn nodes_list_the_people_of_all_nodes() {
    let broker = Broker::default();
    let ((one, _), (two, _)) = (broker.node(), broker.node());
    let (mut at_one, mut at_two) = (one.changes("room"), two.changes("room"));
    let ada = one.join("room", "ada", "1".to_owned());
    until(&mut at_two, "ada=1").await;
    let ben = two.join("room", "ben", "2".to_owned());
    until(&mut at_one, "ada=1 ben=2").await;
    ada.update("3".to_owned());
    until(&mut at_two, "ada=3 ben=2").await;
    assert!(two.list("other").is_empty());
    drop(ada);
    let took = until(&mut at_two, "ben=2").await;
    assert!(took < Duration::from_millis(100), "{took:?}");
    drop(ben);
    until(&mut at_one, "").await;
}

#[tokio::test(start_paused = true)]
async fn a_person_with_tabs_at_two_nodes_is_one_person() {
    let broker = Broker::default();
    let ((one, _), (two, _), (three, _)) = (broker.node(), broker.node(), broker.node());
    let mut at_three = three.changes("room");
    let (mut at_one, mut at_two) = (one.changes("room"), two.changes("room"));
    let first = one.join("room", "ada", "first".to_owned());
    until(&mut at_two, "ada=first").await;
    let since = two.list("room")[0].since();
    let second = two.join("room", "ada", "second".to_owned());
    until(&mut at_three, "ada=second").await;
    until(&mut at_one, "ada=second").await;
    first.update("third".to_owned());
    until(&mut at_three, "ada=third").await;
    until(&mut at_two, "ada=third").await;
    drop(first);
    until(&mut at_three, "ada=second").await;
    assert_eq!(three.list("room")[0].since(), since);
    drop(second);
    until(&mut at_three, "").await;
}

#[tokio::test(start_paused = true)]
async fn the_people_of_a_dead_node_are_gone_within_the_lease() {
    let broker = Broker::default();
    let ((one, is_cut), (two, _)) = (broker.node(), broker.node());
    let mut at_two = two.changes("room");
    let _ada = one.join("room", "ada", String::new());
    let _ben = two.join("room", "ben", String::new());
    until(&mut at_two, "ada= ben=").await;
    // A node that lives is listed for as long as it does.
    quiet(&mut at_two, 3_600).await;

    is_cut.store(true, Ordering::Relaxed);
    let took = until(&mut at_two, "ben=").await;
    assert!(took <= LEASE && took >= LEASE / 2, "{took:?}");

    // One that was only cut off is listed again.
    is_cut.store(false, Ordering::Relaxed);
    let took = until(&mut at_two, "ada= ben=").await;
    assert!(took <= LEASE / 2, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_starts_later_does_not_believe_the_dead() {
    let broker = Broker::default();
    let (one, is_cut) = broker.node();
    let mut at_one = one.changes("room");
    let _ada = one.join("room", "ada", String::new());
    until(&mut at_one, "ada=").await;
    sleep(LEASE).await;
    is_cut.store(true, Ordering::Relaxed);
    sleep(LEASE / 2).await;

    let (early, _) = broker.node();
    let mut at_early = early.changes("room");
    until(&mut at_early, "ada=").await;
    let took = until(&mut at_early, "").await;
    assert!(took <= LEASE / 2, "{took:?}");

    let (late, _) = broker.node();
    let mut at_late = late.changes("room");
    until(&mut at_late, "").await;
    quiet(&mut at_late, 60).await;
    assert!(broker.keys().iter().any(|key| key.ends_with(".room.ada")), "the record is still there");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_less_than_the_lease_is_not_noticed() {
    let broker = Broker::default();
    let ((one, _), (two, _)) = (broker.node(), broker.node());
    let mut at_two = two.changes("room");
    let _ada = one.join("room", "ada", String::new());
    let leaves = one.join("room", "leaves", String::new());
    until(&mut at_two, "ada= leaves=").await;

    broker.crash();
    drop(leaves);
    let _comes = one.join("room", "comes", String::new());
    quiet(&mut at_two, 3).await;
    broker.come_back();
    loop {
        let change = patiently(at_two.next()).await.unwrap();
        assert!(change.list().get("ada").is_some(), "only who has left is gone");
        let people: Vec<_> = change.list().iter().map(Member::key).collect();
        if people == ["ada", "comes"] {
            break;
        }
    }
    quiet(&mut at_two, 60).await;
    // The store, which has lost everything, has everybody again.
    let (late, _) = broker.node();
    until(&mut late.changes("room"), "ada= comes=").await;
}

#[tokio::test(start_paused = true)]
async fn while_the_store_is_away_a_node_lists_its_own_people() {
    let broker = Broker::default();
    let ((one, _), (two, _)) = (broker.node(), broker.node());
    let mut at_two = two.changes("room");
    let _ada = one.join("room", "ada", String::new());
    let _ben = two.join("room", "ben", String::new());
    until(&mut at_two, "ada= ben=").await;
    broker.crash();
    let took = until(&mut at_two, "ben=").await;
    assert!(took <= LEASE, "{took:?}");
    let _cleo = two.join("room", "cleo", String::new());
    until(&mut at_two, "ben= cleo=").await;
    sleep(Duration::from_secs(3_600)).await;
    broker.come_back();
    let took = until(&mut at_two, "ada= ben= cleo=").await;
    assert!(took <= LEASE, "{took:?}");
    until(&mut one.changes("room"), "ada= ben= cleo=").await;
}

#[tokio::test(start_paused = true)]
async fn a_presence_that_is_dropped_says_so() {
    let broker = Broker::default();
    let ((one, _), (two, _)) = (broker.node(), broker.node());
    let mut at_two = two.changes("room");
    let ada = one.join("room", "ada", String::new());
    until(&mut at_two, "ada=").await;
    drop((ada, one));
    let took = until(&mut at_two, "").await;
    assert!(took < Duration::from_millis(100), "{took:?}");
    // Its records are left, and nobody believes them.
    assert!(broker.keys().iter().any(|key| key.ends_with(".room.ada")));
    let (late, _) = broker.node();
    let mut at_late = late.changes("room");
    until(&mut at_late, "").await;
    quiet(&mut at_late, 60).await;
}

#[tokio::test(start_paused = true)]
async fn who_moves_to_another_node_within_the_grace_period_has_not_left() {
    let broker = Broker::default();
    let (one, _) = broker.node();
    let two = Presence::over(broker.store()).grace_period(Duration::from_secs(2));
    let mut at_two = two.changes("room");
    let ada = one.join("room", "ada", String::new());
    until(&mut at_two, "ada=").await;
    drop(ada);
    sleep(Duration::from_secs(1)).await;
    let ada = two.join("room", "ada", String::new());
    quiet(&mut at_two, 60).await;
    drop(ada);
    assert_eq!(until(&mut at_two, "").await.as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_quiet_writes_little() {
    let broker = Broker::default();
    let store = broker.store();
    let puts = Arc::clone(&store.puts);
    let presence = Presence::over(store);
    let joined: Vec<_> = (0..100).map(|number| presence.join("room", number, String::new())).collect();
    sleep(LEASE).await;
    let before = puts.load(Ordering::Relaxed);
    sleep(LEASE * 30).await;
    let written = puts.load(Ordering::Relaxed) - before;
    // 90 heartbeats, and everybody ten times.
    assert!((1_080..=1_100).contains(&written), "{written}");
    drop(joined);
    sleep(LEASE).await;
    assert_eq!(broker.keys().len(), 1, "{:?}", broker.keys());
}

#[tokio::test(start_paused = true)]
async fn many_records_are_written_at_the_same_time() {
    let broker = Broker::default();
    let mut store = broker.store();
    store.delay = Duration::from_millis(50);
    let presence = Presence::<String>::over(store);
    let (other, _) = broker.node();
    let mut changes = other.changes("room");
    sleep(LEASE).await;
    let begun = Instant::now();
    let _people: Vec<_> = (0..200).map(|number| presence.join("room", number, String::new())).collect();
    patiently(async { while changes.next().await.unwrap().list().len() < 200 {} }).await;
    // One after the other would take 10 seconds.
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_record_that_the_store_refuses_holds_up_nobody_else() {
    let broker = Broker::default();
    let (_listening, mut records) = listen_here();
    let mut store = broker.store();
    store.max_bytes = 200;
    let puts = Arc::clone(&store.puts);
    let presence = Presence::<String>::over(store);
    let (other, _) = broker.node();
    let mut changes = other.changes("room");
    let large = || "x".repeat(200);
    // Alone, it does not keep the node from giving its heartbeat.
    let refused = presence.join("room", "refused", large());
    sleep(LEASE * 2).await;
    assert_eq!(broker.keys().len(), 2, "{:?}", broker.keys());
    let ada = presence.join("room", "ada", "1".to_owned());
    let _ben = presence.join("room", "ben", "2".to_owned());
    until(&mut changes, "ada=1 ben=2").await;
    quiet(&mut changes, 60).await;
    let before = puts.load(Ordering::Relaxed);
    sleep(LEASE * 30).await;
    let written = puts.load(Ordering::Relaxed) - before;
    // 90 heartbeats, and the three people ten times.
    assert!((115..=125).contains(&written), "{written}");
    // What it took before is not listed in the place of what it refuses.
    ada.update(large());
    until(&mut changes, "ben=2").await;
    ada.update("3".to_owned());
    refused.update("4".to_owned());
    until(&mut changes, "refused=4 ada=3 ben=2").await;
    let mut logged = Vec::new();
    while let Ok(record) = records.try_recv() {
        if record["message"].contains("the store refuses the record") {
            logged.push(record["error"].clone());
        }
    }
    assert_eq!(logged, ["the record is too large"; 2]);
}

#[tokio::test(start_paused = true)]
async fn who_has_left_stays_listed_while_the_store_refuses_to_delete_the_record() {
    let broker = Broker::default();
    let (_listening, mut records) = listen_here();
    let store = broker.store();
    let keeps_records = Arc::clone(&store.keeps_records);
    keeps_records.store(true, Ordering::Relaxed);
    let one = Presence::<String>::over(store);
    let (two, _) = broker.node();
    let mut at_two = two.changes("room");
    let ada = one.join("room", "ada", "1".to_owned());
    until(&mut at_two, "ada=1").await;
    drop(ada);
    quiet(&mut at_two, 60).await;
    let mut logged = Vec::new();
    while let Ok(record) = records.try_recv() {
        if record["message"].contains("the store refuses") {
            logged.push(record["message"].clone());
        }
    }
    let expected = "the store refuses to delete the record of a person, whom other processes go on listing";
    assert_eq!(logged, [expected]);
    // It is tried again when all records are written again.
    keeps_records.store(false, Ordering::Relaxed);
    let took = until(&mut at_two, "").await;
    assert!(took <= LEASE * 3, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_or_written_concerns_nobody_else() {
    let broker = Broker::default();
    let ((one, _), (two, _)) = (broker.node(), broker.node());
    let mut at_two = two.changes("room");
    let stranger = broker.store();
    let long = "x".repeat(257);
    let invalid = format!(r#"{{"topic":"room","key":"{long}","since":1,"stamp":1,"value":"x"}}"#);
    let future = r#"{"topic":"room","key":"future","since":1,"stamp":18446744073709551615,"value":"x"}"#;
    for (key, value) in [("n", ""), ("n.a.b", "no JSON"), ("n.a.c", &invalid), ("n.a.d", future)] {
        stranger.put(key, Bytes::copy_from_slice(value.as_bytes())).await.unwrap();
    }
    let _large = one.join("room", "large", "x".repeat(70_000));
    let _ada = one.join("room", "ada", String::new());
    until(&mut at_two, "future=x ada=").await;
    assert_eq!(one.list("room").len(), 3);
    // A clock that is ahead does not keep newer values from being shown.
    let _newer = two.join("room", "future", "newer".to_owned());
    assert_eq!(*two.list("room")[0].value(), "newer");
}

#[tokio::test(start_paused = true)]
async fn a_value_is_newer_than_all_that_its_node_has_heard_whatever_the_clocks_say() {
    let broker = Broker::default();
    let (presence, _) = broker.node();
    let mut changes = presence.changes("room");
    let here = presence.join("room", "ada", "old".to_owned());
    until(&mut changes, "ada=old").await;
    // The clock of another node, where the person has a tab too, is ten minutes ahead.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let stamp = u64::try_from((now + Duration::from_secs(600)).as_micros()).unwrap();
    let stranger = broker.store();
    let record = format!(r#"{{"topic":"room","key":"ada","since":{stamp},"stamp":{stamp},"value":"ahead"}}"#);
    stranger.put("n", Bytes::new()).await.unwrap();
    stranger.put("n.room.ada", record.into()).await.unwrap();
    until(&mut changes, "ada=ahead").await;
    assert!(presence.list("room")[0].since() <= std::time::SystemTime::now());
    here.update("new".to_owned());
    until(&mut changes, "ada=new").await;
    let written = || {
        let records = broker.lock();
        let mut own =
            records.by_key.iter().filter(|(key, _)| key.ends_with(".room.ada") && !key.starts_with("n."));
        let record: serde_json::Value = serde_json::from_slice(&own.next().unwrap().1.0).unwrap();
        (record["value"] == "new").then(|| record["stamp"].as_u64().unwrap())
    };
    patiently(async {
        while written().is_none() {
            sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    // So the node whose clock is ahead shows it, too.
    assert!(written().unwrap() > stamp);
}

/// A value that panics when it is written or read.
#[derive(PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
struct Unlucky(u8);

impl Clone for Unlucky {
    fn clone(&self) -> Self {
        assert_ne!(self.0, 1, "on purpose");
        Self(self.0)
    }
}

impl From<Unlucky> for u8 {
    fn from(value: Unlucky) -> u8 {
        value.0
    }
}

impl TryFrom<u8> for Unlucky {
    type Error = &'static str;

    fn try_from(value: u8) -> Result<Self, Self::Error> {
        assert_ne!(value, 2, "on purpose");
        Ok(Self(value))
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_panics_concerns_nobody_else() {
    let broker = Broker::default();
    let (one, two) = (Presence::<Unlucky>::over(broker.store()), Presence::<Unlucky>::over(broker.store()));
    let mut at_two = two.changes("room");
    let _joined = [1, 2, 3].map(|number| one.join("room", number, Unlucky(number)));
    let three = async { while at_two.next().await.unwrap().list().get(3).is_none() {} };
    patiently(three).await;
    assert_eq!(two.list("room").len(), 1);
    sleep(LEASE * 5).await;
    assert_eq!(two.list("room").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn records_that_cannot_be_read_are_logged_once_for_each_node_and_cause() {
    let broker = Broker::default();
    let presence = Presence::<u32>::over(broker.store());
    let mut changes = presence.changes("room");
    let store = broker.store();
    let record = |person: usize, value: &str| {
        format!(r#"{{"topic":"room","key":"{person}","since":{person},"stamp":1,"value":{value}}}"#)
    };
    let other = Presence::<u32>::over(broker.store());
    let _first = other.join("room", "first", 1);
    patiently(async { while changes.next().await.unwrap().list().is_empty() {} }).await;
    let (_listening, mut records) = listen_here();
    // Two nodes of another release write their people again and again.
    for _ in 0..3 {
        for person in 0..20 {
            for node in ["aa", "bb"] {
                let key = format!("{node}.room.{person}");
                store.put(&key, record(person, &format!(r#""person {person}""#)).into()).await.unwrap();
                store.put(&key, "{}".into()).await.unwrap();
            }
        }
    }
    let _second = other.join("room", "second", 2);
    patiently(async { while changes.next().await.unwrap().list().len() < 2 {} }).await;
    let mut logged = Vec::new();
    while let Ok(record) = records.try_recv() {
        if record["message"].contains("their records cannot be read") {
            logged.push(format!("{} {}", &record["key"][..2], &record["problem"][..13]));
        }
    }
    // Both nodes of this release read what those two write.
    let expected = ["aa invalid type:", "aa missing field", "bb invalid type:", "bb missing field"];
    assert_eq!(logged, [expected, expected].concat());
}

#[tokio::test(start_paused = true)]
async fn people_of_other_nodes_count_for_the_limits() {
    let broker = Broker::default();
    let (one, _) = broker.node();
    let two = Presence::over(broker.store()).max_per_topic(2);
    let mut at_two = two.changes("room");
    let _joined = ["a", "b", "c"].map(|key| one.join("room", key, String::new()));
    let full = async { while at_two.next().await.unwrap().list().len() < 2 {} };
    patiently(full).await;
    sleep(LEASE * 5).await;
    assert_eq!(two.list("room").len(), 2);
    assert!(!two.join("room", "d", String::new()).is_listed());
}

#[app::query("/live/{name}", app = local)]
async fn live(name: PathParam<String>, presence: State<Presence<String>>) -> impl Stream<Item = Event> {
    stream! {
        let _here = presence.join("room", &*name, String::new());
        yield "here";
        std::future::pending::<()>().await;
    }
}

/// The keys of the people who are listed at the next change.
async fn next_list(changes: &mut Changes<String>) -> Vec<String> {
    let change = patiently(changes.next()).await.expect("a valid topic");
    change.list().iter().map(|member| member.key().to_owned()).collect()
}

#[tokio::test]
async fn the_people_of_a_server_that_stops_have_time_to_come_back() {
    for ends in [true, false] {
        let mut tries = 1;
        while !have_time_to_come_back(ends).await {
            assert!(tries < 5, "they do not come back in time");
            tries += 1;
        }
    }
}

/// Returns whether the machine was quick enough for it: they have 3 seconds.
async fn have_time_to_come_back(ends: bool) -> bool {
    let broker = Broker::default();
    let mut store = broker.store();
    store.delay = Duration::from_millis(300);
    let presence = Presence::<String>::over(store);
    let (other, _) = broker.node();
    let mut at_other = other.changes("room");
    let server = Server::start(local::new().state(presence.clone())).await;
    let _ada = server.send(get("/live/ada", "")).await;
    until(&mut at_other, "ada=").await;
    let since = other.list("room")[0].since();
    let _ben = server.send(get("/live/ben", "")).await;
    until(&mut at_other, "ada= ben=").await;
    let stopped = Instant::now();
    server.stop().await.unwrap();
    // It has waited until the others know.
    assert!(broker.lock().has_farewell);
    let kept = if ends {
        drop(presence);
        None
    } else {
        Some(presence)
    };
    let (late, _) = broker.node();
    let mut at_late = late.changes("room");
    let reached = tokio::time::timeout(Duration::from_secs(4), until(&mut at_late, "ada= ben=")).await;
    // Ada's page opens its stream at another node. Ben has closed his.
    let _ada = other.join("room", "ada", String::new());
    if reached.is_err() || stopped.elapsed() > Duration::from_millis(2500) {
        return false;
    }
    assert_eq!(next_list(&mut at_other).await, ["ada"]);
    let took = stopped.elapsed();
    assert!(took > Duration::from_secs(2) && took < Duration::from_secs(9), "{took:?}");
    assert_eq!(other.list("room")[0].since(), since);
    until(&mut at_late, "ada=").await;
    // One that starts now believes nothing of it.
    let (latest, _) = broker.node();
    let mut at_latest = latest.changes("room");
    until(&mut at_latest, "ada=").await;
    if let Some(presence) = kept {
        // The process goes on, without those who have left.
        let _cleo = presence.join("room", "cleo", String::new());
        until(&mut at_other, "ada= cleo=").await;
        until(&mut at_latest, "ada= cleo=").await;
        assert!(!broker.keys().iter().any(|key| key.ends_with(".room.ben")));
    }
    true
}
