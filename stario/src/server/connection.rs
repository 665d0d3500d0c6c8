//! The life of one connection.
//!
//! ```text
//! accepted --> handshake of TLS --> protocol known --> requests --> closed
//!                                                         |  |
//!                                          101 is answered|  |a body was not read to its end
//!                                                         v  v
//!                                 upgraded: belongs to the  lingering: the rest is read and dropped, so that
//!                                 handler, until the stop   the answer is not lost with a reset --> closed
//! ```

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::activity::Activity;
use super::answer::answer;
use super::http2::Protocol;
use super::idle::{Due, IdleTimer};
use super::linger::{self, linger};
use super::listener::prepare;
use super::places::{Place, Places, Role};
use super::response_body::ResponseBody;
#[cfg(feature = "tls")]
use super::socket::has_input;
use super::socket::{Socket, WatchedSocket};
#[cfg(feature = "tls")]
use super::tls::{Handshake, Tls};
use crate::app::Assembled;
use crate::settings::Limits;
use crate::stop::until_stopped;
use crate::tasks::TaskTracker;

/// hyper parses up to this many header fields without an allocation.
const FREE_HEAD_FIELDS: usize = 100;

/// How long a new connection is kept at a stop before its first byte arrives. Its first request may be on the way, and browsers do
/// not retry a request on a connection that has carried no other. A request that has come by the end of this time is answered. Where a part
/// of a request, or of a handshake of TLS, is unread then, the rest has this time again.
const FIRST_REQUEST_GRACE: Duration = Duration::from_millis(100);

/// How long a connection of the reserve may take for its head, and before that for the handshake of TLS.
const RESERVE_HEAD: Duration = Duration::from_secs(1);

/// How long a connection of the reserve waits for another request, which is not served: the first answer ends it.
const RESERVE_IDLE: Duration = Duration::from_millis(50);

/// How long the end of a connection of the reserve may take: until its client has ended its request, and in all.
const RESERVE_LINGER: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(1));

/// How long a connection of the reserve lasts, whatever it does.
const RESERVE_TIME: Duration = Duration::from_secs(3);

/// All open connections.
pub(super) struct Connections {
    pub(super) app: Arc<Assembled>,
    pub(super) limits: Limits,
    /// The limits of connections of the reserve.
    reserve_limits: Limits,
    http1: http1::Builder,
    /// For sockets that are read from while a request is answered.
    http1_reading: http1::Builder,
    pub(super) places: Places,
    /// Counts the tasks of connections and, over HTTP/2, of their streams.
    pub(super) tasks: TaskTracker,
    /// Counts the sockets. The socket of an upgraded connection outlives the connection's task.
    sockets: TaskTracker,
    #[cfg(feature = "tls")]
    tls: Option<Arc<Tls>>,
}

impl Connections {
    pub(super) fn new(app: Arc<Assembled>, #[cfg(feature = "tls")] tls: Option<Arc<Tls>>) -> Arc<Self> {
        let limits = app.shared().served.limits();
        let (tasks, sockets) = (TaskTracker::default(), TaskTracker::default());
        let mut http1 = http1::Builder::new();
        // Timeouts are those of `Activity`, which cost a request nothing.
        http1.header_read_timeout(None);
        // A buffer may grow to twice its limit; the head in it may not.
        http1.max_buf_size(limits.head_bytes).max_header_size(limits.head_bytes);
        if limits.head_fields != FREE_HEAD_FIELDS {
            http1.max_headers(limits.head_fields);
        }
        let http1_reading = http1.clone();
        // The socket watches whether its client leaves.
        http1.half_close(true);
        let head_timeout = limits.head_timeout.min(RESERVE_HEAD);
        Arc::new(Self {
            places: Places::new(&limits),
            app,
            reserve_limits: Limits { head_timeout, keep_alive_timeout: RESERVE_IDLE, ..limits.clone() },
            limits,
            http1,
            http1_reading,
            tasks,
            sockets,
            #[cfg(feature = "tls")]
            tls,
        })
    }

    /// The place of a connection that was just accepted, if there is one.
    pub(super) fn place(&self, role: Role, socket: &Socket, peer: SocketAddr) -> Option<Place> {
        if role == Role::Probes {
            return self.places.take_of_probes();
        }
        // A Unix socket and a trusted proxy carry the connections of many clients, so the limit per client does not apply to them.
        let is_shared = !matches!(socket, Socket::Tcp(_))
            || self
                .app
                .shared()
                .served
                .proxies()
                .is_some_and(|proxies| proxies.trusts(peer.ip().to_canonical()));
        self.places.take((!is_shared).then(|| peer.ip()))
    }

    /// Serves the connection in a task of its own.
    pub(super) fn serve(self: &Arc<Self>, socket: Socket, peer: SocketAddr, place: Place) {
        let connection = Arc::clone(self).run(socket, peer, place);
        self.tasks.spawn(until_stopped(self.app.shared().work.cut(), connection));
    }

