//! Dependencies: how often a provider is called, who shares what, and when it is cleaned up.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use stario::prelude::*;
use stario::{Cleanup, Lazy};
use tokio::sync::{Barrier, mpsc};

use crate::app;
use crate::support::server::{Server, get};

stario::app!(local);

/// What the providers did, in order.
struct Log {
    events: Mutex<Vec<&'static str>>,
    told: mpsc::UnboundedSender<&'static str>,
}

impl Log {
    fn add(&self, event: &'static str) {
        self.events.lock().unwrap().push(event);
        let _ = self.told.send(event);
    }

    fn count(&self, event: &str) -> usize {
        self.events.lock().unwrap().iter().filter(|found| **found == event).count()
    }
}

/// The app with all that its handlers need.
fn app_with(log: &Arc<Log>) -> stario::App {
    let gate = Gate { barrier: Barrier::new(2), attempts: AtomicUsize::new(0) };
    let (late, _) = mpsc::unbounded_channel::<Cleanup>();
    local::new().state(Arc::clone(log)).state(gate).state(late)
}

struct Setup {
    client: TestClient,
    log: Arc<Log>,
    told: mpsc::UnboundedReceiver<&'static str>,
}

impl Setup {
    /// The next events, as many as expected.
    async fn expect(&mut self, expected: &[&str]) {
        for event in expected {
            let told = tokio::time::timeout(Duration::from_secs(60), self.told.recv()).await;
            assert_eq!(told.expect("an event").as_ref(), Some(event));
        }
    }
}

fn setup() -> Setup {
    let (sender, told) = mpsc::unbounded_channel();
    let log = Arc::new(Log { events: Mutex::default(), told: sender });
    let app = app_with(&log);
    Setup { client: TestClient::new(app), log, told }
}

type Shared = State<Arc<Log>>;

// Transient: the original's count, 4 calls of the first, 2 of the second, 1 of the third.

struct First;
struct Second;
struct Third;

#[dependency(transient)]
fn first(log: Shared) -> First {
    log.add("first");
    First
}

#[dependency(transient)]
fn second(_first: First, log: Shared) -> Second {
    log.add("second");
    Second
}

#[dependency(transient)]
fn third(_first: First, _second: Second, log: Shared) -> Third {
    log.add("third");
    Third
}

#[app::query("/transient", app = local)]
async fn transient(_first: First, _second: &Second, _third: Third) {}

#[tokio::test]
async fn a_transient_dependency_is_made_for_each_who_takes_it() {
    let Setup { client, log, .. } = setup();
    assert_eq!(client.get("/transient").await.status(), 204);
    assert_eq!((log.count("first"), log.count("second"), log.count("third")), (4, 2, 1));
}

// Request: one call for the handler and all providers.

struct Session {
    user: String,
}

struct Rights;

#[dependency]
async fn session(#[default("nobody")] user: QueryParam<String>, log: Shared) -> Result<Session> {
    log.add("session");
    // Whoever asks for it meanwhile waits for this call.
    tokio::task::yield_now().await;
    if user.0 == "banned" {
        return Err(stario::Error::new(StatusCode::FORBIDDEN, "go away"));
    }
    Ok(Session { user: user.0 })
}

#[dependency]
async fn rights(session: &Session, log: Shared) -> Rights {
    let _ = session;
    log.add("rights");
    Rights
}

#[app::query("/request", app = local)]
async fn request(session: &Session, _rights: &Rights, again: &Session) -> String {
    assert!(std::ptr::eq(session, again));
    session.user.clone()
}

#[tokio::test]
async fn a_request_shares_one_value() {
    let Setup { client, log, .. } = setup();
    assert_eq!(client.get("/request?user=Ada").await.text(), "Ada");
    assert_eq!((log.count("session"), log.count("rights")), (1, 1));
    assert_eq!(client.get("/request").await.text(), "nobody");
    assert_eq!(log.count("session"), 2);
}

#[tokio::test]
async fn a_failure_is_shared_too_and_answers_as_it_says() {
    let Setup { client, log, .. } = setup();
    let res = client.get("/request?user=banned").await;
    assert_eq!((res.status().as_u16(), res.text()), (403, "go away"));
    assert_eq!((log.count("session"), log.count("rights")), (1, 0));
}

// A dependency borrowed by a stream lives as long as the stream.

