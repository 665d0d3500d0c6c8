//! `Cookie<T>`: a cookie of the request.

use http::header::COOKIE;
use serde::de::DeserializeOwned;

use super::value::{self, SingleValue};
use super::{Defaulted, FromRequest, value_newtype};
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

const SOURCE: &str = "cookie";

/// Reads the value of the request's cookie that is named like the parameter.
///
/// Of several cookies with the name, the first counts: browsers send the one with the longest path first
/// (RFC 6265 section 5.4). Quotes around a value are removed; nothing else is decoded. Anything that is not
/// `name=value` in UTF-8 is skipped. Without the cookie the request is refused with 400,
/// unless the parameter has a `#[default(..)]` or is a `Cookie<Option<T>>`; a value that `T` does not accept
/// is refused with 422. An empty value is itself for a `String` and an `Option<String>`; for any other type it counts
/// as missing.
///
/// The response of a handler that takes one, itself or by a dependency, has `vary: cookie`, and `cache-control` with `private`,
/// whatever the handler set: no cache gives it to another client.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home(#[default("light")] theme: Cookie<String>) -> Html {
///     html! { <body class={&*theme}></body> }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.get("/").header("cookie", "a=b; theme=dark").send();
/// assert_eq!(res.text(), r#"<body class="dark"></body>"#);
/// assert_eq!(client.get("/").send().text(), r#"<body class="light"></body>"#);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookie<T>(pub T);

value_newtype!(Cookie);

impl<T: DeserializeOwned + Send> FromRequest for Cookie<T> {
    const BY_NAME: bool = true;

    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let cookies = named(scope, parameter.name());
        value::from_texts(
            cookies.map(|cookie| Ok(cookie.value_trimmed().to_owned().into())),
            SingleValue::First,
        )
        .map(Self)
        .map_err(|problem| problem.into_rejection(SOURCE, parameter.name()))
    }
}

/// Finds the request's cookies of this name, in their order.
pub(crate) fn named<'s>(scope: &'s Scope, name: &str) -> impl Iterator<Item = cookie::Cookie<'s>> {
    scope.exchange().note_cookies_read();
    // HTTP/2 may send one line per cookie (RFC 9113 section 8.2.3).
    let lines = scope.headers().get_all(COOKIE).into_iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    // Most cookies have another name, and need not be parsed.
    let pairs = pairs.filter(move |pair| pair.trim_ascii_start().starts_with(name.as_bytes()));
    let cookies = pairs.filter_map(|pair| cookie::Cookie::parse(std::str::from_utf8(pair).ok()?).ok());
    cookies.filter(move |cookie| cookie.name() == name)
}

impl<T: DeserializeOwned + Send> Defaulted for Cookie<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}
