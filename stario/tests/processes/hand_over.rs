//! A server that another process replaces, which takes its listening sockets.
#![cfg(unix)]

mod clients;
mod site;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use stario::AppHandle;
use stario::prelude::*;

use crate::app;
use crate::process::{self, Process};
use crate::support::{PATIENCE, patiently};
use clients::Clients;
use site::local;

/// Set where the start of a process is to fail, or to wait for a line of its input.
const FAIL: &str = "TEST_FAIL";
const WAIT: &str = "TEST_WAIT";

/// All but the requests.
const LOG: &str = "info,stario::request=off";

#[app::command("/echo", app = local)]
async fn echo(text: RawBody<String>) -> String {
    text.0
}

#[app::on_start(app = local)]
async fn start(handle: AppHandle, news: State<Relay<u64>>) -> Result {
    if std::env::var_os(FAIL).is_some() {
        return Err(std::io::Error::other("the migration failed").into());
    }
    if std::env::var_os(WAIT).is_some() {
        println!("starting");
        let line = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        line.await??;
    }
    site::publish(&news, Duration::from_millis(20), handle);
    Ok(())
}

/// Serves in a process that the tests below start.
#[test]
fn server_process() {
    if process::is_server() {
        process::exit(process::serve(site::new()));
    }
}

/// The folder and the path of a hand-over, and the variables of its processes.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hand-over.sock")
    }

    fn command(&self, variables: &[(&str, &str)]) -> std::process::Command {
        let path = self.path();
        let mut all = vec![
            ("STARIO_HAND_OVER_SOCKET", path.to_str().unwrap()),
            ("STARIO_PORT", "0"),
            ("RUST_LOG", LOG),
        ];
        all.extend(variables);
        process::command("hand_over::server_process", "", &all)
    }

    fn start(&self, variables: &[(&str, &str)]) -> Process {
        Process::start(self.command(variables))
    }

    /// The error of a process that does not start.
    fn error(&self, variables: &[(&str, &str)]) -> String {
        let output = self.command(variables).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let log = String::from_utf8(output.stderr).unwrap();
        let error = log.lines().find(|line| line.starts_with("Error: ")).unwrap_or(&log);
        let path = self.path();
        error.replace(path.to_str().unwrap(), "PATH").replace(self.folder.path().to_str().unwrap(), "FOLDER")
    }

    /// A process that waits for a line of its input, after it was passed the sockets.
    fn start_waiting(&self, variables: &[(&str, &str)]) -> Process {
        let mut command = self.command(variables);
        command.env(WAIT, "1").stdin(Stdio::piped());
        let mut process = Process::start(command);
        process.until_printed("starting");
        process
    }
}

