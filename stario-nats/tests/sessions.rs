//! Sessions in a bucket of a real NATS server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use stario::prelude::*;
use stario::{Session, SessionFilter, SessionId, SessionRecord, SessionStore, Sessions};
use stario_nats::NatsSessions;

use support::{Broker, soon, until};

mod support;

stario::app!();

#[derive(Serialize, Deserialize, Default)]
struct Cart {
    items: Vec<u32>,
}

#[app::query("/")]
async fn show(session: Session<Cart>) -> String {
    format!("{}: {:?}", session.user().unwrap_or_default(), session.get().items)
}

#[app::command("/login/{name}")]
async fn log_in(name: PathParam<String>, session: Session<Cart>) -> Result {
    Ok(session.log_in(name.0, |_| {}).await?)
}

#[app::command("/add/{item}")]
async fn add(item: PathParam<u32>, session: Session<Cart>) -> Result {
    Ok(session.update(|cart| cart.items.push(*item)).await?)
}

#[app::command("/revoke/{name}")]
async fn revoke(name: PathParam<String>, sessions: State<Sessions<Cart>>) -> Result<u64> {
    Ok(sessions.revoke_user(name.0).await?)
}

/// The store of one process.
async fn open(broker: &Broker) -> NatsSessions {
    broker.connect().await.sessions("sessions").await.unwrap()
}

async fn client(broker: &Broker) -> TestClient {
    TestClient::new(app::new().state(Sessions::<Cart>::new(open(broker).await)))
}

/// What the cookie of a new session holds.
async fn log_in_ada(client: &TestClient) -> String {
    client.post("/login/ada").await.cookie("session").unwrap().value().to_owned()
}

fn record(number: u8, user: Option<&str>) -> SessionRecord {
    SessionRecord {
        id: SessionId::from_bytes([number; 32]),
        user: user.map(str::to_owned),
        data: r#"{"items":[1]}"#.to_owned(),
        created: 1,
        used: 2,
        expires: 3,
        version: 1,
    }
}

#[tokio::test]
async fn records_are_kept_as_they_are() {
    let broker = Broker::start();
    let store = open(&broker).await;
    let record = record(7, Some("ada"));
    let which = SessionFilter::Id(record.id);
    assert_eq!(store.load(&which).await.unwrap(), []);
    assert!(store.save(&record).await.unwrap());
    assert!(!store.save(&record).await.unwrap(), "the id is taken");
    assert_eq!(store.load(&which).await.unwrap(), std::slice::from_ref(&record));
    let next = SessionRecord { version: 2, data: "{}".to_owned(), ..record.clone() };
    assert!(store.save(&next).await.unwrap());
    assert!(!store.save(&next).await.unwrap(), "another was faster");
    assert_eq!(store.load(&which).await.unwrap(), [next]);
    assert_eq!(store.delete(&which).await.unwrap(), 1);
    assert_eq!(store.delete(&which).await.unwrap(), 0);
    assert!(!store.save(&SessionRecord { version: 3, ..record.clone() }).await.unwrap(), "it has ended");
    assert_eq!(store.load(&SessionFilter::User("ada".to_owned())).await.unwrap(), []);
    assert!(store.save(&record).await.unwrap(), "nothing is left of it");
}

