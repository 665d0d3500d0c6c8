//! The connection to NATS that relays and stores of one process share.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use crate::error::{ConnectError, NotReady};
use crate::queue::{Item, Queue};
use crate::relay::NatsRelay;
use crate::subject;

/// How long changes of the connection may go unnoticed: the client library drops events when many wait, and one that was made elsewhere
/// gives none.
pub(crate) const TICK: Duration = Duration::from_millis(250);

/// How long a program waits for its relays before the log says so.
const WARN_AFTER: Duration = Duration::from_secs(5);

/// A connection to NATS, made by [`connect`](crate::connect). Clones are the same connection.
///
/// When it is lost, the client library connects again, and again, until it can. [`check`](Self::check) says how things are, for
/// the readiness probe:
///
/// ```no_run
/// use stario::prelude::*;
/// # stario::app!();
/// # #[app::query("/")]
/// # async fn home() {}
///
/// # async fn serve() -> stario::Result {
/// let nats = stario_nats::connect("nats://localhost:4222").await?;
/// app::new()
///     .state(Relay::<Event>::over(nats.relay("shop")))
///     .readiness("/health/ready", |_| async { Ok(()) })
///     .ready_when(nats.readiness())
///     .serve()
///     .await
/// # }
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Nats {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    /// Where the tasks of relays run.
    runtime: Handle,
    changes: Changes,
    relays: Mutex<Vec<Weak<RelayStatus>>>,
}

/// What has happened to the connection.
#[derive(Clone)]
pub(crate) struct Changes {
    /// Counts what may interest a task that waits.
    count: watch::Sender<u64>,
    /// Counts messages that the client library has dropped because a task was too slow.
    dropped: Arc<AtomicU64>,
    /// What the server has refused since the connection was made, as it says it.
    refused: Arc<Mutex<Vec<String>>>,
    /// Whether the client library reports them.
    are_reported: bool,
}

impl Changes {
    fn new() -> Self {
        let (count, dropped, refused) = (watch::Sender::new(0), Arc::default(), Arc::default());
        Self { count, dropped, refused, are_reported: true }
    }

    /// Whether the client library reports what happens to the connection. It does not where the connection was made elsewhere.
    pub(crate) fn are_reported(&self) -> bool {
        self.are_reported
    }

    /// Notes what the client library reports.
    fn note_event(&self, event: &Event) {
        match event {
            Event::Connected => self.refused().clear(),
            Event::SlowConsumer(_) => drop(self.dropped.fetch_add(1, Ordering::Relaxed)),
            Event::ServerError(error) => {
                tracing::warn!(%error, "NATS reports an error");
                let mut refused = self.refused();
                // One for each subject would be enough.
                if refused.len() < 64 {
                    refused.push(error.to_string());
                }
            }
            _ => {}
        }
        self.note();
    }

    fn refused(&self) -> MutexGuard<'_, Vec<String>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server has refused a subscription to this subject.
    pub(crate) fn is_refused(&self, subject: &str) -> bool {
        let quoted = format!("\"{subject}\"");
        let is_meant = |error: &String| {
            error.to_lowercase().contains("permissions violation for subscription") && error.contains(&quoted)
        };
        self.refused().iter().any(is_meant)
    }