    async fn run(self: Arc<Self>, socket: Socket, peer: SocketAddr, place: Place) {
        let role = place.role();
        let limits = if role == Role::Reserve { &self.reserve_limits } else { &self.limits };
        let activity = Activity::new(Arc::clone(&self.app), peer, role, limits);
        // The handshake is boxed: otherwise each idle connection would keep memory for it.
        let Some((socket, protocol)) = Box::pin(self.begin(socket, &activity)).await else { return };
        let end = ConnectionEnd(Arc::clone(&activity));
        let token = self.sockets.token();
        let socket = WatchedSocket::new(socket, activity, self.limits.write_timeout, place, token);
        if role == Role::Reserve {
            let _ = timeout(RESERVE_TIME, Box::pin(self.refuse(socket, protocol, &end.0))).await;
            return;
        }
        match protocol {
            Protocol::Http1 => {
                let http1 = if socket.is_read_meanwhile() { &self.http1_reading } else { &self.http1 };
                self.serve_http1(socket, http1, linger::LIMIT, &end.0).await;
            }
            #[cfg(feature = "http2")]
            Protocol::Http2 => Box::pin(self.serve_http2(socket, &end.0)).await,
        }
    }

    /// Answers the first request of a connection in reserve.
    async fn refuse(&self, socket: WatchedSocket, protocol: Protocol, activity: &Arc<Activity>) {
        match protocol {
            Protocol::Http1 => {
                let mut http1 = self.http1.clone();
                http1.keep_alive(false);
                self.serve_http1(socket, &http1, RESERVE_LINGER, activity).await;
            }
            #[cfg(feature = "http2")]
            Protocol::Http2 => self.serve_http2(socket, activity).await,
        }
    }

    /// Sets the socket's options, makes the TLS handshake, and detects the protocol. `None` if the client takes too long, or if
    /// [`FIRST_REQUEST_GRACE`] is over, which begins with the server's stop, or with a step that begins later.
    async fn begin(&self, socket: Socket, activity: &Activity) -> Option<(Socket, Protocol)> {
        if let Socket::Tcp(socket) = &socket
            && let Err(error) = prepare(socket, self.limits.write_timeout)
        {
            tracing::debug!(%error, "cannot set the options of a socket");
        }
        let begin = async {
            #[cfg(feature = "tls")]
            let socket = match (&self.tls, socket) {
                (Some(tls), Socket::Tcp(socket)) if activity.role() != Role::Probes => {
                    let handshake = tls.accept(socket);
                    let has_input = |handshake: &Handshake| handshake.get_ref().is_some_and(has_input);
                    let Some(socket) = self.unless_stopped(handshake, has_input).await else {
                        return Ok(None);
                    };
                    // The head has as much time again as the handshake.
                    activity.wait_from_now();
                    Socket::Tls(Box::new(socket?))
                }
                (_, socket) => socket,
            };
            let protocol = self.unless_stopped(pin!(Protocol::of(&socket)), |_| socket.has_input()).await;
            Ok::<_, std::io::Error>(protocol.transpose()?.map(|protocol| (socket, protocol)))
        };
        let end = activity.end().unwrap_or_else(Instant::now);
        match timeout_at(end, begin).await {
            Ok(Ok(begun)) => begun,
            Ok(Err(error)) => {
                tracing::debug!(%error, "a connection ended before its first request");
                None
            }
            Err(_) => None,
        }
    }

    /// Waits for a step that a connection begins with, until [`FIRST_REQUEST_GRACE`] after the server's stop, or after now if the server has
    /// stopped; and for as long again if the connection has input by then. `None` if the step has not ended.
    async fn unless_stopped<F: Future + Unpin>(
        &self,
        mut step: F,
        has_input: impl FnOnce(&F) -> bool,
    ) -> Option<F::Output> {
        let stopped = async {
            self.app.shared().stop.stopped().await;
            sleep(FIRST_REQUEST_GRACE).await;
        };
        tokio::select! {
            biased;
            ended = &mut step => Some(ended),
            // On a busy machine tokio hears late of what has come, so the system is asked.
            () = stopped => {
                if has_input(&step) { timeout(FIRST_REQUEST_GRACE, step).await.ok() } else { None }
            }
        }
    }

