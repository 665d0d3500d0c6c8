//! What a server writes to standard error, each in a process of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use stario::prelude::*;
use stario::{Cleanup, dependency};

use crate::app;
use crate::process::{self, Process};

stario::app!(local);

/// Set where, besides, a panic is to abort that server's process.
const ABORTS: &str = "TEST_ABORTS";

/// Serves in a process that the tests below start.
#[test]
fn server_process() {
    if !process::is_server() {
        return;
    }
    if std::env::var_os(ABORTS).is_some() {
        std::panic::set_hook(Box::new(|_| std::process::abort()));
    }
    let ended = process::serve(local::new());
    tracing::info!("after the server");
    process::exit(ended);
}

#[app::query("/all/{name}", app = local)]
async fn all(name: PathParam<String>, log: Logger) -> stario::Result<String> {
    tracing::info!(name = *name, "by a macro");
    log.with("rows", 3).with("name", name.as_str()).warn("by a logger");
    let spawned = log.clone();
    tokio::spawn(async move { spawned.info("by a logger in a task") }).await?;
    tokio::spawn(log.in_scope(async { tracing::info!("by a macro in a task") })).await?;
    log.debug("not shown");
    Ok("twelve bytes".to_owned())
}

#[dependency]
async fn transaction(cleanup: Cleanup) -> Transaction {
    cleanup.defer(async { Err::<(), _>("the disk is full") });
    cleanup.defer(async {
        assert!(!process::is_server(), "on purpose");
    });
    Transaction
}

struct Transaction;

#[app::query("/clean-up", app = local)]
async fn clean_up(_transaction: &Transaction) {}

#[app::query("/stuck", app = local)]
async fn stuck(log: Logger) {
    log.info("stuck");
    println!("waits for ever");
    std::future::pending::<()>().await;
}

#[app::query("/abort", app = local)]
async fn abort(log: Logger) {
    log.info("the last line");
    panic!("on purpose");
}

#[app::command("/upload", app = local)]
async fn upload(file: UploadedFile) -> u64 {
    file.len()
}

struct Server {
    process: Process,
    address: String,
}

impl Server {
    fn start(variables: &[(&str, &str)]) -> Self {
        let variables = [&[("STARIO_PORT", "0")], variables].concat();
        let mut process = Process::start(process::command("logging::server_process", "", &variables));
        let address = process.address();
        Self { address: address.strip_prefix("http://").unwrap().to_owned(), process }
    }

