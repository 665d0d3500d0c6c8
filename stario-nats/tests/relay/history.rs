//! Processes that start take over what the others keep: a page that was at a process which has ended resumes without a gap, and a transfer that
//! does not come to its end is a gap, and nothing wrong.

use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use stario::{Relay, Update, Updates};
use stario_nats::{Nats, async_nats};

use crate::is_idle;
use crate::support::{Broker, Proxy, acquainted, next, soon, taken_by_server, until};

/// The value of a message is its number.
type Value = u32;

/// A process whose relay has a history.
async fn node(broker: &Broker) -> (Nats, Relay<Value>) {
    node_at(&broker.url()).await
}

async fn node_at(url: &str) -> (Nats, Relay<Value>) {
    let nats = stario_nats::connect(url).await.unwrap();
    let relay = Relay::over(nats.relay("shop")).history(100_000);
    soon(nats.ready()).await.unwrap();
    (nats, relay)
}

/// A process at which a page with this position has no gap. Where a busy machine takes longer than a process that starts waits for one of the
/// others, the process has taken over too little, and another one starts.
async fn successor(broker: &Broker, position: &str) -> (Nats, Relay<Value>) {
    for _ in 0..5 {
        let began = Instant::now();
        let node = node(broker).await;
        let took = began.elapsed();
        let first = node.1.resume("*", position).capacity(100_000).next().now_or_never();
        if !matches!(first, Some(Some(Update::Gap))) {
            return node;
        }
        assert!(took > Duration::from_millis(900), "a process that started within {took:?} has a gap");
    }
    panic!("no process takes over what the others keep");
}

/// The numbers that a process has received of each publisher, in the order of their names.
fn received(relay: &Relay<Value>) -> Vec<String> {
    let mut stamps: Vec<_> = relay.position().to_string().split('-').map(str::to_owned).collect();
    stamps.sort_unstable();
    stamps
}

/// Ends a process as a deploy does.
async fn end((nats, relay): (Nats, Relay<Value>)) {
    soon(nats.flush()).await;
    drop((relay, nats));
}

/// The values that wait, up to this one. A gap fails.
async fn values_until(updates: &mut Updates<Value>, last: Value) -> Vec<Value> {
    let mut values = Vec::new();
    while values.last() != Some(&last) {
        values.push(next(updates).await.expect("a gap where nothing is missing"));
    }
    values
}

