//! Durable commands that code enqueues: from handlers, streams, hooks, tasks and runs, with keys and delays, and what is refused.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use stario::durable::{CommandFilter, CommandId, DurableCommand, NewCommand, StoredCommand};
use stario::prelude::*;
use stario::{
    AppHandle, Attempt, ClientAddress, DurableStore, IdempotencyKey, MemoryQueue, RequestId, dependency,
};

use crate::app;
use crate::durable::Setup;
use crate::durable_away::Away;
use crate::support::probe::{Probe, probe};
use crate::support::records::listen_here;
use crate::support::server::{Server, answer};

stario::app!(local);
stario::app!(started);
stario::app!(elsewhere);

fn setup() -> Setup {
    Setup::of(local::new())
}

impl Setup {
    async fn enqueue(&self, command: DurableCommand) -> Result<CommandId> {
        self.client.app().durable().enqueue(command).await
    }

    async fn stored(&self) -> Vec<StoredCommand> {
        let mut all = Vec::new();
        for listed in self.store.list(&CommandFilter::default(), 1000).await.unwrap() {
            all.extend(self.store.get(listed.id).await.unwrap());
        }
        all
    }
}

/// The status and the sentence with which a handler would answer.
fn refused(enqueued: Result<CommandId>) -> (u16, String) {
    let error = enqueued.unwrap_err();
    (error.status().as_u16(), error.to_string())
}

#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
}

/// Of a request.
#[derive(Serialize, Deserialize, Clone)]
struct User(String);

#[dependency]
fn user(user: Header<String>) -> User {
    User(user.0)
}

struct Pool(u32);

#[dependency(singleton)]
fn pool() -> Pool {
    Pool(7)
}

#[app::detached_command(
    "/import/{id}/{rest...}",
    app = local,
    durable = "import",
    version = 3,
    lift = no_lift
)]
#[allow(clippy::too_many_arguments)]
async fn import(
    pool: &Pool,
    id: PathParam<u32>,
    rest: PathParam<Vec<String>>,
    rows: JsonBody<Vec<Row>>,
    probe: State<Probe>,
    #[default(1)] page: QueryParam<u8>,
    user: &User,
    #[name("x-agent")] agent: Header<Option<String>>,
    tags: QueryParams<String>,
    address: ClientAddress,
    request: RequestId,
    attempt: Attempt,
) {
    let rows: Vec<&str> = rows.iter().map(|row| &*row.name).collect();
    probe.log(format!(
        "{id} {:?} {rows:?} {page} {} {:?} {:?} {} {}; {attempt} for {request}",
        rest.0, user.0, agent.0, tags.0, address.0, pool.0
    ));
}

fn no_lift(version: u32, _: serde_json::Value) -> Result<serde_json::Value> {
    Err(format!("nothing of version {version} was ever stored").into())
}

fn import_of(user: &str) -> DurableCommand {
    import::command(
        5,
        vec!["a".to_owned(), "b".to_owned()],
        vec![Row { name: "tea".to_owned() }],
        3,
        User(user.to_owned()),
        Some("test".to_owned()),
        vec!["x".to_owned(), "y".to_owned()],
        ClientAddress([127, 0, 0, 1].into()),
    )
}

/// Enqueues from a request.
#[app::command("/enqueue", app = local)]
async fn enqueue(app: AppHandle) -> Result<String> {
    Ok(app.durable().enqueue(import_of("ada")).await?.to_string())
}

#[tokio::test]
async fn code_stores_what_a_request_stores() {
    let mut setup = setup();
    let request = setup.client.post("/import/5/a/b?page=3&tags=x&tags=y").header("user", "ada");
    let request = request.header("x-agent", "test").json(&json!([{ "name": "tea" }]));
    assert_eq!(request.await.status(), 204);
    let res = setup.client.post("/enqueue").await;
    let stored = setup.stored().await;
    assert_eq!(stored[1].command.id.to_string(), res.text());
    // In front is the id of the request.
    assert_eq!(stored[0].command.payload[33..], stored[1].command.payload[33..]);
    let NewCommand { name, version, key, group, created, due, .. } = &stored[1].command;
    assert_eq!((&**name, *version, key, group, *due), ("import", 3, &None, &None, *created));
    let ran = setup.run().await;
    let says = r#"5 ["a", "b"] ["tea"] 3 ada Some("test") ["x", "y"] 127.0.0.1 7; 1 for "#;
    assert_eq!(ran[1], format!("{says}{}", res.header("x-request-id")));
    assert!(ran[0].starts_with(says) && ran[0] != ran[1], "{ran:?}");
}

#[app::query("/stream", app = local)]
async fn stream(app: AppHandle) -> impl Stream<Item = Result<Event>> {
    try_stream! {
        for number in 1..=2 {
            app.durable().enqueue(note::command(format!("of a stream, {number}"), None)).await?;
            yield json!({ "number": number });
        }
    }
}

