//! Listens, accepts connections, and ends gracefully.

mod accept;
mod activity;
mod announce;
mod answer;
mod check;
mod config;
mod connection;
#[cfg_attr(not(feature = "http2"), path = "server/http2/absent.rs")]
mod http2;
mod idle;
mod linger;
mod listener;
mod notify;
mod places;
mod response_body;
mod shutdown;
mod socket;
#[cfg_attr(not(unix), path = "server/takeover/absent.rs")]
mod takeover;
#[cfg(feature = "tls")]
mod tls;
mod unknown_variables;
mod write_mode;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::app::{App, Assembled, StopSequence};
use crate::capacity;
use crate::durable::start_worker;
use crate::error::Result;
use crate::settings::Address;
use crate::stop::StopSignal;
use crate::work::Unfinished;
use accept::{accept, accept_waiting};
use announce::announce;
use config::Config;
use connection::Connections;
use listener::Listener;
use places::Role;
use takeover::{Claim, Offer};
#[cfg(feature = "tls")]
use tls::Tls;

impl App {
    /// Serves the app until SIGINT, SIGTERM or SIGHUP, then ends gracefully.
    ///
    /// It makes the eager singletons and runs the start hooks (see [`on_start`](Self::on_start)), then listens: on the sockets passed by systemd or by
    /// a program with the same protocol; else on `STARIO_UNIX_SOCKET` (with the octal mode
    /// `STARIO_UNIX_SOCKET_MODE`, by default 660); else on `STARIO_HOST`, one or more IP addresses separated by
    /// commas, and `STARIO_PORT`, where 0 is any free port; else where [`listen`](Self::listen) says; else on
    /// 127.0.0.1:8000. With [`hand_over`](Self::hand_over) it takes the sockets of the process before it. When it accepts connections, it says so to systemd
    /// (`Type=notify`). It speaks HTTP/1.1 and HTTP/2, prints its addresses and routes, and logs to standard
    /// error unless a `tracing` subscriber is installed. What clients may use is set by [`Limits`](crate::Limits).
    ///
    /// In a build with debug assertions, if all its addresses are loopback addresses, the answers to failures say their causes, those
    /// to unknown paths list the routes, and pages reload when another build answers. `STARIO_DEV=0` or `1` decides otherwise; the
    /// [guide](crate::guide) has more.
    ///
    /// Before it starts, it raises the number of files that the process may open as far as the system allows
    /// (`ulimit -Sn` to `ulimit -Hn`), for as many connections.
    ///
    /// At the signal it stops listening, ends event streams, and closes idle connections 0.1 seconds later; requests
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
        // This comes before `assemble`, which derives the limit of connections from the number of files that may be open.
        capacity::raise_open_files();
        let config = Config::from_env(&mut self.settings)?;
        let app = self.assemble()?;
        #[cfg(feature = "uploads")]
        if app.takes_form_parts {
            crate::extract::warn_without_temporary_folder();
        }
        serve(Arc::new(app), config).await
    }

    /// Serves the connections of `listener` until `stop` resolves, then ends as [`App::serve`] does. It does not
    /// read the environment, print, handle signals, or raise the number of files that the process may open.
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

/// Serves at the addresses of `config`, until a signal to stop.
async fn serve(app: Arc<Assembled>, config: Config) -> Result {
    // Signals are handled before `announce` prints that the server listens: a supervisor that reads the line may send one at once.
    let signals = shutdown::listen(config.tls.is_some())?;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    #[cfg(feature = "tls")]
    let tls = config.tls.map(Tls::load).transpose()?;
    let server = Server {
        app: Arc::clone(&app),
        #[cfg(feature = "tls")]
        tls,
        second_signal: signals.second_signal.clone(),
    };
    let mut claim = match &config.hand_over {
        Some(path) => Some(Claim::at(path).await?),
        None => None,
    };
    let open = || async {
        let mut listeners = Listener::inherited()?;
        let served = if listeners.is_empty() { config.addresses } else { Vec::new() };
        let mut roles = vec![Role::Served; listeners.len() + served.len()];
        let probes = app.shared().served.probe_address.clone();
        roles.extend(probes.iter().map(|_| Role::Probes));
        let addresses: Vec<_> = served.into_iter().chain(probes).collect();
        listeners.extend(open(&addresses, claim.as_mut(), app.shared().served.limits().backlog)?);
        let listeners: Vec<_> = listeners.into_iter().map(Arc::new).zip(roles).collect();
        let mut served = listeners.iter().filter(|(_, role)| *role == Role::Served);
        app.shared()
            .development
            .decide(config.development, served.all(|(listener, _)| listener.is_loopback()));
        let offer = match claim {
            Some(claim) => Some(claim.finish(&listeners).await?),
            None => None,
        };
        announce(&app, &listeners, scheme)?;
        notify::ready();
        Ok(Open { listeners, offer })
    };
    let ended = server.run(open, signals.stop.stopped()).await?;
    if ended.is_stuck {
        // Returning would drop the runtime, which would wait for the blocked thread for ever.
        tracing::error!("a handler does not leave its thread: the process exits without it");
        crate::telemetry::flush();
        std::process::exit(1);
    }
    ended.into_result()
}

