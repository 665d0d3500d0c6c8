//! One connection: hyper reads requests from it and writes responses to it.

use std::convert::Infallible;
use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;

use crate::app::Assembled;
use crate::body::Body;
use crate::dispatch::dispatch;

/// The most bytes of a request's head.
const HEAD_LIMIT: usize = 64 * 1024;

/// All open connections.
pub(super) struct Connections {
    app: Arc<Assembled>,
    builder: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
}

impl Connections {
    pub(super) fn new(app: Arc<Assembled>) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        // With a timer, hyper closes a connection whose request head does not come within 30 seconds.
        builder.http1().timer(TokioTimer::new()).max_buf_size(HEAD_LIMIT);
        builder.http2().timer(TokioTimer::new());
        Self { app, builder, graceful: GracefulShutdown::new() }
    }

    /// Serves the connection in a task of its own.
    pub(super) fn serve(&mut self, socket: TcpStream) {
        // Small events must not wait for the acknowledgement of the one before.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let app = Arc::clone(&self.app);
        let service = service_fn(move |request: Request<Incoming>| {
            let response = dispatch(Arc::clone(&app), request.map(Body::incoming));
            async { Ok::<_, Infallible>(response.await) }
        });
        let connection = self.builder.serve_connection(TokioIo::new(socket), service).into_owned();
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            // The client left, or sent what is no HTTP; hyper has answered where an answer was possible.
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection ended early");
            }
        });
    }

    /// Waits until every connection has answered the requests it is in, and no others.
    pub(super) async fn finish(self) {
        self.graceful.shutdown().await;
    }
}
