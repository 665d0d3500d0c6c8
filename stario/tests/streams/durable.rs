//! Durable commands: what is stored, how it runs, and what becomes of it when an attempt fails or a server stops.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stario::durable::{
    Claim, CommandFilter, CommandId, CommandState, Durable, ListedCommand, Run, Settlement, StoredCommand,
    Wanted,
};
use stario::{
    App, AppHandle, Attempt, Cleanup, DurableStore, IdempotencyKey, MemoryQueue, NoRetry, RequestId,
    dependency,
};

use stario::prelude::*;

use crate::app;
use crate::support::probe::{Log, Probe, probe};
use crate::support::server::{Server, answer};

stario::app!(local);
stario::app!(twins);
stario::app!(timed);
stario::app!(seldom);

/// A client of an app with a store in memory and a probe.
pub(crate) struct Setup {
    pub(crate) client: TestClient,
    pub(crate) store: Arc<MemoryQueue>,
    pub(crate) probe: Probe,
    log: Log,
}

/// The server brings a probe.
fn served_with(store: &Arc<MemoryQueue>) -> App {
    local::new().durable(Arc::clone(store))
}

fn setup() -> Setup {
    Setup::of(local::new())
}

impl Setup {
    pub(crate) fn of(app: App) -> Self {
        let (probe, log) = probe();
        let store = Arc::<MemoryQueue>::default();
        let app = app.durable(Arc::clone(&store)).state(probe.clone());
        Self { client: TestClient::new(app), store, probe, log }
    }

    async fn post(&self, path: &str) -> u16 {
        self.client.post(path).await.status().as_u16()
    }

    /// What happens when everything that is due has run.
    pub(crate) async fn run(&mut self) -> Vec<String> {
        self.client.drain().await;
        self.log.so_far()
    }

    pub(crate) async fn run_after(&mut self, seconds: u64) -> Vec<String> {
        self.client.advance_clock(Duration::from_secs(seconds));
        self.run().await
    }

    async fn all(&self) -> Vec<ListedCommand> {
        self.store.list(&CommandFilter::default(), 1000).await.unwrap()
    }

    async fn get(&self, id: CommandId) -> StoredCommand {
        self.store.get(id).await.unwrap().unwrap()
    }
}

/// Commands of a handler without limits.
fn wanted(name: &str) -> Wanted {
    Wanted {
        name: name.to_owned(),
        version: 1,
        concurrency: None,
        concurrency_of_group: None,
        is_in_order: false,
    }
}

#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    count: u32,
}

/// Of a request.
#[derive(Serialize, Deserialize, Clone)]
struct User(String);

#[dependency]
fn user(#[default("nobody")] user: Header<String>, probe: State<Probe>) -> User {
    probe.log("user looked up");
    User(user.0)
}

struct Pool(u32);

#[dependency(singleton)]
fn pool() -> Pool {
    Pool(7)
}

/// No value of it can be stored.
#[dependency(singleton)]
fn warehouse(probe: State<Probe>, cleanup: Cleanup) -> Arc<Probe> {
    let at_stop = probe.0.clone();
    cleanup.defer(async move { at_stop.log("warehouse closed") });
    probe.0
}

#[app::detached_command("/import/{id}", app = local, durable = "import")]
#[allow(clippy::too_many_arguments)]
async fn import(
    id: PathParam<u32>,
    rows: JsonBody<Vec<Row>>,
    #[default(1)] page: QueryParam<u8>,
    owned: User,
    user: &User,
    pool: &Pool,
    warehouse: Arc<Probe>,
    probe: State<Probe>,
    attempt: Attempt,
    request: RequestId,
) -> Result {
    assert!(Arc::ptr_eq(&warehouse, &probe.0) && owned.0 == user.0 && pool.0 == 7);
    let rows: u32 = rows.iter().map(|row| row.count * u32::try_from(row.name.len()).unwrap()).sum();
    probe.log(format!("import {id} of {rows} on page {page} by {}, attempt {attempt} for {request}", user.0));
    Ok(())
}