    fn send(&self, target: &str) -> TcpStream {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        write!(socket, "GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        socket
    }

    /// The id of a request that is answered.
    fn answered(&self, target: &str) -> String {
        let mut answer = String::new();
        self.send(target).read_to_string(&mut answer).unwrap();
        let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: "));
        id.unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn signal(&self) {
        self.process.signal("-TERM");
    }

    /// What it has logged, once it has ended.
    fn log(self) -> String {
        self.process.ended().2
    }
}

#[test]
fn all_lines_of_a_request_have_its_id_and_one_shape() {
    let server = Server::start(&[("STARIO_PROT", "80")]);
    let id = server.answered("/all/ada?secret=1");
    server.signal();
    let log = server.log();
    let records: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let find = |message: &str| {
        let starts = |record: &&Value| record["message"].as_str().unwrap().starts_with(message);
        records.iter().find(starts).unwrap_or_else(|| panic!("{message} in {log}"))
    };
    for message in
        ["by a macro", "by a logger", "by a logger in a task", "by a macro in a task", "GET /all/ada 200 in "]
    {
        let record = find(message);
        assert_eq!(record["request_id"], *id, "{message}");
        assert!(
            record["timestamp"].is_string() && record["level"].is_string() && record["target"].is_string()
        );
    }
    assert_eq!(find("by a macro")["name"], "ada");
    let logged = find("by a logger");
    assert_eq!((&logged["level"], &logged["target"]), (&Value::from("WARN"), &Value::from("app")));
    assert_eq!((&logged["rows"], &logged["name"]), (&Value::from(3), &Value::from("ada")));
    let request = find("GET /all/ada 200 in ");
    for (name, value) in [
        ("target", Value::from("stario::request")),
        ("level", "INFO".into()),
        ("http.request.method", "GET".into()),
        ("url.path", "/all/ada".into()),
        ("http.route", "/all/{name}".into()),
        ("http.response.status_code", 200.into()),
        ("http.response.body.size", 12.into()),
        ("client.address", "127.0.0.1".into()),
    ] {
        assert_eq!(request[name], value, "{name}");
    }
    assert!(request["http.server.request.duration"].as_f64().unwrap() > 0.0);
    assert!(!log.contains("not shown") && !log.contains("secret"), "{log}");
    let unknown = find("the environment variable STARIO_PROT is unknown and has no effect");
    assert_eq!(unknown["level"], "WARN");
    assert!(unknown["message"].as_str().unwrap().ends_with("the nearest name is STARIO_PORT"), "{unknown}");
    // What is logged after the server's end is written at once.
    find("after the server");
}

/// What the server of `test` logs whose temporary files would lie in `folder`.
fn log_with_temporary_folder(test: &str, folder: &str) -> String {
    let variables = [("STARIO_PORT", "0"), ("RUST_LOG", "warn"), ("TMPDIR", folder)];
    let mut process = Process::start(process::command(test, "", &variables));
    process.address();
    process.signal("-TERM");
    process.ended().2
}

#[test]
fn a_folder_that_cannot_be_written_is_found_at_the_start_of_an_app_that_takes_uploads() {
    let log = log_with_temporary_folder("logging::server_process", "/no/such/folder");
    let record: Value = serde_json::from_str(&log).expect(&log);
    let expected = "uploaded files of more than 256 KiB cannot be kept and are answered 500: set TMPDIR to a folder that can be written";
    assert_eq!((&record["level"], &record["message"]), (&Value::from("WARN"), &Value::from(expected)));
    assert_eq!(record["folder"], "/no/such/folder");
    assert!(record["error"].as_str().unwrap().contains("No such file or directory"), "{record}");

    assert_eq!(log_with_temporary_folder("logging::server_process", "/tmp"), "");
    assert_eq!(log_with_temporary_folder("signals::server_process", "/no/such/folder"), "");
}

#[test]
fn what_goes_wrong_after_the_response_has_its_id() {
    let server = Server::start(&[]);
    let id = server.answered("/clean-up");
    server.signal();
    let log = server.log();
    for message in ["a clean-up failed", "a clean-up panicked"] {
        let line = log.lines().find(|line| line.contains(message)).unwrap_or_else(|| panic!("{log}"));
        assert!(line.ends_with(&format!(r#""request_id":"{id}"}}"#)), "{line}");
    }
}

#[test]
fn people_read_text() {
    let server = Server::start(&[("STARIO_LOG_FORMAT", "text")]);
    let id = server.answered("/all/ada");
    server.signal();
    let log = server.log();
    for line in [
        format!(r#"  INFO by a macro name="ada" request_id={id}"#),
        format!(r#"  WARN by a logger rows=3 name="ada" request_id={id}"#),
        format!("  INFO by a macro in a task request_id={id}"),
    ] {
        assert!(log.lines().any(|found| found.ends_with(&line)), "{line} in {log}");
    }
    let request = log.lines().find(|line| line.contains("GET /all/ada 200 in ")).unwrap();
    assert!(request.ends_with(&format!("s request_id={id}")), "{request}");
}

#[test]
fn no_line_is_lost_at_a_second_signal() {
    let mut server = Server::start(&[]);
    let _stuck = server.send("/stuck");
    // The list of routes has the handler's name.
    server.process.until_printed("waits for ever");
    server.signal();
    // Sooner, a second signal counts as the first.
    std::thread::sleep(std::time::Duration::from_millis(300));
    server.signal();
    let log = server.log();
    for message in ["stuck", "the server stops", "GET /stuck cut by the server's stop"] {
        assert!(log.contains(&format!("\"message\":\"{message}")), "{message} in {log}");
    }
}

#[test]
fn no_line_is_lost_at_a_panic_that_aborts() {
    let server = Server::start(&[(ABORTS, "1")]);
    let _ = server.send("/abort").read_to_string(&mut String::new());
    let log = server.log();
    assert!(log.contains("\"message\":\"the last line\""), "{log}");
}
