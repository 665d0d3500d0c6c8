//! `Exchange`: what is known of one request, from the head that was read to the last byte of its response.
//!
//! It owns nothing that leads back to it: a `Logger`, an `Alive`, a `Cleanup` and a `Writer` hold parts of it, never the
//! whole. So it is dropped, and the clean-ups run, when the handler's future and the response's body are gone.

mod delivery;
mod record;
mod run;

use std::any::TypeId;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use http::{Method, StatusCode, Version, request};
use tracing::Span;

use crate::answers::DATASTAR_REQUEST;
use crate::body::{Delivery, Entered};
use crate::channel::Channel;
use crate::client::client_behind;
use crate::compress::Accepted;
use crate::connection::Connection;
use crate::current::Current;
use crate::development::SeenRequest;
use crate::durable::RunFacts;
use crate::hand_over::HandOver;
#[cfg(feature = "sessions")]
use crate::head_changes::HeadChanges;
use crate::inject::{Cleanups, Slots};
use crate::nonce::Nonce;
use crate::request_id::{Digits, RequestId};
use crate::response::{self, Response};
use crate::route::{HandlerKind, RouteFacts};
use crate::routing::{Route, RouteId};
use crate::settings::PartSettings;
use crate::shared::Shared;
use crate::stream_places::StreamPlace;
use crate::telemetry::{self, RequestOutcome};
use crate::work::UNKNOWN_HANDLER;
use record::Record;

/// One request and its response, shared by the handler's future and the response's body. The inputs of the request are in
/// the [`Scope`](crate::Scope), which ends earlier; the dependencies that the handler borrows are in its future.
pub struct Exchange {
    id: RequestId,
    /// The id as text, which the response's head and the log need.
    digits: Digits,
    connection: Connection,
    version: Version,
    /// The route and its settings; `None` if the request passes layers first, which may change the path.
    destination: Option<Destination>,
    /// The codings that the client accepts, if it names any.
    accepted: Option<Accepted>,
    /// Whether Datastar sent the request, so that a failure may be shown in its page. Read from the head only where some part has a
    /// failure region.
    is_from_page: bool,
    /// Whether this exchange is for the app itself: a hook, a task or a singleton.
    is_without_request: bool,
    /// Whether a parameter has looked at the request's cookies, so that the response is for one client.
    reads_cookies: AtomicBool,
    /// What development pages show of the request.
    seen: SeenRequest,
    /// `None` unless a subscriber wants spans. In a box, because it is large.
    span: Option<Box<Span>>,
    /// What the handler's future hands to the caller that polls it.
    hand_over: Mutex<Option<HandOver>>,
    record: Record,
    /// The exchange of the request, if this one is of a call behind layers.
    outer: Option<Arc<Exchange>>,
    app: Arc<Shared>,
    rare: OnceLock<Box<RareFacts>>,
}

/// What most requests do not need, kept apart so that their exchange is small. It is made when the first of it is needed.
#[derive(Default)]
struct RareFacts {
    /// Made when a parameter or the response's headers first ask for it.
    nonce: OnceLock<Option<Nonce>>,
    /// Where the request leads behind layers around the routing: the first destination that they choose.
    destination_behind_layers: OnceLock<Destination>,
    /// The mounted service that answers, as the log names it.
    service: OnceLock<&'static str>,
    /// The request headers that decide between the routes at this path.
    vary: OnceLock<Vec<&'static str>>,
    /// Made for the first `Writer` or `Alive` that the handler takes.
    channel: OnceLock<Arc<Channel>>,
    /// Made for the first parameter that may set a cookie.
    #[cfg(feature = "sessions")]
    head_changes: OnceLock<Arc<HeadChanges>>,
    /// Why the request was answered with a 4xx, if that is known.
    reason: OnceLock<Arc<str>>,
    /// The number of the attempt and other facts, if this is a run of a durable command.
    run: OnceLock<RunFacts>,
    /// The idempotency key that the request sends for its durable command.
    idempotency_key: OnceLock<Box<str>>,
    /// What providers have deferred.
    cleanups: Cleanups,
    /// One slot for each provider of a singleton, with the clean-ups of this request's attempt to make the value; and one for each
    /// type that parameters share.
    slots: Slots,
}

