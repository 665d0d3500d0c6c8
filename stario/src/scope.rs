//! One request on its way through the app, and what its parameters are resolved from.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::request::Parts;
use http::{HeaderMap, Method, Uri, Version};
use http_body::Body as _;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::OnceCell;
use tracing::Span;

use crate::app::Assembled;
use crate::body::Body;
use crate::compress;
use crate::connection::Connection;
use crate::extract::{FormParts, Nonce, Rejection, RequestId};
use crate::inject::{Cleanups, Slots};
use crate::routing::{Capture, Captures};
use crate::writer::Line;

/// One request: its head, its captures, its body, and the app it was sent to.
pub struct Scope {
    head: Parts,
    captures: Captures,
    /// Taken by the one who reads it.
    body: Mutex<Option<Body>>,
    /// The route's own.
    body_limit: Option<usize>,
    signals: OnceCell<Result<serde_json::Value, Rejection>>,
    form_parts: OnceCell<Result<FormParts, Rejection>>,
    arrival: Arrival,
    /// What the handler's `Writer` and `Alive` share, once it takes one.
    line: OnceLock<Arc<Line>>,
    /// The dependencies that this request shares.
    slots: Slots,
    /// Behind `slots`: what is cleaned up may still be used there when the scope is dropped.
    cleanups: Cleanups,
    app: Arc<Assembled>,
}

/// What is known of a request besides what it says itself.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) connection: Connection,
    pub(crate) id: RequestId,
    /// What is logged for it stands in this.
    pub(crate) span: Span,
    /// That of the response, if the app has a policy that names one.
    pub(crate) nonce: Option<Nonce>,
}

impl Scope {
    pub(crate) fn new(
        head: Parts,
        body: Body,
        arrival: Arrival,
        captures: Captures,
        app: Arc<Assembled>,
    ) -> Self {
        Self {
            head,
            captures,
            body: Mutex::new(Some(body)),
            body_limit: None,
            signals: OnceCell::new(),
            form_parts: OnceCell::new(),
            arrival,
            line: OnceLock::new(),
            slots: Slots::default(),
            cleanups: Cleanups::default(),
            app,
        }
    }

    /// The same, whose body may be of so many bytes, whatever the app says.
    #[must_use]
    pub fn with_body_limit(self, bytes: usize) -> Self {
        Self { body_limit: Some(bytes), ..self }
    }

    /// The most bytes of the body that are read.
    pub(crate) fn body_limit(&self) -> usize {
        self.body_limit.unwrap_or_else(|| self.app.settings().body_limit())
    }

    /// The request's head.
    pub(crate) fn head(&self) -> &Parts {
        &self.head
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.arrival.connection.peer()
    }

    pub(crate) fn request_id(&self) -> RequestId {
        self.arrival.id
    }

    pub(crate) fn span(&self) -> &Span {
        &self.arrival.span
    }

    pub(crate) fn nonce(&self) -> Option<Nonce> {
        self.arrival.nonce
    }

    /// The path template of the route.
    pub(crate) fn matched_path(&self) -> &'static str {
        self.captures.template()
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

    /// The part of the path that `{name}` matched, as it was sent.
    pub(crate) fn capture(&self, name: &str) -> Option<Capture<'_>> {
        self.captures.get(self.uri().path(), name)
    }

    pub(crate) fn line(&self) -> &Arc<Line> {
        let new = || {
            let (app, connection) = (&self.app, self.arrival.connection.clone());
            Arc::new(Line::new(app.stop().token(), connection, app.settings().write_buffer()))
        };
        self.line.get_or_init(new)
    }

    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    pub(crate) fn cleanups(&self) -> &Cleanups {
        &self.cleanups
    }

    pub(crate) fn into_cleanups(self) -> Cleanups {
        self.cleanups
    }

    pub(crate) fn shared_app(&self) -> Arc<Assembled> {
        Arc::clone(&self.app)
    }

    pub(crate) fn app(&self) -> &Assembled {
        &self.app
    }

    /// Whether there is no body, as far as that is known before it is read.
    pub(crate) fn has_empty_body(&self) -> bool {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner);
        body.as_ref().is_some_and(http_body::Body::is_end_stream)
    }

    /// The body, not yet read; refused if it says that it is too large. It can be taken once.
    pub(crate) fn take_body(&self) -> Result<Body, Rejection> {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(body) = body else {
            return Err(Rejection::internal("the request's body was already read"));
        };
        let limit = self.body_limit();
        if body.size_hint().lower() > limit as u64 {
            return Err(Rejection::too_large(limit));
        }
        if let Some(settings) = self.app.settings().decompression()
            && let Some(coding) = compress::coding_of(self.headers())
        {
            return Ok(Body::new(compress::Decoded::new(body, coding, settings)));
        }
        Ok(body)
    }

    /// Throws the body away if nobody has taken it. Over HTTP/1 that takes a task: what waits to be read
    /// hides from hyper that the client has left, and a body that is dropped before its end closes the
    /// connection for reading. One that is larger than may be read is not waited for.
    pub fn drop_unread_body(&self) {
        let Some(body) = self.body.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let limit = self.body_limit();
        let is_read = self.head.version >= Version::HTTP_2 || body.whole().is_some();
        if is_read || body.is_end_stream() || body.size_hint().lower() > limit as u64 {
            return;
        }
        self.app.work().go_aside(drain(body, limit));
    }

    /// Refuses a body that would have to be decompressed first, unless the app does that.
    pub(crate) fn refuse_compressed(&self) -> Result<(), Rejection> {
        let codings = self.headers().get_all(CONTENT_ENCODING);
        if codings.iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Ok(());
        }
        let (message, codings) = match self.app.settings().decompression() {
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
        self.refuse_compressed()?;
        let limit = self.body_limit();
        match Limited::new(self.take_body()?, limit).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Rejection::too_large(limit)),
            Err(error) => Err(Rejection::unfinished_body(&error)),
        }
    }

    /// The signals of the request, read once however many parameters ask.
    pub(crate) async fn signals(&self) -> Result<&serde_json::Value, Rejection> {
        let signals = match self.signals.get() {
            Some(signals) => signals,
            // Boxed: each parameter that asks would have room for it in the handler's future.
            None => Box::pin(self.signals.get_or_init(|| crate::extract::read_signals(self))).await,
        };
        signals.as_ref().map_err(Clone::clone)
    }

    /// The fields of the request's form, read once however many parameters ask.
    pub(crate) async fn form_parts(&self) -> Result<&FormParts, Rejection> {
        let parts = match self.form_parts.get() {
            Some(parts) => parts,
            None => Box::pin(self.form_parts.get_or_init(|| crate::extract::read_form_parts(self))).await,
        };
        parts.as_ref().map_err(Clone::clone)
    }
}

/// Reads the body to its end, and not much beyond the limit.
async fn drain(body: Body, limit: usize) {
    let mut body = Limited::new(body, limit);
    while let Some(Ok(_)) = body.frame().await {}
}
