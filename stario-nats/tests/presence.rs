//! Who is here, over a real NATS server: with a process that is killed, and a server that is killed and comes back without its memory.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use stario::Presence;
use stario::prelude::*;
use stario::presence::Changes;

mod support;

use support::{Broker, Proxy};

stario::app!();

/// A page that somebody has open.
#[app::query("/live/{name}")]
async fn live(name: PathParam<String>, presence: State<Presence<String>>) -> impl Stream<Item = Event> {
    stream! {
        let _here = presence.join("room", &*name, String::new());
        yield "here";
        std::future::pending::<()>().await;
    }
}

/// What makes the test program a second process: the address of the server.
const OTHER_PROCESS: &str = "STARIO_TEST_PRESENCE_URL";

const LEASE: Duration = Duration::from_secs(3);

/// The deadline of everything that is awaited.
const PATIENCE: Duration = Duration::from_secs(60);

/// Far less than a record of somebody who has left lasts by itself, which is ten leases, and more than a busy machine takes for anything.
const SOON: Duration = Duration::from_secs(15);

/// What a process of its own would have.
async fn node(url: &str) -> Presence<String> {
    node_with(url, LEASE).await
}

async fn node_with(url: &str, lease: Duration) -> Presence<String> {
    let nats = stario_nats::connect(url).await.unwrap();
    Presence::over(nats.presence("my shop.7").lease(lease))
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
    assert!(took < SOON, "{took:?}");
    // Heartbeats come back to their own node, so nothing is read anew.
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
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_server_that_comes_back_without_its_memory_is_not_noticed() {
    // Longer than the server is away on a busy machine.
    let lease = LEASE * 4;
    let mut broker = Broker::start();
    let url = broker.url();
    let (one, two) = (node_with(&url, lease).await, node_with(&url, lease).await);
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
    quiet(&mut at_one, lease).await;
    quiet(&mut at_two, Duration::ZERO).await;
    let mut at_three = node_with(&url, lease).await.changes("room");
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
    assert!(took < SOON, "{took:?}");
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

#[tokio::test]
async fn who_comes_back_from_a_process_that_stops_has_not_left() {
    let broker = Broker::start();
    let (one, two) = (node(&broker.url()).await, node(&broker.url()).await);
    let mut at_two = two.changes("room");
    let client = TestClient::new(app::new().state(one.clone()));
    let mut ada = client.get("/live/ada").open().await;
    ada.next().await.unwrap();
    until(&mut at_two, &["ada"]).await;
    // A tab that is closed at a process that goes on is gone at once. On a machine that is busy with other things, the quickest time counts.
    let (mut ben, mut quickest) = (None, Duration::MAX);
    for _ in 0..5 {
        if let Some(tab) = ben.take() {
            drop(tab);
            quickest = quickest.min(until(&mut at_two, &["ada"]).await);
        }
        let mut tab = client.get("/live/ben").open().await;
        tab.next().await.unwrap();
        until(&mut at_two, &["ada", "ben"]).await;
        ben = Some(tab);
    }
    assert!(quickest < Duration::from_secs(2), "{quickest:?}");
    let (ben, begun) = (ben.unwrap(), Instant::now());

    // The stop ends both streams.
    let end = async |mut stream: stario::testing::Events| assert!(stream.next().await.is_none());
    tokio::join!(client.stop(), end(ada), end(ben));
    let _ada = two.join("room", "ada", String::new());
    // Ada was there all the time. Ben's tab was closed during the deploy.
    let change = tokio::time::timeout(PATIENCE, at_two.next()).await.expect("ben leaves").unwrap();
    let keys: Vec<_> = change.list().iter().map(|member| member.key().to_owned()).collect();
    assert_eq!(keys, ["ada"]);
    let took = begun.elapsed();
    println!("who does not come back is gone after {took:?}");
    assert!(took > Duration::from_secs(2) && took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_connection_that_is_half_open_is_one_that_is_lost_until_it_passes_again() {
    let broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    let (one, two) = (node(&proxy.url()).await, node(&broker.url()).await);
    let (mut at_one, mut at_two) = (one.changes("room"), two.changes("room"));
    let ada = one.join("room", "ada", String::new());
    let _ben = two.join("room", "ben", String::new());
    until(&mut at_two, &["ada", "ben"]).await;
    until(&mut at_one, &["ada", "ben"]).await;
    proxy.hold(true);
    // Neither hears of the other, and nobody says that the connection is lost.
    let took = until(&mut at_two, &["ben"]).await;
    assert!(took < SOON, "{took:?}");
    until(&mut at_one, &["ada"]).await;
    drop(ada);
    let _cleo = one.join("room", "cleo", String::new());
    until(&mut at_one, &["cleo"]).await;
    proxy.hold(false);
    until(&mut at_one, &["ben", "cleo"]).await;
    until(&mut at_two, &["ben", "cleo"]).await;
    quiet(&mut at_two, LEASE * 2).await;
}

#[tokio::test]
async fn a_slow_connection_that_is_cut_again_and_again_loses_nobody() {
    let broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    proxy.delay(Duration::from_millis(20));
    let (one, two) = (node(&proxy.url()).await, node(&broker.url()).await);
    let (mut at_one, mut at_two) = (one.changes("room"), two.changes("room"));
    let _ada = one.join("room", "ada", String::new());
    let _ben = two.join("room", "ben", String::new());
    until(&mut at_two, &["ada", "ben"]).await;
    let mut here = Vec::new();
    for round in 1..=3 {
        proxy.cut_after(300);
        here.push(one.join("room", format!("c{round}"), String::new()));
        here.push(two.join("room", format!("d{round}"), String::new()));
        proxy.wait_for_cuts(round).await;
    }
    let everybody = |change: &stario::presence::Change<String>| change.list().len() == 8;
    for changes in [&mut at_one, &mut at_two] {
        support::soon(async { while !everybody(&changes.next().await.unwrap()) {} }).await;
    }
    drop(here);
    until(&mut at_two, &["ada", "ben"]).await;
    until(&mut at_one, &["ada", "ben"]).await;
}
