//! `Url`: the percent-encoded URL of a handler.

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use stario_html::{AttrWriter, Buf, Render, UrlAttr};

use super::text::{RestValue, Sink, UrlValue, texts_of};
use crate::extract::PathSource;
use crate::path_segment;
use crate::response::Location;

/// What the value of a form's field must escape: everything but letters, digits and `*-._` (URL Standard, section 5.2).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The URL of a handler, made by its `url(..)`: a path with, perhaps, a query and a fragment.
///
/// Use it where `html!` expects a URL; elsewhere it is text. The arguments of `url(..)` are the captures of the
/// path; query parameters are set on the [`Link`](crate::Link) that it returns.
///
/// An empty text, `.` and `..` cannot be a segment of a path: browsers resolve dots, and an empty segment names
/// nothing. They are replaced by U+FFFD, the replacement character. Empty segments inside of a text for a `{rest...}`
/// are kept, by escaped slashes. A segment with a NUL is answered 400.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/users/{name}")]
/// async fn get_user(name: PathParam<String>) -> String {
///     name.to_string()
/// }
///
/// # fn main() {
/// assert_eq!(get_user::url("Ada/Grace").as_str(), "/users/Ada%2FGrace");
/// assert_eq!(get_user::url("Ada").fragment("posts").as_str(), "/users/Ada#posts");
///
/// let page = html! { <a href={get_user::url("Ada")}>"Ada"</a> };
/// assert_eq!(page.as_str(), r#"<a href="/users/Ada">Ada</a>"#);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Url(String);

impl Url {
    /// The URL as text, percent-encoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a file, which is percent-encoded.
    #[cfg(feature = "files")]
    pub(crate) fn of_asset(url: String) -> Self {
        Self(url)
    }

    /// Sets where in the page the URL leads: the `id` of an element.
    #[must_use]
    pub fn fragment(mut self, id: &str) -> Self {
        self.0.truncate(self.0.find('#').unwrap_or(self.0.len()));
        self.0.push('#');
        self.0.extend(utf8_percent_encode(id, path_segment::ESCAPED));
        self
    }

    /// Sets a key of the query that the handler does not read by a parameter of this name: a single field of its
    /// [`Query`](crate::Query), or one of a struct with [`derive(FromRequest)`](macro@crate::FromRequest).
    ///
    /// A list sets the key once per element, `None` not at all.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home() {}
    ///
    /// # fn main() {
    /// let url = home::url().query("tag", ["a&b", "c d"]).query("page", 2);
    /// assert_eq!(url.as_str(), "/?tag=a%26b&tag=c+d&page=2");
    /// # }
    /// ```
    #[must_use]
    pub fn query(self, name: &str, value: impl Serialize) -> Self {
        self.with_query(name, &mut |text| texts_of(&value, text))
    }

    /// Sets a key of the query to the texts that `values` passes on, in place of those that it had.
    pub(super) fn with_query(&self, name: &str, values: &mut dyn FnMut(Sink<'_>)) -> Self {
        let (rest, fragment) = split(&self.0, '#');
        let (path, query) = split(rest, '?');
        let name: String = encode_form(name).collect();
        let is_other = |pair: &&str| pair.split('=').next() != Some(name.as_str());
        let mut url = path.to_owned();
        let mut separator = '?';
        for pair in query.split('&').filter(|pair| !pair.is_empty()).filter(is_other) {
            url.push(separator);
            url.push_str(pair);
            separator = '&';
        }
        values(&mut |text| {
            url.push(separator);
            url.push_str(&name);
            url.push('=');
            url.extend(encode_form(text));
            separator = '&';
        });
        if !fragment.is_empty() {
            url.push('#');
            url.push_str(fragment);
        }
        Self(url)
    }
}

/// As HTML forms encode their fields, a space as `+`.
pub(crate) fn encode_form(text: &str) -> impl Iterator<Item = &str> {
    // Only a space is escaped as `%20`: a percent sign is `%25`.
    utf8_percent_encode(text, FORM).map(|part| if part == "%20" { "+" } else { part })
}

/// A part of a path template as browsers send it. A template may have characters beyond ASCII; all else that a path
/// cannot have is escaped in it already.
fn encode_template(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, CONTROLS).into()
}