/// Where a request was found to lead.
#[derive(Clone)]
pub(crate) struct Destination {
    /// `None` where no route answers.
    pub(crate) route: Option<RouteId>,
    /// The settings that hold there.
    pub(crate) settings: Arc<PartSettings>,
}

impl Exchange {
    /// The exchange of a request whose head has been read. Its destination is not known yet if layers around the routing may
    /// change it.
    #[inline(always)]
    pub(crate) fn begin(
        app: &Arc<Shared>,
        head: &request::Parts,
        connection: Connection,
        destination: Option<Destination>,
    ) -> Arc<Self> {
        // `Arc::new` would make the exchange on the stack and copy it; this makes it in its final memory.
        Arc::new_cyclic(|_| Self::begun(app, head, connection, destination))
    }

    /// The exchange that [`begin`](Self::begin) puts into an `Arc`.
    #[inline(always)]
    fn begun(
        app: &Arc<Shared>,
        head: &request::Parts,
        connection: Connection,
        destination: Option<Destination>,
    ) -> Self {
        let id = RequestId::next();
        let listeners = connection.listeners();
        let proxies = app.served.proxies();
        let client = connection.peer().map(|peer| client_behind(peer.ip(), &head.headers, proxies));
        let span = telemetry::span(listeners, head, id, client);
        let route = destination.as_ref().and_then(|destination| destination.route);
        let route = route.map(|route| app.router.route(route));
        if let (Some(span), Some(route)) = (&span, route) {
            telemetry::routed(span, &head.method, route.path);
        }
        let needs_path =
            listeners.want_records() && !route.is_some_and(|route| route.target.logged.is_of(head));
        let path = needs_path.then(|| head.uri.path().into());
        let may_have_region =
            destination.as_ref().is_none_or(|destination| destination.settings.failure_region.is_some());
        Self {
            id,
            digits: id.digits(),
            connection,
            version: head.version,
            destination,
            accepted: Accepted::of(&head.headers),
            is_without_request: false,
            reads_cookies: AtomicBool::new(false),
            seen: SeenRequest::of(&app.development, head),
            is_from_page: may_have_region && head.headers.contains_key(DATASTAR_REQUEST),
            span,
            hand_over: Mutex::new(None),
            record: Record {
                #[cfg(feature = "metrics")]
                figures: Mutex::new(telemetry::metrics::Figures::begin(&head.method)),
                ..Record::new(listeners, head.method.clone(), path, client)
            },
            outer: None,
            app: Arc::clone(app),
            rare: OnceLock::new(),
        }
    }

    /// The exchange of one call behind layers, which may call what is behind them several times. It has clean-ups
    /// of its own, which do not wait for those of another call; what the log says is kept by the outer one.
    pub(crate) fn behind_layers(self: &Arc<Self>, destination: Destination) -> Arc<Self> {
        let outer = self.outer.as_ref().unwrap_or(self);
        if outer.rare().destination_behind_layers.set(destination.clone()).is_ok()
            && let (Some(span), Some(route)) = (&outer.span, destination.route)
        {
            telemetry::routed(span, &outer.record.method, outer.app.router.route(route).path);
        }
        Arc::new(Self {
            id: outer.id,
            digits: outer.digits,
            connection: outer.connection.clone(),
            version: outer.version,
            destination: Some(destination),
            accepted: None,
            is_from_page: outer.is_from_page,
            is_without_request: false,
            reads_cookies: AtomicBool::new(false),
            seen: SeenRequest::default(),
            span: outer.span.clone(),
            hand_over: Mutex::new(None),
            record: Record::new(outer.record.listeners, outer.record.method.clone(), None, None),
            outer: Some(Arc::clone(outer)),
            app: Arc::clone(&outer.app),
            rare: OnceLock::new(),
        })
    }

    /// Whether this exchange is for a hook or a task, not for a request or a run.
    pub(crate) fn is_without_request(&self) -> bool {
        self.is_without_request
    }

    fn rare(&self) -> &RareFacts {
        self.rare.get_or_init(Box::default)
    }

    fn outer(&self) -> &Exchange {
        self.outer.as_deref().unwrap_or(self)
    }

    /// Whether this is of a call behind layers, whose response's body must keep it.
    pub(crate) fn is_behind_layers(&self) -> bool {
        self.outer.is_some()
    }

    pub(crate) fn id(&self) -> RequestId {
        self.id
    }

