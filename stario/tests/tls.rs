//! TLS: both protocols, and a certificate that changes while the server runs.
#![cfg(all(unix, feature = "tls"))]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    std::process::exit(i32::from(runtime.block_on(app::new().serve()).is_err()));
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

#[tokio::test]
async fn it_speaks_tls_with_the_certificate_of_now() {
    let folder = tempfile::tempdir().unwrap();
    let install = |name: &str| {
        for (from, to) in [(format!("{name}.pem"), "certificate"), (format!("{name}.key"), "key")] {
            let from = format!("{}/tests/tls/{from}", env!("CARGO_MANIFEST_DIR"));
            std::fs::copy(from, folder.path().join(to)).unwrap();
        }
    };
    install("first");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "server_process", "--nocapture"])
        .envs([(SERVER, "1"), ("STARIO_PORT", "0"), ("RUST_LOG", "stario=info")])
        .env("STARIO_SSL_CERTFILE", folder.path().join("certificate"))
        .env("STARIO_SSL_KEYFILE", folder.path().join("key"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let address = loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0, "the server did not start");
        if let Some((_, address)) = line.trim().split_once("listening on https://") {
            break address.to_owned();
        }
    };
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

    let signal = |name: &str| {
        let status = Command::new("kill").args([name, &child.id().to_string()]).status();
        assert!(status.unwrap().success());
    };
    install("second");
    signal("-HUP");
    // The record says that it is done.
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "the certificate was not loaded");
        if line.contains("loaded the certificate anew") {
            break;
        }
    }
    assert!(connect(&address, "first", "h2").await.is_err());
    connect(&address, "second", "h2").await.unwrap();
    signal("-TERM");
    drop(log);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
