//! Listens, accepts connections, and ends gracefully.

mod activity;
mod answer;
mod check;
mod config;
mod connection;
mod http2;
mod idle;
mod listener;
mod permits;
mod protocol;
mod response_body;
mod shutdown;
mod socket;
#[cfg(feature = "tls")]
mod tls;
mod unknown_variables;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::{App, Assembled, StopSequence};
use crate::error::Result;
use crate::route::{RouteInfo, Target};
use crate::stop::StopSignal;
use crate::work::Unfinished;
use config::Config;
use connection::Connections;
use listener::Listener;
#[cfg(feature = "tls")]
use tls::Tls;

/// How long accepting pauses when the system does not let it: the first time, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

impl App {
    /// Serves the app until SIGINT, SIGTERM or SIGHUP, then ends gracefully.
    ///
    /// It runs the hooks of [`on_start`](Self::on_start), then listens: on the sockets passed by systemd or by
    /// a program with the same protocol; else on `STARIO_UNIX_SOCKET` (with the octal mode
    /// `STARIO_UNIX_SOCKET_MODE`, by default 660); else on `STARIO_HOST`, one or more IP addresses separated by
    /// commas, and `STARIO_PORT`, where 0 is any free port; else where [`listen`](Self::listen) says; else on
    /// 127.0.0.1:8000. It speaks HTTP/1.1 and HTTP/2, prints its addresses and routes, and logs to standard
    /// error unless a `tracing` subscriber is installed. What clients may use is set by [`Limits`].
    ///
    /// At the signal it stops listening, ends event streams and closes idle connections at once; then requests
    /// have 5 seconds to finish and detached commands 20; then singletons are cleaned up, and the hooks of
    /// [`on_stop`](Self::on_stop) run. A second signal, at least 0.2 seconds later, cuts all of that short. A
    /// handler that blocks its thread cannot be cut off: the process exits without it, with status 1. SIGHUP
    /// reloads the certificate instead where TLS is used, and is left alone in a program that was started with
    /// `nohup` or listens to it already.
    ///
    /// # Errors
    ///
    /// The problems that [`App::check`] finds, environment variables that are invalid, a start hook that failed,
    /// an address that cannot be listened on; and [`Unfinished`], when something was cut off or a second signal
    /// came: with `?` in `main`, the exit status tells. A request never ends the server.
    pub async fn serve(mut self) -> Result {
        crate::telemetry::init()?;
        let _flush = crate::telemetry::FlushAtEnd;
        let config = Config::from_env(&mut self.settings)?;
        let app = self.assemble()?;
        serve(Arc::new(app), config).await
    }

    /// Serves the connections of `listener` until `stop` resolves, then ends as [`App::serve`] does. It does not
    /// read the environment, print, or handle signals.
    ///
    /// ```
    /// use stario::prelude::*;
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    ///
    /// # #[tokio::main]
    /// # async fn main() -> stario::Result {
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let server = tokio::spawn(app::new().serve_on(listener, async { drop(stopped.await) }));
    /// drop(stop);
    /// server.await?
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The problems that [`App::check`] finds, the failure of a start hook, or [`Unfinished`].
    pub async fn serve_on(self, listener: TcpListener, stop: impl Future<Output = ()>) -> Result {
        let app = self.assemble()?;
        serve_on(Arc::new(app), listener, stop).await
    }
}

/// Serves where `config` says, until a signal to stop.
async fn serve(app: Arc<Assembled>, config: Config) -> Result {
    // Before the start-up line, so that whoever reads it can stop the server.
    let signals = shutdown::listen(config.tls.is_some())?;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    #[cfg(feature = "tls")]
    let tls = config.tls.map(Tls::load).transpose()?;
    let server = Server {
        app: Arc::clone(&app),
        #[cfg(feature = "tls")]
        tls,
        hurry: signals.hurry.clone(),
    };
    let open = || {
        let backlog = app.shared().served.limits().backlog;
        let mut listeners = Listener::inherited()?;
        if listeners.is_empty() {
            let bound = config.addresses.iter().map(|address| Listener::bind(address, backlog));
            listeners = bound.collect::<Result<_>>()?;
        }
        announce(&app, &listeners, scheme)?;
        Ok(listeners)
    };
    let ended = server.run(open, signals.stop.stopped()).await?;
    if ended.is_stuck {
        // To return would be to wait for it in the runtime's own end.
        tracing::error!("a handler does not leave its thread: the process exits without it");
        crate::telemetry::flush();
        std::process::exit(1);
    }
    ended.into_result()
}

/// Serves the connections of `listener` until `stop` resolves.
async fn serve_on(app: Arc<Assembled>, listener: TcpListener, stop: impl Future<Output = ()>) -> Result {
    let server = Server {
        app,
        #[cfg(feature = "tls")]
        tls: None,
        hurry: StopSignal::default(),
    };
    server.run(|| Ok(vec![Listener::Tcp(listener)]), stop).await?.into_result()
}