fn socket_address(printed: &str) -> SocketAddr {
    printed.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Which process answers a connection of its own.
fn answering(mut socket: impl std::io::Read + std::io::Write) -> u32 {
    socket.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer.rsplit_once("\r\n").unwrap().1.parse().unwrap()
}

fn stop(process: Process) -> String {
    process.signal("-TERM");
    ended(process)
}

/// Waits for a process that ends by itself, without having cut anything off; returns its log.
fn ended(process: Process) -> String {
    let (status, _, log) = process.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    log
}

#[track_caller]
fn assert_log(log: &str, text: &str) {
    assert!(log.contains(text), "{text:?} in {log}");
}

/// Waits until `process` has answered so many more requests.
async fn answered(clients: &Clients, process: u32, more: usize) {
    let process = process.to_string();
    let count = || clients.seen().answered.get(&process).copied().unwrap_or_default();
    let wanted = count() + more;
    while count() < wanted {
        // Answers come all the time.
        tokio::task::yield_now().await;
    }
}

/// Replaces a server under load by what `replace` starts, which returns the new process when the old one has ended.
async fn replace_under_load(
    old: Process,
    address: SocketAddr,
    replace: impl FnOnce(Process) -> Process + Send + 'static,
) {
    let (askers, followers) = (8, 20);
    let mut clients = Clients::start(address, askers, followers);
    for _ in 0..followers {
        patiently(clients.opened()).await;
    }
    patiently(answered(&clients, old.child.id(), 100)).await;
    let new = tokio::task::spawn_blocking(|| replace(old)).await.unwrap();
    for _ in 0..followers {
        let returned = patiently(clients.returned()).await;
        assert_eq!(returned.gaps, 1, "{returned:?}");
        // 1.75 seconds at most until it asks; the rest is what a busy machine takes to start a process.
        assert!(returned.waited < Duration::from_secs(30), "{returned:?}");
    }
    patiently(answered(&clients, new.child.id(), 100)).await;
    let failed = std::mem::take(&mut clients.seen().failed);
    assert_eq!(failed, [] as [String; 0]);
    drop(clients);
    tokio::task::spawn_blocking(|| stop(new)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_that_another_process_takes_over() {
    let place = Place::new();
    let mut old = place.start(&[]);
    let printed = old.address();
    let path = place.path();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let replace = {
        let command = place.command(&[]);
        let printed = printed.clone();
        move |old: Process| {
            let mut new = Process::start(command);
            // Port 0 is the port of the other process.
            assert_eq!(new.address(), printed);
            assert_log(&ended(old), "another process takes over");
            new
        }
    };
    replace_under_load(old, socket_address(&printed), replace).await;
    assert!(!path.exists(), "the last process removes the file");
}

/// As with a socket unit: the socket is file 3 of each process, and stays open between them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_notices_a_restart_behind_a_socket_that_was_inherited() {
    let given = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = given.local_addr().unwrap();
    let start = move || {
        let prelude = "exec 3<&0; LISTEN_PID=$$ LISTEN_FDS=1";
        let mut command = process::command("hand_over::server_process", prelude, &[("RUST_LOG", LOG)]);
        command.stdin(Stdio::from(OwnedFd::from(given.try_clone().unwrap())));
        let mut process = Process::start(command);
        assert_eq!(process.address(), format!("http://{address}"));
        process
    };
    let old = start();
    let replace = move |old| {
        stop(old);
        start()
    };
    replace_under_load(old, address, replace).await;
}

#[test]
fn a_process_that_fails_changes_nothing_for_the_old_one() {
    let place = Place::new();
    let mut old = place.start(&[]);
    let address = socket_address(&old.address());
    // Its start hook fails.
    let error = place.error(&[(FAIL, "1")]);
    assert!(error.ends_with(" failed: the migration failed"), "{error}");
    assert_eq!(answering(TcpStream::connect(address).unwrap()), old.child.id());
    // An address that it cannot have.
    let other = TcpListener::bind("127.0.0.2:0").unwrap();
    let (host, port) = ("127.0.0.2", other.local_addr().unwrap().port().to_string());
    let error = place.error(&[("STARIO_HOST", host), ("STARIO_PORT", &port)]);
    assert!(error.starts_with(&format!("Error: cannot listen on 127.0.0.2:{port}: ")), "{error}");
    assert_eq!(answering(TcpStream::connect(address).unwrap()), old.child.id());
    // It is killed.
    let mut killed = place.start_waiting(&[]);
    killed.child.kill().unwrap();
    drop(killed);
    assert_eq!(answering(TcpStream::connect(address).unwrap()), old.child.id());
    // And the next one takes over.
    let mut new = place.start(&[]);
    new.address();
    let log = ended(old);
    assert_eq!(log.matches("has ended before it was ready: this one goes on").count(), 3, "{log}");
    assert_eq!(answering(TcpStream::connect(address).unwrap()), new.child.id());
    stop(new);
}

#[test]
fn one_process_takes_over_at_a_time() {
    let place = Place::new();
    let mut old = place.start(&[]);
    let address = socket_address(&old.address());
    let mut first = place.start_waiting(&[]);
    let expected = format!(
        "Error: cannot take over at PATH: process {} takes over from process {} already",
        first.child.id(),
        old.child.id()
    );
    assert_eq!(place.error(&[]), expected);
    first.child.stdin.take().unwrap().write_all(b"\n").unwrap();
    first.address();
    ended(old);
    // The next one asks the new one.
    let mut second = place.start(&[]);
    second.address();
    assert_log(&ended(first), "another process takes over");
    assert_eq!(answering(TcpStream::connect(address).unwrap()), second.child.id());
    stop(second);
}

/// The old process still answers a request then, and does not listen again: a stop is not taken back.
#[test]
fn a_new_process_that_is_killed_is_started_again_while_the_old_one_ends() {
    let place = Place::new();
    // Two processes start while it answers.
    let patient = [("STARIO_GRACEFUL_SHUTDOWN_TIMEOUT", "600"), ("STARIO_REQUESTS_BODY_TIMEOUT", "600")];
    let mut old = place.start(&patient);
    let address = socket_address(&old.address());
    let mut asking = TcpStream::connect(address).unwrap();
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n";
    asking.write_all(head.as_bytes()).unwrap();
    let mut read = [0; 25];
    asking.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"HTTP/1.1 100 Continue\r\n\r\n");

    let port = address.port().to_string();
    let mut killed = place.start(&[("STARIO_PORT", &port)]);
    killed.address();
    killed.child.kill().unwrap();
    drop(killed);
    // The old one closes its sockets behind its answer to the new one.
    let begun = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "somebody listens");
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut next = place.start(&[("STARIO_PORT", &port)]);
    assert_eq!(socket_address(&next.address()), address);
    assert_eq!(answering(TcpStream::connect(address).unwrap()), next.child.id());

    asking.write_all(b"Tea?").unwrap();
    let mut answer = String::new();
    asking.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("Tea?"), "{answer}");
    ended(old);
    stop(next);
}

