//! `ResponsePart`: status, headers and cookies of a response, in front of the value in a tuple.

use std::error::Error as StdError;
use std::fmt;

use http::header::{HeaderMap, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use http::{StatusCode, header};
use stario_html::Render;

use super::{AsHtml, AsResponse, IntoResponse, Response, failure, has_failed};
use crate::error::Result;

/// A part of a response's head: in a tuple that a handler returns, what stands before the value.
///
/// | part | effect |
/// |---|---|
/// | `StatusCode` | the status |
/// | `[(name, value); N]` | sets headers |
/// | `http::HeaderMap` | sets headers |
/// | [`SetCookie`](crate::SetCookie), or an array or a `Vec` of them | adds cookies |
/// | [`Attachment`](crate::Attachment) | the name to save the body under |
/// | `Option` of a part | the part, if it is there |
///
/// Up to four parts are applied, in order, to the response of the value after them. Setting a header replaces
/// the one that the response had under that name, except for `set-cookie`, which is added; a name that occurs
/// several times in one part is sent as often.
///
/// Names and values are checked: one that HTTP cannot carry, such as a value with a line break, is logged and
/// answered 500, and never reaches the client.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/report")]
/// async fn report() -> (StatusCode, [(&'static str, &'static str); 1], Html) {
///     (StatusCode::GONE, [("cache-control", "no-store")], html! { <p>"It is gone."</p> })
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/report").send();
/// assert_eq!(res.status(), 410);
/// assert_eq!(res.header("cache-control"), "no-store");
/// assert_eq!(res.text(), "<p>It is gone.</p>");
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a part of a response's head",
    label = "neither a status nor headers",
    note = "put a `StatusCode`, `[(name, value)]`, a `HeaderMap` or a `SetCookie` in front of the value, or implement `ResponsePart`"
)]
pub trait ResponsePart {
    /// Applies the part.
    ///
    /// # Errors
    ///
    /// When the part cannot be sent. The response is then 500, and the error is logged.
    fn apply(self, response: &mut Response) -> Result<()>;
}

impl ResponsePart for StatusCode {
    fn apply(self, response: &mut Response) -> Result<()> {
        *response.status_mut() = self;
        Ok(())
    }
}

impl ResponsePart for HeaderMap {
    fn apply(mut self, response: &mut Response) -> Result<()> {
        if let header::Entry::Occupied(cookies) = self.entry(SET_COOKIE) {
            for cookie in cookies.remove_entry_mult().1 {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
        }
        response.headers_mut().extend(self);
        Ok(())
    }
}

impl<N, V, const COUNT: usize> ResponsePart for [(N, V); COUNT]
where
    N: TryInto<HeaderName, Error: StdError + Send + Sync + 'static>,
    V: TryInto<HeaderValue, Error: StdError + Send + Sync + 'static>,
{
    fn apply(self, response: &mut Response) -> Result<()> {
        let mut headers = HeaderMap::with_capacity(COUNT);
        for (name, value) in self {
            let name =
                name.try_into().map_err(|error| InvalidHeader { name: None, cause: Box::new(error) })?;
            let value = value
                .try_into()
                .map_err(|error| InvalidHeader { name: Some(name.clone()), cause: Box::new(error) })?;
            headers.append(name, value);
        }
        headers.apply(response)
    }
}

impl<P: ResponsePart> ResponsePart for Option<P> {
    fn apply(self, response: &mut Response) -> Result<()> {
        self.map_or(Ok(()), |part| part.apply(response))
    }
}

/// A header that HTTP cannot carry.
#[derive(Debug)]
struct InvalidHeader {
    /// Of the header whose value is invalid.
    name: Option<HeaderName>,
    cause: Box<dyn StdError + Send + Sync>,
}

impl fmt::Display for InvalidHeader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(formatter, "the value of the response header `{name}` cannot be sent"),
            None => formatter.write_str("the name of a response header cannot be sent"),
        }
    }
}

impl StdError for InvalidHeader {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.cause)
    }
}

/// Whether a response with this status is a redirect.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    (300..=308).contains(&status.as_u16()) && status != StatusCode::NOT_MODIFIED
}

/// Where a response that is a redirect leads.
pub(crate) fn redirects_to(response: &Response) -> Option<&HeaderValue> {
    response.headers().get(LOCATION).filter(|_| is_redirect(response.status()))
}

/// The error of a redirect whose status is not one of redirects.
#[derive(Debug)]
pub(super) struct NotARedirect(pub(super) StatusCode);

impl fmt::Display for NotARedirect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is not a status of a redirect", self.0.as_u16())
    }
}

impl StdError for NotARedirect {}

/// The value after the parts is rendered.
#[doc(hidden)]
pub struct AsHtmlWithParts(());

macro_rules! values_with_parts {
    ($($part:ident)+) => {
        #[diagnostic::do_not_recommend]
        impl<$($part: ResponsePart,)+ T: IntoResponse> IntoResponse<AsResponse> for ($($part,)+ T) {
            #[allow(non_snake_case)]
            fn into_response(self) -> Response {
                let ($($part,)+ value) = self;
                let mut response = value.into_response();
                if has_failed(&response) {
                    return response;
                }
                let has_target = redirects_to(&response).is_some();
                let applied = (|| {
                    $($part.apply(&mut response)?;)+
                    if has_target && !is_redirect(response.status()) {
                        return Err(NotARedirect(response.status()).into());
                    }
                    Ok(())
                })();
                applied.map_or_else(failure, |()| response)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<$($part: ResponsePart,)+ R: Render> IntoResponse<AsHtmlWithParts> for ($($part,)+ R) {
            #[allow(non_snake_case)]
            fn into_response(self) -> Response {
                let ($($part,)+ value) = self;
                ($($part,)+ IntoResponse::<AsHtml>::into_response(value)).into_response()
            }
        }
    };
}

values_with_parts!(P1);
values_with_parts!(P1 P2);
values_with_parts!(P1 P2 P3);
values_with_parts!(P1 P2 P3 P4);
