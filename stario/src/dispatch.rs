//! A request's way through the app, from its head to the response.
//!
//! ```text
//!   begin -> route -> [layers ->] call the handler -> finish
//!                \-> refused, redirected, not found -> finish
//! ```
//!
//! All up to the handler's own future is decided by plain calls, so that what every request moves is small; what few
//! requests need (layers, mounted services, compression off the thread) is boxed.

mod layered;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{ALLOW, CONTENT_LENGTH, HeaderValue};
use http::{Request, StatusCode, request};
use http_body::Body as _;

use crate::app::{Assembled, Mount};
use crate::body::Body;
use crate::compress;
use crate::connection::Connection;
use crate::error::Error;
use crate::exchange::{Exchange, Place};
use crate::extract::MatchedPath;
use crate::handler::{self, PendingCall};
use crate::layer::Stage;
use crate::panic::{catch_panic, panic_message};
use crate::request_id::X_REQUEST_ID;
use crate::response::{IntoResponse, Redirect, RefusalReason, Response};
use crate::routing::{Lookup, Match};
use crate::scope::Scope;
use crate::settings::{CROSS_ORIGIN, PartSettings, WRONG_HOST};
use layered::LayeredRequest;

/// Answers one request.
pub(crate) fn dispatch(app: &Arc<Assembled>, request: Request<Body>, connection: Connection) -> Dispatch {
    let (head, body) = request.into_parts();
    let mut inputs = Inputs { head, body };
    if !app.stages().is_empty() {
        let exchange = Exchange::begin(app.shared(), &inputs.head, connection, None);
        let state = {
            let _entered = exchange.enter();
            let request = inputs.take();
            Answering::Later(LayeredRequest::through(app.stages(), app, &exchange, request, None))
        };
        return Dispatch { exchange, state, is_answered: false };
    }
    let found = Found::by(app, &inputs.head);
    let exchange =
        Exchange::begin(app.shared(), &inputs.head, connection, Some(found.place(app, &inputs.head)));
    let state = {
        let _entered = exchange.enter();
        route(app, &exchange, &mut inputs, found)
    };
    Dispatch { exchange, state, is_answered: false }
}

/// A request's head and body. They are passed on by reference, and moved once, to the scope.
struct Inputs {
    head: request::Parts,
    body: Body,
}

impl Inputs {
    fn take(&mut self) -> Request<Body> {
        let (empty, ()) = Request::new(()).into_parts();
        Request::from_parts(std::mem::replace(&mut self.head, empty), std::mem::take(&mut self.body))
    }
}

/// The future of a response.
///
/// ```text
///   Answering --> the response --> finish --+--> Ready
///                                           +--> Later (compressed on another thread) --> Ready
/// ```
#[must_use = "a future does nothing until it is awaited"]
pub(crate) struct Dispatch {
    exchange: Arc<Exchange>,
    state: Answering,
    is_answered: bool,
}

/// An answer on its way.
enum Answering {
    Now(Box<Response>),
    Call(CalledHandler),
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
    /// The response is finished but for its compression.
    Compressing(Pin<Box<dyn Future<Output = Response> + Send>>),
}

/// A handler's call, and the request's head for the page of a panic, if the app has one.
struct CalledHandler {
    call: PendingCall,
    kept: Option<Arc<Scope>>,
}

impl Future for Dispatch {
    type Output = Box<Response>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Box<Response>> {
        let Self { exchange, state, is_answered } = &mut *self;
        let mut response = match state {
            Answering::Compressing(compressing) => Box::new(ready!(compressing.as_mut().poll(ctx))),
            _ => {
                let mut response = ready!(state.poll(exchange, ctx));
                finish_head(exchange, &mut response);
                match compressed(exchange, response) {
                    Ok(response) => response,
                    Err(mut compressing) => match compressing.as_mut().poll(ctx) {
                        Poll::Ready(response) => Box::new(response),
                        Poll::Pending => {
                            *state = Answering::Compressing(compressing);
                            return Poll::Pending;
                        }
                    },
                }
            }
        };
        finish_body(exchange, &mut response);
        *is_answered = true;
        Poll::Ready(response)
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        if !self.is_answered {
            self.exchange.left();
        }
    }
}

