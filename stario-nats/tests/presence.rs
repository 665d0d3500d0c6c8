//! Who is here, over a real NATS server: with a process that is killed, and a server that is killed and comes back without its memory.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stario::Presence;
use stario::presence::Changes;

mod support;

use support::Broker;

/// What makes the test program a second process: the address of the server.
const OTHER_PROCESS: &str = "STARIO_TEST_PRESENCE_URL";

const LEASE: Duration = Duration::from_secs(3);

/// The deadline of everything that is awaited.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a process of its own would have.
async fn node(url: &str) -> Presence<String> {
    let nats = stario_nats::connect(url).await.unwrap();
    Presence::over(nats.presence("my shop.7").lease(LEASE))
}

/// Waits until these are here. Returns how long that took.
async fn until(changes: &mut Changes<String>, expected: &[&str]) -> Duration {
    let begun = Instant::now();
    let mut shown = Vec::new();
    let reached = async {
        loop {
            let change = changes.next().await.expect("a valid topic");
            shown = change.list().iter().map(|member| member.key().to_owned()).collect();
            if shown == expected {
                return;
            }
        }
    };
    let is_reached = tokio::time::timeout(PATIENCE, reached).await.is_ok();
    assert!(is_reached, "{shown:?} instead of {expected:?}");
    begun.elapsed()
}

/// Fails if anything changes meanwhile.
async fn quiet(changes: &mut Changes<String>, time: Duration) {
    let change = tokio::time::timeout(time, changes.next()).await;
    assert!(change.is_err(), "{change:?}");
}

#[tokio::test]
async fn processes_list_the_people_of_all_processes() {
    let broker = Broker::start();
    let (one, two) = (node(&broker.url()).await, node(&broker.url()).await);
    let (mut at_one, mut at_two) = (one.changes("room.*>"), two.changes("room.*>"));
    let _ada = one.join("room.*>", "ada lovelace", "1".to_owned());
    until(&mut at_two, &["ada lovelace"]).await;
    let ben = two.join("room.*>", "ben", "2".to_owned());
    until(&mut at_one, &["ada lovelace", "ben"]).await;
    // The longest key that there may be arrives, too.
    let longest = "é".repeat(128);
    let long = two.join("room.*>", &longest, String::new());
    until(&mut at_one, &["ada lovelace", "ben", &longest]).await;
    drop(long);
    until(&mut at_one, &["ada lovelace", "ben"]).await;
    drop(ben);
    let took = until(&mut at_one, &["ada lovelace"]).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    // Signs of life come back to their own node, so nothing is read anew.
    quiet(&mut at_one, LEASE * 2).await;
    // One that starts later reads what there is.
    until(&mut node(&broker.url()).await.changes("room.*>"), &["ada lovelace"]).await;
}

/// The other process, until it is killed.
async fn be_the_other_process(url: &str) {
    let presence = node(url).await;
    let _ada = presence.join("room", "ada", String::new());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_people_of_a_killed_process_are_gone_within_the_lease() {
    if let Ok(url) = std::env::var(OTHER_PROCESS) {
        return be_the_other_process(&url).await;
    }
    let broker = Broker::start();
    let presence = node(&broker.url()).await;
    let mut changes = presence.changes("room");
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_people_of_a_killed_process_are_gone_within_the_lease"])
        .env(OTHER_PROCESS, broker.url())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until(&mut changes, &["ada"]).await;
    quiet(&mut changes, LEASE * 2).await;
    other.kill().unwrap();
    let killed = Instant::now();
    other.wait().unwrap();
    until(&mut changes, &[]).await;
    let took = killed.elapsed();
    println!("gone after {took:?} of a lease of {LEASE:?}");
    // What a busy machine needs to wake a task is not part of the lease.
    assert!(took >= LEASE / 3 && took < LEASE + Duration::from_millis(500), "{took:?}");
}

#[tokio::test]
async fn a_server_that_comes_back_without_its_memory_is_not_noticed() {
    let mut broker = Broker::start();
    let (one, two) = (node(&broker.url()).await, node(&broker.url()).await);
    let (mut at_one, mut at_two) = (one.changes("room"), two.changes("room"));
    let _ada = one.join("room", "ada", String::new());
    until(&mut at_two, &["ada"]).await;
    let _ben = two.join("room", "ben", String::new());
    until(&mut at_one, &["ada", "ben"]).await;
    until(&mut at_two, &["ada", "ben"]).await;

    broker.kill();
    let _cleo = one.join("room", "cleo", String::new());
    until(&mut at_one, &["ada", "ben", "cleo"]).await;
    broker.restart();
    until(&mut at_two, &["ada", "ben", "cleo"]).await;
    quiet(&mut at_one, LEASE * 2).await;
    quiet(&mut at_two, Duration::ZERO).await;
    let mut at_three = node(&broker.url()).await.changes("room");
    until(&mut at_three, &["ada", "ben", "cleo"]).await;
}

#[tokio::test]
async fn while_the_server_is_away_for_long_a_process_lists_its_own_people() {
    let mut broker = Broker::start();
    let (one, two) = (node(&broker.url()).await, node(&broker.url()).await);
    let (mut at_one, mut at_two) = (one.changes("room"), two.changes("room"));
    let _ada = one.join("room", "ada", String::new());
    until(&mut at_two, &["ada"]).await;
    let _ben = two.join("room", "ben", String::new());
    until(&mut at_one, &["ada", "ben"]).await;

    broker.kill();
    let took = until(&mut at_one, &["ada"]).await;
    assert!(took < LEASE + Duration::from_millis(500), "{took:?}");
    until(&mut at_two, &["ben"]).await;
    broker.restart();
    until(&mut at_one, &["ada", "ben"]).await;
    until(&mut at_two, &["ada", "ben"]).await;
    quiet(&mut at_one, LEASE).await;
}

#[tokio::test]
async fn a_bucket_keeps_records_as_long_as_the_longest_lease_needs() {
    let broker = Broker::start();
    let nats = broker.connect().await;
    let jetstream = stario_nats::async_nats::jetstream::new(nats.client().clone());
    for (lease, kept) in [(2, 24), (20, 240), (2, 240)] {
        let presence = Presence::over(nats.presence("shop").lease(Duration::from_secs(lease)));
        let _ada = presence.join("room", "ada", String::new());
        let other = Presence::<String>::over(nats.presence("shop"));
        until(&mut other.changes("room"), &["ada"]).await;
        let stream = jetstream.get_stream("KV_presence_shop").await.unwrap();
        let max_age = stream.cached_info().config.max_age;
        assert!(max_age >= Duration::from_secs(kept.max(120)), "{max_age:?}");
    }
}
