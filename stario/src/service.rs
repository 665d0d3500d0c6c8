//! An app as a service of `tower`, for servers and routers that are not stario's.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Request;
use tower::Service;

use crate::app::{App, Assembled, Problems, StopSequence};
use crate::body::{Body, BodyError};
use crate::connection::Connection;
use crate::dispatch::dispatch;
use crate::durable::start_worker;
use crate::error::Result;
use crate::response::Response;
use crate::stop::StopSignal;

/// A checked app as a service of `tower`, made by [`App::into_service`].
///
/// It accepts requests with any body, and never fails. Its clones are the same app. Everything works as with
/// stario's own server if the caller drops the future when the client leaves, as hyper does. The differences:
///
/// - [`ClientAddress`](crate::ClientAddress) needs a `SocketAddr` in the request's extensions.
/// - It stops only by [`stop`](Self::stop), which ends event streams and waits for commands. The body of a query's stream ends with
///   an error then, so that browsers open it again; the other server may log that.
/// - Hooks of [`App::on_start`] run in [`start`](Self::start).
/// - A stream that fails over HTTP/2 may be reset before all that it sent has arrived.
/// - Of the [`Limits`](crate::Limits), only those for stopping apply, as set in the code.
/// - Links do not know of a prefix that the other router strips, such as that of axum's `nest_service`. Add the prefix
///   by [`App::nest`] instead, and pass the app whole paths, by `route_service` or `fallback_service`.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/greeting")]
/// async fn greeting() -> &'static str {
///     "hello"
/// }
///
/// # #[tokio::main]
/// # async fn main() -> stario::Result {
/// use axum::extract::Request;
/// use tower::ServiceExt as _;
///
/// let app = app::new().into_service()?;
/// let router: axum::Router = axum::Router::new().fallback_service(app.clone());
///
/// let response = router.oneshot(Request::get("/greeting").body(axum::body::Body::empty())?).await?;
/// assert_eq!(response.status(), 200);
/// app.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AppService(Arc<Assembled>);

impl App {
    /// Turns the app into a `tower` service for another server or router to call.
    ///
    /// # Errors
    ///
    /// The problems that [`App::check`] finds.
    pub fn into_service(self) -> Result<AppService, Problems> {
        Ok(AppService(Arc::new(self.assemble()?)))
    }
}

impl AppService {
    /// Makes the eager singletons and runs the start hooks (see [`App::on_start`]), once for all clones. Then durable commands run.
    ///
    /// # Errors
    ///
    /// All failures of eager singletons, or the error of the first hook that fails.
    pub async fn start(&self) -> Result {
        self.0.start(&self.0.handle()).await?;
        start_worker(&self.0);
        Ok(())
    }

    /// Stops the app: event streams end, detached commands and commands whose client has left finish, singletons
    /// are cleaned up, and the hooks of [`App::on_stop`] run.
    ///
    /// Call it when the server has stopped. How long handlers with a [`Writer`](crate::Writer), commands and
    /// clean-ups may take is set by [`Limits::stop_timeout`](crate::Limits::stop_timeout),
    /// [`Limits::detached_stop_timeout`](crate::Limits::detached_stop_timeout) and
    /// [`Limits::cleanup_timeout`](crate::Limits::cleanup_timeout), 5, 20 and 5 seconds unless set; then they are
    /// cut, and named in the log.
    pub async fn stop(&self) {
        let second_signal = StopSignal::default();
        let sequence = StopSequence {
            app: &self.0,
            limits: self.0.shared().served.limits(),
            second_signal: &second_signal,
        };
        // The connections are those of another server.
        sequence.run(|| std::future::ready(())).await.log();
    }
}

impl<B> Service<Request<B>> for AppService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let peer = request.extensions().get::<SocketAddr>().copied();
        let (head, body) = request.into_parts();
        let response = dispatch(&self.0, head, Some(Body::new(body)), Connection::new(peer));
        Box::pin(async { Ok(response.await) })
    }
}

impl std::fmt::Debug for AppService {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AppService").finish_non_exhaustive()
    }
}
