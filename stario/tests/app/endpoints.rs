//! What handlers take and what their return types answer.

use std::time::Duration;

use stario::prelude::*;

use crate::app;

stario::app!(local);

#[app::query("/html", app = local)]
async fn element() -> Html {
    Html::from_static("<h1>Title</h1>")
}

#[app::query("/text", app = local)]
async fn text() -> &'static str {
    "a < b"
}

#[app::query("/string", app = local)]
fn not_async() -> String {
    "a & b".into()
}

#[app::query("/zero", app = local)]
async fn zero() -> i32 {
    0
}

#[app::query("/false", app = local)]
async fn no() -> bool {
    false
}

#[app::query("/empty", app = local)]
async fn empty() -> &'static str {
    ""
}

#[app::query("/list", app = local)]
async fn list() -> Vec<Html> {
    vec![Html::from_static("<i></i>"), Html::from_static("<b></b>")]
}

#[app::query("/no-items", app = local)]
async fn no_items() -> Vec<Html> {
    Vec::new()
}

#[app::query("/no-keys", app = local)]
async fn no_keys() -> serde_json::Value {
    json!({})
}

#[app::query("/keys", app = local)]
async fn keys() -> (StatusCode, std::collections::BTreeMap<u8, &'static str>) {
    (StatusCode::ACCEPTED, [(1, "a < b")].into())
}

#[app::query("/map", app = local)]
async fn map() -> stario::Result<Option<std::collections::HashMap<String, u32>>> {
    Ok(Some([("one".to_owned(), 1)].into()))
}

#[app::query("/json-map", app = local)]
async fn json_map() -> serde_json::Map<String, serde_json::Value> {
    serde_json::Map::new()
}

/// Keys of JSON are text.
#[app::query("/bad-keys", app = local)]
async fn bad_keys() -> std::collections::BTreeMap<Option<(u8, u8)>, u8> {
    [(Some((1, 2)), 3)].into()
}

#[app::command("/unit", app = local)]
async fn unit() {}

#[app::query("/option/{some}", app = local)]
async fn option(PathParam(some): PathParam<bool>) -> Option<&'static str> {
    some.then_some("some")
}

#[app::query("/response", app = local)]
async fn response() -> Response {
    (StatusCode::GONE, Html::from_static("<p>gone</p>")).into_response()
}

#[app::query("/result/{number}", app = local)]
async fn result(number: PathParam<String>) -> stario::Result<u8> {
    if number.is_empty() {
        return Err(stario::Error::new(StatusCode::NOT_FOUND, "no such number"));
    }
    Ok(number.parse()?)
}

#[app::query("/not-found", app = local)]
async fn not_found() -> stario::Result<Option<Html>> {
    Err(stario::Error::new(StatusCode::NOT_FOUND, "no such thing"))
}

#[app::query("/result-none", app = local)]
async fn result_none() -> stario::Result<Option<Html>> {
    Ok(None)
}

#[app::query("/json", app = local)]
async fn json_response(
    #[default(1)] page: QueryParam<u32>,
    #[default(10)] limit: QueryParam<u32>,
) -> Json<serde_json::Value> {
    Json(json!({ "status": "success", "page": *page, "limit": *limit }))
}

#[app::query("/search", app = local)]
async fn search(q: QueryParam<Option<String>>, #[default("new")] sort: QueryParam<String>) -> String {
    format!("{:?} by {}", q.0, sort)
}

#[app::command("/signals", app = local)]
async fn signals(name: Signal<String>, user__age: Signal<u8>, #[default(true)] loud: Signal<bool>) -> String {
    format!("{name} {user__age} {loud}")
}

#[app::query("/panic", app = local)]
async fn panics() -> &'static str {
    panic!("on purpose")
}

#[app::query("/stream", app = local)]
async fn stream_result() -> stario::Result<impl Stream<Item = Event>> {
    Ok(stream! {
        for i in 0..2_u8 {
            match i {
                0 => yield Html::from_static("<p id=\"a\">\n</p>"),
                _ => yield (Mode::Inner, "#a", i),
            }
        }
        yield json!({ "done": true });
        yield event::remove("#spinner");
        yield event::script("alert('Hi')");
        yield event::redirect("/success");
    })
}

#[app::query("/slow-stream", app = local)]
async fn slow_stream(#[default(1)] first: QueryParam<u8>) -> impl Stream<Item = Event> {
    stream! {
        yield first.0;
        std::future::pending::<()>().await;
    }
}