#[tokio::test]
async fn parameters_are_resolved_once_and_their_values_are_stored() {
    let mut setup = setup();
    let rows = json!([{ "name": "tea", "count": 2 }, { "name": "rum", "count": 1 }]);
    let res = setup.client.post("/import/5?page=3").header("user", "ada").json(&rows).await;
    assert_eq!((res.status().as_u16(), res.bytes()), (204, &b""[..]));
    assert_eq!(setup.log.so_far(), ["user looked up"]);
    let stored = setup.all().await;
    assert_eq!(stored.len(), 1);
    let expected = json!({
        "id": 5, "rows": rows, "page": 3, "owned": "ada", "user": "ada"
    });
    let values: serde_json::Value = serde_json::from_str(setup.get(stored[0].id).await.values()).unwrap();
    assert_eq!(values, expected);
    let id = res.header("x-request-id");
    assert_eq!(setup.run().await, [format!("import 5 of 9 on page 3 by ada, attempt 1 for {id}")]);
    assert_eq!(setup.run().await, [] as [String; 0]);
    let stored = setup.all().await;
    assert_eq!((stored[0].state, stored[0].attempts), (CommandState::Finished, 1));
}

#[tokio::test]
async fn what_is_refused_is_not_stored() {
    let mut setup = setup();
    for (path, body, status) in
        [("/import/x", "[]", 422), ("/import/1", "[", 400), ("/import/1", "[{\"name\": 1}]", 422)]
    {
        let res = setup.client.post(path).header("content-type", "application/json").body(body).await;
        assert_eq!(res.status(), status, "{path} {body}");
    }
    assert_eq!(setup.all().await, []);
    let _ = setup.run().await;
    assert_eq!(setup.run().await, [] as [String; 0]);
}

#[app::detached_command("/fail/{how}", app = local, durable = "fail", attempts = 3, backoff = "10s")]
async fn fail(how: PathParam<String>, attempt: Attempt, probe: State<Probe>) -> Result {
    probe.log(format!("{how} {attempt} of {}", attempt.limit()));
    match &*how.0 {
        "once" if attempt.number() > 1 => Ok(()),
        "panic" => panic!("on purpose"),
        "for-good" => Err(NoRetry::new("it makes no sense"))?,
        _ => Err("it did not work".into()),
    }
}

#[tokio::test]
async fn an_attempt_that_fails_is_followed_by_another_one_after_a_pause() {
    let mut setup = setup();
    assert_eq!(setup.post("/fail/once").await, 204);
    assert_eq!(setup.run().await, ["once 1 of 3"]);
    let stored = &setup.all().await[0];
    assert_eq!((stored.state, stored.error.as_deref()), (CommandState::Waiting, Some("it did not work")));
    assert_eq!(setup.run_after(9).await, [] as [String; 0]);
    assert_eq!(setup.run_after(1).await, ["once 2 of 3"]);
    assert_eq!(setup.all().await[0].state, CommandState::Finished);
}

#[tokio::test]
async fn attempts_that_are_used_up_make_a_dead_letter_and_others_go_on() {
    let mut setup = setup();
    setup.post("/fail/always").await;
    setup.post("/fail/panic").await;
    setup.post("/fail/for-good").await;
    setup.post("/fail/once").await;
    assert_eq!(setup.run().await, ["always 1 of 3", "panic 1 of 3", "for-good 1 of 3", "once 1 of 3"]);
    assert_eq!(setup.run_after(10).await, ["always 2 of 3", "panic 2 of 3", "once 2 of 3"]);
    assert_eq!(setup.run_after(19).await, [] as [String; 0]);
    assert_eq!(setup.run_after(1).await, ["always 3 of 3", "panic 3 of 3"]);
    assert_eq!(setup.run_after(100_000).await, [] as [String; 0]);
    let errors: Vec<_> = setup.all().await.into_iter().map(|stored| (stored.state, stored.error)).collect();
    let dead = |error: &str| (CommandState::Dead, Some(error.to_owned()));
    assert_eq!(errors[0], dead("it did not work"));
    assert_eq!(errors[2], dead("it makes no sense"));
    let (state, panic) = (errors[1].0, errors[1].1.as_ref().unwrap());
    assert!(state == CommandState::Dead && panic.starts_with("the handler panicked: on purpose"), "{panic}");
    // The finished one is gone after a day.
    assert_eq!(errors.len(), 3);
}