impl Answering {
    async fn wait(mut self, exchange: Arc<Exchange>) -> Response {
        *std::future::poll_fn(|ctx| self.poll(&exchange, ctx)).await
    }

    fn poll(&mut self, exchange: &Exchange, ctx: &mut Context<'_>) -> Poll<Box<Response>> {
        match self {
            Answering::Now(response) => Poll::Ready(std::mem::take(response)),
            Answering::Call(called) => called.poll(exchange, ctx),
            Answering::Later(answering) | Answering::Compressing(answering) => {
                let _entered = exchange.enter();
                answering.as_mut().poll(ctx).map(Box::new)
            }
        }
    }
}

impl CalledHandler {
    fn poll(&mut self, exchange: &Exchange, ctx: &mut Context<'_>) -> Poll<Box<Response>> {
        Poll::Ready(match ready!(Pin::new(&mut self.call).poll(ctx)) {
            Ok(response) => response,
            Err(_) => {
                let _entered = exchange.enter();
                let head = self.kept.as_ref().map(|scope| scope.head());
                Box::new(exchange.settings().answers().panicked(head, exchange.id()))
            }
        })
    }
}

/// Has the request answered by what was found, unless it is refused.
fn route(app: &Arc<Assembled>, exchange: &Arc<Exchange>, inputs: &mut Inputs, found: Found) -> Answering {
    let (settings, head) = (exchange.settings(), &inputs.head);
    if app.refuses_host(head) {
        let status = StatusCode::MISDIRECTED_REQUEST;
        return now(settings.answers().status(status, WRONG_HOST, head, exchange.id()));
    }
    if settings.refuses_origin(head) {
        return now(settings.answers().status(StatusCode::FORBIDDEN, CROSS_ORIGIN, head, exchange.id()));
    }
    if let Found::Lookup(Lookup { is_by_headers: true, .. }) = found {
        exchange.vary_by(app.router().deciding_headers(head));
    }
    match found.stages(app) {
        None => answer(app, exchange, inputs, found),
        Some(stages) => {
            let request = inputs.take();
            Answering::Later(LayeredRequest::through(&stages, app, exchange, request, Some(found)))
        }
    }
}

/// What answers a request.
#[derive(Debug, Clone)]
enum Found {
    Lookup(Lookup),
    Mount(Arc<Mount>),
}

impl Found {
    fn by(app: &Assembled, head: &request::Parts) -> Self {
        let lookup = app.router().find(head);
        match app.mount(head, &lookup) {
            Some(mount) => Found::Mount(Arc::clone(mount)),
            None => Found::Lookup(lookup),
        }
    }

    /// The route, if one was found, and the settings that hold.
    fn place<'a>(&'a self, app: &'a Assembled, head: &request::Parts) -> Place<'a> {
        let route = match self {
            Found::Lookup(Lookup { result: Match::Found(route), .. }) => Some(*route),
            _ => None,
        };
        Place { route, settings: self.settings(app, head) }
    }

    /// The settings that hold for it: those of its route, else those of the part whose prefix or host it is for.
    fn settings<'a>(&'a self, app: &'a Assembled, head: &request::Parts) -> &'a Arc<PartSettings> {
        match self {
            Found::Lookup(Lookup { result: Match::Found(route), .. }) => {
                &app.router().route(*route).target.settings
            }
            Found::Mount(mount) => mount.settings().unwrap_or_else(|| app.settings_at(head)),
            Found::Lookup(_) => app.settings_at(head),
        }
    }

    /// The layers around it, if it has some of its own.
    fn stages(&self, app: &Assembled) -> Option<Arc<[Arc<Stage>]>> {
        let stages_of = |route| &app.target(route).stages;
        let stages: Arc<[Arc<Stage>]> = match self {
            Found::Mount(mount) => mount.stages().into(),
            Found::Lookup(Lookup { result: Match::Found(route), .. }) => Arc::clone(stages_of(*route)),
            // A layer may answer what the handlers at this path do not, such as a preflight request of CORS. Routes of
            // different apps can be at one path; then the layers of the first count.
            Found::Lookup(Lookup {
                result: Match::MethodNotAllowed { .. } | Match::Options { .. },
                nearest: Some(nearest),
                ..
            }) => stages_of(*nearest).iter().filter(|stage| !stage.is_of_handler).cloned().collect(),
            Found::Lookup(_) => return None,
        };
        (!stages.is_empty()).then_some(stages)
    }

