//! The finished value: text that is already HTML.

use std::borrow::Cow;
use std::fmt;

/// A piece of finished HTML: a page, a fragment, or nothing at all.
///
/// `html!` returns it, [`Render`](crate::Render) puts it into other templates unchanged, and a server can send it as it
/// is. It owns its text (or points to a `'static` one), so it can be kept, sent to another thread and held across
/// `.await`. Its text was escaped when it was written; only trusted markup is not, given by [`Html::from_static`] and
/// [`Raw`](crate::Raw).
///
/// ```
/// use stario_html::{Html, Render};
///
/// let name = "Ada & <Grace>".into_html();
/// assert_eq!(name.as_str(), "Ada &amp; &lt;Grace&gt;");
/// assert_eq!(Html::default().as_str(), "");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Html(Cow<'static, str>);

impl Html {
    /// Takes `markup` as it is: **trusted, never escaped**.
    ///
    /// Only text that a programmer wrote belongs here. A template without splices expands to this call, so it
    /// allocates and copies nothing.
    ///
    /// ```
    /// use stario_html::Html;
    ///
    /// const RULE: Html = Html::from_static("<hr>");
    /// assert_eq!(RULE.as_str(), "<hr>");
    /// ```
    #[must_use]
    pub const fn from_static(markup: &'static str) -> Self {
        Self(Cow::Borrowed(markup))
    }

    /// Takes text that the escaping writer of this crate produced.
    pub(crate) fn from_finished(markup: String) -> Self {
        Self(Cow::Owned(markup))
    }

    /// Returns the markup.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the length of the markup in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is no markup at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the markup without copying it.
    ///
    /// ```
    /// use std::borrow::Cow;
    /// use stario_html::Html;
    ///
    /// assert!(matches!(Html::from_static("<hr>").into_cow(), Cow::Borrowed("<hr>")));
    /// ```
    #[must_use]
    pub fn into_cow(self) -> Cow<'static, str> {
        self.0
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Html").field(&self.0).finish()
    }
}

impl From<Html> for String {
    fn from(html: Html) -> Self {
        html.0.into_owned()
    }
}

impl From<Html> for Cow<'static, str> {
    fn from(html: Html) -> Self {
        html.0
    }
}

impl PartialEq<str> for Html {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Html {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn is_what_servers_need() {
        fn check<T: Clone + Default + std::fmt::Debug + std::fmt::Display + Eq + Send + Sync + 'static>() {}
        check::<Html>();
    }

    #[test]
    fn shows_its_markup() {
        let html = Html::from_static("<b>\"x\"</b>");
        assert_eq!(html.to_string(), "<b>\"x\"</b>");
        assert_eq!(format!("{html:?}"), r#"Html("<b>\"x\"</b>")"#);
        assert_eq!(html, "<b>\"x\"</b>");
        assert_eq!((html.len(), html.is_empty()), (10, false));
    }
}
