//! The connection to NATS that relays and stores of one process share.

use std::fmt;
use std::sync::Arc;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use tokio::sync::watch;

use crate::error::{ConnectError, NotReady};

/// A connection to NATS. Clones are the same connection.
#[derive(Clone)]
pub struct Nats {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    changes: watch::Receiver<u64>,
}

/// Connects to a NATS server, or to one of several with commas between: `nats://localhost:4222`, `tls://ada:secret@nats.example`.
///
/// # Errors
///
/// When no server can be reached, or it refuses the credentials.
pub async fn connect(servers: impl AsRef<str>) -> Result<Nats, ConnectError> {
    Nats::with_options(servers, ConnectOptions::new()).await
}

impl Nats {
    /// Connects with options of the client library, such as credentials and certificates.
    ///
    /// # Errors
    ///
    /// When no server can be reached, or it refuses the credentials.
    pub async fn with_options(
        servers: impl AsRef<str>,
        options: ConnectOptions,
    ) -> Result<Self, ConnectError> {
        let (named, addresses) = addresses(servers.as_ref())?;
        let (sender, changes) = watch::channel(0);
        let options = options.no_echo().event_callback(move |event| {
            if matches!(
                event,
                Event::Connected | Event::Disconnected | Event::SlowConsumer(_) | Event::Closed
            ) {
                sender.send_modify(|count| *count += 1);
            }
            std::future::ready(())
        });
        let client = options.connect(addresses).await.map_err(|source| ConnectError::new(named, source))?;
        Ok(Self { shared: Arc::new(Shared { client, changes }) })
    }

    /// Uses a connection that is already there.
    pub fn from_client(client: Client) -> Self {
        let (_, changes) = watch::channel(0);
        Self { shared: Arc::new(Shared { client, changes }) }
    }

    /// The client of the connection, for what else it is used for.
    pub fn client(&self) -> &Client {
        &self.shared.client
    }

    /// Whether values of other processes arrive now.
    ///
    /// # Errors
    ///
    /// Why they do not.
    pub fn check(&self) -> Result<(), NotReady> {
        if self.shared.client.connection_state() == State::Connected {
            Ok(())
        } else {
            Err(NotReady::Disconnected)
        }
    }
}

/// The servers, and how a message names them: without passwords.
fn addresses(servers: &str) -> Result<(String, Vec<ServerAddr>), ConnectError> {
    let parse = |server: &str| server.trim().parse::<ServerAddr>();
    let addresses = servers.split(',').map(parse).collect::<Result<Vec<_>, _>>();
    // A text that is no address may hold a password anywhere.
    let addresses = addresses.map_err(|error| ConnectError::new("the text".to_owned(), error.into()))?;
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
