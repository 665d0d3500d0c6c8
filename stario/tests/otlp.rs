//! Spans reach an OpenTelemetry collector, from a server in a process of its own: this program, started once
//! more. What stands in for the collector is an app, too.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use stario::prelude::*;
use tokio::sync::{mpsc, oneshot};

stario::app!();
stario::app!(collector);

#[app::query("/hello/{name}")]
async fn hello(name: PathParam<String>) -> String {
    name.0
}

#[app::command("/v1/traces", app = collector)]
async fn traces(body: RawBody<Vec<u8>>, received: State<mpsc::UnboundedSender<Vec<u8>>>) {
    received.send(body.0).unwrap();
}

const SERVES: &str = "STARIO_TEST_SERVES";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::main]
async fn main() -> stario::Result {
    if std::env::var_os(SERVES).is_some() {
        return app::new().serve().await;
    }
    let (sender, mut received) = mpsc::unbounded_channel::<Vec<u8>>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let collector = collector::new().state(sender).serve_on(listener, async { drop(stopped.await) });
    let collector = tokio::spawn(collector);

    let ended = tokio::task::spawn_blocking(move || ask_a_server(&format!("http://{address}"))).await?;
    assert!(ended.success(), "{ended}");
    let spans = tokio::time::timeout(Duration::from_secs(60), received.recv()).await?.unwrap();
    let holds = |part: &[u8]| spans.windows(part.len()).any(|window| window == part);
    assert!(holds(b"GET /hello/{name}"), "the span has the route's name");
    assert!(holds(b"greeter"), "the service has the name from OTEL_SERVICE_NAME");
    assert!(holds(b"http.response.status_code"), "the span has its status");
    assert!(holds(b"GET /hello/ada 200 in "), "the record is an event of the span");
    let trace: Vec<u8> = (0..16).map(|i| u8::from_str_radix(&TRACE[2 * i..2 * i + 2], 16).unwrap()).collect();
    assert!(holds(&trace), "the span belongs to the caller's trace");
    drop(stop);
    collector.await?
}

/// Starts a server that knows the collector, asks it once, and stops it.
fn ask_a_server(collector: &str) -> std::process::ExitStatus {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .env(SERVES, "1")
        .env("STARIO_PORT", "0")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
        .env("OTEL_SERVICE_NAME", "greeter")
        // One that the environment names knows no collector of this machine.
        .env("NO_PROXY", "127.0.0.1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap();
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    let request = format!(
        "GET /hello/ada HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntraceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("ada"), "{answer}");
    let killed = Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert!(killed.success());
    let mut log = String::new();
    server.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    // The log has the record as without a collector: once, and without the span.
    let records: Vec<&str> = log.lines().filter(|line| line.contains("stario::request")).collect();
    assert!(matches!(records[..], [record] if !record.contains("spans")), "{log}");
    server.wait().unwrap()
}
