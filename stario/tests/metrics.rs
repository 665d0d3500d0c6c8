//! The figures that Prometheus reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::stream::{self, StreamExt};
use stario::prelude::*;
use stario::presence::{PresenceStore, PresenceUpdate, PresenceWatch};
use stario::{AppHandle, Bytes, MemoryQueue, StoreError};

stario::app!();
stario::app!(jobs);

#[app::query("/hello/{name}")]
async fn hello(name: PathParam<String>) -> String {
    metrics::counter!("greetings_total").increment(1);
    name.0
}

#[app::query("/live")]
async fn live() -> impl Stream<Item = Event> {
    stream! {
        yield json!({ "a": 1 });
        yield json!({ "a": 2 });
        std::future::pending::<()>().await;
    }
}

/// The value of the one line of `figures` that begins with `figure` and holds all `labels`.
fn value(figures: &str, figure: &str, labels: &[&str]) -> Option<String> {
    let is_it = |line: &&str| line.starts_with(figure) && labels.iter().all(|label| line.contains(label));
    let mut lines = figures.lines().filter(is_it);
    let line = lines.next()?;
    assert_eq!(lines.next(), None, "{figures}");
    line.rsplit(' ').next().map(str::to_owned)
}

#[test]
fn requests_and_streams_are_counted() {
    let client = TestClient::new(app::new().metrics("/metrics"));
    // What has ended is counted when its body is dropped, which nobody is told.
    let check = |figure: &str, labels: &[&str], expected: &str| {
        let started = std::time::Instant::now();
        loop {
            let res = client.get("/metrics").send();
            assert_eq!(res.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
            if value(res.text(), figure, labels).as_deref() == Some(expected) {
                return;
            }
            assert!(
                started.elapsed().as_secs() < 60,
                "{figure} {labels:?} is not {expected}: {}",
                res.text()
            );
        }
    };
    client.get("/hello/ada").send();
    client.get("/hello/bob").send();
    client.get("/nowhere").send();
    client.request(http::Method::from_bytes(b"BREW").unwrap(), "/hello/ada").send();
    let mut stream = client.get("/live").open().send();
    stream.next().wait().unwrap();
    let duration = "http_server_request_duration_seconds_count";
    let hello = ["http_request_method=\"GET\"", "http_route=\"/hello/{name}\"", "status_code=\"200\""];
    check(duration, &hello, "2");
    check(duration, &["http_route=\"\"", "status_code=\"404\""], "1");
    check(duration, &["http_request_method=\"_OTHER\"", "status_code=\"405\""], "1");
    check("greetings_total", &[], "2");
    check("stario_open_streams", &["/live"], "1");
    // The open stream, and the request for the figures itself.
    check("http_server_active_requests", &["\"GET\""], "2");
    drop(stream);
    check("stario_open_streams", &["/live"], "0");
    check("stario_stream_events_total", &["/live"], "2");
}

#[app::detached_command("/mail/{address}", app = jobs, durable = "mail", attempts = 1)]
async fn mail(address: PathParam<String>) -> Result {
    if *address == "nobody" {
        return Err("there is no such address".into());
    }
    Ok(())
}

#[app::command("/prune", app = jobs)]
async fn prune(handle: AppHandle) -> Result {
    handle.durable().prune_dead(Duration::ZERO).await?;
    Ok(())
}

#[test]
fn durable_commands_and_their_runs_are_counted() {
    let client = TestClient::new(jobs::new().durable(MemoryQueue::new()).metrics("/metrics"));
    let commands = || {
        let res = client.get("/metrics").send();
        ["waiting", "running", "dead"].map(|state| {
            let labels = ["command=\"mail\"", &format!("state=\"{state}\"")];
            value(res.text(), "stario_durable_commands", &labels).unwrap_or_default()
        })
    };
    for address in ["ada", "bob", "nobody"] {
        assert_eq!(client.post(format!("/mail/{address}")).send().status(), 204);
    }
    assert_eq!(commands(), ["3", "0", "0"]);
    client.drain_blocking();
    assert_eq!(commands(), ["0", "0", "1"]);
    let res = client.get("/metrics").send();
    for (outcome, count) in [("finished", "2"), ("dead", "1")] {
        let labels = ["command=\"mail\"", &format!("outcome=\"{outcome}\"")];
        assert_eq!(value(res.text(), "stario_durable_runs_total", &labels).as_deref(), Some(count));
    }
    assert_eq!(client.post("/prune").send().status(), 204);
    assert_eq!(commands(), ["0", "0", "0"]);
}

/// Takes every record but those of a person, until it is away.
#[derive(Clone, Default)]
struct Store {
    is_away: Arc<AtomicBool>,
    /// Whether it has the record of a person at another process.
    has_other: bool,
}

/// The key of the person whom the store refuses.
const REFUSED: &str = "mallory";

impl Store {
    fn answer(&self, key: &str) -> Result<(), StoreError> {
        let is_refused = self.is_away.load(Ordering::Relaxed) || key.contains(REFUSED);
        if is_refused { Err("no".into()) } else { Ok(()) }
    }
}

impl PresenceStore for Store {
    fn lease(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn put(&self, key: &str, _: Bytes) -> Result<(), StoreError> {
        self.answer(key)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.answer(key)
    }

    async fn watch(&self) -> Result<PresenceWatch, StoreError> {
        let mut updates = vec![PresenceUpdate::Current];
        if self.has_other {
            let record = r#"{"topic":"room","key":"zoe","since":1,"stamp":1,"value":"4"}"#;
            updates.extend([("0a", ""), ("0a.room.zoe", record)].map(|(key, value)| PresenceUpdate::Put {
                key: key.to_owned(),
                value: value.into(),
                age: Duration::ZERO,
            }));
        }
        Ok(Box::pin(stream::iter(updates).chain(stream::pending())))
    }
}

#[tokio::test(start_paused = true)]
async fn people_and_their_records_are_counted() {
    let client = TestClient::new(app::new().metrics("/metrics"));
    let shown = async || {
        let figures = client.get("/metrics").await.text().to_owned();
        let records = ["written", "deleted", "failed", "refused"].map(|outcome| {
            let count =
                value(&figures, "stario_presence_records_total", &[&format!("outcome=\"{outcome}\"")]);
            count.map_or(0, |count| count.parse::<u32>().unwrap())
        });
        (value(&figures, "stario_presence_people", &[]), records)
    };
    let until = async |people: &str, are_right: fn([u32; 4]) -> bool| {
        // Time is paused: it passes when every task waits.
        for _ in 0..1000 {
            let (shown, records) = shown().await;
            if shown.as_deref() == Some(people) && are_right(records) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{people} people: {:?}", shown().await);
    };
    assert_eq!(shown().await, (None, [0; 4]));
    let store = Store::default();
    let presence = Presence::over(store.clone());
    let ada = presence.join("room", "ada", "1".to_owned());
    let tab = presence.join("room", "ada", "1".to_owned());
    let ben = presence.join("room", "ben", "2".to_owned());
    until("2", |[written, rest @ ..]| written >= 2 && rest == [0; 3]).await;
    // The person is listed here, and nowhere else.
    let mallory = presence.join("room", REFUSED, "3".to_owned());
    until("3", |[_, deleted, failed, refused]| (deleted, failed, refused) == (0, 1, 1)).await;
    drop((ada, ben));
    until("2", |[_, deleted, failed, _]| (deleted, failed) == (1, 1)).await;
    // What the store does not take while it is away is tried again.
    store.is_away.store(true, Ordering::Relaxed);
    drop(tab);
    until("1", |[_, deleted, failed, _]| deleted == 1 && failed > 1).await;
    store.is_away.store(false, Ordering::Relaxed);
    until("1", |[_, deleted, ..]| deleted == 2).await;
    drop(mallory);
    assert_eq!(shown().await.0.as_deref(), Some("0"));
    // A person of another process counts as long as there is a presence that lists the person.
    let other = Presence::<String>::over(Store { has_other: true, ..Store::default() });
    until("1", |_| true).await;
    drop(other);
    assert_eq!(shown().await.0.as_deref(), Some("0"));
}