#[tokio::test]
async fn the_sessions_of_a_user_are_found_whatever_the_user_is_called() {
    let broker = Broker::start();
    let store = open(&broker).await;
    let users = ["ada", "ada.lovelace", "*", ">", "", "ö b", "ada"];
    for (number, user) in (1..).zip(users) {
        assert!(store.save(&record(number, Some(user))).await.unwrap());
    }
    assert!(store.save(&record(99, None)).await.unwrap());
    for (user, count) in
        [("ada", 2), ("ada.lovelace", 1), ("*", 1), (">", 1), ("", 1), ("ö b", 1), ("bob", 0)]
    {
        let which = SessionFilter::User(user.to_owned());
        let found = store.load(&which).await.unwrap();
        assert!(
            found.len() == count && found.iter().all(|record| record.user.as_deref() == Some(user)),
            "{user:?}: {found:?}"
        );
    }
    assert_eq!(store.delete(&SessionFilter::User("ada".to_owned())).await.unwrap(), 2);
    assert_eq!(store.load(&SessionFilter::Id(SessionId::from_bytes([99; 32]))).await.unwrap().len(), 1);
    assert_eq!(store.load(&SessionFilter::User("*".to_owned())).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_restart_of_both_keeps_sessions() {
    let mut broker = Broker::start();
    let one = client(&broker).await;
    let cookie = log_in_ada(&one).await;
    one.post("/add/1").cookie("session", &cookie).await;
    drop(one);
    broker.kill();
    broker.restart();
    let other = client(&broker).await;
    assert_eq!(other.get("/").cookie("session", &cookie).await.text(), "ada: [1]");
}

#[tokio::test]
async fn sessions_expire() {
    let (broker, now) = (Broker::start(), Arc::new(AtomicU64::new(1_000_000)));
    let clock = Arc::clone(&now);
    let sessions = Sessions::<Cart>::new(open(&broker).await)
        .idle_timeout(Duration::from_secs(100))
        .clock(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
    let client = TestClient::new(app::new().state(sessions));
    let cookie = log_in_ada(&client).await;
    let shown = async || client.get("/").cookie("session", &cookie).await.text().to_owned();
    let pass = |seconds| now.fetch_add(seconds, Ordering::Relaxed);
    pass(99);
    assert_eq!(shown().await, "ada: []");
    pass(99);
    assert_eq!(shown().await, "ada: []", "its use was noted");
    pass(100);
    assert_eq!(shown().await, ": []");
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
    soon(async {
        while !store.load(&SessionFilter::Id(record.id)).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(store.load(&SessionFilter::User("ada".to_owned())).await.unwrap(), []);
}

#[tokio::test]
async fn all_sessions_of_a_user_are_revoked_at_every_process() {
    let broker = Broker::start();
    let (one, other) = (client(&broker).await, client(&broker).await);
    let cookies = [log_in_ada(&one).await, log_in_ada(&other).await];
    let bob = one.post("/login/bob").await.cookie("session").unwrap().value().to_owned();
    assert_eq!(other.post("/revoke/ada").await.text(), "2");
    for cookie in cookies {
        assert_eq!(one.get("/").cookie("session", &cookie).await.text(), ": []");
    }
    assert_eq!(one.get("/").cookie("session", &bob).await.text(), "bob: []");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_lose_no_change() {
    let broker = Broker::start();
    let clients = [client(&broker).await, client(&broker).await];
    let cookie = log_in_ada(&clients[0]).await;
    let requests: Vec<_> = (0..20)
        .map(|item| {
            let (client, cookie) = (clients[item % 2].clone(), cookie.clone());
            tokio::spawn(async move {
                client.post(format!("/add/{item}")).cookie("session", &cookie).await.status().as_u16()
            })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), 204);
    }
    let stored =
        open(&broker).await.load(&SessionFilter::User("ada".to_owned())).await.unwrap().pop().unwrap();
    let mut cart: Cart = serde_json::from_str(&stored.data).unwrap();
    cart.items.sort_unstable();
    assert_eq!((cart.items, stored.version), ((0..20).collect(), 21));
}

#[tokio::test]
async fn a_store_that_is_away_is_a_500_and_one_that_cannot_be_opened_an_error() {
    let mut broker = Broker::start();
    let nats = broker.connect().await;
    let store = nats.sessions("sessions").await.unwrap();
    let client = TestClient::new(app::new().state(Sessions::<Cart>::new(store)));
    let cookie = log_in_ada(&client).await;
    broker.kill();
    until(|| nats.check().is_err()).await;
    assert_eq!(client.get("/").await.status(), 200, "a visitor without a session needs no store");
    assert_eq!(soon(async { client.get("/").cookie("session", &cookie).await }).await.status(), 500);
    broker.restart();
    soon(nats.ready()).await;
    assert_eq!(client.get("/").cookie("session", &cookie).await.text(), "ada: []");

    let error = stario::Error::from(nats.sessions("no.name").await.unwrap_err()).to_string();
    assert!(error.starts_with(r#"the bucket "no.name" of JetStream cannot be opened"#), "{error}");
}
