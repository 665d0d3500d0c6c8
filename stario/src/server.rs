//! Listens, accepts connections, and ends gracefully.

mod accept;
mod activity;
mod announce;
mod answer;
mod check;
mod config;
mod connection;
mod http2;
mod idle;
mod linger;
mod listener;
mod permits;
mod protocol;
mod response_body;
mod shutdown;
mod socket;
#[cfg(feature = "tls")]
mod tls;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::app::{Assembled, StopSequence, Unfinished};
use crate::error::Result;
use crate::extract::AppHandle;
use crate::stop::StopSignal;
use accept::accept;
use announce::announce;
pub(crate) use config::{Config, parse_address};
use connection::Connections;
pub(crate) use listener::Address;
use listener::Listener;
#[cfg(feature = "tls")]
use tls::Tls;

/// Serves at the addresses of `config`, until a signal to stop.
pub(crate) async fn serve(app: Arc<Assembled>, config: Config) -> Result {
    // Before the line that says that the server listens: who reads it may send a signal.
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
        let backlog = app.settings().limits().backlog;
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
        // Returning would end the runtime, which waits for it.
        tracing::error!("a handler does not leave its thread: the process exits without it");
        crate::telemetry::flush();
        std::process::exit(1);
    }
    ended.into_result()
}

/// Serves the connections of `listener` until `stop` resolves.
pub(crate) async fn serve_on(
    app: Arc<Assembled>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result {
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
    /// Given at a second signal, after which the server waits for nothing.
    hurry: StopSignal,
}

/// The end of a server that had started.
struct Ended {
    unfinished: Unfinished,
    /// Whether a task still runs that cannot be cut, because it never waits.
    is_stuck: bool,
}

impl Ended {
    fn into_result(self) -> Result {
        if self.unfinished.is_nothing() { Ok(()) } else { Err(self.unfinished.into()) }
    }
}

impl Server {
    /// Runs the server from the first start hook to the last stop hook.
    ///
    /// # Errors
    ///
    /// The error that keeps the server from starting. The stop hooks of what had started have run then.
    async fn run(
        self,
        open: impl FnOnce() -> Result<Vec<Listener>>,
        stop: impl Future<Output = ()>,
    ) -> Result<Ended> {
        let mut stop = std::pin::pin!(stop);
        let handle = AppHandle::new(Arc::clone(&self.app));
        let started = tokio::select! {
            biased;
            started = self.app.hooks().start(&handle) => started.and_then(|()| open()),
            // The stop hooks of what had started run below.
            () = &mut stop => Ok(Vec::new()),
        };
        let listeners = match started {
            Ok(listeners) => listeners,
            Err(error) => {
                self.app.stop().stop();
                let limits = self.app.settings().limits();
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
                serving.spawn(tls.reload_on_change());
            }
            stop.await;
            // Drops the listeners: new connections are refused from now on.
            serving.shutdown().await;
        }
        Ok(self.end(&connections).await)
    }

    /// Stops the app, and waits for its connections.
    async fn end(&self, connections: &Connections) -> Ended {
        let sequence =
            StopSequence { app: &self.app, limits: self.app.settings().limits(), hurry: &self.hurry };
        let mut unfinished = sequence.run(|| connections.ended()).await;
        unfinished.note_upgraded(connections.upgraded());
        unfinished.log();
        Ended { unfinished, is_stuck: connections.count() + self.app.work().running() > 0 }
    }
}