#[tokio::test]
async fn a_command_that_takes_its_process_with_it_waits_longer_each_time_and_is_a_dead_letter_then() {
    let mut setup = setup();
    setup.post("/fail/once").await;
    let mut due = setup.all().await[0].due;
    for (attempt, pause) in [(1, Some(10_000)), (2, Some(20_000)), (3, None)] {
        // A process begins it, and gives no sign of life any more.
        let claim = Claim { wanted: vec![wanted("fail")], now: due, lease_until: due + 500, limit: 1 };
        assert_eq!(setup.store.claim(&claim).await.unwrap().len(), 1);
        setup.client.advance_clock(Duration::from_millis(499));
        assert_eq!(setup.run().await, [] as [String; 0]);
        assert_eq!(setup.all().await[0].state, CommandState::Running);
        setup.client.advance_clock(Duration::from_millis(1));
        assert_eq!(setup.run().await, [] as [String; 0]);
        let stored = setup.all().await.remove(0);
        let error = Some("the process ended, or lost the command".to_owned());
        assert_eq!((stored.attempts, stored.error), (attempt, error));
        let Some(pause) = pause else {
            assert_eq!(stored.state, CommandState::Dead);
            continue;
        };
        assert_eq!((stored.state, stored.due), (CommandState::Waiting, due + 500 + pause));
        setup.client.advance_clock(Duration::from_millis(pause.unsigned_abs()));
        due = stored.due;
    }
}

#[tokio::test]
async fn what_lost_its_process_a_while_ago_runs_at_once() {
    let mut setup = setup();
    setup.post("/fail/always").await;
    setup.run().await;
    let due = setup.all().await[0].due;
    let claim = Claim { wanted: vec![wanted("fail")], now: due, lease_until: due + 1, limit: 1 };
    assert_eq!(setup.store.claim(&claim).await.unwrap().len(), 1);
    // The pause after the second attempt is over, too.
    assert_eq!(setup.run_after(31).await, ["always 3 of 3"]);
    let error = setup.all().await.remove(0).error;
    assert_eq!(error.as_deref(), Some("it did not work"));
}

#[app::query("/durable", app = local)]
async fn counts(app: AppHandle) -> Result<String> {
    let counts = app.durable().count().await?;
    let counts: Vec<String> =
        counts.iter().map(|count| format!("{} {}: {}", count.name, count.state, count.count)).collect();
    Ok(format!("{}; {} dead", counts.join(", "), app.durable().count_dead().await?))
}

async fn dead(durable: &Durable) -> Result<Vec<ListedCommand>> {
    durable.list(&CommandFilter { state: Some(CommandState::Dead), ..CommandFilter::default() }).await
}

#[app::command("/durable/rerun", app = local)]
async fn rerun(app: AppHandle) -> Result<u32> {
    let mut count = 0;
    for letter in dead(&app.durable()).await? {
        count += u32::from(app.durable().rerun(letter.id).await?);
        assert!(!app.durable().rerun(letter.id).await?);
    }
    Ok(count)
}

#[app::command("/durable/prune/{seconds}", app = local)]
async fn prune(seconds: PathParam<u64>, app: AppHandle) -> Result<u64> {
    app.durable().prune_dead(Duration::from_secs(*seconds)).await
}

