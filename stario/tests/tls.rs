//! TLS: both protocols, and a certificate that changes while the server runs.
#![cfg(all(unix, feature = "tls"))]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

stario::app!();

#[app::query("/")]
async fn home() -> &'static str {
    "home"
}

/// Set where this program is to be the server.
const SERVER: &str = "STARIO_TEST_SERVER";

#[test]
fn server_process() {
    if std::env::var_os(SERVER).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    std::process::exit(i32::from(runtime.block_on(app::new().liveness("/live").serve()).is_err()));
}

fn certificate(name: &str) -> CertificateDer<'static> {
    let path = format!("{}/tests/tls/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    CertificateDer::from_pem_file(path).unwrap()
}

/// Connects to a server that must have this certificate.
async fn connect(address: &str, name: &str, protocol: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(name)).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

/// The server's process, with the certificate in `folder`.
fn start(folder: &Path, variables: &[(&str, &str)]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "server_process", "--nocapture"])
        .envs([(SERVER, "1"), ("STARIO_PORT", "0"), ("RUST_LOG", "stario=info")])
        .env("STARIO_SSL_CERTFILE", folder.join("certificate"))
        .env("STARIO_SSL_KEYFILE", folder.join("key"))
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What stands behind `beginning` in the next line that has it.
fn next_line(output: &mut impl BufRead, beginning: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "the server did not start");
        if let Some((_, rest)) = line.trim().split_once(beginning) {
            return rest.to_owned();
        }
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

fn install(name: &str, folder: &Path) {
    for (from, to) in [(format!("{name}.pem"), "certificate"), (format!("{name}.key"), "key")] {
        let from = format!("{}/tests/tls/{from}", env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(from, folder.join(to)).unwrap();
    }
}

/// Sends a request, and returns all that comes until the connection ends.
async fn ask(socket: &mut (impl AsyncRead + AsyncWrite + Unpin), path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut answer = Vec::new();
    // An end without that of TLS is an end, too.
    if socket.write_all(request.as_bytes()).await.is_ok() {
        let _ = socket.read_to_end(&mut answer).await;
    }
    String::from_utf8(answer).unwrap()
}

/// Asks on a connection that finds no place. The connection has one second for its handshake and another for its request: where the test itself is too
/// slow for that, it asks again.
async fn ask_without_place(address: &str, path: &str) -> String {
    for _ in 0..10 {
        let begun = Instant::now();
        if let Ok(mut socket) = connect(address, "first", "http/1.1").await {
            let answer = ask(&mut socket, path).await;
            if !answer.is_empty() {
                return answer;
            }
        }
        assert!(begun.elapsed() > Duration::from_millis(900), "no answer within {:?}", begun.elapsed());
    }
    String::new()
}

#[tokio::test]
async fn one_connection_too_many_is_answered_behind_its_handshake() {
    let folder = tempfile::tempdir().unwrap();
    install("first", folder.path());
    let variables = [
        ("STARIO_MAX_CONNECTIONS", "1"),
        ("STARIO_PROBE_ADDRESS", "127.0.0.1:0"),
        ("STARIO_REQUESTS_HEADER_TIMEOUT", "3600"),
    ];
    let mut child = start(folder.path(), &variables);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let address = next_line(&mut output, "listening on https://");
    let probes = next_line(&mut output, "listening for probes on http://");
    let _first = connect(&address, "first", "http/1.1").await.unwrap();
    let answer = ask_without_place(&address, "/").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.ends_with("the server has too many connections"), "{answer}");
    assert!(ask_without_place(&address, "/live").await.ends_with("alive"));
    // One that shakes no hands ends after a second, not after an hour.
    let mut silent = TcpStream::connect(&address).await.unwrap();
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap_or(0), 0);
    // Probes have no TLS at an address of their own.
    let mut socket = TcpStream::connect(&probes).await.unwrap();
    socket.write_all(b"GET /live HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("alive"), "{answer}");
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn it_speaks_tls_with_the_certificate_of_now() {
    let folder = tempfile::tempdir().unwrap();
    install("first", folder.path());
    let mut child = start(folder.path(), &[]);
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let address = next_line(&mut output, "listening on https://");
    let mut socket = connect(&address, "first", "http/1.1").await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("home"), "{answer}");
    let mut socket = connect(&address, "first", "h2").await.unwrap();
    assert_eq!(socket.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    // The preface and a frame of settings, which is what comes back.
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut frame = [0; 9];
    socket.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "{frame:?}");

    install("second", folder.path());
    signal(&child, "-HUP");
    // The record says that it is done.
    next_line(&mut log, "loaded the certificate anew");
    assert!(connect(&address, "first", "h2").await.is_err());
    connect(&address, "second", "h2").await.unwrap();
    signal(&child, "-TERM");
    drop(log);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
