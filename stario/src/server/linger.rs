//! The end of a connection whose client still sends a request that is answered already.
//!
//! A socket that is closed while bytes are unread is reset, and the client may lose the answer: browsers look at it
//! only when they have sent everything. So the rest of the request is read and dropped first.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout_at};

use crate::stop::StopSignal;

/// How long a connection may take to end after it was asked to.
pub(super) const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// The longest time that a client may keep sending after its answer, and the longest pause between two reads.
pub(super) const LIMIT: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(5));

/// How many bytes are read at most.
const MOST_BYTES: usize = 64 << 20;

/// Ends the output, and reads until the client has ended its own, or is too slow, or `stop` was given.
pub(super) async fn linger(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    (total, pause): (Duration, Duration),
    stop: &StopSignal,
) {
    let read_rest = async {
        if socket.shutdown().await.is_err() {
            return;
        }
        let end = Instant::now() + total;
        let mut left = MOST_BYTES;
        // The buffer is on the heap: in the future, the poll of each connection would need as much more of the stack.
        let mut bytes = vec![0; 16 << 10];
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

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many seconds the connection ends of a client that sends a byte, and one more after each pause.
    async fn seconds_until_closed(pause: Duration) -> u64 {
        let (server, mut client) = tokio::io::duplex(64);
        let drip = async {
            while client.write_all(b"x").await.is_ok() {
                sleep(pause).await;
            }
        };
        let began = Instant::now();
        let lingering = async {
            Box::pin(linger(server, LIMIT, &StopSignal::default())).await;
            began.elapsed().as_secs()
        };
        let (seconds, ()) = tokio::join!(lingering, drip);
        seconds
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_may_send_for_half_a_minute_and_pause_for_five_seconds() {
        assert_eq!(seconds_until_closed(Duration::from_millis(400)).await, 30);
        assert_eq!(seconds_until_closed(Duration::from_secs(7)).await, 5);
    }
}
