//! `Header<T>` and `Headers<T>`: the value, or all values, of one header.

use std::borrow::Cow;

use http::header::COOKIE;
use serde::de::DeserializeOwned;

use super::value::{self, NotText, SingleValue};
use super::{Defaulted, FromRequest, value_newtype};
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

const SOURCE: &str = "header";

/// Reads the value of the request's header that is named like the parameter, with `-` for `_`: `x_num` reads
/// `x-num`. `#[name("..")]` names another header.
///
/// Names are case-insensitive (RFC 9110 section 5.1). Of a repeated header the first value counts. A missing
/// header is refused with 400, unless the parameter has a `#[default(..)]` or is a `Header<Option<T>>`; so is a
/// value that is not UTF-8. A value that `T` does not accept is refused with 422. An empty value is itself for a
/// `String` and an `Option<String>`; for any other type it counts as missing.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home(user_agent: Header<String>, #[default(1)] x_api_version: Header<u8>) -> String {
///     format!("{user_agent}, version {x_api_version}")
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.get("/").header("user-agent", "curl").send();
/// assert_eq!(res.text(), "curl, version 1");
/// assert_eq!(client.get("/").send().text(), "missing header `user-agent`: expected text");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<T>(pub T);

value_newtype!(Header);

impl<T: DeserializeOwned + Send> FromRequest for Header<T> {
    const BY_NAME: bool = true;

    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let name = name(parameter);
        value::from_texts(texts(scope, &name), SingleValue::First)
            .map(Self)
            .map_err(|problem| problem.into_rejection(SOURCE, name))
    }
}

impl<T: DeserializeOwned + Send> Defaulted for Header<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}

/// Reads all values of the request's header that is named like the parameter, in their order; named as for
/// [`Header`].
///
/// Each header line is one value, which is not split at commas. Without the header the list is empty. Empty values are
/// left out unless `T` is text. A value that is not UTF-8 is refused with 400, one that `T` does not accept with 422.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn tags(x_tag: Headers<String>) -> String {
///     x_tag.join(" and ")
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.get("/").header("x-tag", "a, b").header("x-tag", "c").send();
/// assert_eq!(res.text(), "a, b and c");
/// assert_eq!(client.get("/").send().text(), "");
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers<T>(pub Vec<T>);

value_newtype!(Headers, Vec<T>);

impl<T: DeserializeOwned + Send> FromRequest for Headers<T> {
    const BY_NAME: bool = true;

    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let name = name(parameter);
        value::list_from_texts(texts(scope, &name))
            .map(Self)
            .map_err(|problem| problem.into_rejection(SOURCE, name))
    }
}

fn texts<'s>(scope: &'s Scope, name: &str) -> impl Iterator<Item = Result<Cow<'s, str>, NotText>> + use<'s> {
    if name.eq_ignore_ascii_case(COOKIE.as_str()) {
        scope.exchange().note_cookies_read();
    }
    let values = scope.headers().get_all(name).into_iter();
    values.map(|value| std::str::from_utf8(value.as_bytes()).map(Cow::Borrowed).map_err(|_| NotText))
}

fn name(parameter: &Parameter) -> Cow<'static, str> {
    if !parameter.is_renamed() && parameter.name().contains('_') {
        parameter.name().replace('_', "-").into()
    } else {
        parameter.name().into()
    }
}