#[app::query("/stream", app = local)]
async fn stream_from(session: &Session) -> impl Stream<Item = Event> {
    stream! {
        for _ in 0..2 {
            yield &session.user;
        }
    }
}

#[tokio::test]
async fn a_stream_borrows_from_its_request() {
    let events = setup().client.get("/stream?user=Ada").await.events();
    assert_eq!((events[0].elements(), events[1].elements()), ("Ada".into(), "Ada".into()));
}

// Siblings are resolved at the same time: each waits for the other.

struct Gate {
    barrier: Barrier,
    attempts: AtomicUsize,
}

struct Left;
struct Right;

#[dependency]
async fn left(gate: State<Gate>) -> Result<Left> {
    gate.barrier.wait().await;
    Err(stario::Error::new(StatusCode::IM_A_TEAPOT, "left"))
}

#[dependency]
async fn right(gate: State<Gate>) -> Result<Right> {
    gate.barrier.wait().await;
    Err(stario::Error::new(StatusCode::GONE, "right"))
}

#[app::query("/siblings", app = local)]
async fn siblings(_left: &Left, _right: &Right) {}

#[tokio::test]
async fn siblings_are_resolved_at_once_and_the_first_in_order_is_reported() {
    let res = setup().client.get("/siblings").await;
    assert_eq!((res.status().as_u16(), res.text()), (418, "left"));
}

// Singleton.

#[derive(Clone)]
struct Pool(Arc<usize>);

#[dependency(singleton)]
async fn pool(log: Shared, gate: State<Gate>) -> Result<Pool> {
    log.add("pool");
    tokio::task::yield_now().await;
    let attempt = gate.attempts.fetch_add(1, Ordering::SeqCst);
    if log.count("fail first") > 0 && attempt == 0 {
        return Err(stario::Error::new(StatusCode::SERVICE_UNAVAILABLE, "no database"));
    }
    Ok(Pool(Arc::new(attempt)))
}

#[app::query("/pool", app = local)]
async fn of_pool(pool: Pool) -> String {
    pool.0.to_string()
}

#[tokio::test]
async fn a_singleton_is_made_once_under_a_hundred_first_requests() {
    let Setup { client, log, .. } = setup();
    let requests: Vec<_> = (0..100).map(|_| tokio::spawn(client.get("/pool").into_future())).collect();
    for request in requests {
        assert_eq!(request.await.unwrap().text(), "0");
    }
    assert_eq!(log.count("pool"), 1);
}

#[tokio::test]
async fn a_failed_singleton_is_tried_again() {
    let Setup { client, log, .. } = setup();
    log.add("fail first");
    let res = client.get("/pool").await;
    assert_eq!((res.status().as_u16(), res.text()), (503, "no database"));
    assert_eq!(client.get("/pool").await.text(), "1");
    assert_eq!(client.get("/pool").await.text(), "1");
}

// From a provider that is named.

#[dependency(by_name)]
fn answer() -> u32 {
    42
}

#[app::query("/from", app = local)]
async fn from(#[from(answer)] number: u32, #[from(elsewhere::pool)] pool: &Pool) -> String {
    format!("{number} {}", pool.0)
}

mod elsewhere {
    use super::Pool;
    use stario::prelude::*;

    #[dependency(by_name)]
    pub(crate) fn pool() -> Pool {
        Pool(std::sync::Arc::new(7))
    }
}

#[tokio::test]
async fn a_provider_can_be_named() {
    assert_eq!(setup().client.get("/from").await.text(), "42 7");
}

// Lazy.

#[app::query("/lazy", app = local)]
async fn lazy(#[default(false)] ask: QueryParam<bool>, session: Lazy<'_, Session>) -> Result<String> {
    if *ask {
        Ok(session.get().await?.user.clone() + &session.get().await?.user)
    } else {
        Ok("not asked".into())
    }
}

#[tokio::test]
async fn a_lazy_dependency_is_made_when_it_is_asked_for() {
    let Setup { client, log, .. } = setup();
    assert_eq!(client.get("/lazy?user=Ada").await.text(), "not asked");
    assert_eq!(log.count("session"), 0);
    assert_eq!(client.get("/lazy?user=Ada&ask=true").await.text(), "AdaAda");
    assert_eq!(log.count("session"), 1);
    let res = client.get("/lazy?user=banned&ask=true").await;
    assert_eq!((res.status().as_u16(), res.text()), (403, "go away"));
}

// Clean-ups.

struct Outer;
struct Inner;
struct Failing;

