//! How an app answers what went wrong: by the type of the error, by refusals, by status, in this order.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VARY};
use http::{StatusCode, request};
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

use crate::development;
use crate::error::{Error, ErrorKind, ErrorResponse, Rejection, error_response, reason};
use crate::error_text::{Chain, client_text};
use crate::panic::panic_message;
use crate::request_id::RequestId;
use crate::response::{self, Response, ShownFailure, internal_server_error};

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
/// Datastar's client sends it with each request of an action.
pub(crate) const DATASTAR_REQUEST: HeaderName = HeaderName::from_static("datastar-request");

/// The error pages of an app: by the error's type, for rejections, by status. They are read only when a request fails.
#[derive(Default, Clone)]
pub(crate) struct ErrorAnswers {
    pub(crate) by_type: Vec<(&'static str, Arc<ErrorHandler>)>,
    pub(crate) rejection: Option<Arc<RejectionHandler>>,
    pub(crate) by_status: HashMap<StatusCode, Arc<StatusHandler>>,
}

/// `None` is an error of another type.
pub(crate) type ErrorHandler =
    dyn Fn(&(dyn StdError + 'static), &request::Parts) -> Option<Response> + Send + Sync;
pub(crate) type RejectionHandler = dyn Fn(&Rejection, &request::Parts) -> Response + Send + Sync;
pub(crate) type StatusHandler = dyn Fn(&str, &request::Parts) -> Response + Send + Sync;

impl ErrorAnswers {
    /// These answers, and those of the part around it that are not set here.
    pub(crate) fn within(mut self, outer: &Self) -> Self {
        self.by_type.extend(outer.by_type.iter().cloned());
        self.rejection = self.rejection.or_else(|| outer.rejection.clone());
        for (status, handler) in &outer.by_status {
            self.by_status.entry(*status).or_insert_with(|| Arc::clone(handler));
        }
        self
    }

    /// Whether the answer to a panic depends on its request.
    pub(crate) fn has_panic_page(&self) -> bool {
        self.by_status.contains_key(&StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The answer to an error.
    pub(crate) fn answer(&self, error: Error, request: &request::Parts, id: RequestId) -> Response {
        match error.into_kind() {
            ErrorKind::Rejection(rejection) => {
                let mut response = self.refuse(&rejection, request, id);
                response::note_reason(&mut response, rejection.message());
                if let Some(cause) = rejection.cause() {
                    development::note_cause(&mut response, cause);
                }
                response
            }
            ErrorKind::Answer { status, message } => self.status(status, &message, request, id),
            ErrorKind::Cause(cause) => {
                let mut response = self.cause(&*cause, request, id).unwrap_or_else(|| {
                    let status = StatusCode::INTERNAL_SERVER_ERROR;
                    self.status(status, reason(status), request, id)
                });
                development::note_cause(&mut response, &*cause);
                response
            }
        }
    }

    /// The answer to an error, by its type. A 5xx is logged here, once.
    fn cause(
        &self,
        cause: &(dyn StdError + 'static),
        request: &request::Parts,
        id: RequestId,
    ) -> Option<Response> {
        let own = error_response(cause);
        let handled = || {
            let mut by_type = self.by_type.iter();
            by_type.find_map(|(_, handler)| handler(cause, request)).or_else(|| own?.response(request))
        };
        if let Some(mut response) = guarded(id, handled) {
            show_by_own_events(&mut response, own.map(ErrorResponse::status), request);
            log_failure(response.status(), cause, id);
            if response::status_for_log(&response).is_client_error() {
                response::note_cause(&mut response, &Chain(cause).to_string());
            }
            return Some(response);
        }
        let status = match own {
            Some(error) => error.status(),
            None if cause.is::<Elapsed>() || cause.is::<Overloaded>() => StatusCode::SERVICE_UNAVAILABLE,
            None => {
                log_failure(StatusCode::INTERNAL_SERVER_ERROR, cause, id);
                return None;
            }
        };
        log_failure(status, cause, id);
        let message = own.filter(|_| !status.is_server_error()).and_then(client_text);
        let message = message.as_deref().unwrap_or_else(|| reason(status));
        Some(self.status(status, message, request, id))
    }

    fn refuse(&self, rejection: &Rejection, request: &request::Parts, id: RequestId) -> Response {
        if let Some(cause) = rejection.cause()
            && let Some(response) = self.cause(cause, request, id)
        {
            return response;
        }
        let mut response = match &self.rejection {
            Some(handler) => {
                let answer = || {
                    let mut response = handler(rejection, request);
                    show_by_own_events(&mut response, Some(rejection.status()), request);
                    Some(response)
                };
                guarded(id, answer).unwrap_or_else(internal_server_error)
            }
            None => match self.page(rejection.status(), rejection.message(), request, id) {
                Some(response) => response,
                None => refusal(rejection, request),
            },
        };
        if let Some((name, value)) = rejection.header() {
            response.headers_mut().entry(name).or_insert(value);
        }
        response
    }

    /// The answer that is a status and one sentence.
    pub(crate) fn status(
        &self,
        status: StatusCode,
        message: &str,
        request: &request::Parts,
        id: RequestId,
    ) -> Response {
        let page = self.page(status, message, request, id);
        let mut response = page.unwrap_or_else(|| response::text(status, message));
        response::note_reason(&mut response, message);
        response
    }

    /// The answer to a panic, which is logged already. Without `request` it is a plain 500: the head is kept only if the app has
    /// a page for panics.
    pub(crate) fn panicked(&self, request: Option<&request::Parts>, id: RequestId) -> Response {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        match request {
            Some(request) => self.status(status, reason(status), request, id),
            None => internal_server_error(),
        }
    }

    fn page(
        &self,
        status: StatusCode,
        message: &str,
        request: &request::Parts,
        id: RequestId,
    ) -> Option<Response> {
        let handler = self.by_status.get(&status)?;
        let page = || {
            let mut response = handler(message, request);
            show_by_own_events(&mut response, Some(status), request);
            // A page says nothing about the status but by its words.
            if response::status_for_log(&response) == StatusCode::OK {
                *response.status_mut() = status;
            }
            Some(response)
        };
        guarded(id, page)
    }
}

/// Has events that the app answers a failure with sent as 200, if Datastar's client asks: it ignores those of any other
/// status. `status` is the failure's own, for an answer that has none but 200.
fn show_by_own_events(response: &mut Response, status: Option<StatusCode>, request: &request::Parts) {
    let written = Some(response.status()).filter(|status| *status != StatusCode::OK);
    let Some(status) = written.or(status) else { return };
    if ShownFailure::fits(status)
        && request.headers.contains_key(DATASTAR_REQUEST)
        && response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|content_type| content_type == "text/event-stream")
    {
        *response.status_mut() = StatusCode::OK;
        response.extensions_mut().insert(ShownFailure(status));
    }
}

/// Logs the cause of a 5xx, which the client is not shown.
fn log_failure(status: StatusCode, cause: &(dyn StdError + 'static), id: RequestId) {
    if status.is_server_error() {
        tracing::error!(request_id = %id, error = %Chain(cause), "a request failed");
    }
}

/// Calls `answer`, which is code of the app. A panic in it is logged and answered with a plain 500: no other code of
/// the app is called.
fn guarded(id: RequestId, answer: impl FnOnce() -> Option<Response>) -> Option<Response> {
    // The state in which the panic left the handler is the handler's own, which says that it may be called again by being `Fn`.
    match catch_unwind(AssertUnwindSafe(answer)) {
        Ok(response) => response,
        Err(panic) => {
            tracing::error!(request_id = %id, panic = panic_message(&*panic), "an error handler panicked");
            Some(internal_server_error())
        }
    }
}

/// The answer to a refused parameter, as the client asked for it: problem details (RFC 9457), or plain text.
fn refusal(rejection: &Rejection, request: &request::Parts) -> Response {
    let mut response = if accepts_json(&request.headers) {
        problem_details(rejection)
    } else {
        response::text(rejection.status(), rejection.message())
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

fn problem_details(rejection: &Rejection) -> Response {
    let status = rejection.status();
    let mut problem = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "detail": rejection.message(),
    });
    if let Some(parameter) = rejection.parameter() {
        problem["parameter"] = serde_json::json!(parameter);
    }
    if let Some(source) = rejection.source() {
        problem["source"] = serde_json::json!(source);
    }
    let mut response = response::with_type(PROBLEM, problem.to_string());
    *response.status_mut() = status;
    response
}

/// Whether `accept` names one of the JSON types, with a weight that is not 0 and not below that of plain
/// text. `*/*` names none: a browser's `fetch` sends it, and reads text as well.
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut json = 0.0_f32;
    let mut text = 0.0_f32;
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in ranges.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        if is("application/json") || is("application/problem+json") {
            json = json.max(weight);
        } else if is("text/plain") {
            text = text.max(weight);
        }
    }
    json > 0.0 && json >= text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_details_are_sent_to_clients_that_accept_json() {
        let check = |accept: &str, expected: bool| {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(accepts_json(&headers), expected, "{accept}");
        };
        assert!(!accepts_json(&HeaderMap::new()));
        check("application/json", true);
        check("Application/Problem+JSON; q=0.5", true);
        check("text/html, application/json;q=0.9, */*;q=0.8", true);
        check("text/plain;q=0.5, application/json", true);
        check("text/plain, application/json;q=0.5", false);
        check("application/json;q=0", false);
        check("application/json;q=x", false);
        check("*/*", false);
        check("text/event-stream, text/html", false);
        check(",;q=,;;", false);
    }
}
