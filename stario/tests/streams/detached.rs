//! Detached commands: what happens before their answer and after it, how many there may be, and what becomes
//! of them when a server stops.

use std::sync::Arc;

use stario::prelude::*;
use stario::{App, Cleanup, RequestId, dependency};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use crate::app;

stario::app!(local);

/// Where everything says that it happened, and what the commands wait for.
#[derive(Clone)]
struct Probe {
    log: mpsc::UnboundedSender<String>,
    go_on: Arc<Semaphore>,
}

impl Probe {
    fn log(&self, event: impl Into<String>) {
        let _ = self.log.send(event.into());
    }

    /// Until the test releases one.
    async fn released(&self) {
        self.go_on.acquire().await.unwrap().forget();
    }
}

struct Setup {
    app: App,
    probe: Probe,
    log: mpsc::UnboundedReceiver<String>,
}

fn setup() -> Setup {
    let (sender, log) = mpsc::unbounded_channel();
    let probe = Probe { log: sender, go_on: Arc::new(Semaphore::new(0)) };
    Setup { app: local::new().state(probe.clone()), probe, log }
}

/// The events so far.
fn events(log: &mut mpsc::UnboundedReceiver<String>) -> Vec<String> {
    std::iter::from_fn(|| log.try_recv().ok()).collect()
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
    probe.go_on.add_permits(1);
    client.drain().await;
    let events = events(&mut log);
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
async fn a_refusal_is_answered_as_always_and_cleaned_up_behind() {
    let Setup { app, mut log, .. } = setup();
    let client = TestClient::new(app);
    let res = client.post("/import").await;
    assert_eq!(res.status(), 400);
    assert!(res.text().starts_with("missing query parameter `name`"), "{}", res.text());
    client.drain().await;
    let events = events(&mut log);
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
    while log.recv().await.unwrap() != "import of b begins" {}
    let res = client.post("/import?name=c").await;
    assert_eq!((res.status().as_u16(), res.header("retry-after")), (503, "1"));
    assert_eq!(res.text(), "<b>Service Unavailable</b>");
    assert_eq!(events(&mut log), [""; 0]);
    // A refused one holds no place, and one that has ended gives its back.
    probe.go_on.add_permits(2);
    client.drain().await;
    assert_eq!(client.post("/import").await.status(), 400);
    for name in ["d", "e"] {
        assert_eq!(client.post(format!("/import?name={name}")).await.status(), 204);
    }
    probe.go_on.add_permits(2);
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
async fn a_panic_and_an_error_are_cleaned_up_behind_and_free_their_place() {
    let Setup { app, mut log, .. } = setup();
    let client = TestClient::new(app.detached_limit(1));
    for path in ["/panic", "/fail"] {
        assert_eq!(client.post(path).await.status(), 204);
        client.drain().await;
        assert_eq!(events(&mut log), ["session opened", "session dropped", "session cleaned up"], "{path}");
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
async fn what_went_wrong_behind_the_answer_is_logged_with_the_request_s_id() {
    let records = Records::default();
    let writer = records.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
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

/// Reads one response without a body, or with one of a known length.
async fn answer(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text.into_owned();
            }
        }
        let mut chunk = [0; 1024];
        let count = socket.read(&mut chunk).await.unwrap();
        assert!(count > 0, "the connection ended in {text}");
        answer.extend_from_slice(&chunk[..count]);
    }
}

#[tokio::test]
async fn the_connection_goes_on_meanwhile_and_its_end_changes_nothing() {
    let Setup { app, probe, mut log } = setup();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(app.serve_on(listener, async { drop(stopped.await) }));
    socket.write_all(b"POST /import?name=a HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    assert!(answer(&mut socket).await.starts_with("HTTP/1.1 204 No Content\r\n"));
    socket.write_all(b"GET /id HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(answer(&mut socket).await.starts_with("HTTP/1.1 200 OK\r\n"));
    drop(socket);
    // The server waits for the command when it stops.
    drop(stop);
    assert_eq!(log.recv().await.unwrap(), "session opened");
    assert_eq!(log.recv().await.unwrap(), "import of a begins");
    probe.go_on.add_permits(1);
    server.await.unwrap().unwrap();
    assert_eq!(events(&mut log), ["import of a ends", "session dropped", "session cleaned up"]);
}