#[dependency]
fn outer(log: Shared, cleanup: Cleanup) -> Outer {
    log.add("outer made");
    cleanup.defer(async move { log.add("outer cleaned") });
    Outer
}

#[dependency]
fn inner(_outer: &Outer, log: Shared, cleanup: Cleanup) -> Inner {
    log.add("inner made");
    cleanup.defer(async move {
        log.add("inner cleaned");
        Err::<(), _>("it does not matter to the others")
    });
    Inner
}

#[dependency]
fn failing(_inner: &Inner) -> Result<Failing> {
    Err(stario::Error::new(StatusCode::BAD_GATEWAY, "failing"))
}

#[app::query("/cleanup/{how}", app = local)]
async fn cleaned(how: PathParam<String>, _inner: &Inner, log: Shared) -> Result<()> {
    log.add("handler");
    match how.as_str() {
        "error" => Err(stario::Error::new(StatusCode::CONFLICT, "error")),
        "panic" => panic!("on purpose"),
        _ => Ok(()),
    }
}

#[app::query("/cleanup-after-failure", app = local)]
async fn never_called(_failing: &Failing, log: Shared) {
    log.add("handler");
}

#[app::query("/cleanup-stream", app = local)]
async fn cleaned_stream(_inner: &Inner, log: Shared) -> impl Stream<Item = Event> {
    stream! {
        log.add("streaming");
        yield 1;
        std::future::pending::<()>().await;
    }
}

const MADE: [&str; 2] = ["outer made", "inner made"];
const CLEANED: [&str; 2] = ["inner cleaned", "outer cleaned"];

#[tokio::test]
async fn clean_ups_run_last_in_first_out_however_the_handler_ends() {
    for (how, status) in [("fine", 204), ("error", 409), ("panic", 500)] {
        let mut setup = setup();
        assert_eq!(setup.client.get(format!("/cleanup/{how}")).await.status(), status);
        setup.expect(&MADE).await;
        setup.expect(&["handler"]).await;
        setup.expect(&CLEANED).await;
    }
}

#[tokio::test]
async fn clean_ups_run_when_a_later_dependency_fails() {
    let mut setup = setup();
    assert_eq!(setup.client.get("/cleanup-after-failure").await.status(), 502);
    setup.expect(&MADE).await;
    setup.expect(&CLEANED).await;
}

#[tokio::test]
async fn clean_ups_run_when_the_client_leaves_a_stream() {
    let mut setup = setup();
    let mut events = setup.client.get("/cleanup-stream").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "1");
    setup.expect(&MADE).await;
    setup.expect(&["streaming"]).await;
    assert!(setup.told.try_recv().is_err(), "the stream is still open");
    drop(events);
    setup.expect(&CLEANED).await;
}

#[app::detached_command("/cleanup-detached/{how}", app = local)]
async fn cleaned_detached(
    how: PathParam<String>,
    _inner: &Inner,
    gate: State<Gate>,
    log: Shared,
) -> Result<()> {
    log.add("working");
    // Goes on when the test says so, which it does when it has the answer.
    gate.barrier.wait().await;
    match how.as_str() {
        "error" => Err(stario::Error::new(StatusCode::CONFLICT, "nobody is told")),
        "panic" => panic!("on purpose"),
        _ => Ok(()),
    }
}

#[app::command("/go-on", app = local)]
async fn go_on(gate: State<Gate>) {
    gate.barrier.wait().await;
}

#[tokio::test]
async fn clean_ups_run_when_a_detached_command_has_ended() {
    for how in ["fine", "error", "panic"] {
        let mut setup = setup();
        let res = setup.client.post(format!("/cleanup-detached/{how}")).await;
        assert_eq!((res.status().as_u16(), res.text()), (204, ""));
        setup.expect(&MADE).await;
        setup.expect(&["working"]).await;
        assert!(setup.told.try_recv().is_err(), "the command is still running");
        setup.client.post("/go-on").await;
        setup.expect(&CLEANED).await;
    }
}

#[app::detached_command("/detached-refused", app = local)]
async fn refused_detached(_failing: &Failing, log: Shared) {
    log.add("never");
}

#[tokio::test]
async fn a_detached_command_is_refused_before_it_runs() {
    let mut setup = setup();
    let res = setup.client.post("/detached-refused").await;
    assert_eq!((res.status().as_u16(), res.text()), (502, "failing"));
    setup.expect(&MADE).await;
    setup.expect(&CLEANED).await;
    assert_eq!(setup.log.count("never"), 0);
}

