//! When a connection is due to end, and when to look whether its client is still there.
//!
//! One timer per connection, which a request does not touch. So it may elapse too early, and is armed again then, but
//! never too late:
//!
//! ```text
//! unarmed --poll--> armed for the end of the wait --elapsed--> is the wait over? --yes--> End
//!    ^                  |                                         |
//!    |                  | blind: a request is answered            +--no--> unarmed
//!    |                  | while hyper does not read
//!    |                  v
//!    +--not blind-- armed for the next look --elapsed--> Look
//! ```

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::activity::Activity;
use super::linger::CLOSE_GRACE;
use crate::stop::Timer;

/// How long a connection that has carried a request is kept at a stop. Its next request may be on the way, and some proxies, such as nginx,
/// repeat no POST. The answer to that request ends the connection. The same holds for one that has read a part of a head, and for one of HTTP/2
/// that has carried no request.
const NEXT_REQUEST_GRACE: Duration = Duration::from_millis(100);

/// How often the socket is looked at while hyper does not read from it.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// What a connection is due to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Check whether the client has left.
    Look,
    End,
}

pin_project_lite::pin_project! {
    /// Closes a connection that is idle for too long, or whose graceful shutdown takes too long.
    pub(super) struct IdleTimer<'a> {
        activity: &'a Activity,
        #[pin]
        timer: Timer,
        is_armed: bool,
        is_looking: bool,
        // When the server began to stop, as far as the connection has seen.
        stopped: Option<Instant>,
        // When the graceful shutdown of the connection began.
        asked: Option<Instant>,
    }
}

impl<'a> IdleTimer<'a> {
    pub(super) fn new(activity: &'a Activity) -> Self {
        let timer = Timer::new(Instant::now() + activity.shortest_wait());
        Self { activity, timer, is_armed: true, is_looking: false, stopped: None, asked: None }
    }

    pub(super) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// The server stops.
    pub(super) fn stop(self: Pin<&mut Self>) {
        let this = self.project();
        *this.stopped = Some(Instant::now());
        *this.is_armed = false;
    }

    /// Notes that the graceful shutdown of the connection begins.
    pub(super) fn ask(self: Pin<&mut Self>) {
        let this = self.project();
        *this.asked = Some(Instant::now());
        *this.is_armed = false;
    }

    fn end(&self) -> Option<Instant> {
        if let Some(asked) = self.asked {
            return self.activity.idle_since().map(|since| since.max(asked) + CLOSE_GRACE);
        }
        match self.stopped {
            Some(stopped) => Some(stopped + NEXT_REQUEST_GRACE),
            None => self.activity.end(),
        }
    }

    /// Ready when an action is due, one for each call.
    #[inline(always)]
    pub(super) fn poll_due(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Due> {
        loop {
            let is_blind = self.activity.is_blind();
            if is_blind != self.is_looking {
                let this = self.as_mut().project();
                *this.is_looking = is_blind;
                *this.is_armed = false;
            }
            if !self.is_armed {
                let now = Instant::now();
                let due = if is_blind {
                    now + LOOK_INTERVAL
                } else {
                    let Some(end) = self.end() else { return Poll::Pending };
                    // The deadline may become earlier between two polls, so the timer never runs longer than the shortest wait.
                    end.min(now + self.activity.shortest_wait())
                };
                let this = self.as_mut().project();
                this.timer.reset(due);
                *this.is_armed = true;
            }
            ready!(self.as_mut().project().timer.poll_elapsed(ctx));
            *self.as_mut().project().is_armed = false;
            if is_blind {
                return Poll::Ready(Due::Look);
            }
            if self.end().is_some_and(|end| end <= Instant::now()) {
                return Poll::Ready(Due::End);
            }
        }
    }
}
