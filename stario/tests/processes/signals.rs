//! How a server answers the signals that a process gets, and with which status it ends.

use std::io::Write as _;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use futures_util::StreamExt as _;
use stario::AppHandle;
use stario::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app;
use crate::process::{self, Process};
use crate::support::server::{is_ended_by_stop, rest};

stario::app!(local);

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

async fn send(socket: &mut TcpStream, start: &str) {
    let request = format!("{start} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
}

/// Set where, besides, that server's output is to be full.
const FULL: &str = "TEST_FULL";

/// Serves as `main` would, in a process that the tests below start.
#[test]
fn server_process() {
    if !process::is_server() {
        return;
    }
    if std::env::var_os(FULL).is_some() {
        let (sender, is_writing) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut output = std::io::stdout().lock();
            sender.send(()).unwrap();
            while output.write_all(&[0; 4096]).is_ok() {}
        });
        is_writing.recv().unwrap();
    }
    process::exit(process::serve(local::new().state(Running::default())));
}

#[derive(Default)]
struct Running(std::sync::atomic::AtomicUsize);

impl Running {
    fn add(&self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

/// How many are in one of the next three.
#[app::query("/running", app = local)]
async fn running(running: State<Running>) -> usize {
    running.0.0.load(std::sync::atomic::Ordering::Relaxed)
}

#[app::query("/until-stop", app = local)]
async fn until_stop(running: State<Running>, app: AppHandle) -> &'static str {
    running.add();
    app.stopping().await;
    "answered"
}

#[app::query("/moment-after-stop", app = local)]
async fn moment_after_stop(running: State<Running>, app: AppHandle) -> &'static str {
    running.add();
    app.stopping().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    "answered"
}

#[app::query("/stream-until-stop", app = local)]
async fn stream_until_stop(running: State<Running>) -> impl Stream<Item = Event> {
    running.add();
    stream! {
        yield 1;
        std::future::pending::<()>().await;
    }
}

