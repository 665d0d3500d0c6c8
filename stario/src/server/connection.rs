//! One connection: hyper reads requests from it and writes responses to it.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::activity::{Activity, Busy};
use super::check::refusal;
use super::listener::prepare;
use super::socket::{Socket, Watched};
#[cfg(feature = "tls")]
use super::tls::Tls;
use crate::app::Assembled;
use crate::body::{Body, BodyError};
use crate::dispatch::dispatch;
use crate::error::{CatchPanic, catch_panic, internal_server_error, panic_message};
use crate::patience::Patience;
use crate::response::Response;
use crate::settings::Limits;
use crate::work::until_cut;

/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// How many streams an HTTP/2 client may make the server reset, until its connection is closed.
const CAUSED_RESETS: usize = 1024;

/// What hyper counts without effort. Another number costs every request an allocation.
const HEAD_FIELDS: usize = 100;

/// How long a connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// How often it is said at most that no more connections may be open.
const SAY_FULL: Duration = Duration::from_secs(10);

/// All open connections.
pub(super) struct Connections {
    app: Arc<Assembled>,
    limits: Limits,
    builder: Builder<Streams>,
    /// For as many as may be open at once.
    places: Arc<Semaphore>,
    /// When it was last said that there are no more places.
    said_full: Mutex<Option<Instant>>,
    /// The connections, and over HTTP/2 their streams. Always closed, so that it can be waited for.
    tasks: TaskTracker,
    #[cfg(feature = "tls")]
    tls: Option<Arc<Tls>>,
}

impl Connections {
    pub(super) fn new(app: Arc<Assembled>, #[cfg(feature = "tls")] tls: Option<Arc<Tls>>) -> Arc<Self> {
        let limits = app.shared().served.limits();
        let tasks = TaskTracker::new();
        tasks.close();
        let mut builder = Builder::new(Streams {
            tasks: tasks.clone(),
            cut: app.shared().work.cut().clone(),
            write_timeout: limits.write_timeout,
        });
        // Timeouts are those of `Activity`, which cost a request nothing.
        builder.http1().header_read_timeout(None).max_buf_size(limits.head_bytes);
        if limits.head_fields != HEAD_FIELDS {
            builder.http1().max_headers(limits.head_fields);
        }
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .max_concurrent_streams(limits.http2_streams)
            .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(limits.http2_resets)
            .max_local_error_reset_streams(CAUSED_RESETS);
        let places = limits.connections.unwrap_or_else(most_connections).min(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            app,
            limits,
            builder,
            places: Arc::new(Semaphore::new(places)),
            said_full: Mutex::new(None),
            tasks,
            #[cfg(feature = "tls")]
            tls,
        })
    }

    /// Waits until one more may be open.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Some(place);
        }
        self.say_full();
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    fn say_full(&self) {
        let mut said = self.said_full.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|said| said.elapsed() >= SAY_FULL) {
            *said = Some(Instant::now());
            tracing::warn!("as many connections are open as may be: others wait to be accepted");
        }
    }

    /// Serves the connection in a task of its own.
    pub(super) fn serve(self: &Arc<Self>, socket: Socket, peer: SocketAddr, place: OwnedSemaphorePermit) {
        // One of its own: it is looked at whenever the connection does something.
        let cut = self.app.shared().work.cut().child_token();
        self.tasks.spawn(until_cut(cut, Arc::clone(self).run(socket, peer, place)));
    }

    async fn run(self: Arc<Self>, socket: Socket, peer: SocketAddr, _place: OwnedSemaphorePermit) {
        if let Socket::Tcp(socket) = &socket
            && let Err(error) = prepare(socket, self.limits.write_timeout)
        {
            tracing::debug!(%error, "cannot set the options of a socket");
        }
        #[cfg(feature = "tls")]
        let Some(socket) = self.secure(socket).await else { return };
        let activity = Activity::new(&self.limits);
        let service = service_fn(|mut request: Request<Incoming>| {
            let busy = activity.request(request.version() == Version::HTTP_2);
            let refused = refusal(&mut request, self.limits.head_fields);
            let dispatched = refused.is_none().then(|| {
                let patience = Patience::new(self.limits.body_timeout);
                let request = request.map(|body| Body::incoming(body, patience));
                catch_panic(dispatch(&self.app, request, Some(peer)))
            });
            Answer { dispatched, refused, busy: Some(busy) }
        });
        let patience = Patience::new(self.limits.write_timeout);
        let watched = Watched::new(socket, Arc::clone(&activity), patience);
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(watched), service));
        let stop = self.app.shared().stop.child_token();
        let mut stopped = pin!(stop.cancelled());
        let mut ends = Ends::new(&activity);
        let mut timer = pin!(tokio::time::sleep_until(ends.timer));
        std::future::poll_fn(|ctx| {
            loop {
                if let Poll::Ready(ended) = connection.as_mut().poll(ctx) {
                    // The client left, or sent what is no HTTP; hyper has answered where an answer was possible.
                    if let Err(error) = ended {
                        tracing::debug!(error, "a connection ended early");
                    }
                    return Poll::Ready(());
                }
                let is_stopped = !ends.is_asked() && stopped.as_mut().poll(ctx).is_ready();
                let is_over = is_stopped || ready!(ends.poll(timer.as_mut(), ctx));
                // A server that stops waits for requests, not for those that may never come.
                if !is_over || ends.is_asked() || !activity.has_asked() {
                    return Poll::Ready(());
                }
                ends.ask();
                connection.as_mut().graceful_shutdown();
            }
        })
        .await;
    }

    /// The handshake of TLS, where there is one.
    #[cfg(feature = "tls")]
    async fn secure(&self, socket: Socket) -> Option<Socket> {
        let Some(tls) = &self.tls else { return Some(socket) };
        let socket = match socket {
            Socket::Tcp(socket) => socket,
            other => return Some(other),
        };
        let handshake = tokio::time::timeout(self.limits.head_timeout, tls.accept(socket));
        let stop = self.app.shared().stop.child_token();
        match stop.run_until_cancelled(handshake).await {
            Some(Ok(Ok(socket))) => Some(socket),
            Some(Ok(Err(error))) => {
                tracing::debug!(%error, "a handshake of TLS failed");
                None
            }
            // Too slow, or too late.
            Some(Err(_)) | None => None,
        }
    }

    /// How many tasks there are: connections, and streams of HTTP/2.
    pub(super) fn count(&self) -> usize {
        self.tasks.len()
    }

    /// Waits until every connection has ended.
    pub(super) async fn ended(&self) {
        self.tasks.wait().await;
    }
}

