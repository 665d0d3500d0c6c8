//! A service of any type, on the heap: one type for all layers and mounted services.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use tower::Service;

use crate::body::{Body, BodyError};
use crate::response::Response;

type BoxedResponse<E> = Pin<Box<dyn Future<Output = Result<Response, E>> + Send>>;

/// A service that answers with stario's responses, or with the error `E`.
pub(crate) struct BoxedService<E>(Box<dyn CloneService<E>>);

impl<E: 'static> BoxedService<E> {
    pub(crate) fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<E>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        Self(Box::new(service))
    }

    pub(crate) fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.0.poll_ready(ctx)
    }

    pub(crate) fn call(&mut self, request: Request<Body>) -> BoxedResponse<E> {
        self.0.call(request)
    }

    /// Waits until the service is ready, and calls it.
    pub(crate) async fn oneshot(mut self, request: Request<Body>) -> Result<Response, E> {
        poll_fn(|ctx| self.poll_ready(ctx)).await?;
        self.call(request).await
    }
}

impl<E> Clone for BoxedService<E> {
    fn clone(&self) -> Self {
        Self(self.0.clone_boxed())
    }
}

trait CloneService<E>: Send + Sync {
    fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), E>>;
    fn call(&mut self, request: Request<Body>) -> BoxedResponse<E>;
    fn clone_boxed(&self) -> Box<dyn CloneService<E>>;
}

impl<S, B, E: 'static> CloneService<E> for S
where
    S: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<E>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    fn poll_ready(&mut self, ctx: &mut Context<'_>) -> Poll<Result<(), E>> {
        Service::poll_ready(self, ctx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> BoxedResponse<E> {
        let answer = Service::call(self, request);
        Box::pin(async move {
            match answer.await {
                Ok(response) => Ok(response.map(Body::new)),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn clone_boxed(&self) -> Box<dyn CloneService<E>> {
        Box::new(self.clone())
    }
}
