//! `Scope`: the inputs of one request, from which its parameters are resolved.

use std::any::TypeId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version};
use http_body::Body as _;
use http_body_util::{BodyExt, Limited};
use tokio::sync::OnceCell;

use crate::body::{Body, BodyError, Counted, HeldBytes, MemoryFull, Progress, Stalled, TooLong};
use crate::compress::{self, DecodeError};
use crate::error::Rejection;
use crate::exchange::Exchange;
use crate::inject::Slots;
use crate::routing::Capture;
use crate::shared::Shared;

/// The inputs of one request: its head, its body, and what is read of them.
///
/// Parameters are resolved from it. Body, signals and form parts are dropped when all parameters are resolved, the head when
/// the head of the response is made; what lasts longer is in the [`Exchange`].
pub struct Scope {
    head: Parts,
    inputs: Mutex<Inputs>,
    exchange: Arc<Exchange>,
}

/// The inputs that end when all parameters are resolved.
struct Inputs {
    /// `None` if the request has none, or if it was taken by the parameter that reads it.
    body: Option<Body>,
    is_body_taken: bool,
    shared: SharedInputs,
    /// Counts what is held of the body, and of what was read of it.
    held: Option<HeldBytes>,
    /// How much of the body has come, if a parameter asks.
    progress: Option<Arc<Progress>>,
}

/// What several parameters read together, such as signals.
enum SharedInputs {
    Unread,
    Read(Arc<Slots>),
    /// The parameters are resolved.
    Dropped,
}

impl Scope {
    #[inline(always)]
    pub(crate) fn new(head: Parts, body: Option<Body>, exchange: Arc<Exchange>) -> Arc<Self> {
        // `Arc::new` would make the scope on the stack and copy it; this makes it in its final memory.
        Arc::new_cyclic(|_| Self {
            head,
            inputs: Mutex::new(Inputs {
                body,
                is_body_taken: false,
                shared: SharedInputs::Unread,
                held: None,
                progress: None,
            }),
            exchange,
        })
    }

    /// Takes the request back, for a layer or a service. The scope must have no other owner: otherwise this returns an empty
    /// request.
    pub(crate) fn into_request(self: Arc<Self>) -> Request<Body> {
        let Some(Self { head, inputs, .. }) = Arc::into_inner(self) else { return Request::default() };
        let body = inputs.into_inner().unwrap_or_else(PoisonError::into_inner).body;
        Request::from_parts(head, body.unwrap_or_default())
    }

    /// A scope without a request, for values that are made of the app alone.
    pub(crate) fn without_request(app: &Arc<Shared>) -> Arc<Self> {
        let (head, ()) = Request::new(()).into_parts();
        Self::new(head, None, Exchange::without_request(app))
    }

    /// No request: a run of a durable command.
    pub(crate) fn of_run(exchange: Arc<Exchange>) -> Arc<Self> {
        let (head, ()) = Request::new(()).into_parts();
        Self::new(head, None, exchange)
    }

    /// A scope of the same exchange without head and body, so that a singleton keeps no input of the request.
    pub(crate) fn without_inputs(scope: &Self) -> Arc<Self> {
        let (head, ()) = Request::new(()).into_parts();
        Self::new(head, None, scope.shared_exchange())
    }

    /// What lasts to the end of the response.
    #[doc(hidden)]
    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    pub(crate) fn shared_exchange(&self) -> Arc<Exchange> {
        Arc::clone(&self.exchange)
    }

    fn inputs(&self) -> MutexGuard<'_, Inputs> {
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives `spare`, an empty map without memory, the memory of the request's headers, unless something else still holds the scope,
    /// or the map is large.
    #[inline(always)]
    pub(crate) fn give_headers(mut self: Arc<Self>, spare: &mut HeaderMap) {
        const MOST_KEPT: usize = 32;
        if let Some(Self { head: Parts { headers, .. }, .. }) = Arc::get_mut(&mut self)
            && headers.capacity() <= MOST_KEPT
        {
            headers.clear();
            std::mem::swap(headers, spare);
        }
    }