// A singleton's clean-up, and a stream's, when the server stops.

struct Connection;

#[dependency(singleton)]
fn connection(log: Shared, cleanup: Cleanup) -> Connection {
    log.add("connected");
    cleanup.defer(async move { log.add("disconnected") });
    Connection
}

#[app::query("/cleanup-at-stop", app = local)]
async fn cleaned_at_stop(_connection: &Connection, _inner: &Inner) -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn clean_ups_run_when_the_server_stops() {
    use tokio::io::AsyncReadExt;

    let (sender, _told) = mpsc::unbounded_channel();
    let log = Arc::new(Log { events: Mutex::default(), told: sender });
    let app = app_with(&log);
    let server = Server::start(app).await;
    let mut client = server.send(get("/cleanup-at-stop", "")).await;
    let mut head = [0; 12];
    client.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    server.stop().await.unwrap();

    let events = log.events.lock().unwrap();
    assert_eq!(events[..3], ["connected", "outer made", "inner made"]);
    assert_eq!(events[3..], ["inner cleaned", "outer cleaned", "disconnected"]);
}

#[derive(Clone)]
struct Flaky;

#[dependency(singleton)]
fn flaky(log: Shared, gate: State<Gate>, cleanup: Cleanup) -> Result<Flaky> {
    let attempt = gate.attempts.fetch_add(1, Ordering::SeqCst);
    let clean = ["first closed", "second closed"][attempt];
    cleanup.defer(async move { log.add(clean) });
    if attempt == 0 { Err(stario::Error::new(StatusCode::SERVICE_UNAVAILABLE, "not yet")) } else { Ok(Flaky) }
}

#[app::query("/flaky", app = local)]
async fn of_flaky(_flaky: Flaky) {}

#[tokio::test]
async fn a_failed_attempt_at_a_singleton_is_cleaned_up_with_its_request() {
    let mut setup = setup();
    assert_eq!(setup.client.get("/flaky").await.status(), 503);
    setup.expect(&["first closed"]).await;
    assert_eq!(setup.client.get("/flaky").await.status(), 204);
    setup.client.clone().stop().await;
    setup.expect(&["second closed"]).await;
    assert!(setup.told.try_recv().is_err(), "nothing is cleaned up twice");
}

#[app::query("/late", app = local)]
async fn late(late: State<mpsc::UnboundedSender<Cleanup>>, cleanup: Cleanup) {
    let _ = late.send(cleanup);
}

#[tokio::test]
async fn what_is_deferred_late_and_what_panics_is_done_all_the_same() {
    let (sender, mut kept) = mpsc::unbounded_channel::<Cleanup>();
    let (told, mut events) = mpsc::unbounded_channel();
    let log = Arc::new(Log { events: Mutex::default(), told });
    let gate = Gate { barrier: Barrier::new(2), attempts: AtomicUsize::new(0) };
    // Not `app_with`: the handler's end of the channel is this test's.
    let client = TestClient::new(local::new().state(Arc::clone(&log)).state(gate).state(sender));
    client.get("/late").await;
    let cleanup = kept.recv().await.unwrap();
    // The request's own clean-ups are done when this one, deferred before the end, has run.
    let (done, is_done) = tokio::sync::oneshot::channel::<()>();
    cleanup.defer(async move { drop(done) });
    let _ = is_done.await;
    cleanup.defer(async { todo!() });
    cleanup.defer(async {
        panic!("on purpose");
    });
    let late = Arc::clone(&log);
    cleanup.defer(async move { late.add("late") });
    assert_eq!(events.recv().await, Some("late"));
}

// A provider that reads the body waits for the other parameters, as the body itself would.

struct Signed(String);

#[dependency]
fn signed(body: stario::RawBody<String>) -> Signed {
    Signed(body.0)
}

struct Checked(String);

#[dependency]
fn checked(signed: &Signed) -> Checked {
    Checked(signed.0.clone())
}

#[app::command("/signed", app = local)]
async fn of_signed(page: QueryParam<u8>, checked: &Checked) -> String {
    format!("{page} {}", checked.0)
}

#[tokio::test]
async fn a_provider_does_not_read_the_body_of_a_refused_request() {
    let client = setup().client;
    let unread = || stario::Body::stream(Unread);
    assert_eq!(client.post("/signed").body(unread()).await.status(), 400);
    assert_eq!(client.post("/signed?page=1").body("body").await.text(), "1 body");
}

