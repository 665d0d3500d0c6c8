//! Layers of `tower` around an app, a prefix and a handler.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::{Method, Request};
use stario::prelude::*;
use stario::testing::TestRequest;
use stario::{App, Body, MatchedPath, Next, RequestId, dependency};
use tokio::sync::{Notify, mpsc};
use tower::{Layer, Service, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::app;

stario::app!(local);

fn new_app() -> App {
    let (log, _) = mpsc::unbounded_channel();
    local::new().state(Probe { log, go_on: Notify::new() })
}

/// Writes its name into `x-way`, on the way in and on the way out.
#[derive(Clone, Copy)]
struct Mark(&'static str);

#[derive(Clone)]
struct Marking<S>(&'static str, S);

impl<S> Layer<S> for Mark {
    type Service = Marking<S>;

    fn layer(&self, inner: S) -> Marking<S> {
        Marking(self.0, inner)
    }
}

const WAY: HeaderName = HeaderName::from_static("x-way");

impl<S> Service<Request<Body>> for Marking<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.1.poll_ready(ctx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let name = HeaderValue::from_static(self.0);
        request.headers_mut().append(WAY, name.clone());
        let response = self.1.call(request);
        Box::pin(async move {
            let mut response = response.await?;
            response.headers_mut().append(WAY, name);
            Ok(response)
        })
    }
}

fn way(headers: &http::HeaderMap) -> String {
    let names: Vec<&str> = headers.get_all(WAY).iter().map(|name| name.to_str().unwrap()).collect();
    names.join(" ")
}

#[app::query("/", app = local)]
async fn home(headers: http::HeaderMap) -> String {
    way(&headers)
}

#[app::query("/admin/users/{id}", app = local, layer = Mark("handler"))]
async fn user(id: PathParam<u8>, headers: http::HeaderMap) -> String {
    format!("{id}: {}", way(&headers))
}

#[app::query("/administrator", app = local)]
async fn administrator(headers: http::HeaderMap) -> String {
    way(&headers)
}

/// The way in, as the handler saw it, and the way out.
fn pass(app: App, path: &str) -> (u16, String, String) {
    let res = TestClient::new(app).get(path).send();
    assert_eq!(res.header("x-request-id").len(), 32, "{path}");
    (res.status().as_u16(), res.text().to_owned(), way(res.headers()))
}

#[test]
fn the_app_is_around_the_prefix_is_around_the_handler() {
    let app = || {
        new_app()
            .layer_at("/admin", Mark("prefix"))
            .layer(Mark("app"))
            .layer_at("/admin", Mark("prefix-2"))
            .layer(Mark("app-2"))
    };
    let check = |path: &str, status: u16, text: &str, out: &str| {
        assert_eq!(pass(app(), path), (status, text.to_owned(), out.to_owned()), "{path}");
    };
    check("/", 200, "app app-2", "app-2 app");
    check("/admin/users/7", 200, "7: app app-2 prefix prefix-2 handler", "handler prefix-2 prefix app-2 app");
    check("/administrator", 200, "app app-2", "app-2 app");
    check("/nowhere", 404, "Not Found", "app-2 app");
    check("/admin/nothing", 404, "Not Found", "prefix-2 prefix app-2 app");
    check(
        "/admin/users/x",
        422,
        "invalid path parameter `id`: expected a whole number from 0 to 255",
        "handler prefix-2 prefix app-2 app",
    );
}

#[test]
fn without_layers_of_the_app_a_handler_has_its_own() {
    assert_eq!(pass(new_app(), "/admin/users/7"), (200, "7: handler".into(), "handler".into()));
    assert_eq!(pass(new_app(), "/"), (200, String::new(), String::new()));
    let res = TestClient::new(new_app()).post("/admin/users/7").send();
    assert_eq!((res.status().as_u16(), way(res.headers())), (405, String::new()));
}

#[test]
fn a_layer_that_nothing_comes_to_keeps_the_app_from_starting() {
    let line = line!();
    let app = new_app().layer_at("/amdin", Mark("x"));
    let app = app.layer_at("admin", Mark("y"));
    let app = app.layer_at("/admin/users", Mark("z"));
    let problems = app.check().unwrap_err().to_string();
    let expected = [
        ("the prefix of a layer begins with `/`, not as `admin`, at ", line + 2),
        ("no route is under `/amdin`, for which there is a layer at ", line + 1),
    ];
    let expected = expected.map(|(problem, line)| format!("{problem}{}:{line}:", file!()));
    let found: Vec<&str> = problems.lines().skip(1).map(str::trim).collect();
    assert_eq!(found.len(), expected.len(), "{problems}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(found.starts_with(expected), "{found}");
    }
}

#[app::command("/echo", app = local)]
async fn echo(text: RawBody<String>) -> String {
    text.0
}

#[test]
fn layers_of_tower_http_work() {
    let trace = TraceLayer::new_for_http();
    let name = HeaderName::from_static("x-served-by");
    let served_by = SetResponseHeaderLayer::overriding(name, HeaderValue::from_static("me"));
    let cors = CorsLayer::new().allow_origin(Any).allow_methods([Method::GET, Method::DELETE]);
    let app = new_app()
        .layer(trace)
        .layer(served_by)
        .layer(CatchPanicLayer::new())
        .layer_at("/echo", RequestBodyLimitLayer::new(4))
        .layer_at("/admin", ValidateRequestHeaderLayer::accept("text/html"))
        .layer(cors);
    let client = TestClient::new(app);
    let res = client.get("/").header("origin", "https://example.com").send();
    assert_eq!((res.status().as_u16(), res.header("x-served-by")), (200, "me"));
    assert_eq!(res.header("access-control-allow-origin"), "*");
    // What a browser asks before: there is no handler for it.
    let res = client
        .request(Method::OPTIONS, "/admin/users/7")
        .header("origin", "https://example.com")
        .header("access-control-request-method", "DELETE")
        .send();
    assert_eq!((res.status().as_u16(), res.header("access-control-allow-methods")), (200, "GET,DELETE"));
    assert_eq!(client.post("/echo").body("four").send().text(), "four");
    let res = client.post("/echo").header("content-length", "5").body("fives").send();
    assert_eq!((res.status().as_u16(), res.header("x-request-id").len()), (413, 32));
    assert_eq!(client.get("/admin/users/7").header("accept", "image/png").send().status(), 406);
    assert_eq!(client.request(Method::HEAD, "/administrator").send().text(), "");
}

#[derive(Clone, Default)]
struct Seen(Arc<std::sync::Mutex<Vec<String>>>);

#[test]
fn a_layer_finds_the_requests_identity_in_its_extensions() {
    let seen = Seen::default();
    let log = seen.clone();
    let look = tower::util::MapRequestLayer::new(move |request: Request<Body>| {
        let extensions = request.extensions();
        let id = extensions.get::<RequestId>().unwrap();
        let peer = extensions.get::<SocketAddr>().unwrap();
        let path = extensions.get::<MatchedPath>().map(|path| path.0);
        log.0.lock().unwrap().push(format!("{id} {} {path:?}", peer.ip()));
        request
    });
    let client = TestClient::new(new_app().layer(look.clone()).layer_at("/admin", look));
    let id = client.get("/admin/users/7").peer([10, 0, 0, 1]).send().header("x-request-id").to_owned();
    let other = client.get("/nowhere").send().header("x-request-id").to_owned();
    let expected = [
        format!("{id} 10.0.0.1 Some(\"/admin/users/{{id}}\")"),
        format!("{id} 10.0.0.1 Some(\"/admin/users/{{id}}\")"),
        format!("{other} 127.0.0.1 None"),
    ];
    assert_eq!(*seen.0.lock().unwrap(), expected);
}

#[test]
fn a_layer_around_the_app_may_change_the_path() {
    let rewrite = |path: &'static str| {
        tower::util::MapRequestLayer::new(move |mut request: Request<Body>| {
            *request.uri_mut() = path.parse().unwrap();
            request
        })
    };
    assert_eq!(pass(new_app().layer(rewrite("/admin/users/8")), "/").1, "8: handler");
}

stario::app!(shop);

#[app::query("/", app = shop)]
async fn shop_home(headers: http::HeaderMap) -> String {
    way(&headers)
}

#[app::query("/items/{id}", app = shop, layer = Mark("handler"))]
async fn item(id: PathParam<u8>, headers: http::HeaderMap) -> String {
    format!("{id}: {}", way(&headers))
}

#[test]
fn the_layers_of_a_nested_app_are_around_its_own_routes() {
    let nested = || shop::new().layer(Mark("shop")).layer_at("/items", Mark("items"));
    let app = || new_app().layer(Mark("app")).layer_at("/shop", Mark("prefix")).nest("/shop", nested());
    let check = |path: &str, status: u16, text: &str, out: &str| {
        assert_eq!(pass(app(), path), (status, text.to_owned(), out.to_owned()), "{path}");
    };
    check("/shop", 200, "app prefix shop", "shop prefix app");
    check("/shop/items/7", 200, "7: app prefix shop items handler", "handler items shop prefix app");
    check("/", 200, "app", "app");
    // The app that is served answers where there is no route.
    check("/shop/nothing", 404, "Not Found", "prefix app");
    let res = TestClient::new(app()).post("/shop/items/7").send();
    assert_eq!((res.status().as_u16(), way(res.headers())), (405, "items shop prefix app".into()));
    // A second nesting moves the prefixes again.
    let twice =
        new_app().nest("/outer", shop::new().layer_at("/items", Mark("items")).nest("/x", third::new()));
    assert_eq!(pass(twice, "/outer/items/7").2, "handler items");
}

stario::app!(third);

#[app::query("/", app = third)]
async fn third_home() {}

#[test]
fn a_layer_of_a_nested_app_that_nothing_comes_to_is_a_problem() {
    let problems = new_app().nest("/shop", shop::new().layer_at("/shop", Mark("x"))).check().unwrap_err();
    assert!(
        problems.to_string().contains("no route is under `/shop`, for which there is a layer at"),
        "{problems}"
    );
}

#[test]
fn behind_the_routing_a_layer_no_longer_changes_the_path() {
    let rewrite = tower::util::MapRequestLayer::new(|mut request: Request<Body>| {
        *request.uri_mut() = "/".parse().unwrap();
        request
    });
    assert_eq!(pass(new_app().nest("/shop", shop::new().layer(rewrite)), "/shop/items/9").1, "9: handler");
}

#[test]
fn a_nested_app_brings_its_services_with_its_layers_around_them() {
    let service = tower::service_fn(async |request: Request<Body>| {
        Ok::<_, Infallible>(http::Response::new(format!("{} {}", request.uri(), way(request.headers()))))
    });
    let app = new_app().nest("/shop", shop::new().layer_at("/api", Mark("api")).mount("/api", service));
    assert_eq!(pass(app, "/shop/api/x?y"), (200, "/x?y api".into(), "api".into()));
}

#[test]
fn a_layer_may_rewrite_the_request_answer_itself_and_change_the_body() {
    let upper = ServiceBuilder::new()
        .map_request(|request: Request<Body>| {
            request.map(|body| Body::new(http_body_util::Full::from(format!("{body:?}").len().to_string())))
        })
        .map_response(|response: Response| response.map(|_| http_body_util::Full::from("replaced")));
    let res = TestClient::new(new_app().layer(upper)).post("/echo").body("x").send();
    assert_eq!((res.status().as_u16(), res.text()), (200, "replaced"));

    let answer = tower::layer::layer_fn(|_: Next| {
        tower::service_fn(async |_: Request<Body>| {
            Ok::<_, Infallible>(http::Response::new("mine".to_owned()))
        })
    });
    let res = TestClient::new(new_app().layer(answer)).get("/nowhere").send();
    assert_eq!((res.status().as_u16(), res.text(), res.header("x-request-id").len()), (200, "mine", 32));
}

#[derive(Debug, thiserror::Error)]
#[error("the layer is broken")]
struct Broken;

#[test]
fn what_a_layer_fails_with_is_answered_as_every_error() {
    let broken = || {
        tower::layer::layer_fn(|_: Next| {
            tower::service_fn(async |_: Request<Body>| Err::<Response, _>(Broken))
        })
    };
    let plain = (500, "Internal Server Error".to_owned(), "outer".to_owned());
    assert_eq!(pass(new_app().layer(Mark("outer")).layer(broken()), "/"), plain);
    assert_eq!(pass(new_app().layer(Mark("outer")).layer_at("/admin", broken()), "/admin/users/7"), plain);
    let app = new_app().layer(Mark("outer")).layer(broken());
    let app = app
        .on_error(|error: &Broken, request| (StatusCode::BAD_GATEWAY, format!("{error} at {}", request.uri)));
    assert_eq!(pass(app, "/x"), (502, "the layer is broken at /x".into(), "outer".into()));
}

#[test]
fn a_layer_that_panics_is_500() {
    let panics =
        tower::util::MapRequestLayer::new(|_: Request<Body>| -> Request<Body> { panic!("on purpose") });
    let app = || new_app().layer(panics.clone()).on_status(500, |message, _| html! { <b>{message}</b> });
    let res = TestClient::new(app()).get("/").send();
    assert_eq!((res.status().as_u16(), res.text()), (500, "<b>Internal Server Error</b>"));
    assert_eq!(res.header("x-request-id").len(), 32);
}

#[test]
fn a_layer_that_drops_the_extensions_is_500() {
    let forgets =
        tower::util::MapRequestLayer::new(|request: Request<Body>| Request::new(request.into_body()));
    assert_eq!(pass(new_app().layer(forgets), "/").0, 500);
}

/// Where the handlers say what became of them, and what they wait for.
struct Probe {
    log: mpsc::UnboundedSender<&'static str>,
    go_on: Notify,
}

struct Guard(Arc<Probe>, bool);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.log.send(if self.1 { "ended" } else { "dropped" });
    }
}

