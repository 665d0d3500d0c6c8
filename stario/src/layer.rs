//! Layers: middleware of `tower`, which a request passes on its way to a handler.
//!
//! A layer is applied once, when the app is given it, to a service that knows no app and no handler. So its
//! state, such as a limit, is shared by all requests that pass it. The rest of a request's way, which the layer calls, travels in
//! the extensions of the request.

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

/// The rest of a request's way, as the service that the layers of an app wrap.
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
        formatter.debug_struct("Answer").finish_non_exhaustive()
    }
}

/// The rest of one request's way, after a layer. A layer that retries calls it more than once.
pub(crate) trait Passage: Send + Sync + 'static {
    /// The rest of the way.
    fn next_layer(&self, request: Request<Body>) -> Pin<Box<dyn Future<Output = Response> + Send>>;

    /// The answer to the error of a layer.
    fn fail(&self, error: BodyError) -> Response;
}

/// In a request's extensions between the first layer and the last.
#[derive(Clone)]
struct Onward(Arc<dyn Passage>);

/// Calls the rest of the way.
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
            tracing::error!("a layer has lost the request's extensions, by which it finds its handler");
            return Box::pin(async { Ok(internal_server_error()) });
        };
        Box::pin(async move { Ok(passage.next_layer(request).await) })
    }
}

/// Makes responses of a layer's bodies and errors.
struct LayerService<S> {
    service: S,
    /// The error of the layer, if it failed before it was called.
    broken: Option<BodyError>,
}

impl<S: Clone> Clone for LayerService<S> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), broken: None }
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
            self.broken = ready.err().map(Into::into);
            Ok(())
        })
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let onward = request.extensions().get::<Onward>().cloned();
        let answered = match self.broken.take() {
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
pub(crate) struct Layers(Vec<Group>);

struct Group {
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
            None => self.0.push(Group { prefix, layers: vec![(layer, place)] }),
        }
    }

    /// The layers as they serve, the outermost first: those of the whole app before those of prefixes.
    pub(crate) fn into_stages(mut self) -> Vec<Arc<Stage>> {
        self.0.sort_by_key(|group| group.prefix.is_some());
        let stage = |group: Group| {
            let places = group.layers.iter().map(|(_, place)| *place).collect();
            let inner =
                group.layers.into_iter().rev().fold(Next::innermost(), |next, (layer, _)| layer(next));
            Arc::new(Stage { prefix: group.prefix, places, service: inner, is_of_handler: false })
        };
        self.0.into_iter().map(stage).collect()
    }
}

/// Layers as they serve.
pub(crate) struct Stage {
    prefix: Option<PathPattern>,
    places: Vec<&'static Location<'static>>,
    service: Next,
    /// Not passed by what is answered without a handler.
    pub(crate) is_of_handler: bool,
}

impl Stage {
    /// The layer in the attribute of a handler.
    pub(crate) fn of_handler(layer: fn(Next) -> Next) -> Self {
        Self { prefix: None, places: Vec::new(), service: layer(Next::innermost()), is_of_handler: true }
    }

    /// The same for an app that is nested under a prefix.
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

    /// Sends the request through; behind the layers, `passage` takes over.
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
    Next(BoxedService::new(LayerService { service: layer.layer(inner), broken: None }))
}