    /// The request's head.
    pub(crate) fn head(&self) -> &Parts {
        &self.head
    }

    /// The request's method.
    pub fn method(&self) -> &Method {
        &self.head.method
    }

    /// The request's target.
    pub fn uri(&self) -> &Uri {
        &self.head.uri
    }

    /// The request's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    pub(crate) fn app(&self) -> &Shared {
        self.exchange.app()
    }

    /// The part of the path that `{name}` matched, as it was sent.
    pub(crate) fn capture(&self, name: &str) -> Option<Capture<'_>> {
        self.exchange.route()?.capture(self.uri().path(), name)
    }

    /// The most bytes of the body that are read.
    pub(crate) fn body_limit(&self) -> usize {
        self.handler_limit().unwrap_or_else(|| self.exchange.settings().body_limit())
    }

    /// The most bytes of signals that are read, in the body or in the query.
    pub(crate) fn signals_limit(&self) -> usize {
        self.handler_limit().unwrap_or_else(|| {
            let settings = self.exchange.settings();
            settings.signals_limit().min(settings.body_limit())
        })
    }

    /// The limit that the handler's attribute sets.
    fn handler_limit(&self) -> Option<usize> {
        let limit = self.exchange.route()?.target.endpoint.body_limit?;
        Some(limit())
    }

    /// The most names and values that JSON may hold.
    pub(crate) fn values_limit(&self) -> usize {
        self.exchange.settings().values_limit()
    }

    /// Whether there is no body, as far as that is known before it is read.
    pub(crate) fn has_empty_body(&self) -> bool {
        let inputs = self.inputs();
        !inputs.is_body_taken && inputs.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    /// The body, not yet read; refused if it says that it is too large. It can be taken once.
    pub(crate) fn take_body(
        &self,
        limit: usize,
        too_large: fn(usize) -> Rejection,
    ) -> Result<Body, Rejection> {
        let (mut body, progress) = {
            let mut inputs = self.inputs();
            if std::mem::replace(&mut inputs.is_body_taken, true) {
                return Err(Rejection::internal("the request's body was already read"));
            }
            (inputs.body.take().unwrap_or_default(), inputs.progress.clone())
        };
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large(limit));
        }
        if let Some(progress) = progress {
            body = Body::new(Counted::new(body, progress));
        }
        if let Some(settings) = self.exchange.settings().decompression()
            && let Some(coding) = compress::coding_of(self.headers())
        {
            return Ok(compress::decoded(body, coding, settings));
        }
        Ok(body)
    }

    /// How much of the body has come. It is counted if this is asked for before the body is read.
    pub(crate) fn body_progress(&self) -> Arc<Progress> {
        let Inputs { body, is_body_taken, progress, .. } = &mut *self.inputs();
        let total = match body {
            Some(body) => body.size_hint().exact(),
            None => (!*is_body_taken).then_some(0),
        };
        Arc::clone(progress.get_or_insert_with(|| Progress::new(total)))
    }

    /// Refuses a body that would have to be decompressed first, unless the app does that.
    pub(crate) fn refuse_compressed(&self) -> Result<(), Rejection> {
        let codings = self.headers().get_all(CONTENT_ENCODING);
        if codings.iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Ok(());
        }
        let (message, codings) = match self.exchange.settings().decompression() {
            Some(_) if compress::coding_of(self.headers()).is_some() => return Ok(()),
            Some(_) => (
                "the request's body is in no coding that is read here: send it as it is, or in zstd, br or gzip",
                "zstd, br, gzip",
            ),
            None => ("the request's body is compressed: send it without `content-encoding`", "identity"),
        };
        Err(Rejection::unsupported_coding(message, codings))
    }

    /// The whole body. It can be read once.
    pub(crate) async fn read_body(&self) -> Result<Bytes, Rejection> {
        self.read_body_within(self.body_limit(), Rejection::too_large).await
    }

    /// The whole body, if it has at most `limit` bytes, or the refusal `too_large`. It can be read once.
    pub(crate) async fn read_body_within(
        &self,
        limit: usize,
        too_large: fn(usize) -> Rejection,
    ) -> Result<Bytes, Rejection> {
        self.refuse_compressed()?;
        let mut held = self.hold();
        let whole = held.collect(self.take_body(limit, too_large)?, limit).await.map_err(|error| {
            if error.is::<TooLong>() { too_large(limit) } else { unfinished_body(&error) }
        })?;
        self.keep(held);
        Ok(whole)
    }

    /// A new count of the bytes that are kept of the body.
    pub(crate) fn hold(&self) -> HeldBytes {
        HeldBytes::new(&self.app().body_memory)
    }

    /// Keeps the count until all parameters are resolved.
    pub(crate) fn keep(&self, held: HeldBytes) {
        if held.is_nothing() {
            return;
        }
        match &mut self.inputs().held {
            Some(kept) => kept.absorb(held),
            none => *none = Some(held),
        }
    }

    /// What several parameters read together, read once by `read`, however many ask.
    pub(crate) async fn shared<T, F>(&self, read: impl FnOnce() -> F) -> Result<Arc<T>, Rejection>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, Rejection>> + Send,
    {
        let slots = match &mut self.inputs().shared {
            SharedInputs::Read(slots) => Arc::clone(slots),
            SharedInputs::Dropped => {
                return Err(Rejection::internal(
                    "the request's inputs are dropped: its parameters are resolved",
                ));
            }
            unread @ SharedInputs::Unread => {
                let slots = Arc::<Slots>::default();
                *unread = SharedInputs::Read(Arc::clone(&slots));
                slots
            }
        };
        let cell: &OnceCell<Result<Arc<T>, Rejection>> = slots.get(TypeId::of::<T>());
        match cell.get() {
            Some(read) => read.clone(),
            // Boxed: each parameter that asks would have room for it in the handler's future.
            None => Box::pin(cell.get_or_init(|| async { read().await.map(Arc::new) })).await.clone(),
        }
    }

    /// Drops the body, and what was read of it, when all parameters are resolved.
    ///
    /// A body that no parameter has read is read to its end over HTTP/1, in a task: bytes that wait to be read hide from
    /// hyper that the client has left, and a body that is dropped before its end closes the connection for
    /// reading. A body that is larger than its limit is not read.
    #[doc(hidden)]
    pub fn close(&self) {
        let (body, shared, held) = {
            let mut inputs = self.inputs();
            let shared = std::mem::replace(&mut inputs.shared, SharedInputs::Dropped);
            if inputs.body.is_none() && inputs.held.is_none() && matches!(shared, SharedInputs::Unread) {
                // There is nothing to drop.
                return;
            }
            inputs.is_body_taken = true;
            (inputs.body.take(), shared, inputs.held.take())
        };
        drop((shared, held));
        let Some(body) = body else { return };
        if body.whole().is_some() || self.head.version >= Version::HTTP_2 || body.is_end_stream() {
            return;
        }
        let limit = self.body_limit();
        if body.size_hint().lower() <= limit as u64 {
            self.app().work.spawn_unwaited(drain(body, limit));
        }
    }
}

/// Reads and drops the body, up to about `limit` bytes.
async fn drain(body: Body, limit: usize) {
    let mut body = Limited::new(body, limit);
    while let Some(Ok(_)) = body.frame().await {}
}

/// The refusal of a body that cannot be read to its end: 408 if the client was too slow, 400 if it stopped sending, 503 if there is
/// no memory for it, 400 or 413 if it cannot be decompressed.
pub(crate) fn unfinished_body(error: &BodyError) -> Rejection {
    if error.is::<Stalled>() {
        return Rejection::new(StatusCode::REQUEST_TIMEOUT, Stalled.to_string());
    }
    if error.is::<MemoryFull>() {
        return MemoryFull.into();
    }
    match error.downcast_ref::<DecodeError>() {
        Some(error) => Rejection::new(error.status(), error.to_string()),
        None => Rejection::bad_request("the request's body ended early"),
    }
}