async fn work(probe: &State<Probe>) {
    let mut guard = Guard(Arc::clone(&probe.0), false);
    let _ = guard.0.log.send("started");
    guard.0.go_on.notified().await;
    guard.1 = true;
}

struct Cleaned;

#[dependency]
fn cleaned(probe: State<Probe>, cleanup: stario::Cleanup) -> Cleaned {
    cleanup.defer(async move {
        let _ = probe.0.log.send("cleaned");
    });
    Cleaned
}

#[app::query("/query", app = local)]
async fn query(probe: State<Probe>) {
    work(&probe).await;
}

#[app::command("/command", app = local)]
async fn command(probe: State<Probe>) {
    work(&probe).await;
}

#[app::detached_command("/detached", app = local)]
async fn detached(probe: State<Probe>) {
    work(&probe).await;
}

#[app::query("/stream", app = local)]
async fn stream(probe: State<Probe>, _cleaned: &Cleaned) -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        work(&probe).await;
        yield 2;
    }
}

#[app::command("/release", app = local)]
async fn release(probe: State<Probe>) {
    probe.go_on.notify_one();
}

struct Setup {
    client: TestClient,
    log: mpsc::UnboundedReceiver<&'static str>,
}

/// With layers that change the types of bodies and futures.
fn setup(layers: impl FnOnce(App) -> App) -> Setup {
    let (sender, log) = mpsc::unbounded_channel();
    let app = local::new()
        .state(Probe { log: sender, go_on: Notify::new() })
        .layer(TraceLayer::new_for_http())
        .layer(tower_http::map_response_body::MapResponseBodyLayer::new(
            http_body_util::BodyExt::boxed_unsync,
        ));
    Setup { client: TestClient::new(layers(app)), log }
}

