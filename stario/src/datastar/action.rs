//! Links and actions built from handlers: `get_user::url(7)`, `rename_user::action(7)`.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use stario_html::{AttrWriter, Buf, Expression, JsWriter, Render, UrlAttr};

/// What a path segment must escape: everything but `pchar` of RFC 3986 section 3.3.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The URL of a handler, made by its `url(..)`.
///
/// It goes where `html!` expects a URL, and is text elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Url(String);

impl Url {
    /// The URL as text: a path, percent-encoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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

/// Puts a path together from its template's literals and its parameters' values.
#[doc(hidden)]
#[derive(Default)]
pub struct UrlBuilder(String);

impl UrlBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn literal(&mut self, segment: &str) {
        self.0.push('/');
        self.0.push_str(segment);
    }

    pub fn value(&mut self, segment: &str) {
        self.0.push('/');
        // No segment can hold these: browsers take dots, escaped or not, for a step in the tree, and two
        // slashes at the front for another host. What stands there instead is found nowhere.
        let segment = if matches!(segment, "" | "." | "..") { "\u{FFFD}" } else { segment };
        self.0.extend(utf8_percent_encode(segment, SEGMENT));
    }

    /// The segments of a `{rest...}`, of which there is at least one.
    pub fn rest(&mut self, segments: &[String]) {
        if segments.is_empty() {
            self.value("");
        }
        for segment in segments {
            self.value(segment);
        }
    }

    pub fn finish(self) -> Url {
        Url(self.0)
    }
}

/// A Datastar action that calls a handler with its own method, made by the handler's `action(..)`.
///
/// It goes where `html!` expects an expression: `data-on:click={rename::action(7)}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Action(String);

impl Action {
    #[doc(hidden)]
    pub fn new(method: &str, url: &Url) -> Self {
        // A path has no quote but `'`, which is legal in one and would end the literal.
        Self(format!("@{method}('{}')", url.0.replace('\'', "%27")))
    }

    /// The action as a Datastar expression, such as `@post('/users/7')`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Expression for Action {
    fn write_expression(&self, out: &mut JsWriter<'_>) {
        out.write_code(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(segments: &[&str]) -> Url {
        let mut builder = UrlBuilder::new();
        builder.literal("users");
        for segment in segments {
            builder.value(segment);
        }
        builder.finish()
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
    fn an_action_is_one_complete_literal() {
        let action = Action::new("post", &url(&["');alert(1)//"]));
        assert_eq!(action.as_str(), "@post('/users/%27);alert(1)%2F%2F')");
    }
}
