//! The events of a stream and their bytes.

use std::borrow::Cow;

use bytes::BytesMut;
use serde::Serialize;
use stario_html::{Html, Render};

use crate::response::Location;

/// One message to an open browser: patch elements, or patch signals.
///
/// Build one with the functions of [`event`](crate::event), or yield a value that converts (see
/// [`IntoEvent`](crate::IntoEvent)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Elements { mode: Mode, selector: Option<Cow<'static, str>>, html: Html },
    Signals { json: String },
}

/// How patched elements meet the page: Datastar's patch modes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Morphs the element with the same id, keeping what did not change. The default.
    #[default]
    Outer,
    /// Morphs the children of the selected element.
    Inner,
    /// Replaces the selected element without morphing.
    Replace,
    /// Adds before the first child of the selected element.
    Prepend,
    /// Adds after the last child of the selected element.
    Append,
    /// Adds before the selected element.
    Before,
    /// Adds after the selected element.
    After,
    /// Removes the selected element.
    Remove,
}

impl Mode {
    /// The mode's name in the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::Outer => "outer",
            Mode::Inner => "inner",
            Mode::Replace => "replace",
            Mode::Prepend => "prepend",
            Mode::Append => "append",
            Mode::Before => "before",
            Mode::After => "after",
            Mode::Remove => "remove",
        }
    }
}

impl Event {
    pub(super) fn elements(mode: Mode, selector: Option<Cow<'static, str>>, html: Html) -> Self {
        Self(Kind::Elements { mode, selector: selector.map(one_line), html })
    }

    pub(super) fn signals(json: String) -> Self {
        Self(Kind::Signals { json })
    }

    /// Appends the event as it goes over the wire, the blank line at its end included.
    ///
    /// Defaults are omitted, and lines stand in the order of the SDK reference.
    pub(crate) fn encode(&self, out: &mut BytesMut) {
        match &self.0 {
            Kind::Elements { mode, selector, html } => {
                out.extend_from_slice(b"event: datastar-patch-elements\n");
                if let Some(selector) = selector {
                    data(out, "selector", selector);
                }
                if *mode != Mode::Outer {
                    data(out, "mode", mode.as_str());
                }
                if !html.is_empty() {
                    data(out, "elements", html.as_str());
                }
            }
            Kind::Signals { json } => {
                out.extend_from_slice(b"event: datastar-patch-signals\n");
                data(out, "signals", json);
            }
        }
        out.extend_from_slice(b"\n");
    }
}

/// One `data: key line` per line of `payload`. Every line end of the event stream format splits (CR LF, LF
/// and CR alone): a line end left in place would end the field, and let the payload forge others.
fn data(out: &mut BytesMut, key: &str, payload: &str) {
    let mut rest = payload.as_bytes();
    loop {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let line = &rest[..end.unwrap_or(rest.len())];
        out.reserve(b"data:  \n".len() + key.len() + line.len());
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b" ");
        out.extend_from_slice(line);
        out.extend_from_slice(b"\n");
        let Some(end) = end else { return };
        let width = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + width..];
    }
}

