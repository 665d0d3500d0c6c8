//! The answer to one request: a refusal by the server itself, or what the app answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;

use super::activity::{ActiveRequest, Activity};
use super::check::refusal;
use super::http2::StreamState;
use super::response_body::ResponseBody;
use crate::body::Body;
use crate::dispatch::dispatch;
use crate::panic::{CatchPanic, catch_panic, panic_message};
use crate::response::{Response, internal_server_error};
use crate::settings::Limits;
use crate::stall::StallTimer;

/// Begins to answer a request; `stream` is its own over HTTP/2.
pub(super) fn answer(
    request: Request<Incoming>,
    activity: &Arc<Activity>,
    stream: Option<Arc<StreamState>>,
    limits: &Limits,
) -> Answer<impl Future<Output = Box<Response>> + use<>> {
    let (mut head, body) = request.into_parts();
    let has_body = !hyper::body::Body::is_end_stream(&body);
    let active = activity.begin_request(has_body, stream);
    if let Some(refused) = refusal(&mut head, &body, limits.head_fields) {
        return Answer { dispatched: None, refused: Some(Box::new(refused)), request: Some(active) };
    }
    let connection = activity.connection();
    let body = Body::incoming(body, StallTimer::new(limits.body_timeout), connection);
    let dispatched = catch_panic(dispatch(activity.app(), head, body, connection.clone()));
    Answer { dispatched: Some(dispatched), refused: None, request: Some(active) }
}

pin_project_lite::pin_project! {
    /// The response, whatever happens on the way to it. Written by hand because the future of an `async` block has
    /// room for what it begins with beside all that it becomes.
    pub(super) struct Answer<F> {
        // None if the request is refused.
        #[pin]
        dispatched: Option<CatchPanic<F>>,
        refused: Option<Box<Response>>,
        // Until the response has it.
        request: Option<ActiveRequest>,
    }
}

impl<F: Future<Output = Box<Response>>> Future for Answer<F> {
    type Output = Result<http::Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match this.dispatched.as_pin_mut() {
            Some(dispatched) => ready!(dispatched.poll(ctx)).unwrap_or_else(|panic| {
                tracing::error!(panic = panic_message(&*panic), "answering a request panicked");
                Box::new(internal_server_error())
            }),
            None => this.refused.take().unwrap_or_default(),
        };
        if response.status().canonical_reason().is_none() {
            // hyper would write `<none>`.
            response.extensions_mut().insert(ReasonPhrase::from_static(b""));
        }
        let Some(request) = this.request.take() else { return Poll::Pending };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS && request.stream().is_none() {
            // Before hyper hands the connection over, so that its new owner finds it upgraded.
            request.activity().upgrade();
        }
        Poll::Ready(Ok(ResponseBody::in_response(*response, request)))
    }
}
