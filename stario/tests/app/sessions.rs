//! Sessions, over a store that a test can look into, break and be faster than.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use stario::cookie::Key;
use stario::prelude::*;
use stario::testing::{TestRequest, TestResponse};
use stario::{
    App, Error, Lazy, MemoryStore, ProxyHeader, Session, SessionError, SessionFilter, SessionId,
    SessionRecord, SessionStore, Sessions, StoreError,
};

use crate::app;

stario::app!(local);
stario::app!(guarded);
stario::app!(watching);

#[derive(Serialize, Deserialize, Default, Clone, Debug)]
struct Visit {
    name: String,
    items: Vec<u32>,
}

type Own = Session<Visit>;

/// A store in memory that counts its calls, and fails or is overtaken when told to.
#[derive(Clone, Default)]
struct Spy(Arc<Inner>);

#[derive(Default)]
struct Inner {
    kept: MemoryStore,
    calls: Mutex<Vec<&'static str>>,
    fails: AtomicBool,
    /// What another request does before the next change is saved.
    overtaken: Mutex<Option<Overtaken>>,
    now: AtomicU64,
}

enum Overtaken {
    ByEnd,
    ByChange(&'static str),
}

impl Spy {
    fn call(&self, name: &'static str) -> Result<(), StoreError> {
        self.0.calls.lock().unwrap().push(name);
        if self.0.fails.load(Ordering::Relaxed) { Err("the disk is gone".into()) } else { Ok(()) }
    }

    /// The calls since this was last asked.
    fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.calls.lock().unwrap())
    }

    fn overtake(&self, by: Overtaken) {
        *self.0.overtaken.lock().unwrap() = Some(by);
    }

    fn pass(&self, seconds: u64) {
        self.0.now.fetch_add(seconds, Ordering::Relaxed);
    }

    fn sessions(&self) -> Sessions<Visit> {
        let inner = Arc::clone(&self.0);
        let clock = move || UNIX_EPOCH + Duration::from_secs(1_000_000 + inner.now.load(Ordering::Relaxed));
        Sessions::new(self.clone()).clock(clock)
    }

    fn client(&self) -> TestClient {
        TestClient::new(local::new().state(self.sessions()))
    }
}

impl SessionStore for Spy {
    async fn load(&self, which: &SessionFilter) -> Result<Vec<SessionRecord>, StoreError> {
        self.call("load")?;
        self.0.kept.load(which).await
    }

    async fn save(&self, record: &SessionRecord) -> Result<bool, StoreError> {
        self.call("save")?;
        let overtaken = self.0.overtaken.lock().unwrap().take();
        let which = SessionFilter::Id(record.id);
        match overtaken {
            Some(Overtaken::ByEnd) => {
                self.0.kept.delete(&SessionFilter::User("ada".to_owned())).await?;
            }
            Some(Overtaken::ByChange(data)) => {
                let mut stored = self.0.kept.load(&which).await?.pop().unwrap();
                stored.version += 1;
                stored.data = data.to_owned();
                assert!(self.0.kept.save(&stored).await?);
            }
            None => {}
        }
        self.0.kept.save(record).await
    }

    async fn delete(&self, which: &SessionFilter) -> Result<u64, StoreError> {
        self.call("delete")?;
        self.0.kept.delete(which).await
    }
}

#[app::query("/show", app = local)]
async fn show(session: Own) -> String {
    let visit = session.get();
    format!("{} {} {:?}", session.user().unwrap_or_default(), visit.name, visit.items)
}

#[app::query("/plain", app = local)]
async fn plain() -> &'static str {
    "plain"
}

#[app::command("/name/{name}", app = local)]
async fn name(name: PathParam<String>, session: Own) -> Result {
    Ok(session.update(|visit| visit.name.clone_from(&name)).await?)
}

#[app::command("/add/{item}", app = local)]
async fn add(item: PathParam<u32>, session: Own) -> Result<usize> {
    let count = session.update(|visit| {
        visit.items.push(*item);
        visit.items.len()
    });
    Ok(count.await?)
}