#[tokio::test]
async fn a_page_of_a_quiet_room_and_one_of_a_busy_room_survive_a_deploy_of_all_processes() {
    let broker = Broker::start();
    let mut nodes = vec![node(&broker).await, node(&broker).await, node(&broker).await];
    acquainted(&nodes.iter().map(|(_, relay)| relay).collect::<Vec<_>>()).await;
    nodes[0].1.publish("quiet", 0);
    let mut quiet = nodes[0].1.resume("quiet", nodes[0].1.position());
    let quiet_id = quiet.position().to_string();
    assert!(is_idle(&mut quiet));
    drop(quiet);
    let mut said = 0;
    for round in 0..3 {
        // A position that is ahead of what a process has received is a gap there, and so is one with a process that it does not know yet.
        until(|| nodes.iter().all(|(_, relay)| received(relay) == received(&nodes[0].1))).await;
        // Each of them says something in another room; the page there has not seen the last of it.
        let busy_id = nodes[0].1.position().to_string();
        for (_, relay) in &nodes {
            said += 1;
            relay.publish("busy", said);
        }
        let newest = said;
        for (_, relay) in &nodes {
            let mut page = relay.resume("busy", &*busy_id);
            for _ in 0..3 {
                next(&mut page).await.expect("a gap");
            }
        }
        // The new process of this round is ready before the old one ends.
        let new = successor(&broker, &quiet_id).await;
        end(std::mem::replace(&mut nodes[round], new)).await;
        for (_, relay) in &nodes {
            let mut busy = relay.resume("busy", &*busy_id);
            let mut values = Vec::new();
            for _ in 0..3 {
                values.push(next(&mut busy).await.expect("a gap"));
            }
            values.sort_unstable();
            assert_eq!(values, [newest - 2, newest - 1, newest]);
            assert!(is_idle(&mut busy) && is_idle(&mut relay.resume("quiet", &*quiet_id)), "round {round}");
        }
    }
    nodes[2].1.publish("quiet", 100);
    assert_eq!(next(&mut nodes[2].1.resume("quiet", &*quiet_id)).await, Some(100));
    // No process knows the publisher in this position.
    assert_eq!(next(&mut nodes[2].1.resume("quiet", "0000000000000001.1")).await, None);
    // If all end before a new one starts, it cannot know what was missed.
    for node in nodes {
        end(node).await;
    }
    let (_nats, relay) = node(&broker).await;
    assert_eq!(next(&mut relay.resume("quiet", quiet_id)).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_starts_while_others_publish_misses_nothing_and_has_nothing_twice() {
    const LAST: Value = 20_000;
    let broker = Broker::start();
    let (_nats, busy) = node(&broker).await;
    let old = node(&broker).await;
    acquainted(&[&busy, &old.1]).await;
    let begin = old.1.position();
    let publisher = tokio::spawn(async move {
        for value in 1..=LAST {
            busy.publish("busy", value);
            if value % 20 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        busy
    });
    let mut page = old.1.resume("busy", &begin).capacity(100_000);
    assert_eq!(values_until(&mut page, 1000).await.len(), 1000);
    let id = page.position().to_string();
    let new = successor(&broker, &id).await;
    drop(page);
    end(old).await;
    let mut page = new.1.resume("busy", id).capacity(100_000);
    let values = values_until(&mut page, LAST).await;
    assert!(values.iter().copied().eq(1001..=LAST), "{} values", values.len());
    drop(publisher.await.unwrap());
}

#[tokio::test]
async fn the_first_process_and_one_with_peers_that_do_not_answer_start_soon() {
    let broker = Broker::start();
    let began = Instant::now();
    let (_nats, relay) = node(&broker).await;
    let first = began.elapsed();
    let begin = relay.position().to_string();
    relay.publish("a", 7);

    // It announces two that have published nothing, and never answers for them.
    let silent = async_nats::connect(broker.url()).await.unwrap();
    let mut asked = silent.subscribe("shop.>").await.unwrap();
    taken_by_server(&silent).await;
    let (seen, mut questions) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = asked.next().await {
            if &*message.subject == "shop.%.hello" {
                for peer in 1..=2 {
                    let mut headers = async_nats::HeaderMap::new();
                    headers.insert("Stario-Stamp", format!("{peer:016x}.0"));
                    silent.publish_with_headers("shop.%.newest", headers, "".into()).await.unwrap();
                }
            }
            seen.send(message.subject).ok();
        }
    });
    let began = Instant::now();
    let late = successor(&broker, &begin).await;
    let took = began.elapsed();
    println!("the first was ready after {first:?}, and one with two peers that do not answer after {took:?}");
    assert_eq!(next(&mut late.1.resume("a", &*begin)).await, Some(7));
    // The first has waited for nobody, and this one for all of them together no longer than 3 seconds.
    assert!(first < took && took < Duration::from_secs(20), "{first:?} {took:?}");
    let is_question = async { while &*questions.recv().await.unwrap() != "shop.%.history" {} };
    soon(is_question).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_is_cut_is_a_gap_where_it_did_not_reach() {
    const COUNT: Value = 4000;
    const FILL: Value = 1_000_000_000;
    let broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    let (_old_nats, old) = node_at(&proxy.url()).await;
    let subject = format!("busy.{}", "x".repeat(150));
    let mut ids = vec![old.position().to_string()];
    for value in 1..=COUNT {
        old.publish(&subject, FILL + value);
        ids.push(old.position().to_string());
    }
    // All of it arrives.
    let began = Instant::now();
    let (whole_nats, whole) = successor(&broker, &ids[0]).await;
    println!("{COUNT} values were taken over within {:?}", began.elapsed());
    let mut page = whole.resume("busy.*", &*ids[0]).capacity(100_000);
    assert_eq!(values_until(&mut page, FILL + COUNT).await.len(), COUNT as usize);
    drop((page, whole, whole_nats));

    // An answer has 1,000 of them, with some 250 bytes each: the second does not come to its end. On a busy machine a process may wait for less.
    let mut rounds = 1..=5;
    let (_new_nats, new) = loop {
        assert!(rounds.next().is_some(), "no process asks for more than one answer");
        proxy.cut_for_good_after(400_000);
        let new = node(&broker).await;
        if proxy.cuts() > 0 {
            break new;
        }
    };
    let resumed = |reached: Value| new.resume("busy.*", &*ids[reached as usize]).capacity(100_000);
    // Pages from where it has everything go on, and all others have a gap.
    assert!(is_idle(&mut resumed(COUNT)));
    let mut reached = COUNT;
    while let Some(value) = next(&mut resumed(reached - 1)).await {
        reached -= 1;
        assert_eq!(value, FILL + reached + 1);
    }
    assert!((1..COUNT).contains(&reached), "{reached}");
    let mut page = resumed(reached);
    let values = values_until(&mut page, FILL + COUNT).await;
    assert!(values.into_iter().eq(FILL + reached + 1..=FILL + COUNT));
    assert_eq!(next(&mut resumed(0)).await, None);
}