#[app::command("/task", app = local)]
async fn task(app: AppHandle) -> Result {
    let task = async move { app.durable().enqueue(note::command("of a task".to_owned(), Some(1))).await };
    tokio::spawn(task).await?.map(drop)
}

#[app::detached_command("/note/{text}", app = local, durable = "note")]
async fn note(
    text: PathParam<String>,
    count: QueryParam<Option<u8>>,
    probe: State<Probe>,
    request: RequestId,
) {
    probe.log(format!("{text} {:?} {}", count.0, request.to_string().len()));
}

#[tokio::test]
async fn streams_and_tasks_enqueue() {
    let mut setup = setup();
    let res = setup.client.get("/stream").await;
    assert_eq!(res.events().len(), 2);
    setup.client.post("/task").await;
    assert_eq!(
        setup.run().await,
        ["of a stream, 1 None 32", "of a stream, 2 None 32", "of a task Some(1) 32"]
    );
    let of_request =
        |stored: &StoredCommand| stored.command.payload.starts_with(res.header("x-request-id").as_bytes());
    let are_of_request: Vec<bool> = setup.stored().await.iter().map(of_request).collect();
    assert_eq!(are_of_request, [true, true, false]);
}

#[app::on_start(app = started)]
async fn begin(app: AppHandle) -> Result {
    for number in 1..=2 {
        app.durable().enqueue(indexed::command(number).key(format!("start-{number}"))).await?;
    }
    Ok(())
}

#[app::detached_command("/indexed/{number}", app = started, durable = "indexed")]
async fn indexed(number: PathParam<u8>, probe: State<Probe>) {
    probe.log(format!("indexed {number}"));
}

#[tokio::test]
async fn what_a_start_enqueues_runs_once_in_all_processes() {
    let store = Arc::<MemoryQueue>::default();
    let mut server = Server::start_with(|_| started::new().durable(Arc::clone(&store))).await;
    let mut ran = [server.log.next().await, server.log.next().await];
    ran.sort();
    assert_eq!(ran, ["indexed 1", "indexed 2"]);
    server.stop().await.unwrap();
    let (probe, _log) = probe();
    let second = TestClient::new(started::new().durable(Arc::clone(&store)).state(probe));
    second.start().await;
    assert_eq!(store.list(&CommandFilter::default(), 9).await.unwrap().len(), 2);
}

#[app::detached_command("/first", app = local, durable = "first", backoff = "1s")]
async fn first(
    key: IdempotencyKey,
    attempt: Attempt,
    app: AppHandle,
    probe: State<Probe>,
    request: RequestId,
) -> Result {
    probe.log(format!("first {attempt}"));
    let command = second::command(request.to_string()).key(format!("second-{}", &*key));
    app.durable().enqueue(command).await?;
    if attempt.number() == 1 { Err("again".into()) } else { Ok(()) }
}

#[app::detached_command("/second/{of}", app = local, durable = "second")]
async fn second(of: PathParam<String>, probe: State<Probe>, request: RequestId) {
    probe.log(format!("second {}", *of == request.to_string()));
}

#[tokio::test]
async fn a_run_that_is_repeated_enqueues_once_and_keeps_the_id_of_its_request() {
    let mut setup = setup();
    setup.enqueue(first::command()).await.unwrap();
    assert_eq!(setup.run().await, ["first 1", "second true"]);
    assert_eq!(setup.run_after(1).await, ["first 2"]);
    assert_eq!(setup.stored().await.len(), 2);
}

#[app::detached_command("/later", app = local, durable = "later", delay = "1h")]
async fn later(number: QueryParam<u8>, probe: State<Probe>) {
    probe.log(format!("later {number}"));
}

#[tokio::test]
async fn a_delay_is_that_of_the_attribute_or_of_the_code() {
    let mut setup = setup();
    setup.enqueue(later::command(1)).await.unwrap();
    setup.enqueue(later::command(2).after(Duration::ZERO)).await.unwrap();
    setup.enqueue(later::command(3).after(Duration::from_secs(7200))).await.unwrap();
    assert_eq!(setup.run().await, ["later 2"]);
    assert_eq!(setup.run_after(3599).await, [] as [String; 0]);
    assert_eq!(setup.run_after(1).await, ["later 1"]);
    assert_eq!(setup.run_after(3600).await, ["later 3"]);
}

#[app::detached_command("/pay", app = local, durable = "pay")]
async fn pay(amount: QueryParam<u32>, key: IdempotencyKey, probe: State<Probe>) {
    probe.log(format!("{amount} by {}", if key.len() == 32 { "an id" } else { &*key }));
}

