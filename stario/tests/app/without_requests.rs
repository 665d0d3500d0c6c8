//! What runs without a request: start hooks and stop hooks with parameters, eager singletons, dependencies of tasks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use stario::prelude::*;
use stario::{AppHandle, Cleanup, Lazy, Logger};

use crate::app;

/// What has happened, in order.
#[derive(Default, Clone)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn add(&self, event: &str) {
        self.0.lock().unwrap().push(event.to_owned());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Store(&'static str);

#[dependency(singleton)]
async fn store(events: State<Events>, cleanup: Cleanup) -> Store {
    events.add("made");
    let events = events.clone();
    cleanup.defer(async move { events.add("cleaned up") });
    Store("shop")
}

stario::app!(hooked);

#[app::query("/", app = hooked)]
async fn name(store: &Store) -> &'static str {
    store.0
}

#[app::on_start(app = hooked)]
async fn first(store: &Store, events: State<Events>, app: AppHandle, log: Logger, cleanup: Cleanup) {
    log.info("starting");
    events.add(&format!("first: {}, {} route", store.0, app.routes().count()));
    let events = events.clone();
    cleanup.defer(async move { events.add("undone") });
}

#[app::on_stop(app = hooked)]
async fn goodbye(store: &Store, events: State<Events>) {
    events.add(&format!("stop: {}", store.0));
}

#[app::on_start(app = hooked)]
fn second(#[from(store)] _store: &Store, lazy: Lazy<'_, Store>, events: State<Events>) {
    drop(lazy);
    events.add("second");
}

#[tokio::test]
async fn hooks_take_parameters_as_providers_do() {
    let events = Events::default();
    let app = hooked::new().state(events.clone());
    let (given, given_stop) = (events.clone(), events.clone());
    let app = app.on_start(async move |_| {
        given.add("given");
        Ok(())
    });
    let client = TestClient::new(app.on_stop(async move |_| given_stop.add("given stop")));
    client.start().await;
    assert_eq!(client.get("/").await.text(), "shop");
    client.stop().await;
    let expected = [
        "made",
        "first: shop, 1 route",
        "second",
        "given",
        "stop: shop",
        "undone",
        "cleaned up",
        "given stop",
    ];
    assert_eq!(events.all(), expected);
}

stario::app!(whole);

#[tokio::test]
async fn hooks_of_a_part_run_with_those_of_the_app() {
    let events = Events::default();
    let parts = [
        whole::new().merge(hooked::new()),
        whole::new().nest("/shop", hooked::new()),
        whole::new().host("shop.example.com", hooked::new()),
    ];
    for app in parts {
        let client = TestClient::new(app.state(events.clone()));
        client.start().await;
        client.stop().await;
    }
    assert_eq!(events.all().iter().filter(|event| *event == "second").count(), 3);
    assert_eq!(events.all().iter().filter(|event| *event == "stop: shop").count(), 3);
}

#[dependency(singleton, by_name)]
fn another_store() -> Store {
    Store("another")
}

#[tokio::test]
async fn hooks_take_replaced_dependencies() {
    let events = Events::default();
    let app = hooked::new().state(events.clone()).replace(store::with::<another_store>());
    TestClient::new(app).start().await;
    assert_eq!(events.all()[0], "first: another, 1 route");
}

#[test]
fn the_check_says_what_hooks_need() {
    let problems = hooked::new().check().unwrap_err().to_string();
    let is_reported = |taker: &str| {
        let problem = "no state of type `app::without_requests::Events`, taken by app::without_requests::";
        problems.lines().any(|line| line.trim_start().starts_with(&format!("{problem}{taker} at ")))
    };
    assert!(is_reported("store") && is_reported("second") && is_reported("goodbye"), "{problems}");
}

stario::app!(failing);

#[app::query("/", app = failing)]
async fn home() {}

#[app::on_stop(app = failing)]
fn undo(events: State<Events>) -> Result {
    events.add("undone");
    Err("on purpose".into())
}

#[app::on_start(app = failing)]
async fn migrate() -> Result<(), std::io::Error> {
    Err(std::io::Error::other("no table"))
}

#[app::on_stop(app = failing)]
fn never(events: State<Events>) {
    events.add("never");
}

async fn serve(app: stario::App) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    app.serve_on(listener, std::future::pending()).await.unwrap_err().to_string()
}

/// The lines without the numbers of lines.
fn without_numbers(text: &str) -> String {
    text.split(':')
        .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()))
        .collect::<Vec<_>>()
        .join(":")
}

