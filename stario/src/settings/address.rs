//! Where a server listens.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Who may connect to a Unix socket, unless the environment says otherwise: its owner and group.
pub(crate) const SOCKET_MODE: u32 = 0o660;

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(SocketAddr),
    Unix { path: PathBuf, mode: u32 },
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix { path, .. } => write!(formatter, "unix:{}", path.display()),
        }
    }
}

/// Reads `0.0.0.0:8000`, `[::]:8000` or `unix:/run/app.sock`.
pub(crate) fn parse_address(text: &str) -> Option<Address> {
    match text.strip_prefix("unix:") {
        Some(path) => (!path.is_empty()).then(|| Address::Unix { path: path.into(), mode: SOCKET_MODE }),
        None => text.parse().ok().map(Address::Tcp),
    }
}