    async fn serve_http1(
        &self,
        socket: WatchedSocket,
        http1: &http1::Builder,
        lingering: (Duration, Duration),
        activity: &Arc<Activity>,
    ) {
        let mut socket = socket;
        let (connection, has_failed) = loop {
            let service =
                service_fn(|request: Request<Incoming>| answer(request, activity, None, &self.limits));
            let mut connection = http1.serve_connection(TokioIo::new(socket), service).with_upgrades();
            match self.drive(&mut connection, activity).await {
                Ok(Driven::BeginsAnew) => {
                    let Some(parts) = connection.into_parts() else { return };
                    socket = parts.io.into_inner();
                    socket.put_back(parts.read_buf);
                    activity.write_mode().change();
                }
                ended => break (connection, ended.is_err()),
            }
        };
        if activity.connection().has_unread_body() && !has_failed {
            // An upgraded connection has given its socket to the handler.
            let Some(parts) = connection.into_parts() else { return };
            let mut socket = parts.io.into_inner();
            if socket.change_place(|place| self.places.take_to_linger(place)) {
                Box::pin(linger(socket, lingering, &self.app.shared().stop)).await;
            }
        }
    }

    /// Polls the connection until it ends by itself, times out or is closed by the server's stop; or until it must be rebuilt for
    /// the other write mode.
    pub(super) async fn drive(
        &self,
        connection: &mut impl HttpConnection,
        activity: &Activity,
    ) -> hyper::Result<Driven> {
        let mut stop = self.app.shared().stop.watch();
        let mut idle = pin!(IdleTimer::new(activity));
        // At the end of the time after a stop, the socket is asked for input once, and with input the connection has that time once more.
        let (mut has_asked_for_input, mut has_more_time) = (false, false);
        std::future::poll_fn(|ctx| {
            loop {
                if let Poll::Ready(ended) = connection.poll_end(ctx) {
                    // The client left, or sent what is no HTTP; hyper has answered where an answer was possible.
                    if let Err(error) = &ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                    return Poll::Ready(ended.map(|()| Driven::Ended));
                }
                if activity.note_polled() {
                    continue;
                }
                if activity.is_due_to_begin_anew() && !idle.is_asked() && !idle.is_stopped() {
                    return Poll::Ready(Ok(Driven::BeginsAnew));
                }
                let is_asked = idle.is_asked();
                if !idle.is_stopped() && !is_asked && stop.poll_stopped(ctx).is_ready() {
                    idle.as_mut().stop();
                }
                let is_stopping = idle.is_stopped() && !is_asked;
                let is_waiting = activity.waits_for_request();
                // A request that is being answered at a stop is the last one of its connection.
                let is_last = is_stopping && !is_waiting;
                let due = if is_last { Due::End } else { ready!(idle.as_mut().poll_due(ctx)) };
                match due {
                    Due::Look => activity.look_for_client(),
                    // The connection is polled once more, and its socket asks the system for input that tokio has not heard of.
                    Due::End if is_stopping && is_waiting && !has_asked_for_input => {
                        has_asked_for_input = true;
                        activity.ask_for_input();
                    }
                    Due::End if is_stopping && is_waiting && !has_more_time && activity.found_input() => {
                        has_more_time = true;
                        idle.as_mut().stop();
                    }
                    // A server that stops waits for requests, not for those that may never come.
                    Due::End if is_asked || !activity.has_asked() => return Poll::Ready(Ok(Driven::Ended)),
                    Due::End => {
                        idle.as_mut().ask();
                        connection.shut_down();
                    }
                }
            }
        })
        .await
    }

    /// How many tasks there are: connections, and streams of HTTP/2.
    pub(super) fn count(&self) -> usize {
        self.tasks.len()
    }

    /// How many upgraded connections there are, once no tasks are left.
    pub(super) fn upgraded(&self) -> usize {
        if self.tasks.is_empty() { self.sockets.len() } else { 0 }
    }

    /// Waits until every connection has ended, the upgraded ones too.
    pub(super) async fn ended(&self) {
        self.tasks.wait().await;
        self.sockets.wait().await;
    }
}

/// Notes the end of the connection when it is dropped, which is also when the task is aborted.
struct ConnectionEnd(Arc<Activity>);

impl Drop for ConnectionEnd {
    fn drop(&mut self) {
        self.0.note_end();
    }
}

/// Why a connection is not polled any more.
pub(super) enum Driven {
    Ended,
    /// hyper's connection must be made again around the same socket, with the bytes that hyper has read but not used.
    BeginsAnew,
}

/// What connections of both protocols have in common.
pub(super) trait HttpConnection {
    fn poll_end(&mut self, ctx: &mut Context<'_>) -> Poll<hyper::Result<()>>;

    /// Ends the connection after the requests that have begun.
    fn shut_down(&mut self);
}

impl<S> HttpConnection for http1::UpgradeableConnection<TokioIo<WatchedSocket>, S>
where
    S: HttpService<Incoming, ResBody = ResponseBody>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn poll_end(&mut self, ctx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        Pin::new(self).poll(ctx)
    }

    fn shut_down(&mut self) {
        Pin::new(self).graceful_shutdown();
    }
}

#[cfg(test)]
mod tests;