/// Serves the connections of `listener` until `stop` resolves.
async fn serve_on(app: Arc<Assembled>, listener: TcpListener, stop: impl Future<Output = ()>) -> Result {
    let server = Server {
        app: Arc::clone(&app),
        #[cfg(feature = "tls")]
        tls: None,
        second_signal: StopSignal::default(),
    };
    let open = || async {
        let mut listeners = vec![(Arc::new(Listener::Tcp(listener)), Role::Served)];
        let probes = app.shared().served.probe_address.as_slice();
        let probes = open(probes, None, app.shared().served.limits().backlog)?;
        listeners.extend(probes.into_iter().map(|listener| (Arc::new(listener), Role::Probes)));
        Ok(Open { listeners, offer: None })
    };
    server.run(open, stop).await?.into_result()
}

/// The listeners at these addresses: those that another process has handed over, and new ones.
fn open(addresses: &[Address], claim: Option<&mut Claim>, backlog: u32) -> Result<Vec<Listener>> {
    match claim {
        Some(claim) => claim.listeners(addresses, backlog),
        None => addresses.iter().map(|address| Listener::bind(address, backlog)).collect(),
    }
}

/// The listeners that are open, and the offer to hand them to another process.
#[derive(Default)]
struct Open {
    /// The listeners for everything, and the one for probes, if that has an address of its own.
    listeners: Vec<(Arc<Listener>, Role)>,
    /// The offer to another process to take them over.
    offer: Option<Offer>,
}

struct Server {
    app: Arc<Assembled>,
    #[cfg(feature = "tls")]
    tls: Option<Arc<Tls>>,
    /// Set by a second signal: from then on the server waits for nothing.
    second_signal: StopSignal,
}

/// What a server left unfinished when it stopped.
struct ServerEnd {
    unfinished: Unfinished,
    /// Whether a task still runs. Only one that blocks its thread does: all others end where they next wait.
    is_stuck: bool,
}

impl ServerEnd {
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
    async fn run<F>(self, open: impl FnOnce() -> F, stop: impl Future<Output = ()>) -> Result<ServerEnd>
    where
        F: Future<Output = Result<Open>>,
    {
        let mut stop = std::pin::pin!(stop);
        let handle = self.app.handle();
        let start = async {
            self.app.start(&handle).await?;
            open().await
        };
        let started = tokio::select! {
            biased;
            started = start => started,
            // The stop hooks of what had started run below.
            () = &mut stop => Ok(Open::default()),
        };
        let Open { listeners, mut offer } = match started {
            Ok(open) => open,
            Err(error) => {
                self.app.shared().stop.stop();
                let limits = self.app.shared().served.limits();
                StopSequence { app: &self.app, limits, second_signal: &self.second_signal }.clean_up().await;
                return Err(error);
            }
        };
        let connections = Connections::new(
            Arc::clone(&self.app),
            #[cfg(feature = "tls")]
            self.tls.clone(),
        );
        if !listeners.is_empty() {
            start_worker(&self.app);
            let mut serving = JoinSet::new();
            for (listener, role) in &listeners {
                serving.spawn(accept(Arc::clone(listener), *role, Arc::clone(&connections)));
            }
            #[cfg(feature = "tls")]
            if let Some(tls) = self.tls.clone() {
                serving.spawn(tls.reload_on_change());
            }
            let are_taken = match &mut offer {
                Some(offer) => tokio::select! {
                    biased;
                    () = stop => false,
                    () = offer.taken(&listeners) => true,
                },
                None => {
                    stop.await;
                    false
                }
            };
            serving.shutdown().await;
            if !are_taken {
                for (listener, role) in &listeners {
                    accept_waiting(listener, *role, &connections);
                }
            }
            if let Some(offer) = offer {
                offer.finish(&listeners).await;
            }
            // New connections are refused from now on, unless another process has the sockets.
            drop(listeners);
        }
        Ok(self.end(&connections).await)
    }

    /// Stops the app, and waits for its connections.
    async fn end(&self, connections: &Connections) -> ServerEnd {
        let sequence = StopSequence {
            app: &self.app,
            limits: self.app.shared().served.limits(),
            second_signal: &self.second_signal,
        };
        let mut unfinished = sequence.run(|| connections.ended()).await;
        unfinished.note_upgraded(connections.upgraded());
        unfinished.log();
        ServerEnd { unfinished, is_stuck: connections.count() + self.app.shared().work.running() > 0 }
    }
}