#[tokio::test]
async fn a_hook_that_fails_keeps_the_app_from_starting() {
    let events = Events::default();
    let error = serve(failing::new().state(events.clone())).await;
    assert_eq!(
        without_numbers(&error),
        "the start hook app::without_requests::migrate at stario/tests/app/without_requests.rs: failed: no table"
    );
    assert_eq!(events.all(), ["undone"]);
}

struct Cache(usize);
struct Mailer;
struct Unused;

#[derive(Default)]
struct Attempts(AtomicUsize);

impl Attempts {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

#[dependency(singleton, eager)]
fn cache(attempts: State<Attempts>) -> Result<Cache> {
    match attempts.next() {
        0 => Err("the cache is cold".into()),
        count => Ok(Cache(count)),
    }
}

#[dependency(singleton, eager)]
async fn mailer(cache: Lazy<'_, Cache>) -> Result<Mailer, std::io::Error> {
    drop(cache);
    Err(std::io::Error::other("no mail server"))
}

#[dependency(singleton, eager)]
fn unused() -> Unused {
    panic!("no app takes it")
}

stario::app!(eager);

#[app::query("/cache", app = eager)]
async fn count(cache: &Cache, mailer: Lazy<'_, Mailer>) -> usize {
    drop(mailer);
    cache.0
}

#[app::on_start(app = eager)]
fn not_reached() {
    panic!("eager singletons come first");
}

#[tokio::test]
async fn eager_singletons_that_fail_are_reported_together() {
    let error = serve(eager::new().state(Attempts::default())).await;
    let lines: Vec<String> = error.lines().map(without_numbers).collect();
    assert_eq!(
        lines,
        [
            "the app cannot start:",
            "  the dependency app::without_requests::cache at stario/tests/app/without_requests.rs: cannot be made: the cache is cold",
            "  the dependency app::without_requests::mailer at stario/tests/app/without_requests.rs: cannot be made: no mail server",
        ]
    );
}

#[dependency(singleton, by_name)]
fn warm_cache() -> Cache {
    Cache(7)
}

#[dependency(singleton, by_name)]
fn quiet_mailer() -> Mailer {
    panic!("no\nmail")
}

#[tokio::test]
async fn an_eager_singleton_can_be_replaced_and_its_panic_is_one_line() {
    let app = eager::new().state(Attempts::default());
    let app = app.replace(cache::with::<warm_cache>()).replace(mailer::with::<quiet_mailer>());
    let error = serve(app).await;
    assert!(
        error.starts_with("the dependency app::without_requests::mailer at ")
            && error.contains(" cannot be made: it panicked: no mail")
            && error.lines().count() == 1,
        "{error}"
    );
}

stario::app!(tasks);

#[app::query("/count", app = tasks)]
async fn count_in_task(cache: &Cache) -> usize {
    cache.0
}

#[tokio::test]
async fn a_task_gets_a_singleton_or_its_failure() {
    let (sender, handle) = tokio::sync::oneshot::channel();
    let app = tasks::new().state(Attempts::default()).on_start(async move |app: AppHandle| {
        let in_task = tokio::spawn(async move {
            let first = app::get::<Cache>(&app).await.map(|cache| cache.0);
            let second = app::get::<Cache>(&app).await.map(|cache| cache.0);
            (first.unwrap(), second.unwrap(), app)
        });
        drop(sender.send(in_task.await?));
        Ok(())
    });
    let service = TestClient::new(app.replace(cache::with::<slow_cache>()));
    service.start().await;
    let (first, second, app) = handle.await.unwrap();
    assert_eq!((first, second), (1, 1));
    assert_eq!(service.get("/count").await.text(), "1");
    let failure = app::get::<Fragile>(&app).await.map(|_| ()).unwrap_err();
    assert_eq!(failure.to_string(), "not yet");
    assert_eq!(app::get::<Fragile>(&app).await.unwrap().0, 1);
}

#[dependency(singleton, by_name)]
async fn slow_cache(attempts: State<Attempts>) -> Cache {
    tokio::task::yield_now().await;
    Cache(attempts.next() + 1)
}

struct Fragile(usize);

#[dependency(singleton)]
fn fragile(attempts: State<Attempts>) -> Result<Fragile> {
    match attempts.next() {
        1 => Err("not yet".into()),
        _ => Ok(Fragile(1)),
    }
}
