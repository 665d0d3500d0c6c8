//! Listens, accepts connections, and ends gracefully.

mod config;
mod connection;
mod shutdown;

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

use crate::app::Assembled;
use crate::error::Result;
use crate::extract::AppHandle;
use crate::extract::{RouteInfo, Target};
use config::Config;
use connection::Connections;

/// Connections that wait to be accepted; what is over it must try again.
const BACKLOG: u32 = 2048;

/// How long requests and commands may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Serves where the environment says, until a signal to stop.
pub(crate) async fn serve(app: Arc<Assembled>) -> Result {
    crate::telemetry::init()?;
    let config = Config::from_env()?;
    let listener = listen(config.address)?;
    // Before the start-up line, so that whoever reads it can stop the server.
    let signal = shutdown::signal()?;
    announce(&app, listener.local_addr()?)?;
    serve_on(app, listener, signal).await
}

/// Serves the connections of `listener` until `stop` resolves.
pub(crate) async fn serve_on(
    app: Arc<Assembled>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result {
    let handle = AppHandle::new(Arc::clone(&app));
    if let Err(error) = app.hooks().start(&handle).await {
        app.cleanups().run(GRACE).await;
        app.hooks().stop(&handle, GRACE).await;
        return Err(error);
    }
    let mut connections = Connections::new(Arc::clone(&app));
    tokio::pin!(stop);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => connections.serve(socket, peer),
                Err(error) => back_off(&error).await,
            },
            () = &mut stop => break,
        }
    }
    drop(listener);
    app.stop().cancel();
    let ended = tokio::time::timeout(GRACE, async {
        connections.finish().await;
        app.work().drained().await;
    });
    if ended.await.is_err() {
        tracing::warn!(seconds = GRACE.as_secs(), "stopped before every request had ended");
        app.work().cut().cancel();
        app.work().cut_background();
    }
    let cleanups = app.cleanups().run(GRACE).await + app.hooks().stop(&handle, GRACE).await;
    let mut unfinished = app.work().lost().clone();
    unfinished.cleanups += cleanups;
    if unfinished.is_nothing() { Ok(()) } else { Err(unfinished.into()) }
}

fn listen(address: SocketAddr) -> Result<TcpListener> {
    let listen = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A restarted server takes its address back at once.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    listen().map_err(|error| {
        std::io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")).into()
    })
}

/// Prints the address and the routes.
fn announce(app: &Assembled, address: SocketAddr) -> Result {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    let rows: Vec<[String; 5]> = app.routes().iter().map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let [method, target, kind, handler] = [width(0), width(1), width(2), width(3)];
    for [a, b, c, d, place] in &rows {
        writeln!(out, "  {a:<method$}  {b:<target$}  {c:<kind$}  {d:<handler$}  {place}")?;
    }
    Ok(out.flush()?)
}

/// A route as the start shows it: verb, pattern, kind, handler, place.
fn row(route: &RouteInfo) -> [String; 5] {
    let (file, line) = route.place();
    [
        route.method().to_string(),
        Target(route).to_string(),
        route.kind().to_string(),
        route.handler().to_owned(),
        format!("{file}:{line}"),
    ]
}

/// An error of `accept` is one connection's, or the whole process's (no file descriptors left, say), which
/// takes a while to change.
async fn back_off(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
        return;
    }
    tracing::error!(%error, "cannot accept connections");
    tokio::time::sleep(Duration::from_secs(1)).await;
}
