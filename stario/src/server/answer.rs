//! The answer to one request: a refusal by the server itself, or what the app answers.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{CONNECTION, RETRY_AFTER};
use http::request::Parts;
use http::{Request, StatusCode, Version};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;

use super::activity::{ActiveRequest, Activity};
use super::check::refusal;
use super::http2::{StreamState, Turn};
use super::places::Role;
use super::response_body::ResponseBody;
use crate::body::Body;
use crate::dispatch::{Dispatch, dispatch};
use crate::response::{self, Response};
use crate::settings::Limits;
use crate::stall::StallTimer;

/// Refuses the request, or passes it to the app. `stream` is the request's stream over HTTP/2.
pub(super) fn answer(
    request: Request<Incoming>,
    activity: &Arc<Activity>,
    stream: Option<Arc<StreamState>>,
    limits: &Limits,
) -> ResponseFuture {
    let (mut head, body) = request.into_parts();
    let turn = stream.as_deref().map(StreamState::turn);
    let has_no_place = stream.as_deref().is_some_and(StreamState::has_no_place);
    let has_body = !hyper::body::Body::is_end_stream(&body);
    let active = activity.begin_request(&head.headers, has_body, stream);
    let refused = refusal(&mut head, &body, limits.head_fields)
        .or_else(|| (has_no_place && !activity.app().is_probe(head.uri.path())).then(too_many_requests))
        .or_else(|| activity.app().shared().development.answer(&head))
        .or_else(|| (activity.role() != Role::Served).then(|| refusal_by_role(&head, activity)).flatten());
    let connection = activity.connection();
    if let Some(refused) = refused {
        if has_body {
            // A client that still sends its body would not see an answer behind which the connection is reset.
            connection.note_unread_body();
        }
        let refused = Some(Box::new(refused));
        return ResponseFuture { dispatched: None, refused, request: Some(active), turn, taken: 0 };
    }
    let body = Body::incoming(body, StallTimer::new(limits.body_timeout), connection);
    // The future is made in the place of the value that is returned, so nothing here may borrow from it.
    ResponseFuture {
        dispatched: Some(dispatch(activity.app(), head, body, connection.clone())),
        refused: None,
        request: Some(active),
        turn,
        taken: 0,
    }
}

/// The answer to a request of HTTP/2 beyond the limit of requests.
#[cold]
fn too_many_requests() -> Response {
    let sentence = "the server has as many requests as it may: try again later";
    let mut answer = response::text(StatusCode::SERVICE_UNAVAILABLE, sentence);
    response::set(answer.headers_mut(), RETRY_AFTER, "1");
    answer
}

/// Refuses what this connection may not request: a connection of the reserve, or to the address of the probes, may only request
/// probes.
#[cold]
fn refusal_by_role(head: &Parts, activity: &Activity) -> Option<Response> {
    if activity.app().is_probe(head.uri.path()) {
        return None;
    }
    // A client that still sends its body would not see an answer behind which the connection is reset.
    activity.connection().note_unread_body();
    if activity.role() == Role::Probes {
        return Some(response::text(StatusCode::NOT_FOUND, "there are only probes at this address"));
    }
    let mut answer = response::text(StatusCode::SERVICE_UNAVAILABLE, "the server has too many connections");
    response::set(answer.headers_mut(), RETRY_AFTER, "1");
    if head.version < Version::HTTP_2 {
        response::set(answer.headers_mut(), CONNECTION, "close");
    }
    Some(answer)
}

/// The future of the response. It is written by hand: an `async` block would keep room for its arguments beside its later states.
pub(super) struct ResponseFuture {
    /// None if the request is refused.
    dispatched: Option<Dispatch>,
    refused: Option<Box<Response>>,
    /// The active request, until the response's body takes it.
    request: Option<ActiveRequest>,
    /// Over HTTP/2: delays the handler while the connection holds too many unsent bytes of other responses.
    turn: Option<Turn>,
    /// How many bytes the client had taken at the last poll of `turn`.
    taken: usize,
}

impl Future for ResponseFuture {
    type Output = Result<http::Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Some(turn) = &mut this.turn
            && !turn.has_come()
        {
            let expected = this.dispatched.as_ref().map_or(0, Dispatch::expected_bytes);
            ready!(poll_turn(turn, expected, this.request.as_ref(), &mut this.taken, ctx));
        }
        let mut made = None;
        match &mut this.dispatched {
            Some(dispatched) => {
                ready!(dispatched.poll_response(&mut made, ctx));
            }
            None => made = this.refused.take().map(|refused| *refused),
        }
        let Some(response) = &mut made else { return Poll::Pending };
        if response.status().canonical_reason().is_none() {
            // For a status without a name, hyper would write `<none>` as the reason phrase.
            response.extensions_mut().insert(ReasonPhrase::from_static(b""));
        }
        let Some(request) = this.request.take() else { return Poll::Pending };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS && request.stream().is_none() {
            // Before hyper hands the connection over, so that its new owner finds it upgraded.
            request.activity().upgrade();
        } else if request.stream().is_none() && request.activity().app().shared().stop.is_stopped() {
            response::set(response.headers_mut(), CONNECTION, "close");
        }
        let has_ended = ResponseBody::begin(response, &request);
        // It is there: see `let Some(response)` above.
        Poll::Ready(Ok(made.unwrap_or_default().map(|body| ResponseBody::new(body, request, has_ended))))
    }
}

/// Ready when a request of HTTP/2 may be answered. As long as it waits for its client to take other responses, it is reset
/// when the client takes too little.
fn poll_turn(
    turn: &mut Turn,
    expected: usize,
    request: Option<&ActiveRequest>,
    taken: &mut usize,
    ctx: &mut Context<'_>,
) -> Poll<()> {
    let polled = turn.poll(expected, ctx);
    let Some(request) = request else { return polled };
    let Some(stream) = request.stream() else { return polled };
    if polled.is_pending() && turn.waits_for_client() {
        let before = std::mem::replace(taken, request.activity().taken());
        // A poll without progress must not begin another wait.
        if *taken > before || !stream.waits_for_client() {
            stream.wait_for_client(*taken - before);
        }
    } else if stream.waits_for_client() {
        stream.wait_for_server();
    }
    polled
}
