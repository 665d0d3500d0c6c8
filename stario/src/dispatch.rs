//! A request's way through the app, from its head to the response.

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, StatusCode, Version};
use http_body::Body as _;
use tracing::Instrument as _;

use crate::app::Assembled;
use crate::body::Body;
use crate::compress::{self, Accepted};
use crate::extract::{RequestId, X_REQUEST_ID, client_behind};
use crate::handler;
use crate::response::{IntoResponse, Redirect, Response};
use crate::routing::Match;
use crate::scope::{Arrival, Scope};
use crate::telemetry::{self, Report, RouteTemplate};

/// Routes the request, resolves the handler's parameters, calls it, and classifies and encodes its value.
///
/// `peer` is where the connection comes from, if the server says so.
pub(crate) async fn dispatch(
    app: Arc<Assembled>,
    request: Request<Body>,
    peer: Option<SocketAddr>,
) -> Response {
    let id = RequestId::next();
    let client = || Some(client_behind(peer?.ip(), request.headers(), app.settings().proxies()));
    let span = telemetry::span(&request, id, client);
    let report = Report::begin(&span, &request);
    let arrival = Arrival { peer, id, span: span.clone() };
    let is_head = request.method() == Method::HEAD;
    let version = request.version();
    let accepted = Accepted::of(request.headers());
    let mut response = route(&app, request, arrival).instrument(span).await;
    response.headers_mut().entry(X_REQUEST_ID).or_insert_with(|| id.header());
    response.body_mut().belongs_to(id);
    if response.body().is_events() {
        keep_open(&mut response, version, &app);
    }
    let report = report.map(|report| report.answered(&mut response));
    if let Some(accepted) = accepted {
        compress::respond(accepted, app.settings().compression(), &mut response).await;
    }
    if is_head {
        without_body(&mut response);
    }
    if let Some(report) = report {
        response.body_mut().report_to(report);
    }
    response
}

/// Sees to an event stream: it stays open when it is silent, and ends when the server stops.
fn keep_open(response: &mut Response, version: Version, app: &Assembled) {
    if version == Version::HTTP_11 {
        // A header that only this version knows; the SDK reference wants it.
        response.headers_mut().entry(CONNECTION).or_insert(HeaderValue::from_static("keep-alive"));
    }
    response.body_mut().end_events_on(app.stop());
    response.body_mut().ping_events(app.settings().ping_interval());
}

/// Finds who answers the request, and has it answered.
async fn route(app: &Arc<Assembled>, request: Request<Body>, arrival: Arrival) -> Response {
    let (head, body) = request.into_parts();
    let id = arrival.id;
    let status = |status, message, head: &_| {
        let _links = app.prefixes().enter();
        app.answers().status(status, message, head, id)
    };
    match app.router().find(&head) {
        Match::Found { endpoint, captures } => {
            // The handler's future owns the head, and a panic takes it down.
            let kept = app.answers().has_panic_page().then(|| head.clone());
            telemetry::routed(&arrival.span, &head.method, captures.template());
            let template = telemetry::is_wanted().then(|| RouteTemplate(captures.template().to_owned()));
            let scope = Scope::new(head, body, arrival, captures, Arc::clone(app));
            let called = handler::call(endpoint, scope, app).await;
            let mut response = called.unwrap_or_else(|_| app.answers().panicked(kept.as_ref(), id));
            if let Some(template) = template {
                response.extensions_mut().insert(template);
            }
            response
        }
        Match::Redirect { location } => Redirect::permanent(location).into_response(),
        Match::BadRequest { message } => status(StatusCode::BAD_REQUEST, &message, &head),
        Match::MethodNotAllowed { allow } => {
            with_allow(status(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", &head), allow)
        }
        Match::Options { allow } => with_allow(StatusCode::NO_CONTENT.into_response(), allow),
        Match::NotFound => status(StatusCode::NOT_FOUND, "Not Found", &head),
    }
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
