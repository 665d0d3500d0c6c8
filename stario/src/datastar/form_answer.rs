//! The answers to a form, for browsers alone and for Datastar's client.

use http::StatusCode;
use stario_html::Html;

use super::event::redirect;
use crate::extract::Form;
use crate::response::{self, IntoResponse, Location, Redirect, Response, ShownFailure};

impl<T> Form<T> {
    /// Answers with the form and what is wrong with it.
    ///
    /// `form` is the `<form>` element, with an id. Datastar's client gets it alone, as 200, and patches it. A browser alone gets the
    /// page that `page` makes of it, as 422. The log and the metrics see 422 either way.
    pub fn refusal(&self, form: Html, page: impl FnOnce(Html) -> Html) -> Response {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let mut response = if self.is_datastar() {
            let mut response = form.into_response();
            response.extensions_mut().insert(ShownFailure(status));
            response
        } else {
            (status, page(form)).into_response()
        };
        let names: Vec<&str> = self.problems().map(|(name, _)| name).collect();
        response::note_reason(&mut response, &format!("problems in the form: {}", names.join(", ")));
        response
    }

    /// Answers with another page: 303 for a browser alone, an event for Datastar's client, which stays on its page otherwise.
    pub fn redirect(&self, location: impl Into<Location>) -> Response {
        if self.is_datastar() {
            redirect(location).into_response()
        } else {
            Redirect::see_other(location).into_response()
        }
    }
}
