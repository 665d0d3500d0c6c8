//! Connections of HTTP/2. Each stream runs in a task of its own, which is dropped when the client takes nothing of it for too long.
//! The socket cannot detect that: other streams, and frames about the connection, may still move.
//!
//! hyper makes the future of a request first, and has it executed as a part of its own future next, in one call. So
//! what both share, a [`StreamState`], is put into [`NewStream`] by the first and taken from it by the second.
//!
//! Who a stream waits for, as its body says while hyper polls it:
//!
//! ```text
//! server (no bytes are ready) --bytes are handed over, or the head is--> client --body polled, nothing ready--> server
//!                                                                          |
//!                                              no poll of the body until the StallTimer ends: reset
//! ```

mod protocol;
mod stream_state;
mod unread;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::server::conn::http2::Builder;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};

use super::activity::Activity;
use super::answer::answer;
use super::connection::{Connections, HttpConnection};
use super::response_body::ResponseBody;
use super::socket::WatchedSocket;
use crate::settings::Limits;
use crate::stall::StallTimer;
use crate::stop::{StopSignal, until_stopped};
use crate::tasks::TaskTracker;

#[cfg(feature = "tls")]
pub(super) use protocol::ALPN;
pub(super) use protocol::Protocol;
pub(super) use stream_state::StreamState;
use stream_state::{NewStream, StreamPermit};
pub(super) use unread::Turn;

/// How often a client is asked whether it is still there, and how long it may take to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// How many streams a client may make the server reset, until its connection is closed.
const CAUSED_RESETS: usize = 1024;

impl Connections {
    pub(super) async fn serve_http2(&self, socket: WatchedSocket, activity: &Arc<Activity>) {
        let new_stream = NewStream::default();
        let streams = Streams {
            tasks: self.tasks.clone(),
            cut: self.app.shared().work.cut().clone(),
            write_timeout: self.limits.write_timeout,
            new_stream: new_stream.clone(),
        };
        let service = service_fn(|request: Request<Incoming>| {
            let place = if activity.has_requests() {
                self.places
                    .take_of_requests()
                    .map_or(StreamPermit::None, |permit| StreamPermit::Own { _permit: permit })
            } else {
                StreamPermit::OfConnection
            };
            answer(request, activity, Some(new_stream.create(place)), &self.limits)
        });
        let builder = builder(streams, &self.limits);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), service));
        let _ = self.drive(&mut connection.as_mut(), activity).await;
        new_stream.close();
    }
}

impl<S> HttpConnection for Pin<&mut http2::Connection<TokioIo<WatchedSocket>, S, Streams>>
where
    S: HttpService<Incoming, ResBody = ResponseBody>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Send + 'static,
    http2::Connection<TokioIo<WatchedSocket>, S, Streams>: Future<Output = hyper::Result<()>>,
{
    fn poll_end(&mut self, ctx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.as_mut().poll(ctx)
    }

    fn shut_down(&mut self) {
        self.as_mut().graceful_shutdown();
    }
}

/// hyper's settings for one connection.
fn builder(streams: Streams, limits: &Limits) -> Builder<Streams> {
    let mut builder = Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .max_concurrent_streams(limits.http2.streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(limits.http2.resets)
        .max_local_error_reset_streams(CAUSED_RESETS);
    builder
}

/// hyper's executor: spawns each stream of one connection as a task.
#[derive(Clone)]
struct Streams {
    pub(super) tasks: TaskTracker,
    pub(super) cut: StopSignal,
    pub(super) write_timeout: Duration,
    pub(super) new_stream: NewStream,
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        let stall = StallTimer::new(self.write_timeout);
        let stream = StreamTask { stream, state: self.new_stream.take(), stall };
        self.tasks.spawn(until_stopped(&self.cut, stream));
    }
}

pin_project_lite::pin_project! {
    /// A stream, until its end or until its client has taken nothing of it for too long.
    struct StreamTask<F> {
        #[pin]
        stream: F,
        state: Arc<StreamState>,
        stall: StallTimer,
    }
}

impl<F: Future> Future for StreamTask<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.stream.poll(ctx).is_ready() {
            return Poll::Ready(());
        }
        if this.state.has_changed.swap(false, Ordering::Relaxed) {
            this.stall.note_progress(this.state.bytes.swap(0, Ordering::Relaxed));
        }
        if this.state.waits_for_client() { this.stall.poll_stalled(ctx) } else { Poll::Pending }
    }
}
