//! The methods of `App` that choose how failures are answered.

use std::any::type_name;
use std::error::Error as StdError;
use std::sync::Arc;

use http::{StatusCode, request};

use super::App;
use crate::error::Rejection;
use crate::response::IntoResponse;

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
        if self.settings.part.answers.by_type.iter().any(|(present, _)| *present == name) {
            self.problems.push(format!("errors of type `{name}` have two handlers; leave one `on_error`"));
        }
        let handler = move |error: &(dyn StdError + 'static), request: &request::Parts| {
            Some(handler(error.downcast_ref::<E>()?, request).into_response())
        };
        self.settings.part.answers.by_type.push((name, Arc::new(handler)));
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
        self.settings.part.answers.rejection = Some(Arc::new(handler));
        self
    }

    /// Shows failures in the page that sent the request, in the element that this selector finds, such as `"#failure"`.
    ///
    /// Datastar's client ignores the body of a 4xx, so a click that fails would look like nothing. With a region, a 4xx to a
    /// request of the client (it has the header `datastar-request`) is sent as 200 with one event, which puts what the
    /// answer says into that element: its HTML if that is no whole page, its plain text, or the sentence that says why
    /// the request was refused, in a `<p>`. The log and the metrics see the 4xx. 429 and 5xx keep their status, so that the
    /// client can try again; the guide shows how a page tells of those. Without a region nothing changes.
    ///
    /// [`on_rejection`](Self::on_rejection), [`on_status`](Self::on_status) and [`on_error`](Self::on_error) can answer
    /// with an [`Event`](crate::Event) of their own instead. It is sent as 200 to a request of the client, too, with
    /// or without a region; for `on_error`, if the error's type has a 4xx of its own or the answer is `(status, event)`.
    ///
    /// It belongs to the part of the app that it is given to: another part has a region of its own, or that of the part
    /// around it.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::command("/items")]
    /// async fn add(title: Signal<String>) -> Html {
    ///     html! { <li id="new">{title}</li> }
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().failure_region("#failure"));
    /// let res = client.post("/items").signals(&json!({})).send();
    /// assert_eq!(res.status(), 200);
    /// let events = res.events();
    /// assert_eq!(events[0].selector().as_deref(), Some("#failure"));
    /// assert!(events[0].elements().starts_with("<p>missing signal `title`"));
    /// # }
    /// ```
    pub fn failure_region(mut self, selector: impl Into<String>) -> Self {
        let selector = selector.into();
        if selector.trim().is_empty() || selector.contains(['\r', '\n']) {
            self.problems.push(format!("{selector:?} is not a selector of a region for failures: write `#failure`, and give that id to an element"));
        }
        self.settings.part.failure_region = Some(selector.into());
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
        if self.settings.part.answers.by_status.insert(status, Arc::new(handler)).is_some() {
            self.problems.push(format!("status {} has two handlers; leave one `on_status`", status.as_u16()));
        }
        self
    }
}
