//! A request's way through the app, from its head to the response.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{ALLOW, CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, StatusCode};
use http_body::Body as _;

use crate::app::Assembled;
use crate::body::Body;
use crate::extract::{RequestId, X_REQUEST_ID};
use crate::handler;
use crate::response::{self, IntoResponse, Redirect, Response};
use crate::routing::Match;
use crate::scope::{Arrival, Scope};

/// Routes the request, resolves the handler's parameters, calls it, and classifies and encodes its value.
///
/// `peer` is where the connection comes from.
pub(crate) async fn dispatch(app: Arc<Assembled>, request: Request<Body>, peer: SocketAddr) -> Response {
    let arrival = Arrival { peer, id: RequestId::next() };
    let (head, body) = request.into_parts();
    let is_head = head.method == Method::HEAD;
    let mut response = match app.router().find(&head) {
        Match::Found { endpoint, captures } => {
            let scope = Scope::new(head, body, arrival, captures, Arc::clone(&app));
            handler::call(endpoint, scope, &app).await
        }
        Match::Redirect { location } => Redirect::permanent(location).into_response(),
        Match::BadRequest { message } => response::text(StatusCode::BAD_REQUEST, message),
        Match::MethodNotAllowed { allow } => {
            with_allow(response::text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"), allow)
        }
        Match::Options { allow } => with_allow(StatusCode::NO_CONTENT.into_response(), allow),
        Match::NotFound => response::text(StatusCode::NOT_FOUND, "Not Found"),
    };
    response.headers_mut().entry(X_REQUEST_ID).or_insert_with(|| arrival.id.header());
    if is_head {
        without_body(&mut response);
    }
    response.body_mut().end_events_on(app.stop());
    response
}

fn with_allow(mut response: Response, methods: String) -> Response {
    if let Ok(allow) = HeaderValue::try_from(methods) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// The answer to HEAD: the length that GET would have, and no body.
fn without_body(response: &mut Response) {
    let body = std::mem::take(response.body_mut());
    if let Some(length) = body.size_hint().exact()
        && response.status() != StatusCode::NO_CONTENT
    {
        response.headers_mut().entry(CONTENT_LENGTH).or_insert(length.into());
    }
}
