//! Who is here: what a presence in one process promises.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use stario::prelude::*;
use stario::presence::{Change, Changes, Member, Members};
use tokio::time::Instant;

use crate::app;
use crate::support::patiently;
use crate::support::server::{Server, get};

stario::app!(local);

/// What a stream of changes has for its reader at this moment.
fn poll<T: PartialEq + Send + Sync>(changes: &mut Changes<T>) -> Poll<Option<Change<T>>> {
    Pin::new(changes).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// The change that waits.
#[track_caller]
fn change<T: PartialEq + Send + Sync>(changes: &mut Changes<T>) -> Change<T> {
    match poll(changes) {
        Poll::Ready(Some(change)) => change,
        Poll::Ready(None) => panic!("the stream has ended"),
        Poll::Pending => panic!("nothing has changed"),
    }
}

fn keys<T>(members: &Members<T>) -> Vec<&str> {
    members.iter().map(Member::key).collect()
}

/// Who joined (`+`), left (`-`) and was updated (`~`).
fn difference<T>(change: &Change<T>) -> String {
    let joined = change.joined().map(|member| format!("+{}", member.key()));
    let left = change.left().map(|member| format!("-{}", member.key()));
    let updated = change.updated().map(|member| format!("~{}", member.key()));
    joined.chain(left).chain(updated).collect::<Vec<_>>().join(" ")
}

/// A value whose comparison runs code of the app.
#[derive(Clone)]
struct Mood(&'static str, Arc<dyn Fn() + Send + Sync>);

impl PartialEq for Mood {
    fn eq(&self, other: &Self) -> bool {
        (self.1)();
        self.0 == other.0
    }
}

#[test]
fn values_are_compared_while_the_presence_can_be_used() {
    let presence = Presence::new();
    let used = presence.clone();
    let mood = |text| {
        let used = used.clone();
        Mood(text, Arc::new(move || drop(used.join("room", "ben", Mood("", Arc::new(|| ()))))))
    };
    let mut changes = presence.changes("room");
    let _ada = presence.join("room", "ada", mood("glad"));
    assert_eq!(difference(&change(&mut changes)), "");
    let tab = presence.join("room", "ada", mood("glad"));
    // Ben has come and gone meanwhile.
    assert_eq!(difference(&change(&mut changes)), "");
    tab.update(mood("sad"));
    assert_eq!(difference(&change(&mut changes)), "~ada");
    drop(tab);
    assert_eq!((difference(&change(&mut changes)), presence.list("room")[0].0), ("~ada".to_owned(), "glad"));
    let unused = mood("never shown");
    drop((unused, used));
}

#[test]
fn a_comparison_that_panics_leaves_nobody_listed() {
    let presence = Presence::new();
    let mood = |text| Mood(text, Arc::new(|| panic!("on purpose")));
    let ada = presence.join("room", "ada", mood("glad"));
    let tab = presence.join("room", "ada", mood("sad"));
    assert_eq!(presence.list("room")[0].0, "sad");
    ada.update(mood("glad"));
    assert_eq!(presence.list("room")[0].0, "glad");
    drop(ada);
    assert_eq!(keys(&presence.list("room")), ["ada"]);
    drop(tab);
    assert!(presence.list("room").is_empty());
}

#[test]
fn a_guard_lists_a_person_until_it_is_dropped() {
    let presence = Presence::new();
    let ada = presence.join("room.7", "ada", 1);
    let number = presence.join("room.7", 42_u64, 2);
    let _elsewhere = presence.join("room.8", "ada", 3);
    assert!(ada.is_listed());
    assert_eq!(number.key(), "42");
    assert_eq!(keys(&presence.list("room.7")), ["ada", "42"]);
    assert_eq!(presence.list("room.7").get(42).map(|member| **member), Some(2));
    drop(ada);
    assert_eq!(keys(&presence.list("room.7")), ["42"]);
    assert_eq!(keys(&presence.list("room.8")), ["ada"]);
    assert!(presence.list("room.9").is_empty());
}

#[test]
fn several_tabs_are_one_person_until_the_last_is_closed() {
    let presence = Presence::new();
    let first = presence.join("room", "ada", "first");
    let _ben = presence.join("room", "ben", "ben");
    let since = presence.list("room")[0].since();
    let second = presence.join("room", "ada", "second");
    let third = presence.join("room", "ada", "third");
    let shown = || {
        let list = presence.list("room");
        assert_eq!(keys(&list), ["ada", "ben"], "the order is that of the arrival");
        assert_eq!(list[0].since(), since);
        *list[0].value()
    };
    assert_eq!(shown(), "third");
    drop(third);
    assert_eq!(shown(), "second");
    first.update("newer");
    assert_eq!(shown(), "newer");
    drop(second);
    assert_eq!(shown(), "newer");
    drop(first);
    assert_eq!(keys(&presence.list("room")), ["ben"]);
}

#[test]
fn who_leaves_and_joins_again_is_the_last_who_came() {
    let presence = Presence::new();
    let ada = presence.join("room", "ada", ());
    let _ben = presence.join("room", "ben", ());
    drop(ada);
    let _ada = presence.join("room", "ada", ());
    assert_eq!(keys(&presence.list("room")), ["ben", "ada"]);
}

#[test]
fn changes_begin_with_the_list_and_say_who_came_and_went() {
    let presence = Presence::new();
    let ada = presence.join("room", "ada", 1);
    let mut changes = presence.changes("room");
    let first = change(&mut changes);
    assert_eq!(keys(first.list()), ["ada"]);
    assert_eq!(difference(&first), "", "who was there has not joined");
    assert!(poll(&mut changes).is_pending());

    let ben = presence.join("room", "ben", 1);
    let _elsewhere = presence.join("other", "eve", 1);
    assert_eq!(difference(&change(&mut changes)), "+ben");
    ada.update(2);
    assert_eq!(difference(&change(&mut changes)), "~ada");
    drop(ben);
    let left = change(&mut changes);
    assert_eq!(difference(&left), "-ben");
    assert_eq!(left.left().map(|member| **member).collect::<Vec<_>>(), [1]);
    assert!(poll(&mut changes).is_pending());
}

#[test]
fn an_equal_value_is_no_change() {
    let presence = Presence::new();
    let ada = presence.join("room", "ada", 1);
    let mut changes = presence.changes("room");
    change(&mut changes);
    let tab = presence.join("room", "ada", 1);
    ada.update(1);
    drop(tab);
    assert!(poll(&mut changes).is_pending());
    ada.update(2);
    assert_eq!(difference(&change(&mut changes)), "~ada");
}

#[test]
fn a_slow_reader_receives_one_change_to_the_newest_list() {
    let presence = Presence::new();
    let before = presence.join("room", "before", 0);
    let mut slow = presence.changes("room");
    change(&mut slow);
    for number in 0..1_000 {
        drop(presence.join("room", number, number));
    }
    let _stays = presence.join("room", "stays", 1);
    drop(before);
    let one = change(&mut slow);
    assert_eq!(difference(&one), "+stays -before");
    assert_eq!(keys(one.list()), ["stays"]);
    assert!(poll(&mut slow).is_pending());
}

#[test]
fn nothing_is_kept_for_a_slow_reader_but_the_list_that_it_saw() {
    let presence = Presence::new();
    let mut slow = presence.changes("room");
    change(&mut slow);
    let values: Vec<_> = (0..100).map(Arc::new).collect();
    for value in &values {
        drop(presence.join("room", "ada", Arc::clone(value)));
    }
    assert!(values.iter().all(|value| Arc::strong_count(value) == 1), "values are dropped with their guards");
}

#[tokio::test]
async fn a_reader_that_waits_is_woken_by_each_change() {
    let presence = Presence::<()>::new();
    let mut changes = presence.changes("room");
    patiently(changes.next()).await.unwrap();
    let reader = tokio::spawn(async move {
        while let Some(change) = changes.next().await {
            if let Some(member) = change.list().first() {
                return member.key().to_owned();
            }
        }
        "the stream has ended".to_owned()
    });
    // The reader waits by now: this is the only other task of the thread.
    tokio::task::yield_now().await;
    let _ada = presence.join("room", "ada", ());
    assert_eq!(patiently(reader).await.unwrap(), "ada");
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_within_the_grace_period_has_not_left() {
    let presence = Presence::new().grace_period(Duration::from_secs(1));
    let ada = presence.join("room", "ada", 1);
    let mut changes = presence.changes("room");
    change(&mut changes);

    drop(ada);
    tokio::time::sleep(Duration::from_millis(900)).await;
    let ada = presence.join("room", "ada", 1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(poll(&mut changes).is_pending(), "the page was reloaded");

    let left_at = Instant::now();
    drop(ada);
    assert_eq!(difference(&changes.next().await.unwrap()), "-ada");
    assert_eq!(left_at.elapsed().as_secs(), 1);
}

#[test]
fn without_a_runtime_there_is_no_grace_period() {
    let presence = Presence::new().grace_period(Duration::from_secs(1));
    drop(presence.join("room", "ada", ()));
    assert!(presence.list("room").is_empty());
}

#[test]
fn a_runtime_that_ends_ends_the_grace_period() {
    let presence = Presence::new().grace_period(Duration::from_secs(60));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { drop(presence.join("room", "ada", ())) });
    assert_eq!(keys(&presence.list("room")), ["ada"]);
    drop(runtime);
    assert!(presence.list("room").is_empty());
}

#[test]
fn who_exceeds_a_limit_is_not_listed() {
    let presence = Presence::new().max_per_topic(2).max_total(3);
    let ada = presence.join("a", "ada", 1);
    let _ben = presence.join("a", "ben", 1);
    let late = presence.join("a", "late", 1);
    assert!(!late.is_listed());
    assert!(presence.join("a", "ada", 2).is_listed(), "a second tab needs no room");
    let _cleo = presence.join("b", "cleo", 1);
    assert!(!presence.join("b", "dan", 1).is_listed());
    late.update(2);
    drop(late);
    drop(ada);
    assert_eq!(keys(&presence.list("a")), ["ben"]);
    assert!(presence.join("b", "dan", 1).is_listed(), "there is room again");
}

#[test]
fn invalid_topics_and_keys_are_refused_without_a_panic() {
    let presence = Presence::new();
    let long = "x".repeat(257);
    for (topic, key) in [("", "ada"), ("room", ""), (&long, "ada"), ("room", &long)] {
        let joined = presence.join(topic, key, ());
        assert!(!joined.is_listed());
        joined.update(());
    }
    assert!(
        presence.list("room").is_empty() && presence.list("").is_empty() && presence.list(&long).is_empty()
    );
    assert!(matches!(poll(&mut presence.changes("")), Poll::Ready(None)));
    assert!(matches!(poll(&mut presence.changes(&long)), Poll::Ready(None)));
    let longest = &long[..256];
    let _joined = presence.join(longest, longest, ());
    assert_eq!(keys(&presence.list(longest)), [longest]);
}

#[test]
fn a_panic_drops_the_guard() {
    let presence = Presence::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _here = presence.join("room", "ada", ());
        assert_eq!(presence.list("room").len(), 1);
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert!(presence.list("room").is_empty());
}

/// Uses the presence that it is a value of when it is dropped.
struct Reentrant(Option<Presence<Reentrant>>);

impl PartialEq for Reentrant {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Drop for Reentrant {
    fn drop(&mut self) {
        if let Some(presence) = self.0.take() {
            let _ = presence.list("room").len();
            drop(presence.join("room", "dropped", Reentrant(None)));
        }
    }
}

#[test]
fn a_destructor_may_use_the_presence() {
    let presence = Presence::new();
    let value = || Reentrant(Some(presence.clone()));
    let mut changes = presence.changes("room");
    let ada = presence.join("room", "ada", value());
    let tab = presence.join("room", "ada", value());
    change(&mut changes);
    tab.update(value());
    drop(tab);
    drop(ada);
    change(&mut changes);
    assert!(presence.list("room").is_empty());
    drop(presence.clone().max_total(0).join("room", "ben", value()));
}

#[app::query("/rooms/{room}/{name}", app = local)]
async fn room(
    room: PathParam<String>,
    name: PathParam<String>,
    presence: State<Presence<()>>,
) -> impl Stream<Item = Event> {
    stream! {
        let _here = presence.join(&*room, &*name, ());
        let mut changes = presence.changes(&*room);
        while let Some(change) = changes.next().await {
            assert!(change.list().get("panic").is_none(), "on purpose");
            yield keys(change.list()).join(" ");
        }
    }
}

/// Waits until these are here.
async fn until(presence: &Presence<()>, room: &str, expected: &[&str]) {
    let mut changes = presence.changes(room);
    let reached = async {
        while let Some(change) = changes.next().await {
            if keys(change.list()) == expected {
                return;
            }
        }
    };
    patiently(reached).await;
}

#[tokio::test]
async fn who_closes_the_connection_is_gone_within_two_seconds() {
    let presence = Presence::new();
    let server = Server::start(local::new().state(presence.clone()).ping_interval(Duration::ZERO)).await;
    let ada = server.send(get("/rooms/1/ada", "")).await;
    until(&presence, "1", &["ada"]).await;
    // The quickest of some times counts, because the machine may be busy with other things.
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let ben = server.send(get("/rooms/1/ben", "")).await;
        until(&presence, "1", &["ada", "ben"]).await;
        let closed_at = std::time::Instant::now();
        drop(ben);
        until(&presence, "1", &["ada"]).await;
        quickest = quickest.min(closed_at.elapsed());
        if quickest < Duration::from_secs(2) {
            break;
        }
    }
    assert!(quickest < Duration::from_secs(2), "{quickest:?}");
    drop(ada);
    until(&presence, "1", &[]).await;
}

#[tokio::test]
async fn a_stream_that_panics_leaves() {
    let presence = Presence::<()>::new();
    let server = Server::start(local::new().state(presence.clone()).ping_interval(Duration::ZERO)).await;
    let _panics = server.send(get("/rooms/2/panic", "")).await;
    let mut changes = presence.changes("2");
    let came_and_went = async {
        let mut came = false;
        loop {
            let is_here = !changes.next().await.unwrap().list().is_empty();
            came |= is_here;
            if !is_here && (came || presence.list("2").is_empty()) {
                return;
            }
        }
    };
    patiently(came_and_went).await;
}

#[tokio::test]
async fn everybody_has_left_when_the_server_has_stopped() {
    let presence = Presence::new();
    let server = Server::start(local::new().state(presence.clone()).ping_interval(Duration::ZERO)).await;
    let mut changes = presence.changes("3");
    let _ada = server.send(get("/rooms/3/ada", "")).await;
    until(&presence, "3", &["ada"]).await;
    assert_eq!(keys(change(&mut changes).list()), ["ada"]);
    server.stop().await.unwrap();
    assert_eq!(difference(&change(&mut changes)), "-ada");
}