async fn leave(request: TestRequest, log: &mut mpsc::UnboundedReceiver<&'static str>) {
    let waiting = tokio::spawn(request.into_future());
    assert_eq!(log.recv().await, Some("started"));
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn through_layers_a_query_is_dropped_when_its_client_leaves_and_a_command_goes_on() {
    let Setup { client, mut log } = setup(|app| app);
    leave(client.get("/query"), &mut log).await;
    assert_eq!(log.recv().await, Some("dropped"));
    leave(client.post("/command"), &mut log).await;
    client.post("/release").await;
    assert_eq!(log.recv().await, Some("ended"));
    assert_eq!(client.post("/detached").await.status(), 204);
    assert_eq!(log.recv().await, Some("started"));
    client.post("/release").await;
    assert_eq!(log.recv().await, Some("ended"));
}

#[tokio::test]
async fn through_layers_a_stream_runs_and_its_clean_ups_come_last() {
    let Setup { client, mut log } = setup(|app| app);
    let mut events = client.get("/stream").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "1");
    assert_eq!(log.recv().await, Some("started"));
    client.post("/release").await;
    assert_eq!(log.recv().await, Some("ended"));
    assert_eq!(events.next().await.unwrap().elements(), "2");
    assert!(events.next().await.is_none());
    assert_eq!(log.recv().await, Some("cleaned"));

    let mut events = client.get("/stream").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "1");
    assert_eq!(log.recv().await, Some("started"));
    drop(events);
    assert_eq!(log.recv().await, Some("dropped"));
    assert_eq!(log.recv().await, Some("cleaned"));
}

