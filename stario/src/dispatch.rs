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
use crate::response::{self, Response};
use crate::routing::Match;
use crate::scope::{Arrival, Scope};

/// Routes the request, resolves the handler's parameters, calls it, and classifies and encodes its value.
///
/// `peer` is where the connection comes from.
pub(crate) async fn dispatch(app: Arc<Assembled>, request: Request<Body>, peer: SocketAddr) -> Response {
    let arrival = Arrival { peer, id: RequestId::next() };
    let (head, body) = request.into_parts();
    let is_head = head.method == Method::HEAD;
    let mut response = match app.router().find(&head.method, head.uri.path()) {
        Match::Found { endpoint, captures } => {
            let scope = Scope::new(head, body, arrival, captures, Arc::clone(&app));
            handler::call(endpoint, scope, &app).await
        }
        Match::MethodNotAllowed { allow } => method_not_allowed(&allow),
        Match::NotFound => response::text(StatusCode::NOT_FOUND, "Not Found"),
    };
    response.headers_mut().entry(X_REQUEST_ID).or_insert_with(|| arrival.id.header());
    if is_head {
        without_body(&mut response);
    }
    response.body_mut().end_events_on(app.stop());
    response
}

fn method_not_allowed(allow: &[Method]) -> Response {
    let mut response = response::text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    let allow: Vec<&str> = allow.iter().map(Method::as_str).collect();
    if let Ok(allow) = HeaderValue::from_str(&allow.join(", ")) {
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
