//! Where a redirect goes, checked: by status, by event, and by a writer.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::uri::Authority;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// What no URL contains. `%` stays, because it begins an escape.
const NOT_IN_URLS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where a redirect goes: a path of this site, or an explicitly [external](Self::external) URL.
///
/// Text, and the URL of a handler, convert into a path of this site. It begins with a single `/`, with `?` or
/// with `#`, and contains neither control characters nor `\`, so that no browser takes it for another host or for
/// code. Characters that a URL cannot contain are percent-encoded; existing escapes are left alone.
///
/// If a client sends the target, take it as a parameter or parse it: an unsafe one is then refused.
///
/// ```
/// use stario::prelude::*;
/// use stario::{Location, Redirect};
///
/// # stario::app!();
/// #[app::command("/login")]
/// async fn login(#[default("/")] next: QueryParam<Location>) -> Redirect {
///     Redirect::see_other(next.0)
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.post("/login?next=/cart?a=1").send().header("location"), "/cart?a=1");
/// assert_eq!(client.post("/login").send().header("location"), "/");
/// assert_eq!(client.post("/login?next=//evil.example").send().status(), 422);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location(Result<String, UnsafeLocation>);

impl Location {
    /// A URL of another site, or an absolute one of this site: `http` or `https` with a host, without
    /// credentials.
    ///
    /// Never pass what a client sent without comparing it with a list of allowed URLs: an open redirect lets
    /// anyone make links that seem to lead to this site.
    ///
    /// ```
    /// use stario::Location;
    ///
    /// assert!(Location::external("https://example.com/a b").checked().is_ok());
    /// assert!(Location::external("javascript:alert(1)").checked().is_err());
    /// ```
    pub fn external(url: impl AsRef<str>) -> Self {
        let url = url.as_ref();
        Self(check_external(url).map(|()| encode(url)).map_err(|problem| UnsafeLocation::new(url, problem)))
    }

    /// The location as it is sent, percent-encoded.
    ///
    /// # Errors
    ///
    /// When it is not a safe target.
    pub fn checked(&self) -> Result<&str, &UnsafeLocation> {
        self.0.as_deref()
    }

    pub(crate) fn into_checked(self) -> Result<String, UnsafeLocation> {
        self.0
    }

    fn local(target: &str) -> Self {
        Self(
            check_local(target)
                .map(|()| encode(target))
                .map_err(|problem| UnsafeLocation::new(target, problem)),
        )
    }
}

/// A place of this site.
impl FromStr for Location {
    type Err = UnsafeLocation;

    fn from_str(target: &str) -> Result<Self, UnsafeLocation> {
        Self::local(target).into_checked().map(|target| Self(Ok(target)))
    }
}

/// A place of this site.
impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let target = String::deserialize(deserializer)?;
        check_local(&target).map_err(de::Error::custom)?;
        Ok(Self(Ok(encode(&target))))
    }
}

/// As it is sent, so that a link can hold it. An unsafe one cannot be serialized.
impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.checked().map_err(ser::Error::custom)?)
    }
}

macro_rules! local_from {
    ($($text:ty),*) => {$(
        /// A place of this site.
        impl From<$text> for Location {
            fn from(target: $text) -> Self {
                Self::local(AsRef::<str>::as_ref(&target))
            }
        }
    )*};
}

local_from! { &str, String, &String, Cow<'_, str> }

fn encode(url: &str) -> String {
    utf8_percent_encode(url, NOT_IN_URLS).to_string()
}

/// Browsers drop tabs and line ends anywhere in a URL, take `\` for `/`, and what follows two slashes for a
/// host (WHATWG URL, section 4.4).
fn check_local(target: &str) -> Result<(), &'static str> {
    check_characters(target)?;
    match target.as_bytes() {
        [b'/', b'/', ..] => Err("it begins with `//`, which leads to another host"),
        [b'/' | b'?' | b'#', ..] => Ok(()),
        _ => {
            Err("a place of this site begins with `/`, `?` or `#`, and `Location::external` leads elsewhere")
        }
    }
}

fn check_external(url: &str) -> Result<(), &'static str> {
    check_characters(url)?;
    let (scheme, rest) = url.split_once("://").ok_or(NOT_EXTERNAL)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(NOT_EXTERNAL);
    }
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if authority.contains('@') {
        return Err("an external place is named without credentials");
    }
    match Authority::from_str(authority) {
        Ok(authority) if !authority.host().is_empty() => Ok(()),
        _ => Err("its host is missing or not valid; one beyond ASCII is written as `xn--..`"),
    }
}

const NOT_EXTERNAL: &str = "an external place begins with `https://` or `http://`";

fn check_characters(url: &str) -> Result<(), &'static str> {
    if url.contains(char::is_control) {
        return Err("it holds a control character");
    }
    if url.contains('\\') {
        return Err("it holds a `\\`, which browsers take for `/`");
    }
    Ok(())
}

/// Why a redirect would not be safe.
#[derive(Clone, PartialEq, Eq)]
pub struct UnsafeLocation {
    /// The first characters of the target, for the log.
    target: String,
    problem: &'static str,
}

impl UnsafeLocation {
    fn new(target: &str, problem: &'static str) -> Self {
        Self { target: target.chars().take(200).collect(), problem }
    }
}

impl fmt::Display for UnsafeLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot redirect to {:?}: {}", self.target, self.problem)
    }
}

impl fmt::Debug for UnsafeLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl std::error::Error for UnsafeLocation {}
