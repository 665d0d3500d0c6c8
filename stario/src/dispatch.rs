//! A request's way through the app, from its head to the response.
//!
//! ```text
//!   begin -> route -> [layers ->] call the handler -> finish
//!                \-> refused, redirected, not found -> finish
//! ```
//!
//! Everything up to the handler's own future is decided by plain functions, which are no futures, so the future of a response is
//! small. What few requests need (layers, mounted services, compression off the thread) is in a box.

#[cfg_attr(not(debug_assertions), path = "dispatch/development/absent.rs")]
mod development;
mod failure;
mod found;
mod guarded;
mod layered;
mod state;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::request::Parts;
use http::{Request, StatusCode};
use http_body::Body as _;

use crate::app::{Assembled, Mount};
use crate::body::Body;
use crate::compress::{self, Accepted};
use crate::connection::Connection;
use crate::development::note_no_route;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::handler;
use crate::panic::{catch_panic, panic_message};
use crate::request_id::X_REQUEST_ID;
use crate::response::{self, IntoResponse, Redirect, RefusalReason, Response};
use crate::route::HandlerKind;
use crate::routing::{Match, RouteId};
use crate::scope::Scope;
use crate::settings::{CROSS_ORIGIN, WRONG_HOST};
use found::Found;
use layered::LayeredRequest;
use state::{CalledHandler, Deadline, DispatchState};

/// Answers one request.
///
/// Inlined, so that the future is not copied on the way back. Not `always`: rustc would then inline it before LLVM does, and copy the
/// head of the request once more.
#[inline]
pub(crate) fn dispatch(
    app: &Arc<Assembled>,
    head: Parts,
    body: Option<Body>,
    connection: Connection,
) -> Dispatch {
    // Layers around the whole app may change where the request leads: it is looked up behind them.
    let found = app.stages().is_empty().then(|| Found::by(app, &head));
    let destination = found.as_ref().map(|found| found.destination(app, &head));
    let exchange = Exchange::begin(app.shared(), &head, connection, destination);
    let state = match found {
        Some(found) => {
            let scope = Scope::new(head, body, Arc::clone(&exchange));
            route(app, &exchange, scope, found)
        }
        None => {
            let request = Request::from_parts(head, body.unwrap_or_default());
            let _entered = exchange.enter();
            DispatchState::Later(LayeredRequest::through(app.stages(), app, &exchange, request, None, route))
        }
    };
    Dispatch { exchange, state, compressing: None, is_answered: false }
}

/// The future of a response.
///
/// ```text
///   state --> response --> finish_head --+--> finish_body --> Ready
///                                        +--> compressing --> finish_body --> Ready
/// ```
///
/// The server polls it by [`poll_response`](Self::poll_response), which puts the response where it stays: it is large, and each
/// function that returned it would copy it.
#[must_use = "a future does nothing until it is awaited"]
pub(crate) struct Dispatch {
    exchange: Arc<Exchange>,
    state: DispatchState,
    /// The response is finished but for its compression and its body.
    compressing: Option<Compressing>,
    is_answered: bool,
}

impl Dispatch {
    /// Polls the response into `response`: ready once it is there. A panic is answered with 500.
    pub(crate) fn poll_response(
        &mut self,
        response: &mut Option<Response>,
        ctx: &mut Context<'_>,
    ) -> Poll<()> {
        // What panicked is never polled again, so no broken invariant is seen.
        let polled = catch_unwind(AssertUnwindSafe(|| self.poll_unguarded(response, ctx)));
        polled.unwrap_or_else(|panic| {
            *response = Some(self.panicked(&*panic));
            Poll::Ready(())
        })
    }

    /// The answer after a panic that nothing below has caught: of a body's `size_hint`, for example.
    #[cold]
    fn panicked(&mut self, panic: &(dyn Any + Send)) -> Response {
        let exchange = &self.exchange;
        let _entered = exchange.enter();
        tracing::error!(panic = panic_message(panic), "answering a request panicked");
        let mut response = response::internal_server_error();
        response.headers_mut().insert(X_REQUEST_ID, exchange.digits().header());
        exchange.answered(response.status());
        finish_body(exchange, &mut response);
        self.is_answered = true;
        response
    }

    fn poll_unguarded(&mut self, response: &mut Option<Response>, ctx: &mut Context<'_>) -> Poll<()> {
        let Self { exchange, state, compressing, is_answered } = self;
        if compressing.is_none() {
            ready!(state.poll(exchange, response, ctx));
            let made = response.get_or_insert_default();
            let is_plain = has_plain_head(made);
            finish_head(exchange, made, is_plain);
            match exchange.accepted() {
                None if is_plain => {}
                None => compress::note_variants(exchange.settings().compression(), made),
                Some(accepted) => *compressing = Some(compressed(exchange, *accepted, std::mem::take(made))),
            }
        }
        if let Some(compressing) = compressing {
            let _entered = exchange.enter();
            *response = Some(ready!(compressing.as_mut().poll(ctx)));
        }
        finish_body(exchange, response.get_or_insert_default());
        *is_answered = true;
        Poll::Ready(())
    }

