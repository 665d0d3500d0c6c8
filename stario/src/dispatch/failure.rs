//! Shows a failure in the page that sent the request.
//!
//! Datastar's client ignores the body of a 4xx or 5xx, so a click that fails would look like nothing. Where the app has a
//! region for failures, a 4xx is sent as 200 with one event that puts the sentence there. The log and the metrics keep
//! the 4xx. 429 and 5xx keep their status, because the client tries those again if the action asks for it.

use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use stario_html::{Html, Raw, Render};

use crate::datastar::{Event, Mode};
use crate::error;
use crate::exchange::Exchange;
use crate::response::{IntoResponse, RefusalReason, Response, ShownFailure};

/// Replaces a failure by the event that shows it, if the page has a region for failures. Returns the status for the log.
pub(super) fn show(
    exchange: &Exchange,
    response: &mut Response,
    reason: Option<&RefusalReason>,
) -> StatusCode {
    if let Some(ShownFailure(status)) = response.extensions_mut().remove() {
        return status;
    }
    let status = response.status();
    if let Some(region) = exchange.failure_region()
        && ShownFailure::fits(status)
    {
        let sentence = reason.filter(|reason| reason.is_public).map(|reason| &*reason.text);
        let failure = content(response, sentence).unwrap_or_else(|| paragraph(error::reason(status)));
        let event = Event::new((Mode::Inner, region.to_owned(), failure));
        send_instead(response, event.into_response());
    }
    status
}

/// What the response says, as HTML: its own HTML or plain text, else the sentence. A whole page is no content for a region.
fn content(response: &Response, sentence: Option<&str>) -> Option<Html> {
    let text = || {
        let bytes = response.body().whole().filter(|bytes| !bytes.is_empty())?;
        std::str::from_utf8(bytes).ok()
    };
    let content_type =
        response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if content_type.starts_with("text/html") {
        let part = text().filter(|html| !is_whole_page(html));
        return part.map(|html| Raw(html).into_html()).or_else(|| sentence.map(paragraph));
    }
    let own = if content_type.starts_with("text/plain") { text() } else { None };
    own.or(sentence).map(paragraph)
}

fn is_whole_page(html: &str) -> bool {
    let begins_with = |tag: &str| {
        html.as_bytes().get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
    };
    begins_with("<!doctype") || begins_with("<html")
}

fn paragraph(sentence: &str) -> Html {
    Raw(format!("<p>{}</p>", sentence.into_html())).into_html()
}

/// Sends `shown` in the place of the response, with the other headers that the response has.
fn send_instead(response: &mut Response, shown: Response) {
    let (head, body) = shown.into_parts();
    *response.body_mut() = body;
    *response.status_mut() = head.status;
    let headers = response.headers_mut();
    for of_old_body in [CONTENT_LENGTH, CONTENT_ENCODING] {
        headers.remove(of_old_body);
    }
    for (name, value) in head.headers {
        if let Some(name) = name {
            headers.insert(name, value);
        }
    }
}
