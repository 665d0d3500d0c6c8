//! Sessions in a bucket of a real NATS server.

use std::time::Duration;

use session_store::{client, log_in_ada, record, shown};
use stario::{SessionFilter, SessionStore};
use stario_nats::NatsSessions;

use support::{Broker, soon, until};

#[path = "../../stario/tests/support/session_store.rs"]
mod session_store;
mod support;

stario::app!();

/// The store of one process.
async fn open(broker: &Broker) -> NatsSessions {
    broker.connect().await.sessions("sessions").await.unwrap()
}

#[tokio::test]
async fn records_are_kept_as_they_are() {
    let broker = Broker::start();
    session_store::records_are_kept_as_they_are(open(&broker).await).await;
}

#[tokio::test]
async fn the_sessions_of_a_user_are_found_whatever_the_user_is_called() {
    let broker = Broker::start();
    session_store::the_sessions_of_a_user_are_found_whatever_the_user_is_called(open(&broker).await).await;
}

#[tokio::test]
async fn a_session_that_is_not_used_expires() {
    let broker = Broker::start();
    session_store::a_session_that_is_not_used_expires(open(&broker).await).await;
}

#[tokio::test]
async fn a_bucket_drops_what_is_older_than_its_age() {
    let broker = Broker::start();
    let nats = broker.connect().await;
    drop(nats.sessions("sessions").await.unwrap());
    // The age of a bucket that is there is changed.
    let store = nats.sessions("sessions").max_age(Duration::from_millis(300)).await.unwrap();
    let record = record(1, Some("ada"));
    assert!(store.save(&record).await.unwrap());
    // The broker tells nobody that it drops a record, so it is asked until it has; each request waits for its answer.
    soon(async { while !store.load(&SessionFilter::Id(record.id)).await.unwrap().is_empty() {} }).await;
    assert_eq!(store.load(&SessionFilter::User("ada".to_owned())).await.unwrap(), []);
}

#[tokio::test]
async fn all_sessions_of_a_user_are_revoked_and_no_others() {
    let broker = Broker::start();
    let stores = [open(&broker).await, open(&broker).await];
    session_store::all_sessions_of_a_user_are_revoked_and_no_others(stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_lose_no_change() {
    let broker = Broker::start();
    let stores = [open(&broker).await, open(&broker).await];
    session_store::concurrent_requests_lose_no_change(stores, open(&broker).await).await;
}

#[tokio::test]
async fn a_store_that_is_away_is_a_500_and_one_that_cannot_be_opened_an_error() {
    let mut broker = Broker::start();
    let nats = broker.connect().await;
    let store = nats.sessions("sessions").await.unwrap();
    let client = client(store);
    let cookie = log_in_ada(&client).await;
    broker.kill();
    until(|| nats.check().is_err()).await;
    assert_eq!(client.get("/").await.status(), 200, "a visitor without a session needs no store");
    assert_eq!(soon(async { client.get("/").cookie("session", &cookie).await }).await.status(), 500);
    broker.restart();
    soon(nats.ready()).await.unwrap();
    assert_eq!(shown(&client, &cookie).await, "ada: []");

    let error = stario::Error::from(nats.sessions("no.name").await.unwrap_err()).to_string();
    assert!(error.starts_with(r#"the bucket "no.name" of JetStream cannot be opened"#), "{error}");
}

#[tokio::test]
async fn the_permissions_of_the_docs_are_enough_for_sessions() {
    let broker = Broker::with_config(
        r#"authorization { users: [ { user: "ada", password: "x", permissions: {
            publish: ["$JS.API.>", "$KV.sessions.>", "$JS.FC.>"], subscribe: "_INBOX.>" } } ] }"#,
    );
    let nats = stario_nats::connect(format!("nats://ada:x@127.0.0.1:{}", broker.port)).await.unwrap();
    let store = nats.sessions("sessions").await.unwrap();
    let record = record(1, Some("ada"));
    assert!(store.save(&record).await.unwrap());
    for filter in [SessionFilter::Id(record.id), SessionFilter::User("ada".into())] {
        assert_eq!(store.load(&filter).await.unwrap().len(), 1, "{filter:?}");
        store.delete(&filter).await.unwrap();
        assert_eq!(store.load(&filter).await.unwrap().len(), 0, "{filter:?}");
        assert!(store.save(&record).await.unwrap());
    }
}
