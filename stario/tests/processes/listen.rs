//! Where a server listens: addresses, Unix sockets, sockets it is given; and when no files are left.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::app;

stario::app!(local);

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

/// Set where this program is to be the server.
const SERVER: &str = "TEST_SERVER";

/// Serves as `main` would, in a process that the tests below start.
#[test]
fn server_process() {
    if std::env::var_os(SERVER).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let ended = runtime.block_on(local::new().serve());
    std::process::exit(match ended {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("Error: {error:?}");
            1
        }
    });
}

/// The server's command, after a shell's `prelude`.
fn command(prelude: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{prelude} exec \"$0\" --exact listen::server_process --nocapture"));
    command.arg(std::env::current_exe().unwrap()).env(SERVER, "1").env_remove("RUST_LOG");
    command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(prelude: &str, variables: &[(&str, &str)]) -> Self {
        let mut child = command(prelude, variables).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The next place that it says it listens on.
    fn address(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server did not start");
            if let Some((_, address)) = line.trim().split_once("listening on ") {
                return address.to_owned();
            }
        }
    }

    fn stop(mut self) -> (Option<i32>, String) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

fn answers(mut socket: impl Read + Write) -> bool {
    socket.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).is_ok() && answer.ends_with("home")
}

fn tcp(address: &str) -> TcpStream {
    TcpStream::connect(address.strip_prefix("http://").unwrap()).unwrap()
}

#[test]
fn it_listens_on_several_addresses() {
    let mut process = Process::start("", &[("STARIO_HOST", "127.0.0.1, 127.0.0.2"), ("STARIO_PORT", "0")]);
    let (first, second) = (process.address(), process.address());
    assert!(first.starts_with("http://127.0.0.1:") && second.starts_with("http://127.0.0.2:"));
    assert!(answers(tcp(&first)) && answers(tcp(&second)));
    assert_eq!(process.stop().0, Some(0));
}

#[test]
fn it_listens_on_a_unix_socket_and_takes_it_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.sock");
    let name = path.to_str().unwrap();
    let variables = [("STARIO_UNIX_SOCKET", name), ("STARIO_UNIX_SOCKET_MODE", "600")];
    // One that nobody listens on any more is in no one's way.
    drop(UnixListener::bind(&path).unwrap());
    let mut process = Process::start("", &variables);
    assert_eq!(process.address(), format!("unix:{name}"));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(answers(UnixStream::connect(&path).unwrap()));
    // One that somebody listens on is.
    let output = command("", &variables).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(log, format!("Error: cannot listen on unix:{name}: another process listens there\n"));
    assert_eq!(process.stop().0, Some(0));
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
    let mut process = Process::start("", &[("STARIO_UNIX_SOCKET", path.to_str().unwrap())]);
    process.address();
    std::fs::rename(&path, folder.path().join("old.sock")).unwrap();
    let _other = UnixListener::bind(&path).unwrap();
    assert_eq!(process.stop().0, Some(0));
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
    let mut child = command.spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut process = Process { child, output };
    assert_eq!(process.address(), format!("unix:{}", path.display()));
    assert!(answers(UnixStream::connect(&path).unwrap()));
    assert_eq!(process.stop().0, Some(0));
    assert!(path.exists(), "who made it takes it away");
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
    let mut process = Process::start("ulimit -n 48;", &variables);
    let address = process.address();
    let crowd: Vec<TcpStream> = (0..60).map(|_| tcp(&address)).collect();
    // The last is not accepted as long as the others are there.
    let mut last = tcp(&address);
    last.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    last.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(last.read(&mut [0; 1]).is_err());
    drop(crowd);
    last.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut answer = String::new();
    last.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("home"), "{answer}");
    assert!(answers(tcp(&address)));
    let (status, log) = process.stop();
    assert_eq!(status, Some(0));
    // Once a second at most.
    let most = started.elapsed().as_secs() + 1;
    let times = log.matches("cannot accept connections").count() as u64;
    assert!((1..=most).contains(&times), "{log}");
}

#[test]
fn connections_leave_files_for_others() {
    let mut process = Process::start("ulimit -n 100;", &[("STARIO_PORT", "0")]);
    let address = process.address();
    let crowd: Vec<TcpStream> = (0..150).map(|_| tcp(&address)).collect();
    drop(crowd);
    assert!(answers(tcp(&address)));
    let (status, log) = process.stop();
    assert_eq!(status, Some(0));
    assert!(!log.contains("cannot accept connections"), "{log}");
}
