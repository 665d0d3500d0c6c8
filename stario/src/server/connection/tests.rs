//! A stop, for connections that `serve_on` does not accept: by Unix sockets and with TLS. The clock stands still, so each comes to the end of its
//! time at the same moment as its client's bytes. What TCP without TLS does at that moment is tested through `serve_on`.

use axum::routing::post;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::*;
use crate::app::discover;

/// How long a connection is kept at a stop, and how much later it may be closed.
const KEPT: Duration = FIRST_REQUEST_GRACE;
const TOLERANCE: Duration = Duration::from_millis(5);

fn connections(#[cfg(feature = "tls")] tls: Option<Arc<Tls>>) -> Arc<Connections> {
    struct Routes;
    let router = axum::Router::<()>::new().route("/", post(async || "done"));
    let app = discover::<Routes>("tests").mount("/", router).assemble().unwrap();
    Connections::new(
        Arc::new(app),
        #[cfg(feature = "tls")]
        tls,
    )
}

fn serve(connections: &Arc<Connections>, socket: Socket) {
    let peer = SocketAddr::from(([127, 0, 0, 1], 0));
    let place = connections.place(Role::Served, &socket, peer).unwrap();
    connections.serve(socket, peer, place);
}

/// Sends a request, and reads an answer that leaves the connection open.
async fn ask(socket: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    send_request(socket).await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"done") {
        assert!(socket.read_buf(&mut answer).await.unwrap() > 0, "{}", String::from_utf8_lossy(&answer));
    }
}

async fn send_request(socket: &mut (impl AsyncWrite + Unpin)) {
    socket.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    socket.flush().await.unwrap();
}

/// All that comes until the connection is closed. TLS calls an end without its own an error.
async fn rest(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut rest = Vec::new();
    let _ = socket.read_to_end(&mut rest).await;
    String::from_utf8(rest).unwrap()
}

#[track_caller]
fn assert_last(answer: &str) {
    assert!(answer.contains("\r\nconnection: close\r\n") && answer.ends_with("done"), "{answer:?}");
}

/// Stops the server. A request that comes at the last moment of `asks` is answered, and `silent` is closed then.
async fn stop_while_one_asks<S: AsyncRead + AsyncWrite + Unpin>(
    connections: &Connections,
    [asks, silent]: [&mut S; 2],
) {
    connections.app.shared().stop.stop();
    let stopped = Instant::now();
    // It is armed before the timers of the connections, so this test is polled before they are.
    sleep(KEPT).await;
    send_request(asks).await;
    assert_last(&rest(asks).await);
    assert_eq!(rest(silent).await, "");
    let closed = stopped.elapsed();
    assert!(closed < KEPT + TOLERANCE, "{closed:?}");
    connections.ended().await;
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_request_that_comes_when_its_unix_socket_is_about_to_be_closed_is_answered() {
    for is_used in [false, true] {
        let connections = connections(
            #[cfg(feature = "tls")]
            None,
        );
        let [mut asks, mut silent] = [(); 2].map(|()| {
            let (client, server) = tokio::net::UnixStream::pair().unwrap();
            serve(&connections, Socket::Unix(server));
            client
        });
        if is_used {
            ask(&mut asks).await;
            ask(&mut silent).await;
        }
        stop_while_one_asks(&connections, [&mut asks, &mut silent]).await;
    }
}

#[cfg(feature = "tls")]
mod tls {
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::client::TlsStream;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    use super::*;

    fn file(name: &str) -> std::path::PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "tests/tls", name].iter().collect()
    }

    fn secure_connections() -> Arc<Connections> {
        connections(Some(Tls::load((file("first.pem"), file("first.key"))).unwrap()))
    }

    /// The client's end of a connection that waits for the handshake.
    async fn connect(connections: &Arc<Connections>) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        serve(connections, Socket::Tcp(listener.accept().await.unwrap().0));
        client
    }

    async fn shake_hands(socket: TcpStream) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(file("first.pem")).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_comes_when_its_connection_of_tls_is_about_to_be_closed_is_answered() {
        for is_used in [false, true] {
            let connections = secure_connections();
            let mut asks = shake_hands(connect(&connections).await).await;
            let mut silent = shake_hands(connect(&connections).await).await;
            if is_used {
                ask(&mut asks).await;
                ask(&mut silent).await;
            }
            stop_while_one_asks(&connections, [&mut asks, &mut silent]).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_that_begins_when_its_connection_is_about_to_be_closed_is_made() {
        let connections = secure_connections();
        let (asks, mut silent) = (connect(&connections).await, connect(&connections).await);
        connections.app.shared().stop.stop();
        let stopped = Instant::now();
        // It is armed before the timers of the connections, so this test is polled before they are.
        sleep(KEPT).await;
        let mut asks = shake_hands(asks).await;
        send_request(&mut asks).await;
        assert_last(&rest(&mut asks).await);
        assert_eq!(rest(&mut silent).await, "");
        let closed = stopped.elapsed();
        assert!(closed < KEPT + TOLERANCE, "{closed:?}");
        connections.ended().await;
    }
}