    pub(crate) fn note(&self) {
        self.count.send_modify(|count| *count += 1);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// A relay, as its connection sees it.
pub(crate) struct RelayStatus {
    pub(crate) name: String,
    /// The number of the connection on which the server has confirmed its subscription; 0 for none.
    pub(crate) confirmed: AtomicU64,
    /// The number of the connection on which the server has refused it; 0 for none.
    pub(crate) refused: AtomicU64,
    pub(crate) queue: Queue,
}

/// Connects to a NATS server, or to one of several with commas between: `nats://localhost:4222`, `tls://ada:secret@nats.example`,
/// `nats://token@localhost`.
///
/// There is one user for all servers: the one in the first address that has one. Its password, or the token, is sent to whichever of the
/// servers is connected to, those too that the servers themselves name, and in the clear unless the scheme is `tls`. So list servers of one
/// cluster alone.
///
/// For other credentials, and for certificates, see [`Nats::with_options`].
///
/// # Errors
///
/// When no server can be reached, or it refuses the credentials. Once the connection was made, it is made again whenever it is lost.
pub async fn connect(servers: impl AsRef<str>) -> Result<Nats, ConnectError> {
    Nats::with_options(servers, ConnectOptions::new()).await
}

impl Nats {
    /// Connects with options of the client library, such as credentials and certificates. It sets two of them itself: `no_echo`, because a
    /// relay has delivered what its own process publishes, and `event_callback`, which tells it of lost connections.
    ///
    /// ```no_run
    /// # async fn connect() -> stario::Result {
    /// use stario_nats::Nats;
    /// use stario_nats::async_nats::ConnectOptions;
    ///
    /// let options = ConnectOptions::with_credentials_file("/run/secrets/shop.creds").await?
    ///     .add_root_certificates("/etc/ssl/nats.pem".into());
    /// let nats = Nats::with_options("tls://nats.example", options).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`connect`](crate::connect).
    pub async fn with_options(
        servers: impl AsRef<str>,
        options: ConnectOptions,
    ) -> Result<Self, ConnectError> {
        let (named, addresses) = addresses(servers.as_ref())?;
        let changes = Changes::new();
        let noted = changes.clone();
        let options = with_credentials(options, &addresses).no_echo().event_callback(move |event| {
            noted.note_event(&event);
            std::future::ready(())
        });
        let client = options.connect(addresses).await.map_err(|source| ConnectError::new(named, source))?;
        Ok(Self::new(client, changes))
    }

    /// Uses a connection that is already there. Call it where a tokio runtime is.
    ///
    /// Such a connection reports no events. So
    ///
    /// - its relays learn a quarter of a second later that it was lost ([`check`](Self::check) knows it at once), and about a second later
    ///   that the client library has dropped messages because the process was too slow;
    /// - nobody says that the server refuses a subscription: a relay is ready when a message has come to it. Its own question is one,
    ///   unless the client was connected with `no_echo`; then the relay is not ready before another process is there.
    ///
    /// [`with_options`](Self::with_options) has none of this.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn from_client(client: Client) -> Self {
        Self::new(client, Changes { are_reported: false, ..Changes::new() })
    }

    fn new(client: Client, changes: Changes) -> Self {
        let (runtime, relays) = (Handle::current(), Mutex::default());
        Self { shared: Arc::new(Shared { client, runtime, changes, relays }) }
    }

    /// The client of the connection, for what else it is used for.
    pub fn client(&self) -> &Client {
        &self.shared.client
    }

    /// A transport for [`Relay::over`](stario::Relay::over). All relays with this name that are connected to the same NATS servers, in whatever
    /// process, receive what any of them publishes. A process has one relay of a name for each connection.
    ///
    /// Subjects of NATS begin with the name: a value published under `room.7` goes to `shop.room.7`, and the relay subscribes to
    /// `shop.>`. So a user of NATS that may publish and subscribe to `shop.>` and `_INBOX.>` is enough. Other bytes than
    /// visible ASCII are escaped, so any name and any subject can be sent, of at most 2,048 bytes together.
    pub fn relay(&self, name: impl Into<String>) -> NatsRelay {
        NatsRelay::new(self.clone(), name.into())
    }

    /// Whether values of other processes arrive now: whether there is a connection, and the server has confirmed the subscription of each relay.
    ///
    /// # Errors
    ///
    /// Why they do not.
    pub fn check(&self) -> Result<(), NotReady> {
        if !self.is_connected() {
            return Err(NotReady::Disconnected);
        }
        let connects = self.connects();
        let is_now = |number: &AtomicU64| number.load(Ordering::Acquire) == connects;
        let Some(relay) = self.relays().into_iter().find(|relay| !is_now(&relay.confirmed)) else {
            return Ok(());
        };
        let name = relay.name.clone();
        Err(if is_now(&relay.refused) { NotReady::Refused(name) } else { NotReady::Unconfirmed(name) })
    }

    /// [`check`](Self::check) for [`App::ready_when`](stario::App::ready_when).
    pub fn readiness(&self) -> impl Fn() -> stario::Result + Send + Sync + 'static {
        let nats = self.clone();
        move || Ok(nats.check()?)
    }