#[tokio::test]
async fn code_and_requests_share_the_keys() {
    let mut setup = setup();
    let by_request = setup.client.post("/pay?amount=5").header("idempotency-key", "a").await;
    assert_eq!(by_request.status(), 204);
    let id = setup.stored().await[0].command.id;
    assert_eq!(setup.enqueue(pay::command(5).key("a")).await.unwrap(), id);
    let (status, text) = refused(setup.enqueue(pay::command(6).key("a")).await);
    assert_eq!(
        (status, &*text),
        (422, "the idempotency key is that of another command: use a new key for other values")
    );
    let other = setup.enqueue(pay::command(6).key("b")).await.unwrap();
    assert_eq!(setup.client.post("/pay?amount=6").header("idempotency-key", "b").await.status(), 204);
    let unnamed = setup.enqueue(pay::command(7)).await.unwrap();
    let stored: Vec<CommandId> = setup.stored().await.iter().map(|stored| stored.command.id).collect();
    assert_eq!(stored, [id, other, unnamed]);
    assert_eq!(setup.run().await, ["5 by a", "6 by b", "7 by an id"]);
    // It has ended, and is still the one of its key.
    assert_eq!(setup.enqueue(pay::command(5).key("a")).await.unwrap(), id);
    assert_eq!(setup.run().await, [] as [String; 0]);
}

#[tokio::test]
async fn a_text_that_is_no_key_is_refused() {
    let setup = setup();
    for key in ["", "two words", "grün", "scheduled at 7", &"x".repeat(256)] {
        let (status, text) = refused(setup.enqueue(pay::command(5).key(key)).await);
        let expected =
            "a command of `pay` cannot have this key: a key has 1 to 255 visible characters of ASCII";
        assert_eq!((status, &*text), (500, expected), "{key}");
    }
    assert_eq!(setup.stored().await, []);
    setup.enqueue(pay::command(5).key("x".repeat(255))).await.unwrap();
}

/// Its keys are no strings, so it is no JSON.
#[derive(Serialize, Deserialize)]
struct Prices(HashMap<Vec<u8>, u32>);

#[dependency]
fn all_prices() -> Prices {
    Prices(HashMap::from([(vec![1], 2)]))
}

#[app::detached_command("/prices", app = local, durable = "price-list")]
async fn price_list(prices: &Prices) {
    let _ = prices;
}

#[tokio::test]
async fn a_value_that_is_no_json_is_an_error_for_code_and_logged_for_a_request() {
    let setup = setup();
    let (_guard, mut records) = listen_here();
    let text = "`prices` of the durable command `price-list` cannot be written as JSON: key must be a string";
    assert_eq!(refused(setup.enqueue(price_list::command(all_prices())).await), (500, text.to_owned()));
    let res = setup.client.post("/prices").await;
    assert_eq!((res.status().as_u16(), res.text()), (500, "Internal Server Error"));
    let mut logged: Vec<_> = std::iter::from_fn(|| records.try_recv().ok()).collect();
    logged.retain(|record| record.values().any(|text| text.contains("`prices`")));
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert_eq!((&*logged[0]["error"], &*logged[0]["request_id"]), (text, res.header("x-request-id")));
}

#[app::command("/long-note/{count}", app = local)]
async fn long_note(count: PathParam<usize>, app: AppHandle) -> Result {
    app.durable().enqueue(note::command("x".repeat(*count), None)).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let setup = setup();
    let (status, text) = refused(setup.enqueue(note::command("x".repeat(1024 * 1024), None)).await);
    assert_eq!(status, 413);
    assert!(text.ends_with(" bytes of values, and its store takes 1048576"), "{text}");
    // In a handler, `?` answers the same.
    let res = setup.client.post("/long-note/1048576").await;
    assert_eq!((res.status().as_u16(), res.text()), (413, &*text));
    assert_eq!(setup.stored().await, []);
}

#[app::detached_command("/elsewhere", app = elsewhere, durable = "pay")]
async fn of_another_app(amount: QueryParam<u32>) {
    let _ = amount;
}

#[app::query("/elsewhere", app = elsewhere)]
async fn page() {}

#[tokio::test]
async fn the_command_of_another_app_is_refused() {
    let setup = setup();
    // It has the name of a handler of this app, and other values.
    let (status, text) = refused(setup.enqueue(of_another_app::command(5)).await);
    let expected = "the app has no handler for `pay`, so the command would never run: \
                    merge, nest or host the app of its handler";
    assert_eq!((status, &*text), (500, expected));
    assert_eq!(setup.stored().await, []);
    // An app that is hosted several times has its handlers.
    let hosted = started::new();
    let app = crate::app::new().host("a.example", hosted).host("b.example", started::new());
    let hosting = Setup::of(app);
    hosting.enqueue(indexed::command(1)).await.unwrap();
}

