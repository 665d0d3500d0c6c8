//! The server, as a process of its own: the bytes on its sockets, its start and its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};

/// The `tiles` example on a free port.
struct Server {
    process: Child,
    address: String,
    /// What it printed after its address.
    output: BufReader<std::process::ChildStdout>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already where the test went well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// One that waits for what it was asked as long as it takes when it stops.
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tiles"));
        command.env("STARIO_PORT", "0").env("STARIO_GRACEFUL_SHUTDOWN_TIMEOUT", "3600");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { process, address, output }
    }

    fn connect(&self) -> Connection {
        let socket = TcpStream::connect(&self.address).unwrap();
        // No answer is a failure, not a test that hangs.
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Connection { socket: BufReader::new(socket) }
    }

    fn terminate(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    fn wait(mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }
}

struct Connection {
    socket: BufReader<TcpStream>,
}

impl Connection {
    fn send(&mut self, text: &str) {
        self.socket.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.socket.read_line(&mut line).unwrap();
        line
    }

    /// The head of a response, up to its blank line.
    fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let line = self.line();
            assert!(!line.is_empty(), "the connection ended in a head: {head}");
            head += &line;
        }
        head
    }

    /// One chunk of a chunked body; empty at its end.
    fn chunk(&mut self) -> String {
        let size = usize::from_str_radix(self.line().trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        self.socket.read_exact(&mut chunk).unwrap();
        String::from_utf8(chunk).unwrap().trim_end_matches("\r\n").to_owned()
    }

    /// Reads to the end of a stream that the server's stop ends: it says when to connect again, and does not look whole.
    fn ends_with_the_server(&mut self) {
        let last = self.chunk();
        assert!(last.starts_with("retry: "), "{last}");
        let mut rest = String::new();
        self.socket.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "without the last chunk, which would say that the stream is complete");
    }

    fn open_stream(&mut self, painter: u8) -> String {
        self.send(&format!("GET /live?datastar=%7B%22painter%22:{painter}%7D HTTP/1.1\r\nhost: x\r\n\r\n"));
        self.head()
    }
}

#[test]
fn it_says_where_it_listens_and_what_it_answers() {
    let mut server = Server::start();
    let routes: Vec<String> = std::iter::from_fn(|| {
        let mut line = String::new();
        server.output.read_line(&mut line).unwrap();
        Some(line.split_whitespace().take(4).collect::<Vec<_>>().join(" "))
    })
    .take(4)
    .collect();
    assert_eq!(
        routes,
        [
            "GET / query tiles::page",
            "GET /assets/{path...} files tiles::assets",
            "GET /live query tiles::live",
            "POST /tiles/{tile} command tiles::paint"
        ]
    );
    server.terminate("-INT");
    assert!(server.wait().success());
}