#[app::command("/same", app = local)]
async fn same(session: Own) -> Result {
    Ok(session.update(|_| ()).await?)
}

#[app::command("/login/{user}", app = local)]
async fn log_in(user: PathParam<String>, session: Own) -> Result {
    Ok(session.log_in(user.0, |_| ()).await?)
}

#[app::command("/renew", app = local)]
async fn renew(session: Own) -> Result {
    Ok(session.renew().await?)
}

#[app::command("/logout", app = local)]
async fn log_out(session: Own) -> Result {
    Ok(session.log_out().await?)
}

#[app::command("/fail/{status}", app = local)]
async fn fail(status: PathParam<u16>, session: Own) -> Result {
    session.update(|visit| "changed".clone_into(&mut visit.name)).await?;
    Err(Error::new(StatusCode::from_u16(*status)?, "failed after the change"))
}

#[app::command("/big", app = local)]
async fn big(session: Own) -> String {
    session.update(|visit| visit.name = "x".repeat(100_000)).await.unwrap_err().to_string()
}

#[app::query("/public", app = local)]
async fn public(session: Own) -> ([(&'static str, &'static str); 2], String) {
    ([("cache-control", "public, max-age=60"), ("vary", "accept")], session.get().name.clone())
}

#[app::query("/kept/shared", app = local, cache = "public, max-age=60, s-maxage=600")]
async fn kept_by_all(session: Own) -> String {
    session.get().name.clone()
}

#[app::query("/kept/own", app = local, etag = true, cache = "private, max-age=60")]
async fn kept_by_one(session: Own) -> String {
    session.get().name.clone()
}

/// The visit's name, by a provider.
#[derive(Clone)]
struct Name(String);

#[dependency]
fn the_name(session: Own) -> Name {
    Name(session.get().name.clone())
}

#[app::command("/shared", app = local)]
async fn shared(first: Own, second: Own, name: Lazy<'_, Name>) -> Result<String> {
    first.update(|visit| "new".clone_into(&mut visit.name)).await?;
    Ok(format!("{} {}", second.get().name, name.get().await?.0))
}

#[app::query("/stream", app = local)]
async fn stream(session: Own) -> impl Stream<Item = Event> {
    stream! {
        yield event::signals(json!({ "name": session.get().name }));
        let told = |result: Result<(), SessionError>| result.map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        yield event::signals(json!({ "name": told(session.update(|visit| visit.items.push(7)).await) }));
        yield event::signals(json!({ "name": told(session.renew().await) }));
        yield event::signals(json!({ "name": told(session.log_in("ada", |_| ()).await) }));
        yield event::signals(json!({ "name": told(session.reload().await) }));
    }
}

#[dependency]
fn late(session: Own) -> Late {
    Late(session)
}

struct Late(Own);

/// Takes the session only when the head is sent.
#[app::query("/late", app = local)]
async fn late_stream(late: Lazy<'_, Late>) -> impl Stream<Item = Event> {
    stream! {
        yield event::signals(json!({ "name": "" }));
        let told = match late.get().await {
            Ok(late) => late.0.renew().await.map_or_else(|error| error.to_string(), |()| "ok".to_owned()),
            Err(error) => error.to_string(),
        };
        yield event::signals(json!({ "name": told }));
    }
}

#[derive(Clone, Default)]
struct Gate(Arc<tokio::sync::Notify>);

#[app::query("/watch", app = watching)]
async fn watch(session: Own, gate: State<Gate>) -> impl Stream<Item = Event> {
    stream! {
        yield event::signals(json!({ "is_there": session.reload().await.is_ok() }));
        gate.0.0.notified().await;
        yield event::signals(json!({ "is_there": session.reload().await.is_ok() }));
    }
}

#[app::detached_command("/later/{name}", app = local)]
async fn later(name: PathParam<String>, session: Own) -> Result {
    Ok(session.update(|visit| visit.name.clone_from(&name)).await?)
}

#[app::query("/writer", app = local)]
async fn writer(session: Own, w: Writer) -> Result {
    session.update(|visit| "written".clone_into(&mut visit.name)).await?;
    w.patch(html! { <p id="a">"one"</p> }).await?;
    Ok(())
}