#[app::detached_command("/ordered", app = local, durable = "ordered", in_order = "account", backoff = "10s")]
async fn ordered(
    account: QueryParam<u8>,
    step: QueryParam<u8>,
    attempt: Attempt,
    probe: State<Probe>,
) -> Result {
    probe.log(format!("{account}: {step}"));
    if (*account, *step, attempt.number()) == (1, 1, 1) { Err("not yet".into()) } else { Ok(()) }
}

#[tokio::test]
async fn commands_of_code_and_requests_keep_one_order() {
    let mut setup = setup();
    setup.enqueue(ordered::command(1, 1)).await.unwrap();
    setup.client.post("/ordered?account=1&step=2").await;
    setup.enqueue(ordered::command(2, 1)).await.unwrap();
    setup.enqueue(ordered::command(1, 3)).await.unwrap();
    assert_eq!(setup.run().await, ["1: 1", "2: 1"]);
    assert_eq!(setup.run_after(10).await, ["1: 1", "1: 2", "1: 3"]);
}

#[cfg(feature = "uploads")]
#[app::detached_command("/files", app = local, durable = "files")]
async fn files(
    one: UploadedFile,
    none: Option<UploadedFile>,
    more: Vec<UploadedFile>,
    probe: State<Probe>,
) -> Result {
    let mut read = vec![none.is_some().to_string()];
    for file in [&one].into_iter().chain(&more) {
        read.push(format!("{} {:?} {:?}", file.file_name(), file.content_type(), file.bytes().await?));
    }
    probe.log(read.join(", "));
    Ok(())
}

#[cfg(feature = "uploads")]
#[tokio::test]
async fn files_are_stored_with_their_content() {
    let mut setup = setup();
    let file = |name: &str| UploadedFile::new(name, Some("text/plain"), name.to_owned());
    setup.enqueue(files::command(file("a.txt"), None, vec![file("../b.txt"), file("c.txt")])).await.unwrap();
    let read = r#"false, a.txt Some("text/plain") b"a.txt", b.txt Some("text/plain") b"../b.txt", "#;
    assert_eq!(setup.run().await, [format!(r#"{read}c.txt Some("text/plain") b"c.txt""#)]);
}

#[app::detached_command("/raw", app = local, durable = "raw")]
async fn raw(body: RawBody, probe: State<Probe>) {
    probe.log(format!("{:?}", body.0));
}

#[tokio::test]
async fn bytes_are_stored_as_they_are() {
    let mut setup = setup();
    setup.enqueue(raw::command(vec![0, 255, 10].into())).await.unwrap();
    assert_eq!(setup.run().await, [r#"b"\0\xff\n""#]);
}

struct Admin;

#[dependency]
fn admin() -> Result<Admin> {
    Err(stario::Error::new(StatusCode::FORBIDDEN, "no"))
}

#[tokio::test]
async fn code_passes_the_guard() {
    let mut setup = Setup::of(local::new().guard(app::require::<Admin>()));
    assert_eq!(setup.client.post("/pay?amount=5").await.status(), 403);
    setup.enqueue(pay::command(5)).await.unwrap();
    assert_eq!(setup.run().await, ["5 by an id"]);
}

#[tokio::test]
async fn a_store_that_is_away_is_an_error() {
    let (probe, _log) = probe();
    let client = TestClient::new(local::new().durable(Away::default()).state(probe));
    let (status, text) = refused(client.app().durable().enqueue(pay::command(5)).await);
    assert_eq!((status, &*text), (503, "the command cannot be stored now: try again"));
    let res = client.post("/enqueue").await;
    assert_eq!((res.status().as_u16(), res.header("retry-after")), (503, "1"));
}

/// The worker looks once a second, so twenty that follow each other would take as many.
#[app::detached_command("/chain/{left}", app = local, durable = "chain")]
async fn chain(left: PathParam<u8>, app: AppHandle, probe: State<Probe>) -> Result {
    match left.checked_sub(1) {
        Some(left) => drop(app.durable().enqueue(chain::command(left)).await?),
        None => probe.log("end of the chain"),
    }
    Ok(())
}

#[tokio::test]
async fn the_worker_of_a_server_begins_at_once() {
    let store = Arc::<MemoryQueue>::default();
    let mut server = Server::start_with(|_| local::new().durable(Arc::clone(&store))).await;
    let ended = async {
        let mut socket = server.send("POST /chain/20 HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(answer(&mut socket).await.starts_with("HTTP/1.1 204"));
        server.log.expect("end of the chain").await;
    };
    tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
    server.stop().await.unwrap();
}

#[test]
fn a_command_shows_no_values() {
    let command = pay::command(5).key("a").after(Duration::from_secs(1));
    assert_eq!(format!("{command:?}"), r#"DurableCommand { name: "pay", key: Some("a"), delay: 1s, .. }"#);
}
