//! A request's way through the app, from its head to the response.

mod way;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, StatusCode, Version, request};
use http_body::Body as _;
use tracing::{Instrument as _, Span};

use crate::app::{Assembled, CROSS_ORIGIN, Mount, WRONG_HOST};
use crate::body::Body;
use crate::compress::{self, Accepted};
use crate::connection::Connection;
use crate::error::{Error, catch_panic, panic_message};
use crate::extract::{MatchedPath, Nonce, RequestId, X_REQUEST_ID, client_behind};
use crate::handler::{self, Begin};
use crate::layer::Stage;
use crate::response::{IntoResponse, Redirect, Response};
use crate::routing::Match;
use crate::scope::{Arrival, Scope};
use crate::telemetry::{self, Report, RouteTemplate};
use way::Way;

/// Routes the request, resolves the handler's parameters, calls it, and classifies and encodes its value.
///
pub(crate) async fn dispatch(
    app: Arc<Assembled>,
    request: Request<Body>,
    connection: Connection,
) -> Response {
    let Begun { answering, id, span, nonce, template, report, accepted, is_head } =
        Begun::new(&app, request, connection);
    let mut response = {
        let mut answering = answering;
        app.prefixes().around(poll_fn(|ctx| answering.poll(&app, ctx)).instrument(span)).await
    };
    response.headers_mut().entry(X_REQUEST_ID).or_insert_with(|| id.header());
    if let Some(headers) = app.settings().security_headers() {
        headers.add_to(&mut response, nonce);
    }
    response.body_mut().belongs_to(id);
    let report = report.map(|report| report.answered(&mut response, template));
    if let Some(accepted) = accepted {
        Box::pin(compress::respond(accepted, app.settings().compression(), &mut response)).await;
    }
    correct_length(&mut response);
    if is_head {
        without_body(&mut response);
    }
    if let Some(report) = report {
        response.body_mut().report_to(report);
    }
    response
}

/// A request that is on its way to its answer. It is a value of its own because what an `async` function has
/// borrowed from stays in its future to the end, the request before all.
struct Begun {
    answering: Answering,
    id: RequestId,
    span: Span,
    nonce: Option<Nonce>,
    template: Option<RouteTemplate>,
    report: Option<Box<Report>>,
    accepted: Option<Accepted>,
    is_head: bool,
}

impl Begun {
    fn new(app: &Arc<Assembled>, request: Request<Body>, connection: Connection) -> Self {
        let id = RequestId::next();
        let client =
            || Some(client_behind(connection.peer()?.ip(), request.headers(), app.settings().proxies()));
        let span = telemetry::span(&request, id, client);
        let report = Report::begin(&span, &request);
        let nonce = app.settings().nonce();
        let arrival = Arrival { connection, id, nonce, span: span.clone() };
        let is_head = request.method() == Method::HEAD;
        let accepted = Accepted::of(request.headers());
        let _links = app.prefixes().enter();
        let mut answering = span.in_scope(|| match app.stages() {
            stages if stages.is_empty() => route(app, request, arrival),
            stages => Answering::Later(Way::through(stages, app, arrival, request, None)),
        });
        let template = answering.take_template();
        Self { answering, id, span, nonce, template, report, accepted, is_head }
    }
}

/// Sees to an event stream: it stays open, and ends when the server stops.
fn keep_open(response: &mut Response, version: Version, app: &Assembled) {
    if version == Version::HTTP_11 {
        // A header that only this version knows; the SDK reference wants it.
        response.headers_mut().entry(CONNECTION).or_insert(HeaderValue::from_static("keep-alive"));
    }
    response.body_mut().end_events_on(app.stop());
    telemetry::count_events(response);
}

/// An answer on its way. Everything up to the handler's own future is decided without waiting, so that what
/// every request moves about is this, and not a future that could hold all that any request needs.
enum Answering {
    Now(Response),
    Call(Called),
    /// By what fewer requests need.
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

/// A handler's call, and what its response still needs.
struct Called {
    call: Begin,
    handler: &'static &'static str,
    version: Version,
    id: RequestId,
    /// The handler's future owns the head, and a panic takes it down.
    kept: Option<Box<request::Parts>>,
    template: Option<RouteTemplate>,
}

impl Answering {
    /// The route, where it is known by now.
    fn take_template(&mut self) -> Option<RouteTemplate> {
        match self {
            Answering::Call(called) => called.template.take(),
            Answering::Now(_) | Answering::Later(_) => None,
        }
    }

    async fn wait(mut self, app: &Assembled) -> Response {
        poll_fn(|ctx| self.poll(app, ctx)).await
    }