    pub(crate) fn digits(&self) -> &Digits {
        &self.digits
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.connection.peer()
    }

    /// The address of the client; `None` if the server does not say where the connection comes from.
    pub(crate) fn client(&self) -> Option<IpAddr> {
        self.outer().record.client
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    pub(crate) fn is_head(&self) -> bool {
        self.record.method == Method::HEAD
    }

    pub(crate) fn nonce(&self) -> Option<Nonce> {
        let outer = self.outer();
        if !outer.settings().has_nonces() {
            return None;
        }
        *outer.rare().nonce.get_or_init(|| outer.settings().nonce())
    }

    /// Whether the handler has asked for the nonce, so that its page holds one.
    pub(crate) fn has_used_nonce(&self) -> bool {
        self.outer().rare.get().is_some_and(|rare| matches!(rare.nonce.get(), Some(Some(_))))
    }

    pub(crate) fn accepted(&self) -> Option<&Accepted> {
        self.accepted.as_ref()
    }

    /// The selector of the region in which the page that sent this request shows failures.
    pub(crate) fn failure_region(&self) -> Option<&str> {
        self.settings().failure_region.as_deref().filter(|_| self.is_from_page)
    }

    /// What developers are shown of the request.
    pub(crate) fn seen(&self) -> &SeenRequest {
        &self.outer().seen
    }

    pub(crate) fn span(&self) -> Option<&Span> {
        self.span.as_deref()
    }

    pub(crate) fn app(&self) -> &Arc<Shared> {
        &self.app
    }

    /// Where the request leads; `None` while layers around the routing have not called it.
    fn destination(&self) -> Option<&Destination> {
        self.destination.as_ref().or_else(|| self.rare.get()?.destination_behind_layers.get())
    }

    /// The settings that hold for this request. Until it is known where it leads, those of the app that is served hold.
    pub(crate) fn settings(&self) -> &PartSettings {
        self.destination().map_or(&self.app.root, |destination| &destination.settings)
    }

    /// Whether the part that answers has guards, or a rate limit.
    pub fn is_guarded(&self) -> bool {
        !self.settings().admissions.is_empty()
    }

    /// The route that matched.
    pub(crate) fn route(&self) -> Option<&Route<RouteFacts>> {
        self.destination()?.route.map(|route| self.app.router.route(route))
    }

    /// The path template of the route; empty before one matched.
    pub(crate) fn matched_path(&self) -> &'static str {
        self.route().map(|route| route.path).unwrap_or_default()
    }

    /// Notes that a mounted service answers, by its name in the log.
    pub(crate) fn note_service(&self, name: &'static str) {
        let _ = self.outer().rare().service.set(name);
    }