#[tokio::test]
async fn dead_letters_are_counted_run_again_and_pruned() {
    let mut setup = setup();
    setup.post("/fail/for-good").await;
    setup.post("/fail/once").await;
    setup.run().await;
    let text = async |setup: &Setup, path: &str| setup.client.get(path).await.text().to_owned();
    assert_eq!(text(&setup, "/durable").await, "fail waiting: 1, fail dead: 1; 1 dead");
    assert_eq!(setup.client.post("/durable/rerun").await.text(), "1");
    assert_eq!(setup.run().await, ["for-good 1 of 3"]);
    assert_eq!(setup.run_after(10).await, ["once 2 of 3"]);
    assert_eq!(text(&setup, "/durable").await, "fail finished: 1, fail dead: 1; 1 dead");
    assert_eq!(setup.client.post("/durable/prune/11").await.text(), "0");
    assert_eq!(setup.client.post("/durable/prune/10").await.text(), "1");
    assert_eq!(text(&setup, "/durable").await, "fail finished: 1; 0 dead");
    setup.run_after(24 * 3600).await;
    assert_eq!(text(&setup, "/durable").await, "fail finished: 1; 0 dead");
    setup.run_after(1).await;
    assert_eq!(text(&setup, "/durable").await, "; 0 dead");
}

#[app::detached_command("/pay", app = local, durable = "pay")]
async fn pay(amount: QueryParam<u32>, key: IdempotencyKey, probe: State<Probe>) {
    probe.log(format!("{amount} by {}", if key.len() == 32 { "an id" } else { &*key }));
}

#[tokio::test]
async fn a_key_is_stored_once() {
    let mut setup = setup();
    let pay = async |client: &TestClient, amount: u32, key: &str| {
        let request = client.post(format!("/pay?amount={amount}"));
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        let res = request.await;
        (res.status().as_u16(), res.text().to_owned())
    };
    let client = setup.client.clone();
    assert_eq!(pay(&client, 5, "a").await.0, 204);
    assert_eq!(pay(&client, 5, "a").await.0, 204);
    assert_eq!(pay(&client, 5, "b").await.0, 204);
    assert_eq!(pay(&client, 5, "").await.0, 204);
    assert_eq!(pay(&client, 5, "").await.0, 204);
    assert_eq!(setup.run().await, ["5 by a", "5 by b", "5 by an id", "5 by an id"]);
    let (status, text) = pay(&client, 6, "a").await;
    assert_eq!(status, 422);
    assert_eq!(text, "the idempotency key is that of another command: use a new key for other values");
    assert_eq!(pay(&client, 5, "a").await.0, 204);
    assert_eq!(pay(&client, 5, "two words").await.0, 400);
    assert_eq!(pay(&client, 5, &"x".repeat(256)).await.0, 400);
    assert_eq!(setup.run().await, [] as [String; 0]);
    // A day and an hour later it is forgotten.
    setup.run_after(25 * 3600).await;
    assert_eq!(pay(&client, 6, "a").await.0, 204);
    assert_eq!(setup.run().await, ["6 by a"]);
}

#[app::detached_command("/prices", app = local, durable = "prices")]
async fn prices(prices: JsonBody<HashMap<String, u32>>, key: IdempotencyKey, probe: State<Probe>) {
    probe.log(format!("{} prices by {key}", prices.len()));
}

#[tokio::test]
async fn a_key_knows_values_whose_order_differs_each_time() {
    let mut setup = setup();
    let prices: HashMap<String, u32> = (0..100).map(|number| (number.to_string(), number)).collect();
    let post = async |client: &TestClient, prices: &HashMap<String, u32>| {
        let request = client.post("/prices").header("idempotency-key", "a");
        request.json(&json!(prices)).await.status().as_u16()
    };
    let client = setup.client.clone();
    for _ in 0..3 {
        assert_eq!(post(&client, &prices).await, 204);
    }
    let mut others = prices;
    others.insert("7".to_owned(), 8);
    assert_eq!(post(&client, &others).await, 422);
    assert_eq!(setup.run().await, ["100 prices by a"]);
}