    fn poll(&mut self, app: &Assembled, ctx: &mut Context<'_>) -> Poll<Response> {
        match self {
            Answering::Now(response) => Poll::Ready(std::mem::take(response)),
            Answering::Call(called) => called.poll(app, ctx),
            Answering::Later(answering) => answering.as_mut().poll(ctx),
        }
    }
}

impl Called {
    fn poll(&mut self, app: &Assembled, ctx: &mut Context<'_>) -> Poll<Response> {
        let mut response = match ready!(Pin::new(&mut self.call).poll(ctx)) {
            Ok(response) => response,
            Err(_) => app.answers().panicked(self.kept.as_deref(), self.id),
        };
        if let Some(template) = self.template {
            response.extensions_mut().insert(template);
        }
        if !response.body().is_events() && !response.body().is_written() {
            response.body_mut().answered_by(self.handler);
        }
        // Event streams are seen to here, where no layer has made another body of them yet.
        if response.body().is_events() {
            response.body_mut().ping_events(app.settings().ping_interval());
            keep_open(&mut response, self.version, app);
        }
        Poll::Ready(response)
    }
}

/// Finds who answers the request, and has it answered.
fn route(app: &Arc<Assembled>, request: Request<Body>, arrival: Arrival) -> Answering {
    let (head, body) = request.into_parts();
    if app.refuses_host(&head) {
        let status = StatusCode::MISDIRECTED_REQUEST;
        return Answering::Now(app.answers().status(status, WRONG_HOST, &head, arrival.id));
    }
    if app.settings().refuses_origin(&head) {
        let refused = app.answers().status(StatusCode::FORBIDDEN, CROSS_ORIGIN, &head, arrival.id);
        return Answering::Now(refused);
    }
    let found = Found::by(app, &head);
    let stages = found.stages(app, &head);
    let deciding_headers = app.router().deciding_headers(&head);
    let request = Request::from_parts(head, body);
    let answering = match stages {
        None => answer(app, request, arrival, found),
        Some(stages) => Answering::Later(Way::through(&stages, app, arrival, request, Some(found))),
    };
    if deciding_headers.is_empty() {
        return answering;
    }
    let app = Arc::clone(app);
    Answering::Later(Box::pin(async move {
        let mut response = answering.wait(&app).await;
        for name in deciding_headers {
            compress::vary(response.headers_mut(), name);
        }
        response
    }))
}

/// Who answers a request.
#[derive(Debug, Clone)]
enum Found {
    Match(Match),
    Mount(Arc<Mount>),
}

impl Found {
    fn by(app: &Assembled, head: &request::Parts) -> Self {
        match app.mount(head) {
            Some(mount) => Found::Mount(Arc::clone(mount)),
            None => Found::Match(app.router().find(head)),
        }
    }

    /// The layers around it, if it has some of its own.
    fn stages(&self, app: &Assembled, head: &request::Parts) -> Option<Arc<[Arc<Stage>]>> {
        let stages: &[_] = match self {
            Found::Mount(mount) => mount.stages(),
            Found::Match(Match::Found { captures, .. }) => captures.stages(),
            // A layer may answer what the handlers at this path do not, such as what CORS asks before.
            Found::Match(Match::MethodNotAllowed { .. } | Match::Options { .. }) => {
                &app.router().common_stages(head)
            }
            Found::Match(_) => return None,
        };
        (!stages.is_empty()).then(|| stages.into())
    }

    fn matched_path(&self) -> Option<MatchedPath> {
        match self {
            Found::Match(Match::Found { captures, .. }) => Some(MatchedPath(captures.template())),
            _ => None,
        }
    }
}

/// Has the request answered by who was found: calls the handler, or says why there is none.
fn answer(app: &Arc<Assembled>, request: Request<Body>, arrival: Arrival, found: Found) -> Answering {
    let found = match found {
        Found::Mount(mount) => {
            return Answering::Later(Box::pin(ask(Arc::clone(app), mount, request, arrival)));
        }
        Found::Match(found) => found,
    };
    let version = request.version();
    let (head, body) = request.into_parts();
    let id = arrival.id;
    let status = |status, message, head: &_| app.answers().status(status, message, head, id);
    Answering::Now(match found {
        Match::Found { endpoint, captures } => {
            let kept = app.answers().has_panic_page().then(|| Box::new(head.clone()));
            telemetry::routed(&arrival.span, &head.method, captures.template());
            let template = telemetry::is_wanted().then(|| RouteTemplate(captures.template()));
            let scope = Scope::new(head, body, arrival, captures, Arc::clone(app));
            match handler::call(endpoint, scope, app) {
                Ok(call) => {
                    let handler = &endpoint.handler;
                    return Answering::Call(Called { call, handler, version, id, kept, template });
                }
                Err(overloaded) => *overloaded,
            }
        }
        Match::Redirect { location } => Redirect::permanent(location).into_response(),
        Match::BadRequest { message } => status(StatusCode::BAD_REQUEST, &message, &head),
        Match::MethodNotAllowed { allow } => {
            with_allow(status(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed", &head), allow)
        }
        Match::Options { allow } => with_allow(StatusCode::NO_CONTENT.into_response(), allow),
        Match::NotFound => status(StatusCode::NOT_FOUND, "Not Found", &head),
    })
}

/// Has a service of others answer.
async fn ask(app: Arc<Assembled>, mount: Arc<Mount>, request: Request<Body>, arrival: Arrival) -> Response {
    let (head, body) = request.into_parts();
    let request = Request::from_parts(head.clone(), body);
    match catch_panic(mount.call(request)).await {
        Ok(Ok(mut response)) => {
            // Its frames may end within an event, where a comment must not be.
            if response.body().is_events() {
                keep_open(&mut response, head.version, &app);
            }
            response
        }
        Ok(Err(error)) => app.answers().answer(Error::from(error), &head, arrival.id),
        Err(panic) => {
            let request_id = arrival.id;
            tracing::error!(%request_id, panic = panic_message(&*panic), "a mounted service panicked");
            app.answers().panicked(Some(&head), request_id)
        }
    }
}

fn with_allow(mut response: Response, methods: String) -> Response {
    if let Ok(allow) = HeaderValue::try_from(methods) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// Puts the length of the body in the place of another that the handler has stated: it would shift all that
/// follows on the connection.
fn correct_length(response: &mut Response) {
    let Some(stated) = response.headers().get(CONTENT_LENGTH) else { return };
    // None at all may be the answer to HEAD, which states the length that GET would have.
    let Some(length @ 1..) = response.body().size_hint().exact() else { return };
    let length = HeaderValue::from(length);
    if *stated != length {
        tracing::error!(?stated, ?length, "a response states a `content-length` that its body does not have");
    }
    response.headers_mut().insert(CONTENT_LENGTH, length);
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