/// Four fifths of the files that the process may open.
fn most_connections() -> usize {
    #[cfg(unix)]
    {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        if let Some(files) = limit {
            return usize::try_from(files / 5 * 4).unwrap_or(usize::MAX).max(1);
        }
    }
    Semaphore::MAX_PERMITS
}

/// When a connection ends on which nothing is asked, and when one that was told to.
struct Ends<'a> {
    activity: &'a Activity,
    /// When the timer is due at first. It is not touched by each request, so it may be too early, but never
    /// too late.
    timer: Instant,
    is_armed: bool,
    /// When the connection was asked to end.
    asked: Option<Instant>,
}

impl<'a> Ends<'a> {
    fn new(activity: &'a Activity) -> Self {
        let timer = Instant::now() + activity.shortest();
        Self { activity, timer, is_armed: true, asked: None }
    }

    fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    fn ask(&mut self) {
        self.asked = Some(Instant::now());
        self.is_armed = false;
    }

    fn end(&self) -> Option<Instant> {
        let Some(asked) = self.asked else { return self.activity.end() };
        self.activity.waits_since().map(|since| since.max(asked) + GOODBYE)
    }

    /// Ready when it is time to end.
    fn poll(&mut self, mut timer: Pin<&mut tokio::time::Sleep>, ctx: &mut Context<'_>) -> Poll<bool> {
        loop {
            if !self.is_armed {
                let Some(end) = self.end() else { return Poll::Pending };
                // What it waits for may change, and be due sooner, while nobody looks.
                timer.as_mut().reset(end.min(Instant::now() + self.activity.shortest()));
                self.is_armed = true;
            }
            ready!(timer.as_mut().poll(ctx));
            self.is_armed = false;
            if self.end().is_some_and(|end| end <= Instant::now()) {
                return Poll::Ready(true);
            }
        }
    }
}

pin_project_lite::pin_project! {
    /// The response, whatever happens on the way to it. By hand, because the future of an `async` block has room
    /// for what it begins with beside all that it comes to.
    struct Answer<F> {
        // Nothing if the request is refused.
        #[pin]
        dispatched: Option<CatchPanic<F>>,
        refused: Option<Response>,
        // Until the response has it.
        busy: Option<Busy>,
    }
}