#[test]
fn connections_wait_when_the_old_process_is_stopped_before_the_new_one_is_ready() {
    let place = Place::new();
    let unix = place.folder.path().join("app.sock");
    let variables = [("STARIO_UNIX_SOCKET", unix.to_str().unwrap())];
    let mut old = place.start(&variables);
    let address = socket_address(&old.address());
    let mut new = place.start_waiting(&variables);
    stop(old);
    let waiting = TcpStream::connect(address).unwrap();
    let waiting_beside = UnixStream::connect(&unix).unwrap();
    new.child.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert_eq!(answering(waiting), new.child.id());
    assert_eq!(answering(waiting_beside), new.child.id());
    stop(new);
    assert!(!unix.exists() && !place.path().exists());
}

#[test]
fn addresses_are_kept_opened_and_closed_as_the_new_process_wants_them() {
    let place = Place::new();
    let (kept, closed) = (place.folder.path().join("kept.sock"), place.folder.path().join("closed.sock"));
    let kept_name = kept.to_str().unwrap();
    let mut old = place
        .start(&[("STARIO_HOST", "127.0.0.1, 127.0.0.2"), ("STARIO_UNIX_SOCKET", closed.to_str().unwrap())]);
    let (first, second) = (old.address(), old.address());
    let wanted = [("STARIO_HOST", "127.0.0.3, 127.0.0.1"), ("STARIO_UNIX_SOCKET", kept_name)];
    let mut middle = place.start(&wanted);
    let (third, same) = (middle.address(), middle.address());
    assert_eq!(same, first);
    assert!(third.starts_with("http://127.0.0.3:"));
    ended(old);
    assert!(TcpStream::connect(socket_address(&second)).is_err());
    assert!(!closed.exists());
    // A file that was handed over stays, and has the mode that the new process says.
    let mut new = place.start(&[wanted[0], wanted[1], ("STARIO_UNIX_SOCKET_MODE", "600")]);
    assert_eq!([new.address(), new.address(), new.address()], [third, first, format!("unix:{kept_name}")]);
    ended(middle);
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(answering(UnixStream::connect(&kept).unwrap()), new.child.id());
    stop(new);
    assert!(!kept.exists());
}

#[test]
fn a_file_that_a_process_has_left_is_replaced() {
    let place = Place::new();
    drop(UnixListener::bind(place.path()).unwrap());
    let mut process = place.start(&[]);
    process.address();
    // It is killed, and leaves its own.
    process.child.kill().unwrap();
    drop(process);
    assert!(place.path().exists());
    let mut process = place.start(&[]);
    process.address();
    stop(process);
    assert!(!place.path().exists());
}

#[test]
fn a_path_that_is_not_safe_is_refused() {
    let place = Place::new();
    std::fs::write(place.path(), "precious").unwrap();
    assert_eq!(place.error(&[]), "Error: cannot take over at PATH: there is a file that is no socket");
    assert_eq!(std::fs::read_to_string(place.path()).unwrap(), "precious");
    std::fs::remove_file(place.path()).unwrap();
    set_mode(place.folder.path(), 0o777);
    let expected =
        "Error: cannot take over at PATH: its folder FOLDER can be written by others: its mode is 777";
    assert_eq!(place.error(&[]), expected);
    set_mode(place.folder.path(), 0o700);
    // Root alone can give files away.
    let _listener = UnixListener::bind(place.path()).unwrap();
    if std::os::unix::fs::chown(place.path(), Some(1), None).is_ok() {
        let expected =
            "Error: cannot take over at PATH: the file belongs to user 1, and this process runs as user 0";
        assert_eq!(place.error(&[]), expected);
    }
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