#[test]
fn events_arrive_when_they_are_yielded_and_end_with_the_server() {
    let server = Server::start();
    let mut stream = server.connect();
    let head = stream.open_stream(1);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-type: text/event-stream\r\n"), "{head}");
    assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
    let first = stream.chunk();
    assert!(first.starts_with("event: datastar-patch-elements\ndata: elements <main id=\"app\">"), "{first}");
    assert!(first.ends_with("\n\n"));

    let mut click = server.connect();
    click.send("POST /tiles/5 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"painter\":1}");
    let answer = click.head();
    assert!(answer.starts_with("HTTP/1.1 204 No Content\r\n"), "{answer}");
    // Nothing but the click makes the server send this.
    let second = stream.chunk();
    assert!(second.contains(r#"id="tile-5" aria-label="Tile 5" data-color="1""#), "{second}");

    server.terminate("-TERM");
    // It is ended at once, not waited for.
    stream.ends_with_the_server();
    assert!(server.wait().success());
}

#[test]
fn a_running_request_is_answered_after_the_signal() {
    let server = Server::start();
    let mut stream = server.connect();
    stream.open_stream(1);
    stream.chunk();
    let mut click = server.connect();
    click.send("POST /tiles/5 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 13\r\nexpect: 100-continue\r\n\r\n");
    // The handler is waiting for the body.
    assert!(click.head().starts_with("HTTP/1.1 100 "));
    server.terminate("-TERM");
    // The stream's end shows that the signal has arrived.
    stream.ends_with_the_server();
    click.send("{\"painter\":1}");
    let answer = click.head();
    assert!(answer.starts_with("HTTP/1.1 204 No Content\r\n"), "{answer}");
    assert!(server.wait().success());
}

#[test]
fn a_client_that_leaves_is_noticed_without_a_write() {
    let server = Server::start();
    let mut first = server.connect();
    first.open_stream(1);
    first.chunk();
    // Within a second. On a machine that is busy with other things, the quickest time counts.
    let mut quickest = Duration::MAX;
    for painter in 2..7 {
        let mut second = server.connect();
        second.open_stream(painter);
        second.chunk();
        let name = format!("Painter {painter}");
        assert!(first.chunk().contains(&name));
        let left = Instant::now();
        drop(second);
        assert!(!first.chunk().contains(&name));
        quickest = quickest.min(left.elapsed());
    }
    assert!(quickest < Duration::from_secs(1), "noticed after {quickest:?}");
    server.terminate("-TERM");
    assert!(server.wait().success());
}

#[tokio::test]
async fn it_speaks_http_2_without_tls() {
    let server = Server::start();
    let socket = tokio::net::TcpStream::connect(&server.address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let uri = format!("http://{}/live?datastar=%7B%22painter%22:1%7D", server.address);
    let request = hyper::Request::get(uri).body(Empty::<&[u8]>::new()).unwrap();
    let mut stream = client.send_request(request).await.unwrap();
    assert_eq!((stream.status().as_u16(), stream.version()), (200, hyper::Version::HTTP_2));
    let event = stream.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(event.starts_with(b"event: datastar-patch-elements\n"));
    server.terminate("-TERM");
    // The stream says when to connect again, and does not look whole.
    let last = loop {
        match stream.frame().await {
            Some(Ok(frame)) => assert!(frame.into_data().unwrap().starts_with(b"retry: ")),
            last => break last,
        }
    };
    assert!(matches!(last, Some(Err(_))));
    // The client's side of the connection has its part in the end, so this thread must not block.
    let status = tokio::task::spawn_blocking(|| server.wait()).await.unwrap();
    assert!(status.success());
}

#[test]
fn a_bad_variable_is_refused_by_name() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello-world"));
    let output = command.env("STARIO_PORT", "eighty").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(message, "Error: STARIO_PORT is \"eighty\": expected a port number from 0 to 65535\n");
}

#[test]
fn a_log_that_nobody_reads_along_is_json() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello-world"));
    let command = command.env("STARIO_PORT", "0").env_remove("RUST_LOG").env_remove("STARIO_LOG_FORMAT");
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = process.stderr.take().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
    let server = Server { process, address, output };
    let mut connection = server.connect();
    connection.send("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n");
    connection.head();
    connection.send("GET /?name=x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let head = connection.head();
    let id = head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
    server.terminate("-TERM");
    assert!(server.wait().success());
    let mut lines = String::new();
    log.read_to_string(&mut lines).unwrap();
    let records = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let requests: Vec<_> = records.filter(|record| record["target"] == "stario::request").collect();
    let [head, record] = &requests[..] else { panic!("{requests:?}") };
    assert!(head["message"].as_str().unwrap().starts_with("HEAD / 200 in "), "{head}");
    assert_eq!(record["level"], "INFO");
    assert_eq!(record["request_id"], id);
    assert_eq!(record["http.route"], "/");
    assert_eq!(record["http.response.status_code"], 200);
    assert!(record["message"].as_str().unwrap().starts_with("GET / 200 in "), "{record}");
}

#[test]
fn a_log_filter_that_does_not_parse_is_refused_by_name() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello-world"));
    let output = command.env("STARIO_PORT", "0").env("RUST_LOG", "stario=loud").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("RUST_LOG is \"stario=loud\": expected levels and targets"), "{error}");
}

#[test]
fn a_taken_address_is_refused_by_name() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hello-world"));
    let output = command.env("STARIO_PORT", port.to_string()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with(&format!("Error: cannot listen on 127.0.0.1:{port}: ")), "{message}");
}
