//! How an app answers what went wrong: by the type of the error, by refusals, by status, in this order.

use std::any::type_name;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use http::header::{ACCEPT_ENCODING, HeaderValue};
use http::{StatusCode, request};
use tower::load_shed::error::Overloaded;
use tower::timeout::error::Elapsed;

use super::App;
use crate::error::{Chain, Error, Kind, error_response, internal_server_error, panic_message, reason};
use crate::extract::Rejection;
use crate::request_id::RequestId;
use crate::response::{self, IntoResponse, Response};

/// What the app was told about failures. Nothing of it is looked at before there is one.
#[derive(Default)]
pub(crate) struct Answers {
    by_type: Vec<(&'static str, Box<ErrorHandler>)>,
    rejection: Option<Box<RejectionHandler>>,
    by_status: HashMap<StatusCode, Box<StatusHandler>>,
}

/// `None` is an error of another type.
type ErrorHandler = dyn Fn(&(dyn StdError + 'static), &request::Parts) -> Option<Response> + Send + Sync;
type RejectionHandler = dyn Fn(&Rejection, &request::Parts) -> Response + Send + Sync;
type StatusHandler = dyn Fn(&str, &request::Parts) -> Response + Send + Sync;

impl Answers {
    /// These, and those of `other` that are not set here.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.by_type.extend(other.by_type);
        self.rejection = self.rejection.or(other.rejection);
        for (status, handler) in other.by_status {
            self.by_status.entry(status).or_insert(handler);
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
            Kind::Rejection(rejection) => self.refuse(rejection, request, id),
            Kind::Answer { status, message } => self.status(status, &message, request, id),
            Kind::Cause(cause) => {
                if let Some(response) = self.cause(&*cause, request, id) {
                    return response;
                }
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                self.status(status, reason(status), request, id)
            }
        }
    }

    /// The answer to an error by its type. What is the server's fault is logged here, once, whoever answers it.
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
        if let Some(response) = guarded(id, handled) {
            log_failure(response.status(), cause, id);
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
        let message = own.filter(|_| !status.is_server_error()).map(ToString::to_string);
        let message = message.as_deref().unwrap_or_else(|| reason(status));
        Some(self.status(status, message, request, id))
    }

    fn refuse(&self, rejection: Rejection, request: &request::Parts, id: RequestId) -> Response {
        if let Some(cause) = rejection.cause()
            && let Some(response) = self.cause(cause, request, id)
        {
            return response;
        }
        let codings = rejection.codings();
        let mut response = match &self.rejection {
            Some(handler) => {
                guarded(id, || Some(handler(&rejection, request))).unwrap_or_else(internal_server_error)
            }
            None => match self.page(rejection.status(), rejection.message(), request, id) {
                Some(response) => response,
                None => rejection.into_response(request),
            },
        };
        if let Some(codings) = codings {
            let codings = HeaderValue::from_static(codings);
            response.headers_mut().entry(ACCEPT_ENCODING).or_insert(codings);
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
        self.page(status, message, request, id).unwrap_or_else(|| response::text(status, message))
    }

    /// The answer to a panic, which is logged already; `None` is a request that nobody has asked for.
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
            // A page says nothing about the status but by its words.
            if response.status() == StatusCode::OK {
                *response.status_mut() = status;
            }
            Some(response)
        };
        guarded(id, page)
    }
}

/// What a client is not told, its operator is.
fn log_failure(status: StatusCode, cause: &(dyn StdError + 'static), id: RequestId) {
    if status.is_server_error() {
        tracing::error!(request_id = %id, error = %Chain(cause), "a request failed");
    }
}

/// What `answer` comes to. Its panic is logged, and answered in the plainest way: nothing of the app's is
/// asked again.
fn guarded(id: RequestId, answer: impl FnOnce() -> Option<Response>) -> Option<Response> {
    // What the panic left behind is the handler's own, which says that it may be called again by being `Fn`.
    match catch_unwind(AssertUnwindSafe(answer)) {
        Ok(response) => response,
        Err(panic) => {
            tracing::error!(request_id = %id, panic = panic_message(&*panic), "an error handler panicked");
            Some(internal_server_error())
        }
    }
}

impl App {
    /// Answers the errors of one type, whether a handler, a provider or a layer fails with it, directly or
    /// through `?`; see [`Error`](crate::Error). It comes before the type's own
    /// [`ErrorResponse`](crate::ErrorResponse). The cause is logged if the status of the answer is 500 or above.
    ///
    /// The type is that of the error itself, not of its sources. An `anyhow::Error` hides the type of the error
    /// that it wraps.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/double/{number}")]
    /// async fn double(number: PathParam<String>) -> stario::Result<u32> {
    ///     Ok(2 * number.parse::<u32>()?)
    /// }
    ///
    /// # fn main() {
    /// let app = app::new().on_error(|error: &std::num::ParseIntError, request| {
    ///     (StatusCode::BAD_REQUEST, html! { <p>{request.uri.path()}": "{error.to_string()}</p> })
    /// });
    /// let res = TestClient::new(app).get("/double/x").send();
    /// assert_eq!(res.status(), 400);
    /// assert_eq!(res.text(), "<p>/double/x: invalid digit found in string</p>");
    /// # }
    /// ```
    pub fn on_error<E, R, K>(
        mut self,
        handler: impl Fn(&E, &request::Parts) -> R + Send + Sync + 'static,
    ) -> Self
    where
        E: StdError + 'static,
        R: IntoResponse<K>,
    {
        let name = type_name::<E>();
        if self.answers.by_type.iter().any(|(present, _)| *present == name) {
            self.problems.push(format!("errors of type `{name}` have two handlers; leave one `on_error`"));
        }
        let handler = move |error: &(dyn StdError + 'static), request: &request::Parts| {
            Some(handler(error.downcast_ref::<E>()?, request).into_response())
        };
        self.answers.by_type.push((name, Box::new(handler)));
        self
    }

    /// Answers every request that is refused before its handler runs, instead of plain text and problem
    /// details; see [`Rejection`].
    ///
    /// The function gets the refusal and the head of the request, and returns a response. It chooses the status;
    /// [`Rejection::status`] is what it would have been.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/list")]
    /// async fn list(page: QueryParam<u8>) -> String {
    ///     page.to_string()
    /// }
    ///
    /// # fn main() {
    /// let app = app::new().on_rejection(|rejection, request| {
    ///     let page = html! { <p>{request.uri.path()}": "{rejection.message()}</p> };
    ///     (rejection.status(), page)
    /// });
    /// let res = TestClient::new(app).get("/list?page=x").send();
    /// assert_eq!(res.status(), 422);
    /// assert_eq!(
    ///     res.text(),
    ///     "<p>/list: invalid query parameter `page`: expected a whole number from 0 to 255</p>"
    /// );
    /// # }
    /// ```
    pub fn on_rejection<R, K>(
        mut self,
        handler: impl Fn(&Rejection, &request::Parts) -> R + Send + Sync + 'static,
    ) -> Self
    where
        R: IntoResponse<K>,
    {
        let handler = move |rejection: &Rejection, request: &request::Parts| {
            handler(rejection, request).into_response()
        };
        self.answers.rejection = Some(Box::new(handler));
        self
    }

    /// Writes the error page of this status. It replaces the plain text of 404 and 405 where there is no route,
    /// of 500 for errors and panics, of 503 for detached commands over their limit, of
    /// [`Error::new`](crate::Error::new), and of refusals that [`on_rejection`](Self::on_rejection) does not
    /// answer. A status that a handler returns with a body of its own, as in `(StatusCode, Html)`, stays as it is.
    ///
    /// The function gets that plain text, which is fit for the client, and the head of the request. Its answer
    /// gets the status unless it has one other than 200; `allow` is added to 405.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/users/{id}")]
    /// async fn user(id: PathParam<u8>) -> stario::Result<Html> {
    ///     Err(stario::Error::new(StatusCode::NOT_FOUND, format!("there is no user {id}")))
    /// }
    ///
    /// # fn main() {
    /// let app = app::new().on_status(StatusCode::NOT_FOUND, |message, _| {
    ///     html! { <h1>"Sorry"</h1><p>{message}</p> }
    /// });
    /// let client = TestClient::new(app);
    /// assert_eq!(client.get("/users/7").send().text(), "<h1>Sorry</h1><p>there is no user 7</p>");
    /// let res = client.get("/nowhere").send();
    /// assert_eq!((res.status().as_u16(), res.text()), (404, "<h1>Sorry</h1><p>Not Found</p>"));
    /// # }
    /// ```
    pub fn on_status<S, R, K>(
        mut self,
        status: S,
        handler: impl Fn(&str, &request::Parts) -> R + Send + Sync + 'static,
    ) -> Self
    where
        S: TryInto<StatusCode>,
        R: IntoResponse<K>,
    {
        let Ok(status) = status.try_into() else {
            self.problems.push("`on_status` is for a status code from 100 to 999".to_owned());
            return self;
        };
        let handler =
            move |message: &str, request: &request::Parts| handler(message, request).into_response();
        if self.answers.by_status.insert(status, Box::new(handler)).is_some() {
            self.problems.push(format!("status {} has two handlers; leave one `on_status`", status.as_u16()));
        }
        self
    }
}