    fn matched_path(&self, app: &Assembled) -> Option<MatchedPath> {
        match self {
            Found::Lookup(Lookup { result: Match::Found(route), .. }) => {
                Some(MatchedPath(app.router().route(*route).path))
            }
            _ => None,
        }
    }
}

fn now(response: Response) -> Answering {
    Answering::Now(Box::new(response))
}

/// Has the request answered by what was found: calls the handler, or says why there is none.
fn answer(app: &Assembled, exchange: &Arc<Exchange>, inputs: &mut Inputs, found: Found) -> Answering {
    let found = match found {
        Found::Mount(mount) => {
            return Answering::Later(Box::pin(mounted(Arc::clone(exchange), mount, inputs.take())));
        }
        Found::Lookup(lookup) => lookup.result,
    };
    let answers = exchange.settings().answers();
    if let Match::Found(route) = found {
        let scope = Scope::new(inputs.take(), Arc::clone(exchange));
        let kept = answers.has_panic_page().then(|| Arc::clone(&scope));
        return match handler::call(app.target(route).endpoint, exchange, scope) {
            Ok(call) => Answering::Call(CalledHandler { call, kept }),
            Err(overloaded) => Answering::Now(overloaded),
        };
    }
    let status = |status, message| answers.status(status, message, &inputs.head, exchange.id());
    now(match found {
        Match::Redirect { location } => Redirect::permanent(location).into_response(),
        Match::BadRequest { message } => status(StatusCode::BAD_REQUEST, &message),
        Match::MethodNotAllowed { allow } => {
            with_allow(status(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"), allow)
        }
        Match::Options { allow } => with_allow(StatusCode::NO_CONTENT.into_response(), allow),
        Match::NotFound | Match::Found(_) => status(StatusCode::NOT_FOUND, "Not Found"),
    })
}

/// Has a mounted service answer.
async fn mounted(exchange: Arc<Exchange>, mount: Arc<Mount>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    // The service takes the request; the copy is for the answer to its failure.
    let request = Request::from_parts(head.clone(), body);
    match catch_panic(mount.call(request)).await {
        Ok(Ok(response)) => handler::mounted(&exchange, response),
        Ok(Err(error)) => exchange.settings().answers().answer(Error::from(error), &head, exchange.id()),
        Err(panic) => {
            tracing::error!(panic = panic_message(&*panic), "a mounted service panicked");
            exchange.settings().answers().panicked(Some(&head), exchange.id())
        }
    }
}

fn with_allow(mut response: Response, methods: String) -> Response {
    if let Ok(allow) = HeaderValue::try_from(methods) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// Adds the headers that every response has.
fn finish_head(exchange: &Exchange, response: &mut Response) {
    for name in exchange.vary() {
        compress::vary(response.headers_mut(), name);
    }
    response.headers_mut().entry(X_REQUEST_ID).or_insert_with(|| exchange.id().header());
    if let Some(headers) = exchange.settings().security_headers() {
        headers.add_to(response, exchange.nonce());
    }
    if let Some(RefusalReason(reason)) = response.extensions_mut().remove() {
        exchange.note_reason(reason);
    }
    exchange.answered(response.status());
}

/// The response in a coding that the client accepts; or a future of it.
fn compressed(
    exchange: &Arc<Exchange>,
    mut response: Box<Response>,
) -> Result<Box<Response>, Pin<Box<dyn Future<Output = Response> + Send>>> {
    let Some(accepted) = exchange.accepted().copied() else {
        compress::note_variants(exchange.settings().compression(), &mut response);
        return Ok(response);
    };
    let exchange = Arc::clone(exchange);
    Err(Box::pin(async move {
        compress::respond(accepted, exchange.settings().compression(), &mut response).await;
        *response
    }))
}

/// Makes the body the one that is sent, which reports to the exchange.
fn finish_body(exchange: &Arc<Exchange>, response: &mut Response) {
    correct_length(response);
    if exchange.is_head() {
        without_body(response);
    }
    let delivery = Arc::clone(exchange) as Arc<dyn crate::body::Delivery>;
    response.body_mut().deliver_for(delivery);
}

/// Replaces a stated `content-length` that is not the body's: it would shift all that follows on the connection.
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