#[app::detached_command("/delayed", app = local, durable = "delayed", delay = "1h")]
async fn delayed(probe: State<Probe>) {
    probe.log("delayed");
}

#[tokio::test]
async fn a_delay_is_waited_for() {
    let mut setup = setup();
    setup.post("/delayed").await;
    assert_eq!(setup.run_after(3599).await, [] as [String; 0]);
    assert_eq!(setup.run_after(1).await, ["delayed"]);
}

#[app::detached_command("/ordered", app = local, durable = "ordered", in_order = "account", backoff = "10s")]
async fn ordered(
    account: QueryParam<u8>,
    step: QueryParam<u8>,
    attempt: Attempt,
    probe: State<Probe>,
) -> Result {
    probe.log(format!("{account}: {step}"));
    match (*account, *step, attempt.number()) {
        (1, 1, 1) => Err("not yet".into()),
        (2, 1, _) => Err(NoRetry::new("never").into()),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn commands_of_one_value_run_in_their_order() {
    let mut setup = setup();
    for (account, step) in [(1, 1), (1, 2), (2, 1), (2, 2), (1, 3)] {
        setup.post(&format!("/ordered?account={account}&step={step}")).await;
    }
    // The first of account 1 waits for its next attempt, and those behind it wait, too. A dead letter lets others pass.
    assert_eq!(setup.run().await, ["1: 1", "2: 1", "2: 2"]);
    assert_eq!(setup.run_after(10).await, ["1: 1", "1: 2", "1: 3"]);
}

#[cfg(feature = "uploads")]
#[app::detached_command("/files", app = local, durable = "files")]
async fn files(
    first: UploadedFile,
    more: Vec<UploadedFile>,
    missing: Option<UploadedFile>,
    note: FormField<String>,
    probe: State<Probe>,
) -> Result {
    let mut read = vec![format!("{note} {}", missing.is_some())];
    for file in [&first].into_iter().chain(&more) {
        let content = file.bytes().await?;
        read.push(format!(
            "{} {:?} {} {:?}",
            file.file_name(),
            file.content_type(),
            file.len(),
            content.last()
        ));
    }
    probe.log(read.join(", "));
    Ok(())
}

#[cfg(feature = "uploads")]
#[tokio::test]
async fn files_are_stored_up_to_a_bound() {
    let mut setup = setup();
    let form = |size: usize| {
        let client =
            setup.client.post("/files").file("first", "a.csv", vec![b'\n'; size]).field("note", "now");
        client.file("more", "b.csv", "1").file("more", "c.csv", "")
    };
    // A large one is on the disk.
    let (small, large) = (form(400_000), form(1024 * 1024));
    assert_eq!(small.await.status(), 204);
    let res = large.await;
    assert_eq!(res.status(), 413);
    assert!(res.text().ends_with("bytes of values, and its store takes 1048576"), "{}", res.text());
    let read = "now false, a.csv None 400000 Some(10), b.csv None 1 Some(49), c.csv None 0 None";
    assert_eq!(setup.run().await, [read]);
}

#[app::detached_command("/hook", app = local, durable = "hook")]
async fn hook(body: RawBody, text: Header<Option<String>>, probe: State<Probe>) {
    probe.log(format!("{:?} {:?}", body.0, text.0));
}

#[tokio::test]
async fn a_raw_body_is_stored_as_it_is() {
    let mut setup = setup();
    assert_eq!(setup.client.post("/hook").body(vec![0, 255, 10]).await.status(), 204);
    assert_eq!(setup.run().await, [r#"b"\0\xff\n" None"#]);
}

/// Version 1 had a name, and version 2 has names.
fn lift_names(version: u32, mut values: serde_json::Value) -> Result<serde_json::Value> {
    assert_eq!(version, 1);
    let name = values["name"].as_str().ok_or("there is no name")?.to_owned();
    assert_ne!(name, "", "a name has letters");
    values["names"] = json!([name]);
    Ok(values)
}

#[app::detached_command("/names", app = local, durable = "names", version = 2, lift = lift_names)]
async fn names(names: QueryParams<String>, added: QueryParam<Option<u8>>, probe: State<Probe>) {
    probe.log(format!("{:?} {:?}", names.0, added.0));
}

#[tokio::test]
async fn values_of_an_older_version_are_lifted() {
    let mut setup = setup();
    setup.post("/names?names=a&names=b").await;
    let template = setup.get(setup.all().await[0].id).await.command;
    assert_eq!(template.version, 2);
    let store = async |number: u8, version: u32, values: &str| {
        let mut command = template.clone();
        command.id = CommandId::from_bytes([number; 16]);
        command.version = version;
        command.payload = format!("{} {{\"values\":{values}}}\n", "0".repeat(32)).into_bytes();
        assert_eq!(setup.store.enqueue(&command).await.unwrap(), None);
    };
    store(1, 1, r#"{"name":"old"}"#).await;
    store(2, 1, r#"{"nome":"old"}"#).await;
    store(3, 2, r#"{"names":7}"#).await;
    store(5, 1, r#"{"name":""}"#).await;
    // A newer process has stored it.
    store(4, 3, r#"{"names":["new"]}"#).await;
    let template_id = template.id;
    assert_eq!(setup.run().await, [r#"["a", "b"] None"#, r#"["old"] None"#]);
    let states: Vec<_> =
        setup.all().await.into_iter().map(|stored| (stored.id, stored.state, stored.error)).collect();
    let state_of = |number: u8| {
        let id = CommandId::from_bytes([number; 16]);
        states
            .iter()
            .find(|(stored, ..)| *stored == id)
            .map(|(_, state, error)| (*state, error.clone()))
            .unwrap()
    };
    assert!(states.iter().any(|(id, state, _)| *id == template_id && *state == CommandState::Finished));
    assert_eq!(state_of(1), (CommandState::Finished, None));
    let error = "the values of version 1 cannot be read: there is no name".to_owned();
    assert_eq!(state_of(2), (CommandState::Dead, Some(error)));
    let (state, error) = state_of(3);
    assert_eq!(state, CommandState::Dead);
    assert!(error.unwrap().starts_with("the value of `names` does not fit its type"));
    assert_eq!(state_of(4), (CommandState::Waiting, None));
    let (state, error) = state_of(5);
    assert_eq!(state, CommandState::Dead);
    assert!(error.as_ref().unwrap().contains("the function panicked"), "{error:?}");
}

#[app::detached_command("/hourly", app = timed, durable = "hourly", every = "1h")]
async fn hourly(attempt: Attempt, probe: State<Probe>) {
    probe.log(format!("hourly {attempt}"));
}

#[tokio::test]
async fn a_schedule_runs_by_itself_and_makes_up_for_one_time() {
    let mut setup = setup();
    let timed = |store: &Arc<MemoryQueue>, probe: &Probe| {
        TestClient::new(timed::new().state(probe.clone()).durable(Arc::clone(store)))
    };
    setup.client = timed(&setup.store, &setup.probe);
    assert_eq!(setup.run().await, [] as [String; 0]);
    assert_eq!(setup.run_after(3600).await, ["hourly 1"]);
    assert_eq!(setup.run().await, [] as [String; 0]);
    assert_eq!(setup.run_after(3600).await, ["hourly 1"]);
    // Nothing ran for a while: what was stored ahead runs now.
    assert_eq!(setup.run_after(10 * 3600).await, ["hourly 1"]);
    assert_eq!(setup.run_after(3600).await, ["hourly 1"]);
    // Another process with the same schedule stores nothing more.
    let (other, _log) = probe();
    let second = timed(&setup.store, &other);
    second.drain().await;
    let is_waiting = |stored: &ListedCommand| stored.state == CommandState::Waiting;
    let waiting: Vec<_> = setup.all().await.into_iter().filter(is_waiting).map(|stored| stored.key).collect();
    // The clock of the second stands at the time of its start, whose next hour has run.
    assert_eq!(waiting.len(), 1, "{waiting:?}");
}

#[tokio::test]
async fn a_schedule_runs_once_in_several_processes() {
    let (store, (probe, mut log)) = (Arc::<MemoryQueue>::default(), probe());
    let processes =
        [(); 3].map(|()| TestClient::new(timed::new().state(probe.clone()).durable(Arc::clone(&store))));
    for process in &processes {
        process.drain().await;
    }
    for _ in 0..3 {
        for process in &processes {
            process.advance_clock(Duration::from_secs(3600));
        }
        let [first, second, third] = &processes;
        tokio::join!(first.drain(), second.drain(), third.drain());
        assert_eq!(log.so_far(), ["hourly 1"]);
    }
}

/// A schedule whose next time is not near.
#[app::detached_command("/leap-day", app = seldom, durable = "leap-day", cron = "0 0 29 2 *", backoff = "1s")]
async fn leap_day(attempt: Attempt, probe: State<Probe>) {
    probe.log(format!("leap day {attempt}"));
}

#[tokio::test]
async fn a_command_of_another_schedule_is_removed_unless_it_was_begun() {
    let mut setup = setup();
    let app = seldom::new().state(setup.probe.clone()).durable(Arc::clone(&setup.store));
    setup.client = TestClient::new(app);
    let _ = setup.run().await;
    let template = setup.get(setup.all().await[0].id).await.command;
    let now = template.created;
    for number in 1..=3 {
        let mut command = template.clone();
        (command.id, command.due) = (CommandId::from_bytes([number; 16]), now);
        command.key = Some(format!("scheduled at {number}"));
        assert_eq!(setup.store.enqueue(&command).await.unwrap(), None);
    }
    // The second has failed once, and the third is a dead letter, when a program with another schedule starts.
    let wanted = vec![wanted(&template.name)];
    let claim = Claim { wanted, now, lease_until: now + 1, limit: 9 };
    let claimed = setup.store.claim(&claim).await.unwrap();
    assert_eq!(claimed.len(), 3);
    let error = "of the warehouse".to_owned();
    let ends =
        [None, Some(Settlement::Retry { due: now, error: error.clone() }), Some(Settlement::Dead { error })];
    for (stored, end) in claimed.iter().zip(ends) {
        if let Some(end) = end {
            assert!(setup.store.settle(Run::of(stored), now, &end).await.unwrap());
        }
    }
    let mut fresh = template.clone();
    (fresh.id, fresh.due, fresh.key) =
        (CommandId::from_bytes([4; 16]), now, Some("scheduled at 4".to_owned()));
    assert_eq!(setup.store.enqueue(&fresh).await.unwrap(), None);
    assert!(setup.store.rerun(CommandId::from_bytes([3; 16]), now).await.unwrap());
    let mut ran = setup.run_after(2).await;
    ran.sort();
    assert_eq!(ran, ["leap day 1", "leap day 2", "leap day 2"]);
    // The one that was not begun is gone; the next time of the schedule waits.
    let left: Vec<CommandId> = setup.all().await.into_iter().map(|stored| stored.id).collect();
    assert!(left.len() == 4 && !left.contains(&fresh.id), "{left:?}");
}

#[app::detached_command("/slow", app = local, durable = "slow", backoff = "1s")]
async fn slow(number: QueryParam<u8>, attempt: Attempt, app: AppHandle, probe: State<Probe>) {
    let _dropped = probe.at_drop("dropped");
    probe.log(format!("{number} begins, attempt {attempt}"));
    tokio::select! {
        biased;
        () = probe.released() => {}
        () = app.stopping() => {
            probe.log("told to stop");
            probe.released().await;
        }
    }
    probe.log(format!("{number} ends"));
}

#[tokio::test]
async fn a_stop_waits_for_what_runs_and_gives_back_the_rest() {
    let store = Arc::<MemoryQueue>::default();
    let limits = stario::Limits::default().detached_stop_timeout(Duration::from_secs(1));
    let mut server = Server::start_with(|_| served_with(&store).limits(limits).durable_limit(2)).await;
    for number in 0..3 {
        let mut socket = server.send(format!("POST /slow?number={number} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert!(answer(&mut socket).await.starts_with("HTTP/1.1 204"));
    }
    let mut begun = [server.log.next().await, server.log.next().await];
    begun.sort();
    assert_eq!(begun, ["0 begins, attempt 1", "1 begins, attempt 1"]);
    server.begin_to_stop();
    for _ in 0..2 {
        server.log.expect("told to stop").await;
    }
    server.probe.release(1);
    let (ended, log) = server.ended().await;
    // Nothing is lost, so the stop is a good one.
    assert_eq!(ended, Ok(()));
    assert_eq!(log.iter().filter(|event| event.ends_with("ends")).count(), 1, "{log:?}");
    assert_eq!(log.iter().filter(|event| *event == "dropped").count(), 2, "{log:?}");
    let mut states: Vec<_> = store
        .list(&CommandFilter { name: Some("slow".into()), ..CommandFilter::default() }, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|stored| (stored.state, stored.attempts))
        .collect();
    states.sort();
    assert_eq!(states, [(CommandState::Waiting, 0), (CommandState::Waiting, 0), (CommandState::Finished, 1)]);

    // The next process runs them.
    let mut server = Server::start_with(|_| served_with(&store)).await;
    server.probe.release(2);
    let mut seen = Vec::new();
    while seen.iter().filter(|event: &&String| event.ends_with("ends")).count() < 2 {
        seen.push(server.log.next().await);
    }
    assert!(seen.iter().filter(|event| event.ends_with("attempt 1")).count() == 2, "{seen:?}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_run_whose_lease_was_lost_is_dropped() {
    let store = Arc::<MemoryQueue>::default();
    let mut server = Server::start_with(|_| served_with(&store).durable_lease(Duration::from_secs(1))).await;
    let mut socket = server.send("POST /slow?number=1 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(answer(&mut socket).await.starts_with("HTTP/1.1 204"));
    assert_eq!(server.log.next().await, "1 begins, attempt 1");
    // Another process has it, as if this one had been away for too long.
    let stored = store
        .list(&CommandFilter { name: Some("slow".into()), ..CommandFilter::default() }, 1)
        .await
        .unwrap();
    let run = Run { id: stored[0].id, claim: 1 };
    let settlement = Settlement::Retry { due: i64::MAX, error: String::new() };
    assert!(store.settle(run, 0, &settlement).await.unwrap());
    assert_eq!(server.log.next().await, "dropped");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_store_in_memory_keeps_its_promises() {
    stario::testing::check_durable_store(async || MemoryQueue::new()).await;
}

#[app::detached_command("/one", app = twins, durable = "same")]
async fn one() {}

#[app::detached_command("/two", app = twins, durable = "same")]
async fn two() {}

#[app::query("/attempt", app = twins)]
async fn plain(attempt: Attempt) -> String {
    attempt.to_string()
}

#[test]
fn the_check_finds_what_the_compiler_cannot() {
    let problems = twins::new().check().unwrap_err().to_string();
    for part in [
        "two handlers store their work as `same`; give one another name:\n    streams::durable::one at ",
        "streams::durable::one at ",
        " stores its work as `same`, and the app has no store: give it one with `.durable(..)`, such as `stario_sqlite::SqliteQueue`",
        " takes `Attempt`, which only a durable command has: ",
    ] {
        assert!(problems.contains(part), "{part}:\n{problems}");
    }
    let part = local::new().durable(MemoryQueue::new());
    let problems = crate::app::new().merge(part).check().unwrap_err().to_string();
    assert!(problems.contains("`durable` of the app of"), "{problems}");
}