/// A source whose items take longer than a stop may: the block is dropped where it waits.
#[app::query("/slow-items", app = local)]
async fn slow_items(running: State<Running>, w: Writer) -> stario::Result {
    let mut items = std::pin::pin!(stream! { yield 1; yield 2; });
    w.while_alive(async {
        while let Some(_item) = items.next().await {
            running.add();
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
    })
    .await;
    println!("after the block");
    Ok(())
}

/// The same without a `Writer`.
#[app::command("/slow-items", app = local)]
async fn slow_items_of_a_command(running: State<Running>, alive: Alive) {
    let mut items = std::pin::pin!(stream! { yield 1; yield 2; });
    let block = async {
        while let Some(_item) = items.next().await {
            running.add();
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
    };
    alive.run(block).await;
    println!("after the block");
}

#[app::detached_command("/detached-until-stop", app = local)]
async fn detached_until_stop(running: State<Running>, app: AppHandle) {
    running.add();
    app.stopping().await;
    println!("finished");
}

#[app::detached_command("/stuck", app = local)]
async fn stuck(running: State<Running>) {
    running.add();
    std::future::pending::<()>().await;
}

#[app::query("/panic", app = local)]
async fn panics() {
    panic!("on purpose");
}

#[app::query("/block", app = local)]
async fn block() {
    println!("blocked");
    std::thread::sleep(Duration::from_secs(3600));
}

/// The server of this module.
struct Server {
    process: Process,
    address: String,
}

/// The server's command, after a shell's `prelude`.
fn command(prelude: &str, variables: &[(&str, &str)]) -> Command {
    process::command("signals::server_process", prelude, variables)
}

impl Server {
    fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_after("", variables)
    }

    /// Starts it after what a shell does first.
    fn start_after(prelude: &str, variables: &[(&str, &str)]) -> Self {
        // Its log is read at the end only: a line for each request would fill the pipe.
        let variables = [&[("STARIO_PORT", "0"), ("RUST_LOG", "warn")], variables].concat();
        let mut process = Process::start(command(prelude, &variables));
        let address = process.address();
        Self { address: address.strip_prefix("http://").unwrap().to_owned(), process }
    }

    fn until_printed(&mut self, text: &str) {
        self.process.until_printed(text);
    }

    fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Sends the request, on a connection of its own.
    async fn send(&self, start: &str) -> TcpStream {
        let mut socket = TcpStream::connect(&self.address).await.unwrap();
        send(&mut socket, start).await;
        socket
    }

    /// Waits until so many calls are under way.
    async fn until_running(&self, expected: usize) {
        loop {
            let mut socket = TcpStream::connect(&self.address).await.unwrap();
            let request = b"GET /running HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            socket.write_all(request).await.unwrap();
            if rest(&mut socket).await.ends_with(&format!("\r\n\r\n{expected}")) {
                return;
            }
        }
    }

    /// The status, what it printed since it listens, and its log.
    async fn ended(self) -> (ExitStatus, String, String) {
        tokio::task::spawn_blocking(move || self.process.ended()).await.unwrap()
    }
}

#[tokio::test]
async fn a_hundred_of_each_end_well_after_the_signal() {
    let process = Server::start(&[("STARIO_GRACEFUL_SHUTDOWN_TIMEOUT", "60")]);
    let (mut requests, mut streams, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..100 {
        requests.push(process.send("GET /until-stop").await);
        streams.push(process.send("GET /stream-until-stop").await);
        others.push(process.send("POST /detached-until-stop").await);
    }
    process.until_running(300).await;
    process.signal("-TERM");
    for request in &mut requests {
        let answer = rest(request).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("answered"), "{answer}");
    }
    for stream in &mut streams {
        let answer = rest(stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && is_ended_by_stop(&answer), "{answer}");
    }
    for other in &mut others {
        assert!(rest(other).await.starts_with("HTTP/1.1 204 No Content\r\n"));
    }
    let (status, output, log) = process.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(output.matches("finished").count(), 100);
}

#[tokio::test]
async fn what_follows_a_block_that_waits_runs_at_the_signal() {
    for signal in ["-TERM", "-INT"] {
        let process = Server::start(&[]);
        let _clients = (process.send("GET /slow-items").await, process.send("POST /slow-items").await);
        process.until_running(2).await;
        process.signal(signal);
        let (status, output, log) = process.ended().await;
        assert_eq!((status.code(), output.matches("after the block").count()), (Some(0), 2), "{log}");
    }
}

#[tokio::test]
async fn a_stuck_one_is_cut_at_the_deadline_and_named() {
    let process = Server::start(&[
        ("STARIO_GRACEFUL_SHUTDOWN_TIMEOUT", "0.1"),
        ("STARIO_GRACEFUL_SHUTDOWN_DETACHED_TIMEOUT", "0.1"),
    ]);
    let _stuck = process.send("POST /stuck").await;
    process.until_running(1).await;
    process.signal("-TERM");
    let (status, _, log) = process.ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(
        log.contains("Error: stopped before the end (in the background: 1 of processes::signals::stuck)"),
        "{log}"
    );
    assert!(
        log.contains("work in the background was cut") && log.contains("processes::signals::stuck"),
        "{log}"
    );
}

#[tokio::test]
async fn a_second_signal_cuts_at_once() {
    let hour = "3600";
    let mut process = Server::start(&[
        ("STARIO_GRACEFUL_SHUTDOWN_TIMEOUT", hour),
        ("STARIO_GRACEFUL_SHUTDOWN_DETACHED_TIMEOUT", hour),
    ]);
    let mut stream = process.send("GET /stream-until-stop").await;
    let _stuck = process.send("POST /stuck").await;
    process.until_running(2).await;
    process.signal("-INT");
    // The end of the stream shows that the first has arrived.
    assert!(is_ended_by_stop(&rest(&mut stream).await));
    // One that comes at once is the same.
    while process.process.child.try_wait().unwrap().is_none() {
        process.signal("-TERM");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (status, _, log) = process.ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("1 of processes::signals::stuck; a second signal came"), "{log}");
}

/// As it is when a terminal sends it to a program and to what has started it, which passes it on.
#[tokio::test]
async fn a_signal_that_comes_twice_at_once_is_one() {
    let process = Server::start(&[]);
    let mut request = process.send("GET /moment-after-stop").await;
    process.until_running(1).await;
    // Both are there when it goes on, provided that it stands still before they come.
    process.signal("-STOP");
    process.process.until_suspended();
    for name in ["-TERM", "-INT", "-CONT"] {
        process.signal(name);
    }
    assert!(rest(&mut request).await.ends_with("answered"));
    let (status, _, log) = process.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");
}

#[tokio::test]
async fn the_end_of_its_terminal_stops_the_server_unless_it_is_to_survive_that() {
    // These tests may be meant to survive their own terminal.
    let hearing = r#"exec env --default-signal=HUP "$0" "$@";"#;
    let process = Server::start_after(hearing, &[("RUST_LOG", "info")]);
    let _detached = process.send("POST /detached-until-stop").await;
    process.until_running(1).await;
    process.signal("-HUP");
    let (status, output, log) = process.ended().await;
    assert_eq!((status.code(), output.matches("finished").count()), (Some(0), 1), "{log}");
    assert!(log.contains(r#""message":"the server stops","signal":"SIGHUP""#), "{log}");

    // As `nohup` does.
    let process = Server::start_after("trap '' HUP;", &[("RUST_LOG", "info")]);
    process.signal("-HUP");
    process.until_running(0).await;
    process.signal("-TERM");
    let (status, _, log) = process.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(log.contains(r#""signal":"SIGTERM""#) && !log.contains("SIGHUP"), "{log}");
}

#[tokio::test]
async fn the_log_says_where_a_panic_was() {
    let process = Server::start(&[]);
    assert!(rest(&mut process.send("GET /panic").await).await.starts_with("HTTP/1.1 500 "));
    process.signal("-TERM");
    let (_, _, log) = process.ended().await;
    let record = log.lines().find(|line| line.contains("a handler panicked")).unwrap();
    let place = record.split_once(r#""panic":"on purpose, at "#).unwrap().1.split_once('"').unwrap().0;
    let [file, line, _column] = place.split(':').collect::<Vec<_>>()[..] else { panic!("{record}") };
    assert!(file.ends_with("signals.rs") && line.parse::<u32>().is_ok(), "{record}");
}

#[tokio::test]
async fn an_output_that_nobody_reads_does_not_keep_it_from_serving() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let variables = [("STARIO_UNIX_SOCKET", path.to_str().unwrap()), (FULL, "1")];
    let mut child = command("", &variables).stderr(Stdio::null()).spawn().unwrap();
    let asked = async {
        let mut socket = loop {
            match tokio::net::UnixStream::connect(&path).await {
                Ok(socket) => break socket,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
            assert!(child.try_wait().unwrap().is_none());
        };
        socket.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = tokio::time::timeout(Duration::from_secs(60), asked).await;
    let Ok(answer) = answer else {
        child.kill().unwrap();
        panic!("the server does not answer");
    };
    assert!(answer.ends_with("home"), "{answer}");
    let killed = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(killed.success() && child.wait().unwrap().success());
}

#[tokio::test]
async fn a_handler_that_blocks_its_thread_does_not_keep_the_process() {
    let mut process = Server::start(&[("STARIO_GRACEFUL_SHUTDOWN_TIMEOUT", "0.1")]);
    let mut socket = process.send("GET /").await;
    let mut chunk = [0; 1024];
    while !String::from_utf8_lossy(&chunk).contains("home") {
        assert!(socket.read(&mut chunk).await.unwrap() > 0);
    }
    // The connection was silent: the thread that gets this has waited at the sockets, for all others.
    send(&mut socket, "GET /block").await;
    process.until_printed("blocked");
    process.signal("-TERM");
    let (status, _, log) = process.ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("does not leave its thread"), "{log}");
}

#[tokio::test]
async fn an_idle_server_ends_well_and_one_with_bad_variables_does_not_start() {
    let process = Server::start(&[]);
    process.signal("-INT");
    assert_eq!(process.ended().await.0.code(), Some(0));
    let output = command("", &[("STARIO_PORT", "x"), ("STARIO_MAX_CONNECTIONS", "0")]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        log,
        "Error: STARIO_MAX_CONNECTIONS is \"0\": expected a whole number above 0\nSTARIO_PORT is \"x\": \
         expected a port number from 0 to 65535\n"
    );
}

#[tokio::test]
async fn a_log_that_nobody_reads_keeps_no_request_and_not_the_end() {
    let process = Server::start(&[("RUST_LOG", "info")]);
    let mut socket = TcpStream::connect(&process.address).await.unwrap();
    // A line for each is many times what the pipe holds.
    let asked = async {
        let mut chunk = [0; 4096];
        for _ in 0..2000 {
            socket.write_all(b"GET /running HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            assert!(socket.read(&mut chunk).await.unwrap() > 0);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asked).await.expect("every request is answered");
    process.signal("-TERM");
    // The log is read after the end of the output, which is that of the process.
    let (status, _, log) = process.ended().await;
    assert_eq!(status.code(), Some(0));
    assert!(log.starts_with('{'), "{log}");
}
