//! Detached commands: what happens before their answer and after it, how many there may be, and what becomes
//! of them when a server stops.

use std::sync::Arc;

use stario::prelude::*;
use stario::{App, Cleanup, RequestId, dependency};
use tokio::io::AsyncWriteExt;

use crate::app;
use crate::support::probe::{Log, Probe, probe};
use crate::support::server::{Server, answer};

stario::app!(local);

struct Setup {
    app: App,
    probe: Probe,
    log: Log,
}

fn setup() -> Setup {
    let (probe, log) = probe();
    Setup { app: local::new().state(probe.clone()), probe, log }
}

struct Session(Probe);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.log("session dropped");
    }
}

#[dependency]
async fn session(probe: State<Probe>, cleanup: Cleanup) -> Session {
    probe.log("session opened");
    let at_end = probe.0.clone();
    cleanup.defer(async move { at_end.log("session cleaned up") });
    Session(Probe::clone(&probe))
}

#[app::detached_command("/import", app = local)]
async fn import(name: QueryParam<String>, session: &Session, probe: State<Probe>) {
    probe.log(format!("import of {name} begins"));
    probe.released().await;
    session.0.log(format!("import of {name} ends"));
}

#[tokio::test]
async fn everything_happens_in_its_order() {
    let Setup { app, probe, mut log } = setup();
    let client = TestClient::new(app);
    let res = client.post("/import?name=a").await;
    assert_eq!((res.status().as_u16(), res.bytes()), (204, &b""[..]));
    probe.log("answered");
    probe.release(1);
    client.drain().await;
    let events = log.so_far();
    // The task and the test run side by side from the answer on.
    let opened = events.iter().position(|event| event == "session opened").unwrap();
    let answered = events.iter().position(|event| event == "answered").unwrap();
    assert!(opened < answered, "{events:?}");
    let rest: Vec<_> = events.iter().filter(|event| *event != "answered").collect();
    assert_eq!(
        rest,
        ["session opened", "import of a begins", "import of a ends", "session dropped", "session cleaned up"]
    );
}

#[tokio::test]
async fn a_refusal_is_answered_as_always_and_cleaned_up() {
    let Setup { app, mut log, .. } = setup();
    let client = TestClient::new(app);
    let res = client.post("/import").await;
    assert_eq!(res.status(), 400);
    assert!(res.text().starts_with("missing query parameter `name`"), "{}", res.text());
    client.drain().await;
    let events = log.so_far();
    assert!(!events.iter().any(|event| event.contains("import")), "{events:?}");
}

#[tokio::test]
async fn one_too_many_is_refused_before_anything_of_it_happens() {
    let Setup { app, probe, mut log } = setup();
    let page = |message: &str, _: &http::request::Parts| html! { <b>{message}</b> };
    let client = TestClient::new(app.detached_limit(2).on_status(503, page));
    for name in ["a", "b"] {
        assert_eq!(client.post(format!("/import?name={name}")).await.status(), 204);
    }
    while log.next().await != "import of b begins" {}
    let res = client.post("/import?name=c").await;
    assert_eq!((res.status().as_u16(), res.header("retry-after")), (503, "1"));
    assert_eq!(res.text(), "<b>Service Unavailable</b>");
    assert_eq!(log.so_far(), [""; 0]);
    // A refused one holds no place, and one that has ended gives its back.
    probe.release(2);
    client.drain().await;
    assert_eq!(client.post("/import").await.status(), 400);
    for name in ["d", "e"] {
        assert_eq!(client.post(format!("/import?name={name}")).await.status(), 204);
    }
    probe.release(2);
    client.drain().await;
}

#[app::detached_command("/panic", app = local)]
async fn panics(_session: &Session) {
    panic!("on purpose");
}

#[app::detached_command("/fail", app = local)]
async fn fails(_session: &Session) -> Result<()> {
    "x".parse::<u8>()?;
    Ok(())
}

#[tokio::test]
async fn a_panic_and_an_error_are_cleaned_up_and_free_their_permit() {
    let Setup { app, mut log, .. } = setup();
    let client = TestClient::new(app.detached_limit(1));
    for path in ["/panic", "/fail"] {
        assert_eq!(client.post(path).await.status(), 204);
        client.drain().await;
        assert_eq!(log.so_far(), ["session opened", "session dropped", "session cleaned up"], "{path}");
    }
}

/// The records of the log, as lines.
#[derive(Clone, Default)]
struct Records(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Records {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_went_wrong_after_the_answer_is_logged_with_the_request_s_id() {
    let records = Records::default();
    let writer = records.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    // Without a log of the whole process, another thread that comes to the place of a record first would turn it off for all.
    tracing::subscriber::set_global_default(tracing_subscriber::registry()).ok();
    let _guard = tracing::subscriber::set_default(subscriber);
    let client = TestClient::new(setup().app);
    for (path, cause) in [("/panic", "on purpose"), ("/fail", "invalid digit found in string")] {
        let res = client.post(path).await;
        let id = res.header("x-request-id").to_owned();
        client.drain().await;
        let text = String::from_utf8(records.0.lock().unwrap().clone()).unwrap();
        let found = text.lines().find(|line| line.contains(cause)).unwrap_or_else(|| panic!("{text}"));
        assert!(found.contains("ERROR") && found.contains(&id), "{id} in {found}");
    }
}

#[app::query("/id", app = local)]
async fn id(id: RequestId) -> String {
    id.to_string()
}

#[tokio::test]
async fn the_connection_goes_on_meanwhile_and_its_end_changes_nothing() {
    let mut server = Server::start(local::new()).await;
    let mut socket = server.connect().await;
    socket.write_all(b"POST /import?name=a HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    assert!(answer(&mut socket).await.starts_with("HTTP/1.1 204 No Content\r\n"));
    socket.write_all(b"GET /id HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(answer(&mut socket).await.starts_with("HTTP/1.1 200 OK\r\n"));
    drop(socket);
    // The server waits for the command when it stops.
    server.begin_to_stop();
    assert_eq!(server.log.next().await, "session opened");
    assert_eq!(server.log.next().await, "import of a begins");
    server.probe.release(1);
    let (ended, log) = server.ended().await;
    assert_eq!(ended, Ok(()));
    assert_eq!(log, ["import of a ends", "session dropped", "session cleaned up"]);
}
