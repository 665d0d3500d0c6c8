//! Where a server listens: addresses, Unix sockets, sockets it is given; and when no files are left.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::app;
use crate::process::{self, Process};

stario::app!(local);

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

/// Serves in a process that the tests below start.
#[test]
fn server_process() {
    if process::is_server() {
        process::exit(process::serve(local::new()));
    }
}

/// The server's command, after a shell's `prelude`.
fn command(prelude: &str, variables: &[(&str, &str)]) -> Command {
    process::command("listen::server_process", prelude, variables)
}

fn start(prelude: &str, variables: &[(&str, &str)]) -> Process {
    Process::start(command(prelude, variables))
}

fn stop(process: Process) -> (Option<i32>, String) {
    process.signal("-TERM");
    let (status, _, log) = process.ended();
    (status.code(), log)
}

fn answers(mut socket: impl Read + Write) -> bool {
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut answer = String::new();
    let asked = socket.write_all(request).and_then(|()| socket.read_to_string(&mut answer));
    asked.is_ok() && answer.ends_with("home")
}

fn tcp(address: &str) -> TcpStream {
    TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap()
}

#[test]
fn it_listens_on_several_addresses() {
    let mut process = start("", &[("STARIO_HOST", "127.0.0.1, 127.0.0.2"), ("STARIO_PORT", "0")]);
    let (first, second) = (process.address(), process.address());
    assert!(first.starts_with("http://127.0.0.1:") && second.starts_with("http://127.0.0.2:"));
    assert!(answers(tcp(&first)) && answers(tcp(&second)));
    assert_eq!(stop(process).0, Some(0));
}

#[test]
fn it_listens_on_a_unix_socket_and_takes_it_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let name = path.to_str().unwrap();
    let variables = [("STARIO_UNIX_SOCKET", name), ("STARIO_UNIX_SOCKET_MODE", "600")];
    // One that nobody listens on any more is in no one's way.
    drop(UnixListener::bind(&path).unwrap());
    let mut process = start("", &variables);
    assert_eq!(process.address(), format!("unix:{name}"));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(answers(UnixStream::connect(&path).unwrap()));
    // One that somebody listens on is.
    let output = command("", &variables).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(log, format!("Error: cannot listen on unix:{name}: another process listens there\n"));
    assert_eq!(stop(process).0, Some(0));
    assert!(!path.exists());
    // And a file that is none.
    std::fs::write(&path, "precious").unwrap();
    let output = command("", &variables).output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(log, format!("Error: cannot listen on unix:{name}: there is a file that is no socket\n"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_socket_s_file_that_is_another_s_by_now_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let mut process = start("", &[("STARIO_UNIX_SOCKET", path.to_str().unwrap())]);
    process.address();
    std::fs::rename(&path, folder.path().join("old.sock")).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    assert_eq!(stop(process).0, Some(0));
    assert!(path.exists());
}

/// As systemd does: the socket is file 3, and was bound by somebody else.
#[test]
fn it_takes_the_sockets_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("given.sock");
    let given = UnixListener::bind(&path).unwrap();
    let mut command = command("exec 3<&0; LISTEN_PID=$$ LISTEN_FDS=1", &[("STARIO_PORT", "1")]);
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(given)));
    let mut process = Process::start(command);
    assert_eq!(process.address(), format!("unix:{}", path.display()));
    assert!(answers(UnixStream::connect(&path).unwrap()));
    assert_eq!(stop(process).0, Some(0));
    assert!(path.exists(), "who made it takes it away");
}

#[test]
fn it_says_to_systemd_that_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify.sock");
    let supervisor = UnixDatagram::bind(&path).unwrap();
    let process = start("", &[("STARIO_PORT", "0"), ("NOTIFY_SOCKET", path.to_str().unwrap())]);
    supervisor.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut message = [0; 16];
    let length = supervisor.recv(&mut message).unwrap();
    assert_eq!(&message[..length], b"READY=1\n");
    assert_eq!(stop(process).0, Some(0));
}

#[test]
fn it_waits_while_no_files_are_left_and_then_goes_on() {
    // More connections are allowed than there are files: the default would not let it come to that. Nor are
    // those that ask nothing closed for that.
    let variables = [
        ("STARIO_PORT", "0"),
        ("STARIO_MAX_CONNECTIONS", "1000"),
        ("STARIO_REQUESTS_HEADER_TIMEOUT", "3600"),
    ];
    let started = Instant::now();
    let mut process = start("ulimit -n 48;", &variables);
    let address = process.address();
    let crowd: Vec<TcpStream> = (0..60).map(|_| tcp(&address)).collect();
    // The last is not accepted as long as the others are there.
    let mut last = tcp(&address);
    last.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    // It says so when it has come to that, and then nothing comes.
    let said = process.until_logged("cannot accept connections");
    last.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(last.read(&mut [0; 1]).is_err());
    drop(crowd);
    last.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("home"), "{answer}");
    assert!(answers(tcp(&address)));
    let (status, log) = stop(process);
    assert_eq!(status, Some(0));
    // Once a second at most.
    let most = started.elapsed().as_secs() + 1;
    let times = [&*said, &*log].map(|log| log.matches("cannot accept connections").count() as u64);
    let times = times.iter().sum();
    assert!((1..=most).contains(&times), "{said}{log}");
}

#[test]
fn connections_leave_files_for_others() {
    // Places are free because the others have gone, not because they have sent no request for so long.
    let variables = [("STARIO_PORT", "0"), ("STARIO_REQUESTS_HEADER_TIMEOUT", "3600")];
    let mut process = start("ulimit -n 100;", &variables);
    let address = process.address();
    let crowd: Vec<TcpStream> = (0..150).map(|_| tcp(&address)).collect();
    drop(crowd);
    // It may be refused, while the server has not seen yet that the others are gone.
    let until = Instant::now() + Duration::from_secs(60);
    while !answers(tcp(&address)) {
        assert!(Instant::now() < until, "nobody is answered");
        std::thread::sleep(Duration::from_millis(10));
    }
    let (status, log) = stop(process);
    assert_eq!(status, Some(0));
    assert!(!log.contains("cannot accept connections"), "{log}");
}