struct Server {
    app: Arc<Assembled>,
    #[cfg(feature = "tls")]
    tls: Option<Arc<Tls>>,
    /// Given when nothing is to be waited for any more.
    hurry: StopSignal,
}

/// How a server ended that had started.
struct Ended {
    unfinished: Unfinished,
    /// Something goes on that cannot be cut.
    is_stuck: bool,
}

impl Ended {
    fn into_result(self) -> Result {
        if self.unfinished.is_nothing() { Ok(()) } else { Err(self.unfinished.into()) }
    }
}

impl Server {
    /// From the first start hook to the last stop hook.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting; what had started is undone.
    async fn run(
        self,
        open: impl FnOnce() -> Result<Vec<Listener>>,
        stop: impl Future<Output = ()>,
    ) -> Result<Ended> {
        let mut stop = std::pin::pin!(stop);
        let handle = self.app.handle();
        let started = tokio::select! {
            biased;
            started = self.app.hooks().start(&handle) => started.and_then(|()| open()),
            // Whatever was started is undone.
            () = &mut stop => Ok(Vec::new()),
        };
        let listeners = match started {
            Ok(listeners) => listeners,
            Err(error) => {
                self.app.shared().stop.stop();
                let limits = self.app.shared().served.limits();
                StopSequence { app: &self.app, limits, hurry: &self.hurry }.clean_up().await;
                return Err(error);
            }
        };
        let connections = Connections::new(
            Arc::clone(&self.app),
            #[cfg(feature = "tls")]
            self.tls.clone(),
        );
        if !listeners.is_empty() {
            let mut serving = JoinSet::new();
            for listener in listeners {
                serving.spawn(accept(listener, Arc::clone(&connections)));
            }
            #[cfg(feature = "tls")]
            if let Some(tls) = self.tls.clone() {
                serving.spawn(tls.follow());
            }
            stop.await;
            // Whoever connects from now on is refused.
            serving.shutdown().await;
        }
        Ok(self.end(&connections).await)
    }

    async fn end(&self, connections: &Connections) -> Ended {
        let sequence =
            StopSequence { app: &self.app, limits: self.app.shared().served.limits(), hurry: &self.hurry };
        let mut unfinished = sequence.run(|| connections.ended()).await;
        unfinished.note_upgraded(connections.upgraded());
        unfinished.log();
        Ended { unfinished, is_stuck: connections.count() + self.app.shared().work.running() > 0 }
    }
}

/// Accepts connections until it is dropped. No error ends it.
async fn accept(listener: Listener, connections: Arc<Connections>) {
    let (first, most) = PAUSE;
    let mut pause = first;
    let mut told: Option<Instant> = None;
    while let Some(permit) = connections.permits.next().await {
        let error = match listener.accept().await {
            Ok((socket, peer)) => {
                connections.serve(socket, peer, permit);
                pause = first;
                continue;
            }
            Err(error) => error,
        };
        if is_of_one_connection(&error) {
            continue;
        }
        // No file descriptors are left, say, which takes a while to change.
        if told.is_none_or(|told| told.elapsed() >= most) {
            tracing::error!(%error, "cannot accept connections");
            told = Some(Instant::now());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(most);
    }
}

/// Not the whole process's.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Prints the addresses and the routes. Nobody has to read them: a closed pipe must not end the server, nor a
/// full one keep it.
fn announce(app: &Assembled, listeners: &[Listener], scheme: &str) -> Result {
    let mut lines = Vec::new();
    for listener in listeners {
        lines.push(format!("listening on {}\n", listener.name(scheme)?));
    }
    lines.push(table(app));
    let lines = lines.concat();
    let print = move || {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(lines.as_bytes()).and_then(|()| out.flush());
    };
    let _ = std::thread::Builder::new().name("stario-start".to_owned()).spawn(print);
    Ok(())
}

/// What the app answers, a line each.
fn table(app: &Assembled) -> String {
    let rows: Vec<[String; 5]> =
        app.shared().routes.iter().map(row).chain(app.mounts().iter().map(|mount| mount.row())).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let [method, target, kind, handler] = [width(0), width(1), width(2), width(3)];
    let line = |[a, b, c, d, place]: &[String; 5]| {
        format!("  {a:<method$}  {b:<target$}  {c:<kind$}  {d:<handler$}  {place}\n")
    };
    rows.iter().map(line).collect()
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

#[cfg(test)]
mod tests {
    use super::table;
    use crate::app::discover;

    #[test]
    fn mounted_services_stand_behind_the_routes() {
        struct Routes;
        let router = || axum::Router::<()>::new();
        let app = discover::<Routes>("tests").mount("/", router()).mount("/api/v1", router());
        let line = line!() - 1;
        let table = table(&app.assemble().unwrap());
        let expected = format!(
            "  *  /{{path...}}         service  axum::routing::Router  stario/src/server.rs:{line}\n  \
               *  /api/v1/{{path...}}  service  axum::routing::Router  stario/src/server.rs:{line}\n"
        );
        assert_eq!(table, expected);
    }
}
