//! How often a client, or a value of a parameter, may ask.

use std::net::IpAddr;
use std::time::Duration;

use stario::prelude::*;
use stario::testing::TestResponse;
use stario::{App, ProxyHeader, Rejection, command, detached_command, handler, query};

use crate::app;

stario::app!(local);
stario::app!(part);

#[app::query("/three", app = local, rate_limit = "3/minute")]
async fn three() -> &'static str {
    "three"
}

#[app::command("/body", app = local, rate_limit = "1/hour")]
async fn read(text: RawBody<String>) -> String {
    text.0
}

#[app::command("/login", app = local, rate_limit = "2/10m by name, 4/day")]
async fn login(name: Signal<String>, again: Signal<u8>) -> String {
    format!("{name} {again}")
}

#[derive(Clone, Hash)]
struct User(u8);

#[dependency]
fn user(user: Header<u8>) -> User {
    User(user.0)
}

#[app::query("/user", app = local, rate_limit = "1/second by user")]
async fn by_value(user: User) -> String {
    user.0.to_string()
}

#[app::query("/user/borrowed", app = local, rate_limit = "1/day by user")]
async fn by_reference(user: &User) -> String {
    user.0.to_string()
}

#[app::query("/page", app = local, rate_limit = "1/day by page")]
async fn by_default(#[default(7)] page: QueryParam<u8>) -> String {
    page.to_string()
}

#[app::query("/stream", app = local, rate_limit = "1/day")]
async fn stream() -> impl Stream<Item = Event> {
    stream! { yield 1; }
}

#[handler(rate_limit = "1/day by id")]
async fn explicit(id: PathParam<u8>) -> String {
    id.to_string()
}

#[handler(detached, rate_limit = "1/day")]
async fn later() {}

#[app::query("/a", app = part)]
async fn first() {}

#[app::query("/b", app = part, rate_limit = "1/day")]
async fn second() {}

fn client() -> TestClient {
    TestClient::new(local::new())
}

/// The status and the header `retry-after` of each of `count` answers.
fn answers(count: usize, mut send: impl FnMut() -> TestResponse) -> Vec<(u16, String)> {
    let answer = |res: TestResponse| (res.status().as_u16(), res.header("retry-after").to_owned());
    (0..count).map(|_| answer(send())).collect()
}

#[track_caller]
fn check(count: usize, allowed: usize, wait: &str, mut send: impl FnMut() -> TestResponse) {
    for (position, (status, retry_after)) in answers(count, &mut send).into_iter().enumerate() {
        if position < allowed {
            assert!(status < 300, "{position}: {status}");
            assert_eq!(retry_after, "", "{position}");
        } else {
            assert_eq!((status, &*retry_after), (429, wait), "{position}");
        }
    }
}

#[test]
fn one_request_too_many_is_answered_429() {
    let client = client();
    check(5, 3, "20", || client.get("/three").send());
    let res = client.get("/three").send();
    assert_eq!(res.text(), "too many requests: try again in 20 seconds");
    assert_eq!(res.header("content-type"), "text/plain; charset=utf-8");
    // HEAD is answered by the same handler, and OPTIONS by none.
    let of = |method: &str| client.request(method.parse().unwrap(), "/three").send().status().as_u16();
    assert_eq!((of("HEAD"), of("OPTIONS")), (429, 204));
    // Each app counts for itself.
    assert_eq!(self::client().get("/three").send().text(), "three");
}

#[test]
fn clients_are_told_apart_by_their_address() {
    let client = client();
    let from = |address: &str| {
        client.get("/three").peer(address.parse::<IpAddr>().unwrap()).send().status().as_u16()
    };
    assert_eq!(["192.0.2.1"; 4].map(from), [200, 200, 200, 429]);
    assert_eq!(from("192.0.2.2"), 200);
    // One client has all of a prefix of 64 bits.
    assert_eq!(
        ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8::4"].map(from),
        [200, 200, 200, 429]
    );
    assert_eq!(from("2001:db8:0:1::1"), 200);
}

#[test]
fn the_address_is_what_a_trusted_proxy_names() {
    let from = |client: &TestClient, forwarded: &str| {
        client.get("/three").header("x-forwarded-for", forwarded).send().status().as_u16()
    };
    let trusting = TestClient::new(local::new().trust_proxies(ProxyHeader::XForwardedFor, ["127.0.0.1"]));
    for number in 0..4 {
        assert_eq!(from(&trusting, &format!("192.0.2.{number}")), 200);
    }
    assert_eq!(["192.0.2.9"; 4].map(|address| from(&trusting, address)), [200, 200, 200, 429]);
    // What a client says of itself does not count.
    let plain = client();
    let forged = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
    assert_eq!(forged.map(|address| from(&plain, address)), [200, 200, 200, 429]);
}