/// The prefix of the app whose routes are `routes`, as browsers send it.
pub(crate) fn encoded_prefix_of(routes: TypeId) -> Cow<'static, str> {
    encode_template(crate::links::prefix_of(routes, crate::current::get().links))
}

/// The texts before and after the first `separator`.
fn split(text: &str, separator: char) -> (&str, &str) {
    text.split_once(separator).unwrap_or((text, ""))
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.0
    }
}

/// A place of this site.
impl From<Url> for Location {
    fn from(url: Url) -> Self {
        url.0.into()
    }
}

/// A place of this site.
impl From<&Url> for Location {
    fn from(url: &Url) -> Self {
        url.as_str().into()
    }
}

impl Render for Url {
    fn render(&self, buf: &mut Buf) {
        self.0.render(buf);
    }
}

impl UrlAttr for Url {
    fn write_url(&self, out: &mut AttrWriter<'_>) {
        out.write_str(&self.0);
    }
}

/// Builds a path from the literals of its template and the values of its captures.
#[doc(hidden)]
#[derive(Default)]
pub struct UrlBuilder(String);

impl UrlBuilder {
    /// Begins with the prefix of the app whose routes are `R`.
    pub fn of<R: 'static>() -> Self {
        Self(encoded_prefix_of(TypeId::of::<R>()).into_owned())
    }

    #[must_use]
    pub fn literal(mut self, segment: &str) -> Self {
        // Where the template is `/` and the app is nested, the prefix alone is the path.
        if !segment.is_empty() || self.0.is_empty() {
            self.0.push('/');
            self.0.push_str(&encode_template(segment));
        }
        self
    }

    /// The segment of a capture that a parameter of type `P` reads.
    #[must_use]
    pub fn value<P: PathSource, V: UrlValue<P::Value>>(mut self, value: &V) -> Self {
        let mut is_empty = true;
        value.texts(&mut |text| {
            if is_empty {
                self.segment(text);
                is_empty = false;
            }
        });
        if is_empty {
            self.segment("");
        }
        self
    }

    /// The segments of a `{rest...}` that a parameter of type `P` reads, of which there is at least one.
    #[must_use]
    pub fn rest<P: PathSource, V: RestValue<P::Value>>(mut self, value: V) -> Self {
        let mut is_empty = true;
        value.segments(&mut |text| {
            self.segment(text);
            is_empty = false;
        });
        if is_empty {
            self.segment("");
        }
        self
    }

    /// Takes the value of a capture that no parameter reads, which is an error of its own.
    #[must_use]
    pub fn without<V>(self, _: V) -> Self {
        self
    }

    fn segment(&mut self, text: &str) {
        self.0.push('/');
        // No segment can be one of these: browsers read dots, escaped or not, as a step in the tree, and two
        // slashes at the front as the beginning of a host.
        let text = if matches!(text, "" | "." | "..") { "\u{FFFD}" } else { text };
        self.0.extend(utf8_percent_encode(text, path_segment::ESCAPED));
    }

    pub fn finish(self) -> Url {
        Url(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::PathParam;

    fn url(segments: &[&str]) -> Url {
        let users = UrlBuilder::default().literal("users");
        segments.iter().fold(users, UrlBuilder::value::<PathParam<String>, _>).finish()
    }

    #[test]
    fn a_value_stays_in_its_segment() {
        assert_eq!(url(&["a/b"]).as_str(), "/users/a%2Fb");
        assert_eq!(url(&["50% ?#é"]).as_str(), "/users/50%25%20%3F%23%C3%A9");
    }

    #[test]
    fn a_value_cannot_lead_out_of_its_place() {
        for value in ["", ".", ".."] {
            assert_eq!(url(&[value]).as_str(), "/users/%EF%BF%BD");
        }
        assert_eq!(url(&["..."]).as_str(), "/users/...");
    }

    #[test]
    fn the_query_stands_before_the_fragment_and_a_key_is_set_once() {
        let url = url(&[]).fragment("a b#").query("q", "1 + 1 = 2#").query("é", Some(1.5));
        assert_eq!(url.as_str(), "/users?q=1+%2B+1+%3D+2%23&%C3%A9=1.5#a%20b%23");
        assert_eq!(url.clone().query("q", "x").as_str(), "/users?%C3%A9=1.5&q=x#a%20b%23");
        assert_eq!(url.query("q", None::<u8>).query("é", [0; 0]).fragment("z").as_str(), "/users#z");
    }
}
