//! The limits of connections, and the answer to connections beyond them.
//!
//! ```text
//!             a place is free                    the reserve has one
//! accepted --+---------------> served       +---------------------> answered 503, probes by themselves --> closed
//!            |                              |
//!            +--none, or the client has its share--none--> closed
//! ```
//!
//! So no client waits without an answer behind connections that stay open, and a supervisor's probe is answered at the limit, too.
//! Connections to the address of the probes have places of their own, which nobody else can take.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::capacity;
use crate::client::prefix;
use crate::settings::Limits;

/// How long the log is silent after it said that all places are taken.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// How many connections to the address of the probes are open at once.
const PROBES: usize = 64;

/// What a connection may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Everything.
    Served,
    /// Probes; everything else is answered 503. It ends behind its first answer.
    Reserve,
    /// Probes; everything else is answered 404. It came by the address of the probes.
    Probes,
}

/// Counts one connection against its limit until it is dropped.
pub(super) struct Place {
    role: Role,
    _permit: OwnedSemaphorePermit,
    _share: Option<Share>,
}

impl Place {
    pub(super) fn role(&self) -> Role {
        self.role
    }

    #[cfg(test)]
    pub(super) fn of(permit: OwnedSemaphorePermit) -> Self {
        Self { role: Role::Served, _permit: permit, _share: None }
    }
}

/// The permits for connections, and for requests of HTTP/2.
pub(super) struct Places {
    served: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
    /// The permits of connections that were answered from the reserve and whose client still sends.
    lingering: Arc<Semaphore>,
    probes: Arc<Semaphore>,
    /// The places of requests of HTTP/2 beyond the first of each connection: as many as there are for connections.
    #[cfg_attr(not(feature = "http2"), allow(dead_code))]
    requests: Arc<Semaphore>,
    /// `None` if a client may have any number of connections.
    shares: Option<Arc<Shares>>,
    refused: Mutex<Refused>,
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        let connections = limits.connections.unwrap_or_else(capacity::connections);
        Self {
            served: places(connections),
            requests: places(connections),
            reserve: places(capacity::reserve()),
            lingering: places(capacity::reserve().div_ceil(2)),
            probes: places(PROBES),
            shares: limits.connections_per_client.map(Shares::new),
            refused: Mutex::default(),
        }
    }

    /// A place for a connection of `client`, whose share counts; `None` if there is none, not even in the reserve.
    pub(super) fn take(&self, client: Option<IpAddr>) -> Option<Place> {
        if let Ok(share) = self.share(client)
            && let Some(place) = place(Role::Served, &self.served, share)
        {
            return Some(place);
        }
        let place = place(Role::Reserve, &self.reserve, None);
        self.note_refused(place.is_some());
        place
    }

    /// A place for a connection to the address of the probes.
    pub(super) fn take_of_probes(&self) -> Option<Place> {
        place(Role::Probes, &self.probes, None)
    }

    /// A permit for a request of HTTP/2 whose connection carries others, if there is one. There may be as many of these requests as
    /// connections, and they take no place of a connection.
    #[cfg_attr(not(feature = "http2"), allow(dead_code))]
    pub(super) fn take_of_requests(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.requests).try_acquire_owned().ok()
    }

    /// The permit for the end of a connection that was answered. A connection keeps its own permit; one of the reserve returns that
    /// and takes a `lingering` one, so that clients that keep sending cannot use up the reserve. `None` if there is none.
    pub(super) fn take_to_linger(&self, place: Place) -> Option<Place> {
        match place.role {
            Role::Served | Role::Probes => Some(place),
            Role::Reserve => self::place(Role::Reserve, &self.lingering, None),
        }
    }

    /// A part of the client's share, if shares are counted; an error if it has all of it.
    fn share(&self, client: Option<IpAddr>) -> Result<Option<Share>, AllTaken> {
        match (&self.shares, client) {
            (Some(shares), Some(client)) => shares.take(client).map(Some).ok_or(AllTaken),
            _ => Ok(None),
        }
    }

    /// Notes a connection that is not served, and writes to the log how many there were: every 10 seconds at most.
    fn note_refused(&self, is_answered: bool) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let count = if is_answered { &mut refused.answered } else { &mut refused.closed };
        *count += 1;
        if refused.last_logged.is_none_or(|last| last.elapsed() >= LOG_INTERVAL) {
            let Refused { answered, closed, .. } = *refused;
            *refused = Refused { last_logged: Some(Instant::now()), ..Refused::default() };
            drop(refused);
            tracing::warn!(
                answered,
                closed,
                "connections were refused: all places were taken, or a client had its share of them"
            );
        }
    }
}

fn place(role: Role, places: &Arc<Semaphore>, share: Option<Share>) -> Option<Place> {
    let permit = Arc::clone(places).try_acquire_owned().ok()?;
    Some(Place { role, _permit: permit, _share: share })
}

struct AllTaken;

/// The connections that were refused since the last line in the log.
#[derive(Default)]
struct Refused {
    answered: u64,
    closed: u64,
    last_logged: Option<Instant>,
}

/// How many connections each client has, where that is limited.
struct Shares {
    most: usize,
    open: Mutex<HashMap<u128, usize>>,
}

/// One connection of its client's share, until it is dropped.
struct Share {
    shares: Arc<Shares>,
    client: u128,
}

impl Shares {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u128, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, client: IpAddr) -> Option<Share> {
        let client = prefix(client);
        let mut open = self.open();
        let count = open.entry(client).or_default();
        // An entry that was just made is below the limit, which is 1 at least.
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Share { shares: Arc::clone(self), client })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut open = self.shares.open();
        if let Some(count) = open.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_share_is_given_back() {
        let shares = Shares::new(2);
        let (first, second) = (shares.take(address("::1")), shares.take(address("::2")));
        assert!(first.is_some() && second.is_some());
        assert!(shares.take(address("::3")).is_none());
        assert!(shares.take(address("192.0.2.1")).is_some());
        drop(first);
        assert!(shares.take(address("::3")).is_some());
        drop(second);
        assert!(shares.open().is_empty());
    }

    #[test]
    fn the_reserve_comes_after_the_places() {
        let places = Places::new(&Limits::default().connections(1));
        let served = places.take(None).unwrap();
        assert_eq!(served.role(), Role::Served);
        let reserve = std::iter::from_fn(|| places.take(None)).take(1000).collect::<Vec<_>>();
        assert!(reserve.iter().all(|place| place.role() == Role::Reserve));
        assert_eq!(reserve.len(), capacity::reserve());
        assert_eq!(places.take_of_probes().unwrap().role(), Role::Probes);
        drop(served);
        assert_eq!(places.take(None).unwrap().role(), Role::Served);
    }
}
