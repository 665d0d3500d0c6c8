//! Passes a request through layers: those around the whole app, then those around the route or service that was found.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use http::{Request, request};

use super::found::Found;
use super::state::AnswerFn;
use crate::app::Assembled;
use crate::body::{Body, BodyError};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::layer::{Passage, Stage};
use crate::panic::{catch_panic, panic_message};
use crate::response::Response;
use crate::scope::Scope;

/// A request in a stack of layers. Each layer holds a clone that knows which layers are inside of it.
#[derive(Clone)]
pub(super) struct LayeredRequest {
    app: Arc<Assembled>,
    exchange: Arc<Exchange>,
    /// The head before the first of these layers, for the answer to a layer's error or panic.
    head: Arc<request::Parts>,
    stages: Arc<[Arc<Stage>]>,
    /// How many of the stages it has passed.
    position: usize,
    /// What was found for the request; `None` in the layers around the whole app, behind which it is looked up.
    found: Option<Found>,
    /// Called behind the last layer.
    answer: AnswerFn,
}

impl LayeredRequest {
    /// Sends the request through layers.
    pub(super) fn through(
        stages: &Arc<[Arc<Stage>]>,
        app: &Arc<Assembled>,
        exchange: &Arc<Exchange>,
        request: Request<Body>,
        found: Option<Found>,
        answer: AnswerFn,
    ) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let (mut head, body) = request.into_parts();
        head.extensions.insert(exchange.id());
        if let Some(peer) = exchange.peer() {
            head.extensions.insert::<SocketAddr>(peer);
        }
        // For layers around the routing this is a look ahead: they may still change the path.
        let matched_path = match &found {
            Some(found) => found.matched_path(app),
            None => Found::by(app, &head).matched_path(app),
        };
        if let Some(matched_path) = matched_path {
            head.extensions.insert(matched_path);
        }
        let layered = Self {
            app: Arc::clone(app),
            exchange: Arc::clone(exchange),
            head: Arc::new(head.clone()),
            stages: Arc::clone(stages),
            position: 0,
            found,
            answer,
        };
        layered.next_layer(Request::from_parts(head, body))
    }

    /// The next layer for this path, and the request behind it.
    fn next(&self, path: &str) -> Option<(Arc<Stage>, Self)> {
        let left = &self.stages[self.position..];
        let skipped = left.iter().position(|stage| stage.covers(path))?;
        let position = self.position + skipped + 1;
        Some((Arc::clone(&left[skipped]), Self { position, ..self.clone() }))
    }

    async fn arrive(self, mut request: Request<Body>) -> Response {
        // A layer may call what is behind it several times: each call has an exchange of its own.
        let exchange;
        let answering = match self.found {
            None => {
                let (head, body) = request.into_parts();
                let found = Found::by(&self.app, &head);
                exchange = self.exchange.behind_layers(found.destination(&self.app, &head));
                let scope = Scope::new(head, Some(body), Arc::clone(&exchange));
                (self.answer)(&self.app, &exchange, scope, found)
            }
            Some(found) => {
                // A layer behind the routing must not change the path, which the captures are read from: a changed path is undone.
                if request.uri().path() != self.head.uri.path() {
                    *request.uri_mut() = self.head.uri.clone();
                }
                exchange = self.exchange.behind_layers(found.destination(&self.app, &self.head));
                let (head, body) = request.into_parts();
                let scope = Scope::new(head, Some(body), Arc::clone(&exchange));
                (self.answer)(&self.app, &exchange, scope, found)
            }
        };
        let mut response = answering.wait(Arc::clone(&exchange)).await;
        // The exchange, and so its clean-ups, last as long as this body, whatever the layers make of it.
        response.body_mut().deliver_for(exchange);
        response
    }
}

impl Passage for LayeredRequest {
    fn next_layer(&self, request: Request<Body>) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let Some((stage, behind)) = self.next(request.uri().path()) else {
            return Box::pin(self.clone().arrive(request));
        };
        let layered = self.clone();
        Box::pin(async move {
            match catch_panic(stage.pass(request, Arc::new(behind))).await {
                Ok(response) => response,
                Err(panic) => {
                    let (exchange, head) = (&layered.exchange, &*layered.head);
                    tracing::error!(panic = panic_message(&*panic), "a layer panicked");
                    exchange.settings().answers().panicked(Some(head), exchange.id())
                }
            }
        })
    }

    fn fail(&self, error: BodyError) -> Response {
        self.exchange.settings().answers().answer(Error::from(error), &self.head, self.exchange.id())
    }
}
