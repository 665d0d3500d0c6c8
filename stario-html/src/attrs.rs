//! Names and attributes chosen at run time, checked when they are made.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use crate::Buf;
use crate::attribute::{AttrValue, AttrWriter};
use crate::escape::Quote;
use crate::expression::{Expression, JsWriter};
use crate::names::{AttrKind, Content, attr_kind, element};
use crate::url::{UrlAttr, is_safe, is_safe_list, is_safe_refresh, is_same_site, refuse_unsafe};

/// Attributes collected at run time, for `<a {..attrs}>`.
///
/// Names are checked when they are added, and so is what the value means there: a URL gets its scheme check, and names
/// whose value would run as code take no strings. On an element that runs what it loads, such as `<script>` or
/// `<iframe>`, URLs of other sites are replaced by `about:invalid`; [`with_url`](Self::with_url) takes typed and trusted
/// ones. Where a name is in the template too, the template's comes first and the browser keeps that one.
///
/// ```
/// use stario_html::{Attrs, InvalidName};
///
/// # fn main() -> Result<(), InvalidName> {
/// let attrs = Attrs::new().with("id", ("row-", 7))?.with_flag("hidden", true)?;
/// assert_eq!(attrs.as_str(), " id=\"row-7\" hidden");
/// assert!(Attrs::new().with("onclick", "alert(1)").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attrs {
    markup: String,
    /// The markup for elements that run what they load, where it differs.
    for_code: Option<String>,
}

impl Attrs {
    /// Makes an empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { markup: String::new(), for_code: None }
    }

    /// Adds an attribute with a value; `None` adds nothing.
    ///
    /// # Errors
    ///
    /// When `name` cannot be an attribute name, or when its value would be run as JavaScript, CSS or HTML: see
    /// [`with_expression`](Self::with_expression), and write the others in the template.
    pub fn with(self, name: &str, value: impl AttrValue) -> Result<Self, InvalidName> {
        let is_safe: fn(&str) -> bool = match runtime_kind(name)? {
            AttrKind::Plain | AttrKind::TrueFalse | AttrKind::FlagOrText | AttrKind::Boolean => |_| true,
            AttrKind::Url => is_safe,
            AttrKind::CodeUrl => is_same_site,
            AttrKind::UrlList => is_safe_list,
            AttrKind::Refresh => is_safe_refresh,
            AttrKind::Style | AttrKind::Handler | AttrKind::Srcdoc | AttrKind::Expression => {
                return Err(InvalidName::new(name, "its value is code, not text"));
            }
        };
        if !value.is_present() {
            return Ok(self);
        }
        let checked = |is_safe: fn(&str) -> bool| {
            attribute(name, |out| {
                let start = out.buf().len();
                value.write_attr(out);
                refuse_unsafe(out, start, is_safe);
            })
        };
        let for_code = is_code_url(name).then(|| checked(is_same_site));
        Ok(self.add(&checked(is_safe), for_code.as_deref()))
    }

    /// Adds an attribute whose value is a URL, with a [`UrlAttr`]: a typed one, or a [`trusted_url`](crate::trusted_url).
    /// `None` adds nothing.
    ///
    /// # Errors
    ///
    /// When `name` cannot be an attribute name, or when its value is not a URL.
    ///
    /// ```
    /// use stario_html::{Attrs, InvalidName, trusted_url};
    ///
    /// # fn main() -> Result<(), InvalidName> {
    /// let attrs = Attrs::new().with_url("src", trusted_url("https://cdn.example/chart.js"))?;
    /// assert_eq!(attrs.as_str(), " src=\"https://cdn.example/chart.js\"");
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_url(self, name: &str, url: impl UrlAttr) -> Result<Self, InvalidName> {
        let kind = runtime_kind(name)?;
        if !matches!(kind, AttrKind::Url | AttrKind::CodeUrl | AttrKind::UrlList) {
            return Err(InvalidName::new(name, "its value is not a URL"));
        }
        if !url.is_present() {
            return Ok(self);
        }
        let markup = attribute(name, |out| match kind {
            AttrKind::UrlList => url.write_url_list(out),
            AttrKind::CodeUrl => url.write_code_url(out),
            _ => url.write_url(out),
        });
        let for_code = is_code_url(name).then(|| attribute(name, |out| url.write_code_url(out)));
        Ok(self.add(&markup, for_code.as_deref()))
    }

    /// Adds an attribute without a value if `present`.
    ///
    /// # Errors
    ///
    /// When `name` cannot be an attribute name.
    pub fn with_flag(self, name: &str, present: bool) -> Result<Self, InvalidName> {
        runtime_kind(name)?;
        Ok(if present { self.add(&format!(" {name}"), None) } else { self })
    }

    /// Adds an attribute whose value is JavaScript, such as `data-on:click`.
    ///
    /// # Errors
    ///
    /// When `name` cannot be an attribute name, or when its value is not JavaScript.
    pub fn with_expression(self, name: &str, value: impl Expression) -> Result<Self, InvalidName> {
        if !matches!(runtime_kind(name)?, AttrKind::Expression | AttrKind::Handler) {
            return Err(InvalidName::new(name, "its value is not JavaScript"));
        }
        if !value.is_present() {
            return Ok(self);
        }
        let markup = attribute(name, |out| {
            value.write_expression(&mut JsWriter::attribute(out.buf(), Quote::Double));
        });
        Ok(self.add(&markup, None))
    }

    /// Returns the markup, with a space before each attribute.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.markup
    }

    /// Returns the markup for an element that runs what it loads.
    pub(crate) fn for_code(&self) -> &str {
        self.for_code.as_deref().unwrap_or(&self.markup)
    }

    /// Adds an attribute, which may have another markup on elements that run what they load.
    fn add(mut self, markup: &str, for_code: Option<&str>) -> Self {
        let for_code = for_code.unwrap_or(markup);
        if for_code != markup && self.for_code.is_none() {
            self.for_code = Some(self.markup.clone());
        }
        if let Some(all) = &mut self.for_code {
            all.push_str(for_code);
        }
        self.markup.push_str(markup);
        self
    }
}