#[app::query("/refused", app = local)]
async fn refused(session: Own, number: QueryParam<u8>) -> String {
    format!("{session:?} {number}")
}

fn cookie(response: &TestResponse) -> String {
    response.cookie("session").expect("a cookie").value().to_owned()
}

/// A client with a session of the user.
fn logged_in(spy: &Spy, user: &str) -> (TestClient, String) {
    let client = spy.client();
    let cookie = cookie(&client.post(format!("/login/{user}")).send());
    spy.calls();
    (client, cookie)
}

#[test]
fn a_visitor_without_a_session_costs_the_store_nothing() {
    let spy = Spy::default();
    let client = spy.client();
    let res = client.get("/show").send();
    assert_eq!((res.text(), res.header("set-cookie")), ("  []", ""));
    assert_eq!((res.header("vary"), res.header("cache-control")), ("cookie", "private, no-cache"));
    assert_eq!(client.post("/same").send().header("set-cookie"), "");
    assert_eq!(client.get("/show").cookie("session", "made-up").send().text(), "  []");
    assert_eq!(spy.calls(), [] as [&str; 0]);
    let res = client.get("/plain").send();
    assert_eq!((res.header("vary"), res.header("cache-control")), ("", ""));
}

#[test]
fn the_first_change_makes_a_session() {
    let spy = Spy::default();
    let client = spy.client();
    let res = client.post("/name/ada").send();
    let cookie = cookie(&res);
    let attributes = "HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000";
    assert_eq!(res.header("set-cookie"), format!("session={cookie}; {attributes}"));
    assert_eq!(res.header("cache-control"), "no-store");
    assert_eq!(cookie.len(), 64);
    assert_eq!(spy.calls(), ["save"]);
    let res = client.get("/show").cookie("session", &cookie).send();
    assert_eq!((res.text(), res.header("set-cookie")), (" ada []", ""));
    assert_eq!(spy.calls(), ["load"]);
    client.post("/name/ada").cookie("session", &cookie).send();
    assert_eq!(spy.calls(), ["load"], "nothing was changed");
    let res = client.post("/name/bob").cookie("session", &cookie).send();
    assert_eq!((res.status().as_u16(), res.header("set-cookie")), (204, ""));
    assert_eq!(spy.calls(), ["load", "save"]);
}

/// The name of the cookie that the answer sets, and whether it is `Secure`.
fn set(request: TestRequest) -> (String, bool) {
    let line = request.send().header("set-cookie").to_owned();
    let (name, attributes) = line.split_once('=').unwrap();
    (name.to_owned(), attributes.contains("; Secure"))
}

#[test]
fn the_cookie_is_secure_except_for_a_developer_on_this_machine() {
    let spy = Spy::default();
    let client = spy.client();
    let ask = |host: &str| client.post("/name/ada").header("host", host);
    let (plain, secure) = (("session".to_owned(), false), ("__Host-session".to_owned(), true));
    for host in ["localhost:8000", "127.0.0.1", "[::1]:8000", "shop.localhost"] {
        assert_eq!(set(ask(host)), plain, "{host}");
        // A proxy may pass on another host than the browser asks for.
        for (header, value) in [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-for", "203.0.113.7"),
            ("forwarded", "for=203.0.113.7"),
            ("via", "1.1 proxy"),
        ] {
            assert_eq!(set(ask(host).header(header, value)), secure, "{host} {header}: {value}");
        }
        assert_eq!(set(ask(host).peer([203, 0, 113, 7])), secure, "{host}");
        assert_eq!(set(ask(host).peer([0, 0, 0, 0, 0, 0xffff, 0x7f00, 1])), plain, "{host}");
    }
    assert_eq!(set(ask("shop.example")), secure);
    let value = cookie(&client.post("/name/eve").send());
    let planted = client.get("/show").header("host", "shop.example").cookie("session", &value).send();
    assert_eq!(planted.text(), "  []", "a plain name is not read where the cookie is secure");
}

