//! Accepts connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connections;
use super::listener::Listener;
use super::places::Role;

/// How long accepting pauses after an error of the system: the first time, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Accepts connections until it is dropped, and closes those for which there is no place. No error ends it.
pub(super) async fn accept(listener: Arc<Listener>, role: Role, connections: Arc<Connections>) {
    let (first, most) = PAUSE;
    let mut pause = first;
    let mut last_logged: Option<Instant> = None;
    loop {
        let error = match listener.accept().await {
            Ok((socket, peer)) => {
                let place = connections.place(role, &socket, peer);
                let is_short = place.as_ref().is_none_or(|place| place.role() != role);
                if let Some(place) = place {
                    connections.serve(socket, peer, place);
                }
                if is_short {
                    // Those in reserve are answered before the next are accepted, so that fewer find none left.
                    tokio::task::yield_now().await;
                }
                pause = first;
                continue;
            }
            Err(error) => error,
        };
        if is_of_one_connection(&error) {
            continue;
        }
        // The system has no file descriptors left, for example, and may need a while to have some again.
        if last_logged.is_none_or(|last| last.elapsed() >= most) {
            tracing::error!(%error, "cannot accept connections");
            last_logged = Some(Instant::now());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(most);
    }
}

/// Accepts the connections that wait in the system's queue, which would reset them when the listener is closed. A proxy that has sent a
/// request on one of them could not repeat it.
pub(super) fn accept_waiting(listener: &Listener, role: Role, connections: &Arc<Connections>) {
    // No more than the queue holds: a client that never stops connecting does not keep the server from its stop.
    for _ in 0..connections.limits.backlog {
        match listener.accept_now() {
            Ok((socket, peer)) => {
                if let Some(place) = connections.place(role, &socket, peer) {
                    connections.serve(socket, peer, place);
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(_) => return,
        }
    }
}

/// Whether the error is about one connection, and the next may be accepted at once.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