impl<F: Future<Output = Response>> Future for Answer<F> {
    type Output = Result<http::Response<Sent>, Infallible>;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.dispatched.as_pin_mut() {
            Some(dispatched) => ready!(dispatched.poll(ctx)).unwrap_or_else(|panic| {
                tracing::error!(panic = panic_message(&*panic), "answering a request panicked");
                internal_server_error()
            }),
            None => this.refused.take().unwrap_or_default(),
        };
        let Some(busy) = this.busy.take() else { return Poll::Pending };
        Poll::Ready(Ok(response.map(|body| Sent::new(body, busy))))
    }
}

pin_project_lite::pin_project! {
    /// The body of a response; the connection is busy as long as there is one.
    struct Sent {
        #[pin]
        body: Body,
        busy: Busy,
        failure: Option<Failure>,
    }
}

/// What cuts a response, when all before it is written. HTTP/2 would send the reset first, and drop the rest.
struct Failure {
    error: Option<BodyError>,
    written: oneshot::Receiver<()>,
}

impl Failure {
    /// It comes with a frame of no bytes, which the connection drops when it has written what is before it:
    /// over HTTP/1, whose bytes are written in the same task, at once.
    fn new(error: BodyError) -> (Self, Frame<Bytes>) {
        /// Told nothing: that it is dropped is all.
        struct Mark {
            _written: oneshot::Sender<()>,
        }
        impl AsRef<[u8]> for Mark {
            fn as_ref(&self) -> &[u8] {
                &[]
            }
        }
        let (sender, written) = oneshot::channel();
        let mark = Bytes::from_owner(Mark { _written: sender });
        (Self { error: Some(error), written }, Frame::data(mark))
    }

    fn poll(&mut self, ctx: &mut Context<'_>) -> Poll<Option<BodyError>> {
        Pin::new(&mut self.written).poll(ctx).map(|_| self.error.take())
    }
}

impl Sent {
    fn new(body: Body, busy: Busy) -> Self {
        // A client may grant not a single byte, and nobody asks the body for one then.
        TURN.set(Some(Turn::Client(0)));
        Self { body, busy, failure: None }
    }
}

impl http_body::Body for Sent {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.project();
        if let Some(failure) = this.failure {
            TURN.set(Some(Turn::Client(0)));
            return failure.poll(ctx).map(|error| error.map(Err));
        }
        let polled = this.body.poll_frame(ctx);
        TURN.set(Some(Turn::Server));
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.busy.handed_over(bytes);
                TURN.set(Some(Turn::Client(bytes)));
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let (failure, mark) = Failure::new(error);
                *this.failure = Some(failure);
                TURN.set(Some(Turn::Client(0)));
                Poll::Ready(Some(Ok(mark)))
            }
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whom a response waits for.
enum Turn {
    /// It was given so many bytes.
    Client(usize),
    Server,
}

thread_local! {
    /// Left here by the body of a response, for the stream of HTTP/2 which is polled.
    static TURN: Cell<Option<Turn>> = const { Cell::new(None) };
}

/// Where hyper runs the streams of HTTP/2.
#[derive(Clone)]
struct Streams {
    tasks: TaskTracker,
    cut: CancellationToken,
    write_timeout: Duration,
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        let cut = self.cut.clone();
        let stream = Exchange { stream, patience: Patience::new(self.write_timeout), is_client_s: false };
        self.tasks.spawn(until_cut(cut, stream));
    }
}

pin_project_lite::pin_project! {
    /// A stream of HTTP/2, which ends when its client takes nothing of it for too long. The socket cannot tell:
    /// the connection may go on with other streams, or with words about itself.
    struct Exchange<F> {
        #[pin]
        stream: F,
        patience: Patience,
        // It is the client's turn.
        is_client_s: bool,
    }
}

impl<F: Future> Future for Exchange<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        TURN.set(None);
        if this.stream.poll(ctx).is_ready() {
            return Poll::Ready(());
        }
        match TURN.take() {
            Some(Turn::Client(bytes)) => {
                this.patience.refill(bytes);
                *this.is_client_s = true;
            }
            Some(Turn::Server) => {
                this.patience.refill(0);
                *this.is_client_s = false;
            }
            // Nothing has come of it.
            None => {}
        }
        if *this.is_client_s { this.patience.poll_end(ctx) } else { Poll::Pending }
    }
}