#[test]
fn a_trusted_proxy_says_whether_the_browser_asked_by_plain_http() {
    let app = local::new().state(Spy::default().sessions());
    let client = TestClient::new(app.trust_proxies(ProxyHeader::XForwardedFor, ["127.0.0.1"]));
    let ask = |scheme: &str| {
        let request = client.post("/name/ada").header("host", "localhost:8000");
        set(request.header("x-forwarded-proto", scheme)).0
    };
    assert_eq!(ask("http"), "session");
    assert_eq!(ask("https"), "__Host-session");
    assert_eq!(ask("https, http"), "__Host-session");
    let request = client.post("/name/ada").header("host", "localhost").header("x-forwarded-for", "1.1.1.1");
    assert_eq!(set(request).0, "__Host-session", "the proxy does not say it");
}

#[test]
fn an_app_says_for_all_its_cookies_whether_they_are_secure() {
    let client = |are_secure| {
        let sessions = Spy::default().sessions().cookie_name("sid");
        TestClient::new(local::new().state(sessions).secure_cookies(are_secure))
    };
    assert_eq!(
        set(client(false).post("/name/ada").header("host", "shop.example")),
        ("sid".to_owned(), false)
    );
    assert_eq!(
        set(client(true).post("/name/ada").header("host", "localhost")),
        ("__Host-sid".to_owned(), true)
    );
    let problem = local::new().merge(guarded::new().secure_cookies(false)).check().unwrap_err().to_string();
    assert!(problem.contains("secure_cookies"), "{problem}");
}

#[test]
fn a_cache_that_others_share_keeps_nothing() {
    let client = TestClient::new(local::new().state(Spy::default().sessions()).failure_region("#failure"));
    let check = |path: &str, expected: &str| {
        let res = client.get(path).send();
        assert_eq!(res.header("cache-control"), expected, "{path}");
        assert!(res.header("vary").split(", ").any(|name| name == "cookie"), "{path}");
    };
    check("/public", "private, max-age=60");
    check("/kept/shared", "private, max-age=60");
    check("/kept/own", "private, max-age=60");
    // A failure that is sent as an event has the cookie, too.
    let res = client.post("/fail/403").header("datastar-request", "true").send();
    assert_eq!((res.status().as_u16(), res.header("cache-control")), (200, "no-store"));
    cookie(&res);
}

#[test]
fn all_who_take_it_in_a_request_share_it() {
    let spy = Spy::default();
    let (client, cookie) = logged_in(&spy, "ada");
    assert_eq!(client.post("/shared").cookie("session", &cookie).send().text(), "new new");
    assert_eq!(spy.calls(), ["load", "save"]);
}

#[test]
fn a_failure_after_a_change_does_not_undo_it() {
    for status in [403, 500] {
        let client = Spy::default().client();
        let res = client.post(format!("/fail/{status}")).send();
        assert_eq!(res.status(), status);
        assert_eq!(client.get("/show").cookie("session", &cookie(&res)).send().text(), " changed []");
    }
}

#[test]
fn a_store_that_fails_is_an_error() {
    let spy = Spy::default();
    let (client, cookie) = logged_in(&spy, "ada");
    spy.0.fails.store(true, Ordering::Relaxed);
    let res = client.get("/show").cookie("session", &cookie).send();
    assert_eq!((res.status().as_u16(), res.text()), (500, "Internal Server Error"));
    let res = client.post("/name/ada").send();
    assert_eq!((res.status().as_u16(), res.header("set-cookie")), (500, ""));
    assert_eq!(client.get("/show").send().status(), 200);
}

#[test]
fn a_value_that_is_too_large_is_refused() {
    let client = Spy::default().client();
    let res = client.post("/big").send();
    let expected = "the session would have 100022 bytes, and may have 16384: keep large values elsewhere, and their key in the session";
    assert_eq!((res.text(), res.header("set-cookie")), (expected, ""));
}