    /// Drops what the request waits for.
    #[cold]
    fn drop_unanswered(&mut self) {
        self.exchange.dropped_unanswered();
        // Values that layers and mounted services hold may log when they are dropped.
        let _entered = self.exchange.enter();
        self.compressing = None;
        self.state = DispatchState::Now(Box::default());
    }

    /// How many bytes the response may be expected to have, if it is large.
    pub(crate) fn expected_bytes(&self) -> usize {
        self.exchange.route().map_or(0, |route| route.target.large_response.expected())
    }
}

type Compressing = Pin<Box<dyn Future<Output = Response> + Send>>;

impl Future for Dispatch {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Response> {
        let mut response = None;
        ready!(self.poll_response(&mut response, ctx));
        Poll::Ready(response.unwrap_or_default())
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        if !self.is_answered {
            self.drop_unanswered();
        }
    }
}

/// Refuses the request, or sends it through the layers around what was found, and then to `answer`.
#[inline(always)]
fn route(app: &Arc<Assembled>, exchange: &Arc<Exchange>, scope: Arc<Scope>, found: Found) -> DispatchState {
    let head = scope.head();
    if app.refuses_host(head) {
        return refused(exchange, scope, StatusCode::MISDIRECTED_REQUEST, WRONG_HOST);
    }
    if !head.method.is_safe() {
        let _entered = exchange.enter();
        if exchange.settings().refuses_origin(head) {
            return refused(exchange, scope, StatusCode::FORBIDDEN, CROSS_ORIGIN);
        }
    }
    if let Found::Mount(mount) = &found {
        exchange.note_service(mount.label());
    }
    if found.is_by_headers() {
        exchange.vary_by(app.router().deciding_headers(head));
    }
    match found.stages(app) {
        None => answer(app, exchange, scope, found),
        Some(stages) => {
            let _entered = exchange.enter();
            let request = scope.into_request();
            DispatchState::Later(LayeredRequest::through(
                &stages,
                app,
                exchange,
                request,
                Some(found),
                answer,
            ))
        }
    }
}

/// Refuses the request before it is answered.
#[cold]
fn refused(exchange: &Exchange, scope: Arc<Scope>, status: StatusCode, sentence: &str) -> DispatchState {
    let _entered = exchange.enter();
    // Another server's body and extensions are dropped while the thread is marked, because they may log.
    let scope = scope;
    let answers = exchange.settings().answers();
    now(answers.status(status, sentence, scope.head(), exchange.id()))
}

fn now(response: Response) -> DispatchState {
    DispatchState::Now(Box::new(response))
}

/// Resolves the guards where no handler does, then calls `answer_admitted`.
#[inline(always)]
fn answer(app: &Arc<Assembled>, exchange: &Arc<Exchange>, scope: Arc<Scope>, found: Found) -> DispatchState {
    if !found.is_handler() && exchange.is_guarded() {
        let (app, exchange) = (Arc::clone(app), Arc::clone(exchange));
        let guarded = guarded::guarded(app, exchange, scope, found, answer_admitted);
        return DispatchState::Later(Box::pin(guarded));
    }
    answer_admitted(app, exchange, scope, found)
}