/// In a selector a line end is white space, and means the same as a space.
fn one_line(selector: Cow<'static, str>) -> Cow<'static, str> {
    if selector.contains(['\n', '\r']) { selector.replace(['\n', '\r'], " ").into() } else { selector }
}

/// Removes the elements that match `selector`.
pub fn remove(selector: impl Into<Cow<'static, str>>) -> Event {
    Event::elements(Mode::Remove, Some(selector.into()), Html::default())
}

/// Runs `code` in the browser, once. The code is sent as it is: never build it from user input.
///
/// `</script` in the code is written `<\/script`, which means the same inside a string literal and cannot
/// end the element early.
pub fn script(code: impl AsRef<str>) -> Event {
    let mut buf = stario_html::Buf::new();
    buf.push_trusted_markup("<script data-effect=\"el.remove()\">");
    buf.push_trusted_markup(&escape_script(code.as_ref()));
    buf.push_trusted_markup("</script>");
    Event::elements(Mode::Append, Some("body".into()), buf.finish())
}

fn escape_script(code: &str) -> String {
    let mut escaped = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find("</") {
        escaped.push_str(&rest[..at]);
        let ends_element =
            rest[at + 2..].get(.."script".len()).is_some_and(|name| name.eq_ignore_ascii_case("script"));
        escaped.push_str(if ends_element { "<\\/" } else { "</" });
        rest = &rest[at + 2..];
    }
    escaped.push_str(rest);
    escaped
}

/// Sends the browser to `location`: a place of this site, or one made by
/// [`Location::external`](crate::Location::external).
///
/// It is written as a string literal, so that it cannot become code. To a place that is not safe the browser
/// is not sent: the log says why, and the page stays.
pub fn redirect(location: impl Into<Location>) -> Event {
    let location = match location.into().into_checked() {
        Ok(location) => serde_json::Value::String(location).to_string(),
        Err(error) => {
            tracing::error!(%error, "a browser is not redirected");
            return script("console.error('The server refused to redirect this page: see its log.')");
        }
    };
    // Assigned after the event is handled, as the SDK reference has it, so that the patch is complete.
    script(format!("setTimeout(() => window.location = {location})"))
}

/// Patches signals with any value that serializes to a JSON object; `null` removes a signal.
///
/// # Errors
///
/// When `value` cannot be written as JSON.
pub fn signals(value: &impl Serialize) -> serde_json::Result<Event> {
    serde_json::to_string(value).map(Event::signals)
}

/// An element by itself: morphs the one with its id.
pub(super) fn elements(element: impl Render) -> Event {
    Event::elements(Mode::Outer, None, element.into_html())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datastar::IntoEvent;

    fn check<K>(event: impl IntoEvent<K>, expected: &str) {
        let mut out = BytesMut::new();
        event.into_event().encode(&mut out);
        assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
    }

    #[test]
    fn elements_and_signals_are_written_as_the_reference_has_it() {
        check(
            Html::from_static("<div id=\"x\">New</div>"),
            "event: datastar-patch-elements\ndata: elements <div id=\"x\">New</div>\n\n",
        );
        check(
            (Mode::Replace, "#x", Html::from_static("<b></b>")),
            "event: datastar-patch-elements\ndata: selector #x\ndata: mode replace\ndata: elements <b></b>\n\n",
        );
        check(
            (Mode::Append, Html::from_static("<b></b>")),
            "event: datastar-patch-elements\ndata: mode append\ndata: elements <b></b>\n\n",
        );
        check(
            serde_json::json!({ "count": 5 }),
            "event: datastar-patch-signals\ndata: signals {\"count\":5}\n\n",
        );
        check(remove("#x"), "event: datastar-patch-elements\ndata: selector #x\ndata: mode remove\n\n");
    }

    #[test]
    fn every_line_end_starts_a_data_line() {
        check(
            Html::from_static("a\nb\r\nc\rd\n\ne"),
            "event: datastar-patch-elements\ndata: elements a\ndata: elements b\ndata: elements c\n\
             data: elements d\ndata: elements \ndata: elements e\n\n",
        );
    }

    #[test]
    fn a_selector_cannot_start_a_line() {
        check(
            remove("#a\r\ndata: mode outer"),
            "event: datastar-patch-elements\ndata: selector #a  data: mode outer\ndata: mode remove\n\n",
        );
    }

    #[test]
    fn a_script_cannot_end_its_element() {
        check(
            script("a('</SCRIPT>', '</p>')"),
            "event: datastar-patch-elements\ndata: selector body\ndata: mode append\n\
             data: elements <script data-effect=\"el.remove()\">a('<\\/SCRIPT>', '</p>')</script>\n\n",
        );
    }

    #[test]
    fn a_redirect_is_a_string_literal() {
        let written = |url: &str| match redirect(url).0 {
            Kind::Elements { html, .. } => html.as_str().to_owned(),
            Kind::Signals { .. } => unreachable!("a redirect is a script"),
        };
        let page = |literal: &str| {
            format!(
                "<script data-effect=\"el.remove()\">setTimeout(() => window.location = {literal})</script>"
            )
        };
        assert_eq!(written("/home?a=1#b"), page("\"/home?a=1#b\""));
        assert_eq!(written("/\";alert(1)//"), page("\"/%22;alert(1)//\""));
        assert_eq!(written("/</script>"), page("\"/%3C/script%3E\""));
        for unsafe_location in ["javascript:alert(1)", "//evil.example", "/\\evil.example"] {
            assert!(written(unsafe_location).contains("console.error("));
        }
    }
}