    fn service(&self) -> Option<&'static str> {
        self.outer().rare.get()?.service.get().copied()
    }

    /// Notes the request headers that decide which route answers.
    pub(crate) fn vary_by(&self, headers: Vec<&'static str>) {
        let _ = self.outer().rare().vary.set(headers);
    }

    pub(crate) fn vary(&self) -> &[&'static str] {
        self.rare.get().and_then(|rare| rare.vary.get()).map(Vec::as_slice).unwrap_or_default()
    }

    /// The channel between the handler and its response, made at the first call.
    pub(crate) fn open_channel(&self) -> &Arc<Channel> {
        self.rare().channel.get_or_init(|| {
            let (stop, connection) = (self.app.stop.token(), self.connection.clone());
            Arc::new(Channel::new(stop, connection, self.settings().write_buffer()))
        })
    }

    /// The channel, if the handler has taken a `Writer` or an `Alive`.
    pub(crate) fn channel(&self) -> Option<&Arc<Channel>> {
        self.rare.get()?.channel.get()
    }

    /// What parameters add to the head of the response.
    #[cfg(feature = "sessions")]
    pub(crate) fn head_changes(&self) -> &Arc<HeadChanges> {
        let outer = self.outer();
        // A parameter may be resolved late: a `Lazy` in a stream, in a detached command, or behind what a `Writer` has sent.
        let is_sent = || outer.record.status.load(Ordering::Relaxed) != 0;
        outer.rare().head_changes.get_or_init(|| Arc::new(HeadChanges::new(is_sent())))
    }

    /// Notes that a parameter looks at the request's cookies.
    pub(crate) fn note_cookies_read(&self) {
        self.outer().reads_cookies.store(true, Ordering::Relaxed);
    }

    pub(crate) fn reads_cookies(&self) -> bool {
        self.reads_cookies.load(Ordering::Relaxed)
    }

    /// Applies what parameters add to the head of the response, if any does, and keeps a response that depends on cookies out of
    /// caches that others share.
    pub(crate) fn change_head(&self, response: &mut Response) {
        if self.reads_cookies() {
            response::keep_for_one_client(response.headers_mut());
        }
        #[cfg(feature = "sessions")]
        if let Some(changes) = self.rare.get().and_then(|rare| rare.head_changes.get()) {
            changes.apply(response.headers_mut());
        }
    }

    /// What parameters of this type share in this request; its default at the first call.
    #[cfg(feature = "sessions")]
    pub(crate) fn kept<T: Default + Send + Sync + 'static>(&self) -> &T {
        self.rare().slots.get(TypeId::of::<T>())
    }

    fn hand_over(&self) -> MutexGuard<'_, Option<HandOver>> {
        self.hand_over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a result of the handler's future for the caller that polls it.
    #[inline]
    pub(crate) fn leave(&self, step: HandOver) {
        *self.hand_over() = Some(step);
    }

    /// Takes the result that the handler's future has left.
    #[inline]
    pub(crate) fn take(&self) -> Option<HandOver> {
        self.hand_over().take()
    }

    pub(crate) fn cleanups(&self) -> &Cleanups {
        &self.rare().cleanups
    }

    /// The clean-ups of this request's attempt to make a singleton.
    pub(crate) fn attempt(&self, provider: TypeId) -> &Cleanups {
        self.rare().slots.get(provider)
    }

    /// Marks this request as the one for which this thread works, until the returned value is dropped.
    pub(crate) fn enter(&self) -> Entered<'_> {
        let (links, is_stopping) = (Some(self.app.links), self.app.stop.is_stopped());
        Entered::new(Current { request_id: Some(self.id), links, is_stopping }, self.span())
    }

    /// Notes the head of the response.
    pub(crate) fn answered(&self, status: StatusCode) {
        self.record.status.store(status.as_u16(), Ordering::Relaxed);
        if let Some(span) = &self.span {
            telemetry::answered(span, status);
        }
        #[cfg(feature = "metrics")]
        if let Some(figures) = &mut *self.record.figures.lock().unwrap_or_else(PoisonError::into_inner) {
            figures.answered(
                status,
                self.route().map(|route| route.path),
                self.record.is_stream.load(Ordering::Relaxed),
            );
        }
    }

    /// Notes why the request is answered with a 4xx, for its record in the log.
    pub(crate) fn note_reason(&self, reason: Arc<str>) {
        let _ = self.rare().reason.set(reason);
    }

    /// A permit for an event stream; `None` at the limit. The stream of a command always gets one, because the command has run by
    /// then.
    pub(crate) fn place_for_stream(&self) -> Option<StreamPlace> {
        self.app.streams.take(self.is_query())
    }

    /// Whether the request only reads, so that a client may repeat it.
    pub(crate) fn is_query(&self) -> bool {
        match self.route() {
            Some(route) => route.target.endpoint.kind == HandlerKind::Query,
            None => self.outer().record.method.is_safe(),
        }
    }

    /// Notes that the response is an event stream.
    pub(crate) fn begin_stream(&self) {
        self.outer().record.is_stream.store(true, Ordering::Relaxed);
    }

    /// Counts the request among those that the server's stop has cut: once, though its call and the body of its response may
    /// both be dropped before their end.
    pub(crate) fn note_cut(&self) {
        if !self.outer().record.is_cut_noted.swap(true, Ordering::Relaxed) {
            self.app.work.note_cut(Delivery::handler(self).unwrap_or(UNKNOWN_HANDLER));
        }
    }

    /// Writes the record of a request that is dropped before there was an answer: the server's stop has cut it, or its
    /// client has left.
    pub(crate) fn dropped_unanswered(&self) {
        if self.app.work.is_cut() {
            self.note_cut();
            self.conclude(0, RequestOutcome::Cut);
        } else {
            self.conclude(0, RequestOutcome::LeftBeforeAnswer);
        }
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Exchange").field("id", &self.id).finish_non_exhaustive()
    }
}
