//! `Text`: plain text.

use std::borrow::Cow;

use super::{IntoResponse, Response, TEXT, WholeResponse};

/// Plain text, `content-type: text/plain; charset=utf-8`, sent as it is.
///
/// A string that a handler returns without this is sent as HTML, and escaped.
///
/// ```
/// use stario::prelude::*;
/// use stario::Text;
///
/// # stario::app!();
/// #[app::query("/robots.txt")]
/// async fn robots() -> Text<&'static str> {
///     Text("User-agent: *\nDisallow: /<private>\n")
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/robots.txt").send();
/// assert_eq!(res.header("content-type"), "text/plain; charset=utf-8");
/// assert_eq!(res.text(), "User-agent: *\nDisallow: /<private>\n");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl<T: Into<Cow<'static, str>>> IntoResponse for Text<T> {
    fn into_response(self) -> Response {
        self.into_whole().into_response()
    }

    fn into_whole(self) -> WholeResponse {
        let body = match self.0.into() {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        };
        WholeResponse::Content(&TEXT, body)
    }
}