#[test]
fn a_login_gives_a_new_id_and_keeps_what_a_visitor_had() {
    let spy = Spy::default();
    let client = spy.client();
    let before = cookie(&client.post("/add/1").send());
    let after = cookie(&client.post("/login/ada").cookie("session", &before).send());
    assert_ne!(before, after);
    assert_eq!(client.get("/show").cookie("session", &before).send().text(), "  []");
    assert_eq!(client.get("/show").cookie("session", &after).send().text(), "ada  [1]");
    let bob = cookie(&client.post("/login/bob").cookie("session", &after).send());
    assert_eq!(client.get("/show").cookie("session", &bob).send().text(), "bob  []", "that was ada's");
    assert_eq!(client.get("/show").cookie("session", &after).send().text(), "  []");
}

#[test]
fn an_id_that_the_browser_brings_is_never_taken_over() {
    let client = Spy::default().client();
    let chosen = "0".repeat(64);
    let res = client.post("/name/ada").cookie("session", &chosen).send();
    assert_ne!(cookie(&res), chosen);
    assert_eq!(client.get("/show").cookie("session", &chosen).send().text(), "  []");
}

#[test]
fn a_new_id_ends_the_old_one() {
    let spy = Spy::default();
    let (client, before) = logged_in(&spy, "ada");
    client.post("/add/1").cookie("session", &before).send();
    let after = cookie(&client.post("/renew").cookie("session", &before).send());
    assert_eq!(client.get("/show").cookie("session", &before).send().text(), "  []");
    assert_eq!(client.get("/show").cookie("session", &after).send().text(), "ada  [1]");
    assert_eq!(client.post("/renew").send().header("set-cookie"), "", "there is none");
}

#[test]
fn a_logout_ends_it() {
    let spy = Spy::default();
    let (client, cookie) = logged_in(&spy, "ada");
    let res = client.post("/logout").cookie("session", &cookie).send();
    assert!(res.header("set-cookie").starts_with("session=; "), "{}", res.header("set-cookie"));
    assert_eq!(client.get("/show").cookie("session", &cookie).send().text(), "  []");
}

