//! One request on its way through the app, and what its parameters are resolved from.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::sync::OnceCell;

use crate::app::Assembled;
use crate::body::Body;
use crate::extract::Rejection;
use crate::inject::{Cleanups, Slots};
use crate::routing::Captures;

/// The most bytes of a body that are read: 10 MiB.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// One request: its head, its captures, its body, and the app it was sent to.
pub struct Scope {
    head: Parts,
    captures: Captures,
    /// Taken by the one who reads it.
    body: Mutex<Option<Body>>,
    signals: OnceCell<Result<serde_json::Value, Rejection>>,
    /// The dependencies that this request shares.
    slots: Slots,
    /// Behind `slots`: what is cleaned up may still be used there when the scope is dropped.
    cleanups: Cleanups,
    app: Arc<Assembled>,
}

impl Scope {
    pub(crate) fn new(head: Parts, body: Body, captures: Captures, app: Arc<Assembled>) -> Self {
        Self {
            head,
            captures,
            body: Mutex::new(Some(body)),
            signals: OnceCell::new(),
            slots: Slots::default(),
            cleanups: Cleanups::default(),
            app,
        }
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
    pub(crate) fn capture(&self, name: &str) -> Option<&str> {
        self.captures.get(self.uri().path(), name)
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

    pub(crate) fn app(&self) -> &Assembled {
        &self.app
    }

    /// The whole body. It can be read once.
    pub(crate) async fn read_body(&self) -> Result<Bytes, Rejection> {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(body) = body else {
            return Err(Rejection::internal("the request's body was already read"));
        };
        let limited = Limited::new(body, BODY_LIMIT);
        match limited.collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Rejection::too_large(BODY_LIMIT)),
            Err(_) => Err(Rejection::bad_request("the request's body ended early")),
        }
    }

    /// The signals of the request, read once however many parameters ask.
    pub(crate) async fn signals(&self) -> Result<&serde_json::Value, Rejection> {
        let signals = self.signals.get_or_init(|| crate::extract::read_signals(self)).await;
        signals.as_ref().map_err(Clone::clone)
    }
}