/// Calls the handler or the mounted service, or makes the response that says why there is none.
#[inline(always)]
fn answer_admitted(
    app: &Arc<Assembled>,
    exchange: &Arc<Exchange>,
    scope: Arc<Scope>,
    found: Found,
) -> DispatchState {
    let lookup = match found {
        Found::Route { id, .. } => return called(app, exchange, scope, id),
        Found::Mount(mount) => {
            return DispatchState::Later(Box::pin(mounted(
                Arc::clone(exchange),
                mount,
                scope.into_request(),
            )));
        }
        Found::NoRoute(lookup) => lookup,
    };
    let _entered = exchange.enter();
    // It is dropped while the thread is marked.
    let scope = scope;
    let answers = exchange.settings().answers();
    let status = |status, message: &str| answers.status(status, message, scope.head(), exchange.id());
    now(match lookup.result {
        Match::Redirect { location } => Redirect::permanent(location).into_response(),
        Match::BadRequest { message } => status(StatusCode::BAD_REQUEST, &message),
        Match::MethodNotAllowed { allow } => {
            with_allow(status(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"), allow)
        }
        Match::Options { allow } => with_allow(StatusCode::NO_CONTENT.into_response(), allow),
        Match::NotFound | Match::Found(_) => {
            let mut response = status(StatusCode::NOT_FOUND, "Not Found");
            note_no_route(&mut response);
            response
        }
    })
}

/// Calls the handler.
#[inline(always)]
fn called(
    app: &Arc<Assembled>,
    exchange: &Arc<Exchange>,
    scope: Arc<Scope>,
    route: RouteId,
) -> DispatchState {
    let settings = exchange.settings();
    let endpoint = app.target(route).endpoint;
    let timeout = endpoint.info.timeout.or_else(|| settings.timeout());
    let kept = (settings.answers().has_panic_page() || timeout.is_some()).then(|| Arc::clone(&scope));
    match handler::call(endpoint, exchange, scope) {
        Ok(call) => {
            let deadline = timeout.map(|timeout| Box::pin(Deadline::after(timeout)));
            DispatchState::Call(CalledHandler { call, kept, deadline })
        }
        Err(overloaded) => DispatchState::Now(overloaded),
    }
}

/// Calls a mounted service. Its error or panic is answered as a handler's.
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

/// Whether the head says nothing but the type of the body, as most handlers leave it. Such a head need not be searched for
/// other headers, each of which takes about 80 instructions.
fn has_plain_head(response: &Response) -> bool {
    let headers = response.headers();
    headers.len() == 1 && headers.keys().next().is_some_and(|name| *name == CONTENT_TYPE)
}

/// Adds the headers that every response has.
fn finish_head(exchange: &Exchange, response: &mut Response, is_plain: bool) {
    for name in exchange.vary() {
        compress::vary(response.headers_mut(), name);
    }
    if is_plain {
        response.headers_mut().append(X_REQUEST_ID, exchange.digits().header());
    } else {
        correct_length(exchange, response);
        response.headers_mut().entry(X_REQUEST_ID).or_insert_with(|| exchange.digits().header());
    }
    if let Some(headers) = exchange.settings().security_headers() {
        headers.add_to(response, exchange.nonce());
    }
    response::declare_cache(response, exchange.reads_cookies());
    if response.status() == StatusCode::NOT_FOUND && is_of_files(exchange) {
        // During a deployment, the old process answers 404 for files of the new release. A cache must not store that answer.
        response::set(response.headers_mut(), CACHE_CONTROL, "no-store");
    }
    development::show(exchange, response);
    let reason: Option<RefusalReason> = response.extensions_mut().remove();
    let status = failure::show(exchange, response, reason.as_ref());
    if let Some(reason) = reason {
        exchange.note_reason(reason.for_log());
    }
    exchange.answered(status);
    // This comes last, because it also corrects the caching headers that were set before. A cookie that a parameter sets from now on
    // comes too late.
    exchange.change_head(response);
}

/// Whether the request is for a file of the program.
fn is_of_files(exchange: &Exchange) -> bool {
    exchange.route().is_some_and(|route| route.target.endpoint.kind == HandlerKind::Files)
}

/// The response in a coding that the client accepts.
fn compressed(exchange: &Arc<Exchange>, accepted: Accepted, mut response: Response) -> Compressing {
    let exchange = Arc::clone(exchange);
    Box::pin(async move {
        compress::respond(accepted, exchange.settings().compression(), &mut response).await;
        response
    })
}

/// Removes the body of an answer to HEAD, and makes the body report its end to the exchange.
#[inline(always)]
fn finish_body(exchange: &Arc<Exchange>, response: &mut Response) {
    if exchange.is_head() {
        without_body(response);
    }
    let delivery = Arc::clone(exchange) as Arc<dyn crate::body::Delivery>;
    response.body_mut().deliver_for(delivery);
}

/// Replaces a `content-length` that states another length than the body has: the client would take the rest of this body for the
/// next response, or the other way round.
fn correct_length(exchange: &Exchange, response: &mut Response) {
    let Some(stated) = response.headers().get(CONTENT_LENGTH) else { return };
    let Some(length) = response.body().size_hint().exact() else { return };
    // Without a body, these may state the length that the answer to GET has.
    if length == 0 && (exchange.is_head() || response.status() == StatusCode::NOT_MODIFIED) {
        return;
    }
    let length = HeaderValue::from(length);
    if *stated != length {
        let _entered = exchange.enter();
        tracing::error!(?stated, ?length, "a response states a `content-length` that its body does not have");
    }
    response.headers_mut().insert(CONTENT_LENGTH, length);
}

/// The answer to HEAD: the length that GET would have, and no body.
fn without_body(response: &mut Response) {
    let body = std::mem::take(response.body_mut());
    if let Some(length) = body.size_hint().exact()
        && !matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    {
        response.headers_mut().entry(CONTENT_LENGTH).or_insert(length.into());
    }
}