#[test]
fn of_two_changes_at_once_none_is_lost() {
    let spy = Spy::default();
    let (client, cookie) = logged_in(&spy, "ada");
    spy.overtake(Overtaken::ByChange(r#"{"name":"overtaken","items":[1,2]}"#));
    assert_eq!(client.post("/add/3").cookie("session", &cookie).send().text(), "3");
    assert_eq!(spy.calls(), ["load", "save", "load", "save"]);
    assert_eq!(client.get("/show").cookie("session", &cookie).send().text(), "ada overtaken [1, 2, 3]");
}

#[test]
fn a_session_that_was_ended_meanwhile_is_not_stored_again() {
    for path in ["/add/3", "/renew"] {
        let spy = Spy::default();
        let (client, cookie) = logged_in(&spy, "ada");
        spy.overtake(Overtaken::ByEnd);
        let res = client.post(path).cookie("session", &cookie).send();
        assert_eq!(
            (res.status().as_u16(), res.text()),
            (409, "the session has ended meanwhile; load the page again")
        );
        assert_eq!(client.get("/show").cookie("session", &cookie).send().text(), "  []");
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_and_together() {
    let spy = Spy::default();
    let sessions = spy.sessions();
    let client = spy.client();
    let [first, second, bob] = ["ada", "ada", "bob"].map(|user| (client.clone().keep_cookies(), user));
    for (client, user) in [&first, &second, &bob] {
        client.post(format!("/login/{user}")).await;
        spy.pass(1);
    }
    let found = sessions.of_user("ada").await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].created.duration_since(found[1].created).unwrap(), Duration::from_secs(1));
    let is_of_bob = sessions.of_user("bob").await.unwrap()[0].id;
    assert!(!sessions.revoke("ada", &is_of_bob).await.unwrap(), "it is another user's");
    assert!(sessions.revoke("ada", &found[0].id).await.unwrap());
    assert!(!sessions.revoke("ada", &found[0].id).await.unwrap());
    let shown = async |client: &TestClient| client.get("/show").await.text().to_owned();
    assert_eq!(shown(&first.0).await, "ada  []");
    assert_eq!(shown(&second.0).await, "  []");
    assert_eq!(sessions.revoke_user("ada").await.unwrap(), 1);
    assert_eq!(shown(&first.0).await, "  []");
    assert_eq!(shown(&bob.0).await, "bob  []");
    assert!(sessions.of_user("ada").await.unwrap().is_empty());
    assert!("nonsense".parse::<SessionId>().is_err());
}

#[test]
fn a_session_ends_when_it_is_not_used_and_after_its_lifetime() {
    let spy = Spy::default();
    let day = 86_400;
    let (client, cookie) = logged_in(&spy, "ada");
    let is_there = || client.get("/show").cookie("session", &cookie).send().text() == "ada  []";
    spy.pass(3600);
    assert!(is_there());
    assert_eq!(spy.calls(), ["load"], "a use is noted once in a twentieth of seven days");
    for _ in 0..4 {
        spy.pass(7 * day - 3601);
        assert!(is_there());
        assert_eq!(spy.calls(), ["load", "save"]);
    }
    spy.pass(2 * day + 10_803);
    assert!(is_there());
    spy.pass(1);
    assert!(!is_there(), "thirty days");

    let (client, cookie) = logged_in(&spy, "ada");
    spy.pass(7 * day);
    assert_eq!(client.get("/show").cookie("session", &cookie).send().text(), "  []");
}

#[test]
fn a_stream_changes_a_session_that_is_there() {
    let spy = Spy::default();
    let (client, cookie) = logged_in(&spy, "ada");
    let told = |res: &TestResponse| {
        let events = res.events();
        let name = |event: &stario::testing::ReceivedEvent| {
            event.signals().unwrap()["name"].as_str().unwrap().to_owned()
        };
        events.iter().map(name).collect::<Vec<_>>()
    };
    let head_sent = "the browser needs a new cookie, and the head of the response is sent: change the session, or push the \
                     message, before the first event";
    let res = client.get("/stream").cookie("session", &cookie).send();
    assert_eq!(told(&res), ["", "ok", head_sent, head_sent, "ok"]);
    assert_eq!(res.header("cache-control"), "private, no-cache");
    assert_eq!(client.get("/show").cookie("session", &cookie).send().text(), "ada  [7]");

    let res = client.get("/late").cookie("session", &cookie).send();
    assert_eq!(told(&res), ["", head_sent], "it is first taken in the stream");
    assert_eq!(client.get("/show").cookie("session", &cookie).send().text(), "ada  [7]");

    let res = client.get("/stream").send();
    assert_eq!(told(&res), ["", head_sent, "ok", head_sent, "ok"], "it has no session");
    assert_eq!(res.header("set-cookie"), "");
}

#[tokio::test]
async fn a_stream_learns_that_its_session_was_ended() {
    let (spy, gate) = (Spy::default(), Gate::default());
    let app = local::new().merge(watching::new()).state(spy.sessions()).state(gate.clone());
    let client = TestClient::new(app);
    let cookie = cookie(&client.post("/login/ada").await);
    let mut stream = client.get("/watch").cookie("session", &cookie).open().await;
    assert_eq!(stream.next().await.unwrap().signals().unwrap(), json!({ "is_there": true }));
    spy.sessions().revoke_user("ada").await.unwrap();
    gate.0.notify_one();
    assert_eq!(stream.next().await.unwrap().signals().unwrap(), json!({ "is_there": false }));
}

#[tokio::test]
async fn a_detached_command_changes_a_session_that_is_there() {
    let spy = Spy::default();
    let client = spy.client();
    let cookie = cookie(&client.post("/login/ada").await);
    assert_eq!(client.post("/later/bob").cookie("session", &cookie).await.status(), 204);
    client.drain().await;
    assert_eq!(client.get("/show").cookie("session", &cookie).await.text(), "ada bob []");
}

#[test]
fn a_handler_with_a_writer_sends_the_cookie() {
    let client = Spy::default().client();
    let res = client.get("/writer").send();
    assert_eq!(client.get("/show").cookie("session", &cookie(&res)).send().text(), " written []");
}

#[test]
fn a_request_that_is_refused_depends_on_the_cookie_too() {
    let res = Spy::default().client().get("/refused").send();
    assert_eq!((res.status().as_u16(), res.header("cache-control")), (400, "private, no-cache"));
}

#[test]
fn a_layer_passes_the_cookie_on() {
    let spy = Spy::default();
    let layer = tower::layer::layer_fn(|service| service);
    let client = TestClient::new(local::new().state(spy.sessions()).layer(layer));
    let cookie = cookie(&client.post("/name/ada").send());
    assert_eq!(client.get("/show").cookie("session", &cookie).send().text(), " ada []");
}

#[test]
fn former_keys_are_read_and_what_nobody_signed_is_not_looked_up() {
    let spy = Spy::default();
    let [old, new] = [[1; 32], [2; 32]].map(|bytes| Key::derive_from(&bytes));
    let client = |keys: &[&Key]| {
        let sessions = spy.sessions().keys(keys.iter().copied().cloned());
        TestClient::new(local::new().state(sessions))
    };
    let by_old = cookie(&client(&[&old]).post("/name/ada").send());
    let res = client(&[&new, &old]).get("/show").cookie("session", &by_old).send();
    let by_new = cookie(&res);
    assert_eq!(res.text(), " ada []");
    let res = client(&[&new, &old]).get("/show").cookie("session", &by_new).send();
    assert_eq!((res.text(), res.header("set-cookie")), (" ada []", ""));
    assert_eq!(client(&[&new]).get("/show").cookie("session", &by_new).send().text(), " ada []");
    spy.calls();
    for cookie in [&*by_old, &by_new[by_new.len() - 64..], "", "=", &by_new[1..]] {
        assert_eq!(client(&[&new]).get("/show").cookie("session", cookie).send().text(), "  []");
    }
    assert_eq!(spy.calls(), [] as [&str; 0]);
}

#[test]
fn what_the_type_does_not_read_counts_as_no_session() {
    #[derive(Serialize, Deserialize, Default)]
    struct Older(String);

    stario::app!(older);
    #[app::command("/", app = older)]
    async fn keep(session: Session<Older>) -> Result {
        Ok(session.update(|older| "old".clone_into(&mut older.0)).await?)
    }

    let spy = Spy::default();
    let older = TestClient::new(older::new().state(Sessions::<Older>::new(spy.clone())));
    let before = cookie(&older.post("/").send());
    let client = TestClient::new(local::new().state(Sessions::<Visit>::new(spy.clone())));
    assert_eq!(client.get("/show").cookie("session", &before).send().text(), "  []");
    let after = cookie(&client.post("/name/ada").cookie("session", &before).send());
    assert_eq!(client.get("/show").cookie("session", &after).send().text(), " ada []");
}

#[test]
fn an_app_without_sessions_does_not_start() {
    let problems = local::new().check().unwrap_err().to_string();
    assert!(
        problems.contains("no state of type `stario::session::sessions::Sessions<app::sessions::Visit>`"),
        "{problems}"
    );
}

struct Member;

#[dependency]
fn member(session: Own) -> stario::Result<Member> {
    session.user().map(|_| Member).ok_or_else(|| Error::new(StatusCode::UNAUTHORIZED, "log in first"))
}

#[app::query("/inside", app = guarded)]
async fn inside() -> &'static str {
    "inside"
}

#[test]
fn a_guard_reads_the_session_also_where_nothing_is_found() {
    let spy = Spy::default();
    let app = || -> App { local::new().nest("/members", guarded::new().guard(app::require::<Member>())) };
    let client = TestClient::new(app().state(spy.sessions())).keep_cookies();
    for path in ["/members/inside", "/members/none"] {
        let res = client.get(path).send();
        assert_eq!(
            (res.status().as_u16(), res.header("cache-control")),
            (401, "private, no-cache"),
            "{path}"
        );
    }
    client.post("/login/ada").send();
    assert_eq!(client.get("/members/inside").send().text(), "inside");
    assert_eq!(client.get("/members/none").send().status(), 404);
}