mod elsewhere {
    use crate::app;

    #[app::query("/users/{user_id}", app = super::local)]
    pub(crate) async fn get_user(user_id: super::PathParam<i64>) -> String {
        format!("User {user_id}")
    }

    pub(crate) mod inner {
        #[crate::app::command("/users/{user_id}", app = super::super::local)]
        pub(crate) fn rename_user(user_id: stario::PathParam<i64>) -> Option<stario::Html> {
            let _ = user_id;
            None
        }
    }
}

fn client() -> TestClient {
    TestClient::new(local::new())
}

fn check(path: &str, status: u16, body: &str) {
    let res = client().get(path).send();
    assert_eq!((res.status().as_u16(), res.text()), (status, body), "{path}");
}

#[test]
fn the_return_type_decides_the_response() {
    check("/html", 200, "<h1>Title</h1>");
    check("/text", 200, "a &lt; b");
    check("/string", 200, "a &amp; b");
    check("/zero", 200, "0");
    check("/false", 200, "false");
    check("/empty", 200, "");
    check("/list", 200, "<i></i><b></b>");
    check("/no-items", 200, "");
    check("/no-keys", 200, "{}");
    check("/json-map", 200, "{}");
    check("/keys", 202, "{&quot;1&quot;:&quot;a &lt; b&quot;}");
    check("/map", 200, "{&quot;one&quot;:1}");
    check("/bad-keys", 500, "Internal Server Error");
    check("/option/true", 200, "some");
    check("/option/false", 204, "");
    check("/response", 410, "<p>gone</p>");
    check("/result/7", 200, "7");
    check("/result/x", 500, "Internal Server Error");
    check("/not-found", 404, "no such thing");
    check("/result-none", 204, "");
    check("/json?page=3", 200, r#"{"limit":10,"page":3,"status":"success"}"#);
    check("/panic", 500, "Internal Server Error");
    let res = client().post("/unit").send();
    assert_eq!((res.status().as_u16(), res.text()), (204, ""));
}

#[test]
fn content_types_follow_the_value() {
    let content_type = |path: &str| client().get(path).send().header("content-type").to_owned();
    assert_eq!(content_type("/html"), "text/html; charset=utf-8");
    assert_eq!(content_type("/text"), "text/html; charset=utf-8");
    assert_eq!(content_type("/json"), "application/json");
    assert_eq!(content_type("/no-keys"), "text/html; charset=utf-8");
    assert_eq!(content_type("/option/false"), "");
    assert_eq!(content_type("/nowhere"), "text/plain; charset=utf-8");
    assert_eq!(content_type("/stream"), "text/event-stream");
}

#[test]
fn handlers_are_found_in_every_module_and_told_apart_by_method() {
    check("/users/123", 200, "User 123");
    assert_eq!(client().post("/users/123").send().status(), 204);
    let res = client().request(http::Method::PUT, "/users/123").send();
    assert_eq!((res.status().as_u16(), res.header("allow")), (405, "GET, HEAD, OPTIONS, POST"));
    check("/nowhere", 404, "Not Found");
}

#[test]
fn head_answers_as_get_without_the_body() {
    let res = client().request(http::Method::HEAD, "/html").send();
    assert_eq!((res.status().as_u16(), res.text(), res.header("content-length")), (200, "", "14"));
    let stream = client().request(http::Method::HEAD, "/slow-stream").send();
    assert_eq!((stream.status().as_u16(), stream.text(), stream.header("content-length")), (200, "", ""));
}

#[test]
fn links_are_built_from_handlers() {
    assert_eq!(elsewhere::get_user::url(7).as_str(), "/users/7");
    assert_eq!(elsewhere::inner::rename_user::action(7).to_string(), "@post('/users/7')");
    assert_eq!(result::url("a/b?").as_str(), "/result/a%2Fb%3F");
    assert_eq!(element::url().as_str(), "/html");
}

#[test]
fn query_parameters_are_optional_defaulted_or_required() {
    check("/search", 200, "None by new");
    check("/search?q=first&sort=old&q=a+b%26", 200, "Some(&quot;a b&amp;&quot;) by old");
    check(
        "/json?page=x",
        422,
        "invalid query parameter `page`: expected a whole number of 32 bits, not negative",
    );
    check("/option/maybe", 422, "invalid path parameter `some`: expected true or false");
    check("/option/%zz", 400, "the path has a `%` that is not followed by two hex digits");
}

#[test]
fn signals_come_from_the_json_body() {
    let send = |signals: serde_json::Value| {
        let res = client().post("/signals").signals(&signals).send();
        (res.status().as_u16(), res.text().to_owned())
    };
    let signals = json!({ "name": "Ada", "user": { "age": 36 }, "loud": false });
    assert_eq!(send(signals), (200, "Ada 36 false".into()));
    assert_eq!(send(json!({ "name": "Ada", "user": { "age": 36 } })), (200, "Ada 36 true".into()));
    assert_eq!(
        send(json!({ "name": "Ada" })),
        (400, "missing signal `user__age`: expected a whole number from 0 to 255".into())
    );
    assert_eq!(
        send(json!({ "name": 1, "user": { "age": 36 } })),
        (422, "invalid signal `name`: expected text".into())
    );
    assert_eq!(send(json!([])), (400, "signals are a JSON object".into()));
    let res = client().post("/signals").header("content-type", "text/plain").body("{}").send();
    assert_eq!(res.status(), 415);
    let res =
        client().post("/signals").header("content-type", "application/json; charset=utf-8").body("{").send();
    assert_eq!(res.status(), 400);
    let res = client().post("/signals").body(vec![b' '; 10 * 1024 * 1024 + 1]).send();
    assert_eq!((res.status().as_u16(), res.text()), (413, "the signals are larger than 1048576 bytes"));
}

#[test]
fn a_stream_is_a_response_of_events() {
    let res = client().get("/stream").send();
    assert_eq!(res.header("cache-control"), "no-cache");
    let events = res.events();
    let names: Vec<&str> = events.iter().map(stario::testing::ReceivedEvent::name).collect();
    assert_eq!(names.len(), 6);
    assert_eq!(events[0].elements(), "<p id=\"a\">\n</p>");
    assert_eq!(
        (events[1].mode(), events[1].selector(), events[1].elements()),
        (Some("inner".into()), Some("#a".into()), "1".into())
    );
    assert_eq!(events[2].signals(), Some(json!({ "done": true })));
    assert_eq!((events[3].mode(), events[3].selector()), (Some("remove".into()), Some("#spinner".into())));
    assert!(events[4].elements().contains(">alert('Hi')</script>"));
    assert!(events[5].elements().contains("window.location = \"/success\""));
}

#[tokio::test]
async fn an_event_is_sent_when_it_is_yielded() {
    let mut stream = client().get("/slow-stream?first=9").open().await;
    assert_eq!(stream.next().await.unwrap().elements(), "9");
    // The stream is still open, and has nothing more to say.
    let second = tokio::time::timeout(Duration::from_millis(50), stream.next().into_future());
    assert!(second.await.is_err());
}

/// Handlers may be called like anything that the expansion uses.
mod names {
    use stario::prelude::*;

    #[crate::app::query("/names/value", app = super::local)]
    async fn value(scope: QueryParam<Option<u8>>) -> Option<u8> {
        scope.0
    }

    #[crate::app::query("/names/scope", app = super::local)]
    async fn scope(value: QueryParam<u8>) -> Result<u8, std::fmt::Error> {
        Ok(value.0)
    }

    #[crate::app::query("/names/endpoint", app = super::local)]
    async fn endpoint() -> Html {
        Html::default()
    }

    #[crate::app::query("/names/type/{type}", app = super::local)]
    async fn r#type(r#type: PathParam<String>) -> String {
        r#type.0
    }
}

#[test]
fn names_do_not_collide() {
    check("/names/value?scope=1", 200, "1");
    check("/names/scope?value=2", 200, "2");
    check("/names/endpoint", 200, "");
    check("/names/type/x", 200, "x");
}

#[app::command("/renamed/{id}", app = local)]
async fn renamed(
    #[name("id")] user: PathParam<u8>,
    #[name("page[size]")] size: QueryParam<u8>,
    #[name("user.first-name")] name: Signal<String>,
) -> String {
    format!("{user} {size} {name}")
}

#[test]
fn a_parameter_can_be_named_otherwise() {
    let signals = json!({ "user": { "first-name": "Ada" } });
    let res = client().post("/renamed/1?page%5Bsize%5D=2").signals(&signals).send();
    assert_eq!(res.text(), "1 2 Ada");
    assert_eq!(renamed::url(1).size(2).as_str(), "/renamed/1?page%5Bsize%5D=2");
    let res = client().post("/renamed/1").send();
    assert_eq!(res.text(), "missing query parameter `page[size]`: expected a whole number from 0 to 255");
}
