//! Layers: `tower` middleware around handlers.
//!
//! A layer is applied once, when the app is given it, to a service that knows no app and no handler. So its state, such
//! as a limit, is shared by all requests that pass it. The inner service, which the layer calls, travels in the
//! extensions of the request.
//!
//! Two layers A and B, and an error of B, also one of its `poll_ready`:
//!
//! ```text
//! pass --> LayerService of A --> Next --> LayerService of B --> Next --> Innermost --> Passage::next_layer
//!             ^                             | B's error
//!             |                             v
//!             +---- the response ------ Passage::fail
//! ```

mod boxed;

use std::convert::Infallible;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Request;
use tower::{Layer, Service};

use crate::body::{Body, BodyError};
use crate::response::{Response, internal_server_error};
use crate::routing::PathPattern;

pub(crate) use boxed::BoxedService;

/// The service inside of a layer: the inner layers, and at last the handler.
///
/// Its error is [`Infallible`], because whatever goes wrong inside of a layer reaches it as a response. A layer's
/// own error is answered like every [`Error`](crate::Error), so the layers around it see a response too.
#[derive(Clone)]
pub struct Next(BoxedService<Infallible>);

impl Next {
    /// Makes the service that the innermost layer wraps.
    fn innermost() -> Self {
        Self(BoxedService::new(Innermost))
    }
}

impl<B> Service<Request<B>> for Next
where
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = NextResponse;

    fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(ctx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        NextResponse(self.0.call(request.map(Body::new)))
    }
}

impl std::fmt::Debug for Next {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Next").finish_non_exhaustive()
    }
}

/// The future of the response of [`Next`].
#[must_use = "a future does nothing until it is awaited"]
pub struct NextResponse(Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>);

impl Future for NextResponse {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(ctx)
    }
}

impl std::fmt::Debug for NextResponse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("NextResponse").finish_non_exhaustive()
    }
}

/// The service inside of a layer, for one request. A layer that retries calls it more than once.
pub(crate) trait Passage: Send + Sync + 'static {
    /// Calls the next layer, or answers behind the last.
    fn next_layer(&self, request: Request<Body>) -> Pin<Box<dyn Future<Output = Response> + Send>>;

    /// The answer to the error of a layer.
    fn fail(&self, error: BodyError) -> Response;
}

/// Carries the inner service in the request's extensions, between the first layer and the last.
#[derive(Clone)]
struct Onward(Arc<dyn Passage>);

/// The service inside of the innermost layer: takes the inner service from the request, and calls it.
#[derive(Clone)]
struct Innermost;

impl Service<Request<Body>> for Innermost {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Some(Onward(passage)) = request.extensions_mut().remove() else {
            tracing::error!(
                "a layer removed the request's extensions, which stario needs to find the handler"
            );
            return Box::pin(async { Ok(internal_server_error()) });
        };
        Box::pin(async move { Ok(passage.next_layer(request).await) })
    }
}

/// Wraps a layer's service: boxes its response bodies, and turns its errors into responses.
struct LayerService<S> {
    service: S,
    /// The error of `poll_ready`, for the next call.
    ready_error: Option<BodyError>,
}

impl<S: Clone> Clone for LayerService<S> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), ready_error: None }
    }
}

impl<S, B> Service<Request<Body>> for LayerService<S>
where
    S: Service<Request<Body>, Response = http::Response<B>>,
    S::Error: Into<BodyError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(ctx).map(|ready| {
            self.ready_error = ready.err().map(Into::into);
            Ok(())
        })
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let onward = request.extensions().get::<Onward>().cloned();
        let answered = match self.ready_error.take() {
            None => Ok(self.service.call(request)),
            Some(error) => Err(error),
        };
        Box::pin(async move {
            let answered = match answered {
                Ok(future) => future.await.map_err(Into::into),
                Err(error) => Err(error),
            };
            Ok(match (answered, onward) {
                (Ok(response), _) => response.map(Body::new),
                (Err(error), Some(Onward(passage))) => passage.fail(error),
                (Err(error), None) => {
                    tracing::error!(%error, "a layer failed");
                    internal_server_error()
                }
            })
        })
    }
}

