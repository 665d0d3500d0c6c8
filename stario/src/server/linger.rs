//! The end of a connection whose client still sends a request that is answered already.
//!
//! A socket that is closed while bytes are unread is reset, and the client may lose the answer: browsers look at it
//! only when they have sent everything. So the rest of the request is read and dropped first.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout_at};

use super::socket::WatchedSocket;
use crate::stop::StopSignal;

/// How long a connection may take to end after it was asked to.
pub(super) const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// How long a client may go on sending, and how long it may pause.
pub(super) const LIMIT: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(5));

/// How many bytes are read at most.
const MOST_BYTES: usize = 64 << 20;

/// Ends the output, and reads until the client has ended its own, or is too slow, or `stop` was given.
pub(super) async fn linger(
    mut socket: WatchedSocket,
    (total, pause): (Duration, Duration),
    stop: &StopSignal,
) {
    let read_rest = async {
        if socket.shutdown().await.is_err() {
            return;
        }
        let end = Instant::now() + total;
        let mut left = MOST_BYTES;
        let mut bytes = [0; 16 << 10];
        while left > 0 {
            let next = end.min(Instant::now() + pause);
            match timeout_at(next, socket.read(&mut bytes)).await {
                Ok(Ok(count @ 1..)) => left = left.saturating_sub(count),
                _ => return,
            }
        }
    };
    let stopped = async {
        stop.stopped().await;
        sleep(CLOSE_GRACE).await;
    };
    tokio::select! {
        () = read_rest => {}
        () = stopped => {}
    }
}