#[tokio::test]
async fn through_layers_a_stream_ends_when_the_app_stops() {
    let Setup { client, mut log } = setup(|app| app);
    let mut events = client.get("/stream").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "1");
    assert_eq!(log.recv().await, Some("started"));
    client.stop().await;
    assert!(events.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_layer_that_gives_up_waiting_answers_503_and_a_command_goes_on() {
    let timeout = tower::timeout::TimeoutLayer::new(Duration::from_secs(1));
    let Setup { client, mut log } = setup(|app| app.layer(timeout));
    let res = client.get("/query").await;
    assert_eq!((res.status().as_u16(), res.text()), (503, "Service Unavailable"));
    assert_eq!((log.recv().await, log.recv().await), (Some("started"), Some("dropped")));
    assert_eq!(client.post("/command").await.status(), 503);
    assert_eq!(log.recv().await, Some("started"));
    client.post("/release").await;
    assert_eq!(log.recv().await, Some("ended"));
}

#[tokio::test]
async fn a_limit_holds_for_all_requests_together_and_what_is_over_it_is_503() {
    let limit = tower::limit::ConcurrencyLimitLayer::new(1);
    let Setup { client, mut log } =
        setup(|app| app.layer_at("/query", tower::load_shed::LoadShedLayer::new()).layer_at("/query", limit));
    let waiting = tokio::spawn(client.get("/query").into_future());
    assert_eq!(log.recv().await, Some("started"));
    assert_eq!(client.get("/query").await.status(), 503);
    client.post("/release").await;
    assert_eq!(waiting.await.unwrap().status(), 204);
}

/// A body that panics when it is read.
struct PanickingBody;

impl http_body::Body for PanickingBody {
    type Data = bytes::Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Infallible>>> {
        panic!("on purpose")
    }
}

#[tokio::test]
#[should_panic(expected = "the response was cut: the body panicked")]
async fn a_body_of_a_layer_that_panics_is_cut() {
    let layer = tower::util::MapResponseLayer::new(|response: Response| response.map(|_| PanickingBody));
    TestClient::new(new_app().layer(layer)).get("/").await;
}