/// The markup of one attribute.
fn attribute(name: &str, write: impl FnOnce(&mut AttrWriter<'_>)) -> String {
    let mut buf = Buf::new();
    for markup in [" ", name, "=\""] {
        buf.push_trusted_markup(markup);
    }
    write(&mut AttrWriter::new(&mut buf));
    buf.push_trusted_markup("\"");
    buf.finish().into()
}

/// Tells whether elements that run what they load have the URL of it in the attribute `name`.
fn is_code_url(name: &str) -> bool {
    ["data", "href", "src", "xlink:href"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Checks a name and finds what its value means on whatever element it lands.
fn runtime_kind(name: &str) -> Result<AttrKind, InvalidName> {
    if name.is_empty() {
        return Err(InvalidName::new(name, "it is empty"));
    }
    if name.contains(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '/' | '=')
    }) {
        return Err(InvalidName::new(name, "it contains a character that ends a name"));
    }
    Ok(attr_kind("", name))
}

/// An element name chosen at run time, for `<{tag}>..</{tag}>`.
///
/// ```
/// use stario_html::TagName;
///
/// assert_eq!(TagName::new("h2").map(|tag| tag.as_str().len()), Ok(2));
/// assert!(TagName::new("script").is_err());
/// assert!(TagName::new("h2 onclick=x").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TagName(Cow<'static, str>);

impl TagName {
    /// Checks `name`: an HTML, SVG or `MathML` element with ordinary content, or a custom element.
    ///
    /// # Errors
    ///
    /// When there is no such element, or when what is inside it is read by rules of its own (`script`, `style`,
    /// `textarea`, `title`, `iframe`) or may not exist (`br` and the other void elements).
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, InvalidName> {
        let name = name.into();
        match element(&name) {
            Some(element) if element.content == Content::Normal => Ok(Self(name)),
            Some(element) => Err(InvalidName::new(
                element.name,
                "its content follows rules of its own; write it in the template",
            )),
            None if is_custom_element(&name) => Ok(Self(name)),
            None => Err(InvalidName::new(&name, "there is no such element (custom elements contain a dash)")),
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_custom_element(name: &str) -> bool {
    name.contains('-')
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A name that cannot be used where it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName {
    name: String,
    reason: &'static str,
}

impl InvalidName {
    fn new(name: &str, reason: &'static str) -> Self {
        Self { name: name.to_owned(), reason }
    }
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name {:?} cannot be used here: {}", self.name, self.reason)
    }
}

impl Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::{Attrs, TagName};
    use crate::{js, trusted_url};

    #[test]
    fn checks_names() {
        for name in ["", "a b", "a\"", "a>", "a=b", "a/b", "a\0"] {
            assert!(Attrs::new().with(name, "x").is_err(), "{name:?}");
        }
        for name in ["onclick", "ONCLICK", "style", "srcdoc", "data-on:click", "data-text", "@click"] {
            assert!(Attrs::new().with(name, "x").is_err(), "{name:?}");
        }
        assert!(Attrs::new().with_expression("id", 1).is_err());
    }

    #[test]
    fn writes_values_by_what_they_mean() {
        let attrs = Attrs::new()
            .with("title", "a\"b")
            .and_then(|attrs| attrs.with("lang", None::<&str>))
            .and_then(|attrs| attrs.with("href", ("java", "script:x")))
            .and_then(|attrs| attrs.with("to", "javascript:x"))
            .and_then(|attrs| attrs.with_expression("data-on:click", js("a && b")))
            .and_then(|attrs| attrs.with_flag("disabled", false))
            .unwrap();
        assert_eq!(
            attrs.as_str(),
            " title=\"a&quot;b\" href=\"about:invalid\" to=\"about:invalid\" data-on:click=\"a &amp;&amp; b\""
        );
    }

    #[test]
    fn keeps_code_on_the_site() {
        let other = "https://other.example/x";
        let attrs = Attrs::new()
            .with("id", "a")
            .and_then(|attrs| attrs.with("src", "/x"))
            .and_then(|attrs| attrs.with("href", other))
            .and_then(|attrs| attrs.with_url("data", trusted_url(other)))
            .and_then(|attrs| attrs.with_flag("async", true))
            .unwrap();
        let rest = "data=\"https://other.example/x\" async";
        assert_eq!(attrs.as_str(), format!(" id=\"a\" src=\"/x\" href=\"{other}\" {rest}"));
        assert_eq!(attrs.for_code(), format!(" id=\"a\" src=\"/x\" href=\"about:invalid\" {rest}"));
        let attrs =
            Attrs::new().with("content", "0; url=javascript:x").and_then(|attrs| attrs.with("data", other));
        assert_eq!(attrs.unwrap().as_str(), " content=\"about:invalid\" data=\"about:invalid\"");
        assert!(
            Attrs::new().with_url("id", "/x").is_err() && Attrs::new().with_url("onclick", "/x").is_err()
        );
    }

    #[test]
    fn tag_names_are_elements() {
        for name in ["div", "h1", "my-widget", "linearGradient", "svg"] {
            assert!(TagName::new(name).is_ok(), "{name}");
        }
        for name in ["", "br", "script", "title", "blink", "a b", "my-widget>", "My-Widget"] {
            assert!(TagName::new(name).is_err(), "{name}");
        }
        assert_eq!(
            TagName::new("br").unwrap_err().to_string(),
            "the name \"br\" cannot be used here: its content follows rules of its own; write it in the template"
        );
    }
}