/// The layers of one app, those of one place together.
#[derive(Default)]
pub(crate) struct Layers(Vec<LayerGroup>);

struct LayerGroup {
    /// `None` for the whole app.
    prefix: Option<PathPattern>,
    /// The outermost first, each with its place in the code.
    layers: Vec<(Apply, &'static Location<'static>)>,
}

type Apply = Box<dyn FnOnce(Next) -> Next + Send>;

impl Layers {
    /// Adds a layer inside of those that are there for the same prefix.
    pub(crate) fn push(
        &mut self,
        prefix: Option<PathPattern>,
        place: &'static Location<'static>,
        layer: Apply,
    ) {
        match self.0.iter_mut().find(|group| group.prefix == prefix) {
            Some(group) => group.layers.push((layer, place)),
            None => self.0.push(LayerGroup { prefix, layers: vec![(layer, place)] }),
        }
    }

    /// Applies the layers of each place to each other. The outermost come first: those of the whole app, then those of prefixes.
    pub(crate) fn into_stages(mut self) -> Vec<Arc<Stage>> {
        self.0.sort_by_key(|group| group.prefix.is_some());
        let stage = |group: LayerGroup| {
            let places = group.layers.iter().map(|(_, place)| *place).collect();
            let inner =
                group.layers.into_iter().rev().fold(Next::innermost(), |next, (layer, _)| layer(next));
            Arc::new(Stage { prefix: group.prefix, places, service: inner, is_of_handler: false })
        };
        self.0.into_iter().map(stage).collect()
    }
}

/// The layers of one place, applied to each other.
pub(crate) struct Stage {
    prefix: Option<PathPattern>,
    places: Vec<&'static Location<'static>>,
    service: Next,
    /// Whether this is the layer of a handler's attribute, which responses without a handler (404, 405) do not pass.
    pub(crate) is_of_handler: bool,
}

impl Stage {
    /// The layer in the attribute of a handler.
    pub(crate) fn of_handler(layer: fn(Next) -> Next) -> Self {
        Self { prefix: None, places: Vec::new(), service: layer(Next::innermost()), is_of_handler: true }
    }

    /// A copy for an app that is nested under `prefix`.
    pub(crate) fn under(&self, prefix: &str) -> Self {
        Self {
            prefix: self.prefix.as_ref().map(|inner| PathPattern::new(&format!("{prefix}{inner}"))),
            places: self.places.clone(),
            service: self.service.clone(),
            is_of_handler: self.is_of_handler,
        }
    }

    /// Whether a request for this path passes here.
    pub(crate) fn covers(&self, path: &str) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| prefix.begins(path))
    }

    /// Whether some path of the pattern passes here.
    pub(crate) fn can_cover(&self, pattern: &PathPattern) -> bool {
        self.prefix.as_ref().is_none_or(|prefix| prefix.can_begin(pattern))
    }

    /// The prefix it is for.
    pub(crate) fn prefix(&self) -> String {
        self.prefix.as_ref().map(PathPattern::to_string).unwrap_or_default()
    }

    /// Where the layers were given to the app.
    pub(crate) fn places(&self) -> &[&'static Location<'static>] {
        &self.places
    }

    /// Passes the request through the layers; the innermost of them calls `passage`.
    pub(crate) async fn pass(&self, mut request: Request<Body>, passage: Arc<dyn Passage>) -> Response {
        request.extensions_mut().insert(Onward(passage));
        match self.service.0.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stage").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Applies the layer of a handler's attribute.
pub fn layered<L, B>(layer: L, inner: Next) -> Next
where
    L: Layer<Next>,
    L::Service: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BodyError>,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    Next(BoxedService::new(LayerService { service: layer.layer(inner), ready_error: None }))
}