    /// Waits until [`check`](Self::check) succeeds. A program that waits for it before it serves has no page that misses what is published
    /// at its start, or before; such a page would have a gap. With the server at hand it takes a tenth of a second, and up to 3 seconds more to take over
    /// what other processes keep.
    ///
    /// It waits as long as the server is away. After 5 seconds a warning in the log says for what.
    ///
    /// # Errors
    ///
    /// When the server does not allow the subscription of a relay: [`NotReady::Refused`].
    pub async fn ready(&self) -> Result<(), NotReady> {
        let mut changes = self.changes().watch();
        let mut warn_at = Some(Instant::now() + WARN_AFTER);
        loop {
            let reason = match self.check() {
                Ok(()) => return Ok(()),
                Err(refused @ NotReady::Refused(_)) => return Err(refused),
                Err(reason) => reason,
            };
            if warn_at.take_if(|at| *at <= Instant::now()).is_some() {
                tracing::warn!("the program waits for NATS before it serves: {reason}");
            }
            // Fails when no change comes, which does not matter.
            drop(tokio::time::timeout(TICK, changes.changed()).await);
        }
    }

    /// Waits until what relays have published so far is handed to the system to send. While there is no connection, it waits for one.
    ///
    /// Call it in a hook of [`App::on_stop`](stario::App::on_stop), because the end of the process loses what waits.
    pub async fn flush(&self) {
        for relay in self.relays() {
            let (sender, sent) = oneshot::channel();
            relay.queue.push(Item::Flush(sender));
            // An error: the relay is dropped, and with it what it had to send.
            drop(sent.await);
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.shared.client.connection_state() == State::Connected
    }

    /// How often the connection was made: another number says that it was lost in between.
    pub(crate) fn connects(&self) -> u64 {
        self.shared.client.statistics().connects.load(Ordering::Acquire)
    }

    /// Waits until there is a connection.
    pub(crate) async fn connected(&self) {
        let mut changes = self.changes().watch();
        while !self.is_connected() {
            // Fails when no change comes, which does not matter.
            drop(tokio::time::timeout(TICK, changes.changed()).await);
        }
    }

    /// Waits until this connection, as a count of connections, is lost.
    pub(crate) async fn lost(&self, connection: u64) {
        let mut changes = self.changes().watch();
        while self.is_connected() && self.connects() == connection {
            // Fails when no change comes, which does not matter.
            drop(tokio::time::timeout(TICK, changes.changed()).await);
        }
    }

    pub(crate) fn changes(&self) -> &Changes {
        &self.shared.changes
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.shared.runtime
    }

    /// Adds a relay to those that are asked whether they are ready.
    pub(crate) fn add(&self, relay: &Arc<RelayStatus>) {
        if self.relays().iter().any(|other| other.name == relay.name) {
            tracing::error!(
                name = relay.name,
                "two relays of one connection have the same name, and do not receive what the other publishes"
            );
        }
        let mut relays = self.lock();
        relays.retain(|relay| relay.strong_count() > 0);
        relays.push(Arc::downgrade(relay));
    }

    fn relays(&self) -> Vec<Arc<RelayStatus>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<RelayStatus>>> {
        self.shared.relays.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The options with the credentials of the first address that has some: the client library does not read them. A name without a
/// password is a token.
fn with_credentials(options: ConnectOptions, addresses: &[ServerAddr]) -> ConnectOptions {
    let decoded = |text: &str| subject::read(text).unwrap_or_else(|| text.to_owned());
    let Some(address) = addresses.iter().find(|address| address.has_user_pass()) else { return options };
    let user = address.username().map(decoded).unwrap_or_default();
    match address.password().map(decoded) {
        Some(password) => options.user_and_password(user, password),
        None => options.token(user),
    }
}

/// The servers, and how a message names them: without passwords.
fn addresses(servers: &str) -> Result<(String, Vec<ServerAddr>), ConnectError> {
    let parse = |server: &str| server.trim().parse::<ServerAddr>();
    let addresses = servers.split(',').map(parse).collect::<Result<Vec<_>, _>>();
    // A text that is no address may hold a password anywhere.
    let addresses = addresses.map_err(|error| ConnectError::unparsed(error.into()))?;
    let named: Vec<String> =
        addresses.iter().map(|address| format!("{}:{}", address.host(), address.port())).collect();
    Ok((named.join(", "), addresses))
}

impl fmt::Debug for Nats {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Nats")
            .field("state", &self.shared.client.connection_state())
            .finish_non_exhaustive()
    }
}
