//! Scripts, and the redirect, which is one.

use std::borrow::Cow;

use stario_html::Buf;

use super::elements::{Mode, patch};
use super::encode::{Envelope, Event};
use crate::response::Location;

/// A script for the page to run, once; made by [`script`].
#[derive(Debug, Clone)]
#[must_use = "an event is sent when it is yielded"]
pub struct Script {
    pub(super) envelope: Envelope,
    code: String,
    attributes: Vec<(Cow<'static, str>, String)>,
    auto_remove: bool,
}

/// Runs `code` in the browser, once. The code is sent as it is: never build it from user input.
///
/// `</script` in the code is written `<\/script`, and `<!--` is written `\x3C!--`: both mean the same inside a
/// string literal, and cannot change where the element ends.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/greet")]
/// async fn greet() -> impl Stream<Item = Event> {
///     stream! { yield event::script("alert('Hi')").attribute("type", "module"); }
/// }
///
/// # fn main() {
/// let events = TestClient::new(app::new()).post("/greet").send().events();
/// assert_eq!(
///     events[0].elements(),
///     r#"<script type="module" data-effect="el.remove()">alert('Hi')</script>"#
/// );
/// # }
/// ```
pub fn script(code: impl AsRef<str>) -> Script {
    Script {
        envelope: Envelope::default(),
        code: escape_script(code.as_ref()),
        attributes: Vec::new(),
        auto_remove: true,
    }
}

impl Script {
    /// Gives the `<script>` element an attribute. Its name consists of letters, digits, `-`, `_`, `.` and `:`; any
    /// other makes the event invalid. The value is escaped.
    pub fn attribute(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        let name = name.into();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        if name.is_empty() || !name.bytes().all(is_plain) {
            self.envelope.reject(format!(
                "{name:?} is no name of an attribute: expected letters, digits, `-`, `_`, `.` or `:`"
            ));
        }
        self.attributes.push((name, value.into()));
        self
    }

    /// Whether the `<script>` element is removed from the page once it has run; it is unless set.
    pub fn auto_remove(mut self, auto_remove: bool) -> Self {
        self.auto_remove = auto_remove;
        self
    }

    pub(super) fn encode(self) -> Event {
        let mut buf = Buf::with_capacity(self.code.len() + 64);
        buf.push_trusted_markup("<script");
        for (name, value) in &self.attributes {
            buf.push_trusted_markup(" ");
            buf.push_escaped(name);
            buf.push_trusted_markup("=\"");
            buf.push_escaped(value);
            buf.push_trusted_markup("\"");
        }
        if self.auto_remove {
            buf.push_trusted_markup(" data-effect=\"el.remove()\"");
        }
        buf.push_trusted_markup(">");
        buf.push_trusted_markup(&self.code);
        buf.push_trusted_markup("</script>");
        let mut element = patch(buf.finish()).mode(Mode::Append).selector("body");
        element.envelope = self.envelope;
        element.encode()
    }
}

fn escape_script(code: &str) -> String {
    let mut escaped = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find('<') {
        escaped.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let ends_element =
            rest.get(.."/script".len()).is_some_and(|name| name.eq_ignore_ascii_case("/script"));
        if ends_element {
            escaped.push_str("<\\");
        } else if rest.starts_with("!--") {
            escaped.push_str("\\x3C");
        } else {
            escaped.push('<');
        }
    }
    escaped.push_str(rest);
    escaped
}

/// A script that leaves the page; made by [`redirect`].
#[derive(Debug, Clone)]
#[must_use = "an event is sent when it is yielded"]
pub struct Redirect {
    pub(super) script: Script,
}

/// Sends the browser to `location`: a page of this site, or one made by
/// [`Location::external`](crate::Location::external).
///
/// It is written as a string literal, so it cannot become code. If the location is not safe, such as
/// `javascript:..`, the page stays, and the log says why; [`Writer::navigate`](crate::Writer::navigate) fails instead.
pub fn redirect(location: impl Into<Location>) -> Redirect {
    let location = match location.into().into_checked() {
        Ok(location) => serde_json::Value::String(location).to_string(),
        Err(error) => {
            tracing::error!(%error, "a browser is not redirected");
            let excuse = "console.error('The server refused to redirect this page: see its log.')";
            return Redirect { script: script(excuse) };
        }
    };
    // Assigned after the event is handled, as the SDK reference has it, so that the patch is complete.
    Redirect { script: script(format!("setTimeout(() => window.location = {location})")) }
}

impl Redirect {
    pub(super) fn encode(self) -> Event {
        self.script.encode()
    }
}
