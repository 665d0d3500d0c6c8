//! One connection: hyper reads requests from it and writes responses to it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::app::Assembled;
use crate::body::Body;
use crate::dispatch::dispatch;

/// The most bytes of a request's head.
const HEAD_LIMIT: usize = 64 * 1024;

/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// All open connections.
pub(super) struct Connections {
    app: Arc<Assembled>,
    builder: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    /// Ends all connections at once, whatever they are in.
    cut: CancellationToken,
}

impl Connections {
    pub(super) fn new(app: Arc<Assembled>) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_LIMIT);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE);
        let cut = app.work().cut().clone();
        Self { app, builder, graceful: GracefulShutdown::new(), cut }
    }

    /// Serves the connection in a task of its own.
    pub(super) fn serve(&mut self, socket: TcpStream, peer: SocketAddr) {
        // Small events must not wait for the acknowledgement of the one before.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let has_asked = Arc::new(AtomicBool::new(false));
        let (app, asks) = (Arc::clone(&self.app), Arc::clone(&has_asked));
        let service = service_fn(move |request: Request<Incoming>| {
            asks.store(true, Ordering::Relaxed);
            let response = dispatch(Arc::clone(&app), request.map(Body::incoming), Some(peer));
            async { Ok::<_, Infallible>(response.await) }
        });
        let connection = self.builder.serve_connection(TokioIo::new(socket), service).into_owned();
        let connection = self.graceful.watch(connection);
        let stop = self.app.stop().clone();
        let served = async move {
            tokio::pin!(connection);
            // hyper's own deadline begins when it knows the version, which a client may never say; and a
            // server that stops waits for requests, not for those that may never come.
            let gives_up = async {
                tokio::select! {
                    () = tokio::time::sleep(HEAD_TIMEOUT) => {}
                    () = stop.cancelled() => {}
                }
            };
            let ended = tokio::select! {
                ended = &mut connection => ended,
                () = gives_up => {
                    if !has_asked.load(Ordering::Relaxed) {
                        return;
                    }
                    connection.await
                }
            };
            // The client left, or sent what is no HTTP; hyper has answered where an answer was possible.
            if let Err(error) = ended {
                tracing::debug!(error, "a connection ended early");
            }
        };
        let cut = self.cut.clone();
        tokio::spawn(async move { cut.run_until_cancelled(served).await });
    }

    /// Waits until every connection has answered the requests it is in, and no others.
    pub(super) async fn finish(self) {
        self.graceful.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// What a client reads that sends `bytes` and then waits. The clock runs ahead when nothing else can.
    async fn answer_to(bytes: &[u8]) -> Vec<u8> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let mut connections = Connections::new(Arc::new(Assembled::without_routes()));
        connections.serve(socket, (std::net::Ipv4Addr::LOCALHOST, 0).into());
        client.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_asks_nothing_is_closed() {
        for silence in ["", "GET / HT", "PRI * HT", "GET / HTTP/1.1\r\nhost: x\r\n"] {
            let started = tokio::time::Instant::now();
            assert_eq!(answer_to(silence.as_bytes()).await, b"", "{silence}");
            assert_eq!(started.elapsed().as_secs(), HEAD_TIMEOUT.as_secs(), "{silence}");
        }
    }
}
