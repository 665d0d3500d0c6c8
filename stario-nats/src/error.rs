//! Why there is no connection.

use std::fmt;

use async_nats::{ConnectErrorKind, rustls};

/// No connection to a NATS server could be made.
#[derive(Debug)]
pub struct ConnectError {
    /// The servers, without passwords.
    servers: String,
    source: async_nats::ConnectError,
}

impl ConnectError {
    pub(crate) fn new(servers: String, source: async_nats::ConnectError) -> Self {
        Self { servers, source }
    }

    /// The text of the servers is none.
    pub(crate) fn unparsed(source: async_nats::ConnectError) -> Self {
        Self { servers: String::new(), source }
    }

    /// The kind of the failure, in the words of the client library. A handshake of TLS that fails, which is one of its errors of input and output, is
    /// [`ConnectErrorKind::Tls`], too.
    pub fn kind(&self) -> ConnectErrorKind {
        if is_of_tls(&self.source) { ConnectErrorKind::Tls } else { self.source.kind() }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = &self.servers;
        match self.kind() {
            ConnectErrorKind::AuthorizationViolation => {
                write!(formatter, "NATS at {servers} refuses the credentials, or expects some and got none")
            }
            ConnectErrorKind::Authentication => {
                write!(formatter, "the credentials for NATS at {servers} cannot be used")
            }
            ConnectErrorKind::Tls => write!(formatter, "TLS with NATS at {servers} fails"),
            _ if servers.is_empty() => formatter.write_str(
                "the address of NATS cannot be read: expected one such as `nats://localhost:4222`, or several with commas between",
            ),
            ConnectErrorKind::TimedOut => write!(formatter, "NATS at {servers} does not answer in time"),
            _ => write!(formatter, "NATS at {servers} cannot be reached"),
        }
    }
}

/// Whether an error comes from TLS, such as a certificate that is not trusted.
fn is_of_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        inner.is_some() || error.is::<rustls::Error>()
    })
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// Why values of other processes may not arrive now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReady {
    /// There is no connection to a server; the client tries to connect again.
    Disconnected,
    /// The server has not confirmed the subscription of the relay with this name.
    Unconfirmed(String),
    /// The server does not allow the relay with this name to receive what other processes publish.
    Refused(String),
}

impl fmt::Display for NotReady {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected => formatter.write_str("there is no connection to NATS"),
            Self::Unconfirmed(relay) => {
                write!(formatter, "NATS has not confirmed the subscription of the relay `{relay}`")
            }
            Self::Refused(relay) => write!(formatter, "NATS does not allow the relay `{relay}` to subscribe"),
        }
    }
}

impl std::error::Error for NotReady {}
