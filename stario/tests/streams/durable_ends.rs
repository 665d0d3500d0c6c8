//! What is left of durable commands that have ended: dead letters in the log, and finished ones for as long as the app says. And the times of a
//! cron expression, by a clock that a test moves.

use stario::durable::{CommandFilter, CommandState, ListedCommand};
use stario::prelude::*;
use stario::{DurableStore, NoRetry};

use crate::app;
use crate::durable::Setup;
use crate::support::probe::Probe;
use crate::support::records::listen_here;

stario::app!(local);
stario::app!(nightly);

impl Setup {
    async fn listed(&self) -> Vec<ListedCommand> {
        self.store.list(&CommandFilter::default(), 100).await.unwrap()
    }
}

#[app::detached_command("/refuse", app = local, durable = "refuse", attempts = 2, backoff = "1s")]
async fn refuse(for_good: QueryParam<bool>) -> Result {
    if *for_good {
        return Err(NoRetry::new("out of tea").into());
    }
    Err("closed".into())
}

#[app::detached_command("/work", app = local, durable = "work")]
async fn work(probe: State<Probe>) {
    probe.log("worked");
}

#[tokio::test]
async fn a_dead_letter_is_logged_as_an_error_and_an_attempt_that_is_followed_by_another_as_a_warning() {
    let mut setup = Setup::of(local::new());
    let (_guard, mut records) = listen_here();
    setup.client.post("/refuse?for_good=false").await;
    setup.client.post("/refuse?for_good=true").await;
    setup.run().await;
    setup.run_after(1).await;
    // Other tests have commands of other names.
    let mut logged: Vec<_> = std::iter::from_fn(|| records.try_recv().ok()).collect();
    logged.retain(|record| record.get("command").is_some_and(|name| name == "refuse"));
    let said: Vec<_> = logged
        .iter()
        .map(|record| (&*record["level"], &*record["message"], &*record["attempt"], &*record["error"]))
        .collect();
    let again = "a durable command failed, and will run again";
    let dead = "a durable command is a dead letter: it will not run again";
    assert_eq!(
        said,
        [("WARN", again, "1", "closed"), ("ERROR", dead, "1", "out of tea"), ("ERROR", dead, "2", "closed")]
    );
    assert_eq!(logged[2]["id"], setup.listed().await[0].id.to_string());
}

#[tokio::test]
async fn finished_commands_are_kept_for_as_long_as_the_app_says() {
    let mut setup = Setup::of(local::new().durable_retention(Duration::from_secs(60)));
    setup.client.post("/work").await;
    setup.client.post("/refuse?for_good=true").await;
    assert_eq!(setup.run().await, ["worked"]);
    setup.run_after(60).await;
    assert_eq!(setup.listed().await.len(), 2);
    setup.run_after(1).await;
    // A dead letter stays.
    let left: Vec<_> = setup.listed().await.into_iter().map(|left| (left.name, left.state)).collect();
    assert_eq!(left, [("refuse".to_owned(), CommandState::Dead)]);
}

#[tokio::test]
async fn without_a_retention_finished_commands_are_deleted_when_they_end_and_their_keys_are_free() {
    let mut setup = Setup::of(local::new().durable_retention(Duration::ZERO));
    for _ in 0..2 {
        assert_eq!(setup.client.post("/work").header("idempotency-key", "a").await.status(), 204);
        assert_eq!(setup.run().await, ["worked"]);
        assert_eq!(setup.listed().await, []);
    }
}

const DAY: u64 = 24 * 3600;

#[app::detached_command("/report", app = nightly, durable = "report", cron = "30 3 * * *")]
async fn report(probe: State<Probe>) {
    probe.log("report");
}

#[tokio::test]
async fn a_cron_expression_runs_at_its_times_in_utc() {
    let mut setup = Setup::of(nightly::new());
    assert_eq!(setup.run().await, [] as [String; 0]);
    // The next time is stored ahead.
    let next = setup.listed().await.remove(0);
    let day = i64::try_from(DAY * 1000).unwrap();
    assert_eq!(next.due % day, (3 * 60 + 30) * 60_000);
    let wait = u64::try_from(next.due - next.created).unwrap();
    assert!(wait <= DAY * 1000, "{wait}");
    setup.client.advance_clock(Duration::from_millis(wait - 1));
    assert_eq!(setup.run().await, [] as [String; 0]);
    setup.client.advance_clock(Duration::from_millis(1));
    assert_eq!(setup.run().await, ["report"]);
    assert_eq!(setup.run_after(DAY - 1).await, [] as [String; 0]);
    assert_eq!(setup.run_after(1).await, ["report"]);
}