#[tokio::test]
async fn a_refused_request_is_not_read() {
    let client = client();
    assert_eq!(client.post("/body").body("read").await.text(), "read");
    let never = futures_util::stream::pending::<Result<stario::Bytes, std::io::Error>>();
    let res = client.post("/body").body(stario::Body::stream(never)).await;
    assert_eq!((res.status().as_u16(), res.header("retry-after")), (429, "3600"));
}

#[test]
fn a_limit_may_be_by_a_parameter() {
    let client = client();
    let login = |name: &str| client.post("/login").signals(&json!({ "name": name, "again": 1 })).send();
    check(3, 2, "300", || login("ada"));
    // The limit by the client counts, too: the refused request was one.
    assert_eq!(login("grace").text(), "grace 1");
    assert_eq!(login("grace").header("retry-after"), "21600");
    // A request whose parameters do not fit has no value to be counted by.
    let by_page = |query: &str| client.get(format!("/page{query}")).send().status().as_u16();
    assert_eq!(
        ["?page=x", "?page=1", "?page=1", "?page=2", "", "?page=7"].map(by_page),
        [422, 200, 429, 200, 200, 429]
    );
}

#[test]
fn a_limit_may_be_by_a_dependency() {
    let client = client();
    for path in ["/user", "/user/borrowed"] {
        let of = |user: u8| client.get(path).header("user", user.to_string()).send().status().as_u16();
        assert_eq!([of(1), of(1), of(2), of(2)], [200, 429, 200, 429], "{path}");
    }
}

#[test]
fn streams_and_explicit_routes_are_limited() {
    let app = local::new()
        .route(query::<explicit>("/x/{id}"))
        .route(command::<explicit>("/y/{id}"))
        .route(detached_command::<later>("/later"));
    let client = TestClient::new(app);
    assert_eq!(client.get("/stream").send().status(), 200);
    assert_eq!(client.get("/stream").send().status(), 429);
    check(2, 1, "86400", || client.post("/later").send());
    // A handler's routes share its limits.
    assert_eq!(client.get("/x/1").send().text(), "1");
    assert_eq!(client.post("/y/1").send().status(), 429);
    assert_eq!(client.post("/y/2").send().status(), 200);
}

#[test]
fn the_refusal_is_answered_as_others_are() {
    let fourth = |app: App, accept: &str| {
        let client = TestClient::new(app);
        answers(3, || client.get("/three").send());
        client.get("/three").header("accept", accept).header("datastar-request", "true").send()
    };
    let res = fourth(local::new(), "application/json");
    assert_eq!(res.header("content-type"), "application/problem+json");
    assert_eq!(res.header("retry-after"), "20");
    assert_eq!(res.json::<serde_json::Value>()["detail"], "too many requests: try again in 20 seconds");
    let by_page = local::new().on_status(429, |message, _| html! { <p>{message}</p> });
    let res = fourth(by_page, "*/*");
    assert_eq!(res.text(), "<p>too many requests: try again in 20 seconds</p>");
    assert_eq!((res.status().as_u16(), res.header("retry-after")), (429, "20"));
    let by_rejection = local::new().on_rejection(|rejection: &Rejection, _| (rejection.status(), "slower"));
    let res = fourth(by_rejection, "*/*");
    assert_eq!((res.text(), res.header("retry-after")), ("slower", "20"));
    // Datastar's client tries again by itself only if the status stays.
    assert_eq!(fourth(local::new().failure_region("#failure"), "*/*").status(), 429);
}

#[test]
fn a_part_has_a_limit_of_its_own() {
    let minute = Duration::from_secs(60);
    let app =
        local::new().nest("/part", part::new().rate_limit(3, minute)).liveness("/live").rate_limit(6, minute);
    let client = TestClient::new(app);
    let of = |path: &str| client.get(path).send().status().as_u16();
    // All paths below the prefix count together. They count for the outer app, too, also the one that the part refuses.
    assert_eq!(["/part/a", "/part/b", "/part/none", "/part/a"].map(of), [204, 204, 404, 429]);
    assert_eq!(["/three", "/none", "/three"].map(of), [200, 404, 429]);
    assert_eq!(["/live"; 3].map(of), [200; 3]);
    // It is no guard: a test that forbids handlers without a guard still finds them.
    let routes = part::new().rate_limit(3, minute).routes();
    assert!(routes.iter().all(|route| route.guards().next().is_none()));
}

#[test]
fn a_limit_of_nothing_is_a_problem() {
    for (count, period) in [(0, Duration::from_secs(1)), (1, Duration::ZERO)] {
        let problems = local::new().rate_limit(count, period).check().unwrap_err().to_string();
        assert!(problems.contains("a rate limit of no requests"), "{problems}");
    }
}

#[app::query("/two/{id}", app = local, rate_limit = "1/second by id, 2/day by id")]
async fn by_one_twice(id: PathParam<u8>) -> String {
    id.to_string()
}

#[test]
fn a_parameter_may_have_several_limits() {
    let client = client();
    let of = |id: u8| client.get(format!("/two/{id}")).send();
    check(2, 1, "1", || of(1));
    assert_eq!(of(2).text(), "2");
}
