//! What every store of sessions does, whatever it is made of, and the app with which that is tried. The tests of each store call these.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use stario::prelude::*;
use stario::testing::TestClient;
use stario::{Session, SessionFilter, SessionId, SessionRecord, SessionStore, Sessions};

use crate::app;

#[derive(Serialize, Deserialize, Default)]
pub(crate) struct Cart {
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

/// A process of the app.
pub(crate) fn client(store: impl SessionStore) -> TestClient {
    TestClient::new(app::new().state(Sessions::<Cart>::new(store)))
}

/// What the cookie of a new session holds.
pub(crate) async fn log_in_ada(client: &TestClient) -> String {
    client.post("/login/ada").await.cookie("session").unwrap().value().to_owned()
}

/// What the app shows to whoever has this cookie.
pub(crate) async fn shown(client: &TestClient, cookie: &str) -> String {
    client.get("/").cookie("session", cookie).await.text().to_owned()
}

pub(crate) fn record(number: u8, user: Option<&str>) -> SessionRecord {
    SessionRecord {
        id: SessionId::from_bytes([number; 32]),
        user: user.map(str::to_owned),
        data: r#"{"items":[1]}"#.to_owned(),
        created: 1,
        used: 2,
        expires: i64::MAX,
        version: 1,
    }
}

fn user(name: &str) -> SessionFilter {
    SessionFilter::User(name.to_owned())
}

/// Checks what one record goes through. The store is new.
pub(crate) async fn records_are_kept_as_they_are(store: impl SessionStore) {
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
    assert_eq!(store.load(&user("ada")).await.unwrap(), []);
    assert!(store.save(&record).await.unwrap(), "nothing is left of it");
}

/// Checks that users are told apart. The store is new.
pub(crate) async fn the_sessions_of_a_user_are_found_whatever_the_user_is_called(store: impl SessionStore) {
    let users = ["ada", "ada.lovelace", "*", ">", "", "ö b", "%", "ada"];
    for (number, user) in (1..).zip(users) {
        assert!(store.save(&record(number, Some(user))).await.unwrap());
    }
    assert!(store.save(&record(99, None)).await.unwrap());
    let counts =
        [("ada", 2), ("ada.lovelace", 1), ("*", 1), (">", 1), ("", 1), ("ö b", 1), ("%", 1), ("bob", 0)];
    for (name, count) in counts {
        let found = store.load(&user(name)).await.unwrap();
        assert!(
            found.len() == count && found.iter().all(|record| record.user.as_deref() == Some(name)),
            "{name:?}: {found:?}"
        );
    }
    assert_eq!(store.delete(&user("ada")).await.unwrap(), 2);
    assert_eq!(store.load(&SessionFilter::Id(SessionId::from_bytes([99; 32]))).await.unwrap().len(), 1);
}

/// Checks that time ends a session. Returns the process in which 298 seconds have passed.
pub(crate) async fn a_session_that_is_not_used_expires(store: impl SessionStore) -> TestClient {
    let now = Arc::new(AtomicU64::new(1_000_000));
    let clock = Arc::clone(&now);
    let sessions = Sessions::<Cart>::new(store)
        .idle_timeout(Duration::from_secs(100))
        .clock(move || UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed)));
    let client = TestClient::new(app::new().state(sessions));
    let cookie = log_in_ada(&client).await;
    let pass = |seconds| now.fetch_add(seconds, Ordering::Relaxed);
    pass(99);
    assert_eq!(shown(&client, &cookie).await, "ada: []");
    pass(99);
    assert_eq!(shown(&client, &cookie).await, "ada: []", "its use was noted");
    pass(100);
    assert_eq!(shown(&client, &cookie).await, ": []");
    client
}

/// Checks that two processes, each with its own connection to the store, end the sessions of one user.
pub(crate) async fn all_sessions_of_a_user_are_revoked_and_no_others<S: SessionStore>(stores: [S; 2]) {
    let [one, other] = stores.map(client);
    let cookies = [log_in_ada(&one).await, log_in_ada(&other).await];
    let bob = one.post("/login/bob").await.cookie("session").unwrap().value().to_owned();
    assert_eq!(other.post("/revoke/ada").await.text(), "2");
    for cookie in cookies {
        assert_eq!(shown(&one, &cookie).await, ": []");
        assert_eq!(shown(&other, &cookie).await, ": []");
    }
    assert_eq!(shown(&one, &bob).await, "bob: []");
}

/// Checks that nothing is lost that two processes change at the same time. `store` is another connection to what they share.
pub(crate) async fn concurrent_requests_lose_no_change<S: SessionStore>(stores: [S; 2], store: S) {
    const CHANGES: u32 = 24;
    let clients = stores.map(client);
    let cookie = log_in_ada(&clients[0]).await;
    let requests: Vec<_> = (0..CHANGES)
        .map(|item| {
            let (client, cookie) = (clients[item as usize % 2].clone(), cookie.clone());
            tokio::spawn(async move {
                client.post(format!("/add/{item}")).cookie("session", &cookie).await.status().as_u16()
            })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), 204);
    }
    let stored = store.load(&user("ada")).await.unwrap().pop().unwrap();
    let mut cart: Cart = serde_json::from_str(&stored.data).unwrap();
    cart.items.sort_unstable();
    assert_eq!((cart.items, stored.version), ((0..CHANGES).collect(), i64::from(CHANGES) + 1));
}
