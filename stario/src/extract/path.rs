//! `PathParam<T>`: a capture of the path.

use std::borrow::Cow;
use std::future::ready;

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::value;
use super::{FromRequest, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement, Source};
use crate::routing::Capture;
use crate::scope::Scope;

const SOURCE: &str = "path parameter";

/// Reads the segment of the path that `{name}` matched, where `name` is the parameter's name, or all segments that
/// `{name...}` matched.
///
/// A segment is percent-decoded once, so an encoded slash is part of the value. A path with a broken escape, a
/// NUL or bytes that are not UTF-8 is refused with 400; a value that `T` does not accept with 422.
///
/// `{name...}` matches one segment or more, none of them empty. A `PathParam<Vec<T>>` takes them one by one, any
/// other type as one text joined by slashes, in which a decoded slash looks like the others. Neither is safe as a
/// path of the file system, because a segment can be `..`: use [`File::open_in`](crate::File::open_in).
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/users/{user_id}")]
/// async fn get_user(user_id: PathParam<i64>) -> Html {
///     html! { <p>"User "{user_id}</p> }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/users/123").send().text(), "<p>User 123</p>");
/// assert_eq!(client.get("/users/x").send().status(), 422);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathParam<T>(pub T);

value_newtype!(PathParam);

impl<T: DeserializeOwned + Send> FromRequest for PathParam<T> {
    const SOURCE: Source = Source::Path;

    const IS_READY: bool = true;

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        Some(Requirement::Capture { name: parameter.name() })
    }

    fn from_request(
        scope: &Scope,
        parameter: &Parameter,
    ) -> impl Future<Output = Result<Self, Rejection>> + Send {
        // The value is read at once, because nothing is waited for.
        ready(read(scope, parameter.name()).map(Self))
    }
}

fn read<T: DeserializeOwned>(scope: &Scope, name: &'static str) -> Result<T, Rejection> {
    let Some(capture) = scope.capture(name) else {
        return Err(Rejection::internal("the matched route has no such capture"));
    };
    let read = match capture {
        Capture::Segment(raw) => decode(raw).map(|text| value::from_text(&text)),
        Capture::Rest(raw) => raw
            .split('/')
            .map(decode)
            .collect::<Option<Vec<_>>>()
            .map(|segments| value::from_parts(&segments, &segments.join("/"))),
    };
    // The router has refused such a path already.
    let read = read.ok_or_else(|| Rejection::malformed(SOURCE, name, "not valid text"))?;
    read.map_err(|problem| problem.into_rejection(SOURCE, name))
}

/// Decodes one segment; `None` for a broken escape, a NUL, or bytes that are not UTF-8.
#[inline]
fn decode(segment: &str) -> Option<Cow<'_, str>> {
    // Most segments have nothing to decode: for those, this saves 200 instructions.
    let is_plain = segment.bytes().all(|byte| !matches!(byte, b'%' | 0));
    if is_plain { Some(segment.into()) } else { decode_escapes(segment) }
}

fn decode_escapes(segment: &str) -> Option<Cow<'_, str>> {
    let is_escape = |at: usize| {
        segment.as_bytes().get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    };
    if !segment.match_indices('%').all(|(at, _)| is_escape(at)) {
        return None;
    }
    let decoded = percent_decode_str(segment).decode_utf8().ok()?;
    (!decoded.contains('\0')).then_some(decoded)
}

/// A parameter type that reads the path.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not read the path, but its name stands in the path template",
    label = "the path template captures this name",
    note = "write `PathParam<T>`, or take the capture out of the path template"
)]
pub trait PathSource: FromRequest {
    /// The type that the capture is parsed into.
    type Value;
}

impl<T: DeserializeOwned + Send> PathSource for PathParam<T> {
    type Value = T;
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_segment_is_decoded_once_or_refused() {
        assert_eq!(decode("a%2Fb%20c").as_deref(), Some("a/b c"));
        assert_eq!(decode("%2541").as_deref(), Some("%41"));
        assert_eq!(decode("%C3%A9").as_deref(), Some("é"));
        for broken in ["%", "%4", "%zz", "%u0041", "%C3", "%ED%A0%80", "a%00b"] {
            assert_eq!(decode(broken), None, "{broken}");
        }
    }
}