/// A body that nobody may ask for.
struct Unread;

impl Stream for Unread {
    type Item = Result<bytes::Bytes, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        panic!("the body was read");
    }
}

#[app::detached_command("/until-stop", app = local)]
async fn until_stop(app: stario::AppHandle, _inner: &Inner, log: Shared) {
    log.add("working");
    app.stopping().await;
    log.add(if app.is_stopping() { "told to stop" } else { "not told" });
}

#[tokio::test]
async fn a_detached_command_is_told_of_the_stop_and_waited_for() {
    let mut setup = setup();
    assert_eq!(setup.client.post("/until-stop").await.status(), 204);
    setup.expect(&MADE).await;
    setup.expect(&["working"]).await;
    setup.client.clone().stop().await;
    setup.expect(&["told to stop"]).await;
    setup.expect(&CLEANED).await;
}

#[app::query("/stuck", app = local)]
async fn stuck(_connection: &Connection, _inner: &Inner) {
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn clean_ups_run_though_a_request_never_ends() {
    let (sender, mut told) = mpsc::unbounded_channel();
    let log = Arc::new(Log { events: Mutex::default(), told: sender });
    let app = app_with(&log);
    let server = Server::start(app).await;
    let _client = server.send(get("/stuck", "")).await;
    while told.recv().await != Some("inner made") {}
    // Not before: a clock that stands still leaps to the next deadline whenever a socket is waited for.
    tokio::time::pause();
    let unfinished = server.ended().await.0.unwrap_err();
    assert_eq!(unfinished, "stopped before the end (request: 1 of app::dependencies::stuck)");
    let mut cleaned = log.events.lock().unwrap()[3..].to_vec();
    cleaned.sort_unstable();
    assert_eq!(cleaned, ["disconnected", "inner cleaned", "outer cleaned"]);
}

// A provider may be more or less visible than what it makes, which may be anyone's type.

struct Private;
/// Made by a private provider.
#[allow(unreachable_pub)] // Its visibility is what is tested.
pub struct Public;

#[dependency]
fn of_a_foreign_type() -> Vec<u16> {
    vec![1, 2]
}

#[dependency]
#[allow(private_interfaces)]
pub(crate) fn wider_than_its_type() -> Private {
    Private
}

#[dependency]
fn narrower_than_its_type() -> Public {
    Public
}

#[app::query("/visibility", app = local)]
async fn visibility(numbers: &Vec<u16>, _private: &Private, _public: &Public) -> usize {
    numbers.len()
}

#[tokio::test]
async fn providers_and_their_types_may_differ_in_visibility() {
    assert_eq!(setup().client.get("/visibility").await.text(), "2");
}

// Replacements.

mod fake {
    use super::{Session, Shared};
    use stario::prelude::*;

    #[dependency(by_name)]
    pub(crate) async fn session(log: Shared, user: Header) -> Session {
        log.add("fake session");
        Session { user: user.0 }
    }

    pub(crate) struct Header(String);

    impl stario::FromRequest for Header {
        async fn from_request(
            scope: &stario::Scope,
            _: &stario::Parameter,
        ) -> Result<Self, stario::Rejection> {
            let value = scope.headers().get("user").and_then(|user| user.to_str().ok()).unwrap_or("fake");
            Ok(Self(value.to_owned()))
        }
    }
}

#[test]
fn a_singleton_is_replaced_by_a_singleton_only() {
    let problems = local::new().replace(pool::with::<elsewhere::pool>()).check().unwrap_err().to_string();
    assert!(
        problems.contains("app::dependencies::pool at ")
            && problems.contains(" is a singleton, and app::dependencies::elsewhere::pool at "),
        "{problems}"
    );
}

#[tokio::test]
async fn a_replaced_provider_is_replaced_at_every_depth() {
    let (sender, _told) = mpsc::unbounded_channel();
    let log = Arc::new(Log { events: Mutex::default(), told: sender });
    let app = app_with(&log).replace(session::with::<fake::session>());
    let client = TestClient::new(app);
    assert_eq!(client.get("/request?user=Ada").await.text(), "fake");
    assert_eq!(client.get("/request").header("user", "Grace").await.text(), "Grace");
    assert_eq!((log.count("session"), log.count("fake session"), log.count("rights")), (0, 2, 2));
}
