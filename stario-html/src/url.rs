//! URL attributes: what may follow `href=`, and why `javascript:` may not.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::Buf;
use crate::attribute::{AttrValue, AttrWriter};
use crate::render::{Displayed, Render};

/// What stands in the page instead of a URL that would run code.
const REFUSED: &str = "about:invalid";

/// The schemes a string may bring along. Everything without a scheme is relative and fine.
const SAFE_SCHEMES: [&str; 6] = ["http", "https", "mailto", "tel", "sms", "about"];

/// A value for an attribute that the browser follows or loads: `href`, `src`, `action`, and the like.
///
/// A string may be relative or use http, https, mailto, tel or sms; anything else, `javascript:` above all, is
/// replaced by `about:invalid`. Typed URLs know where they lead and skip the check; [`trusted_url`] opts out of it.
///
/// # Implementing
///
/// Write a URL whose scheme is known to be harmless. When in doubt delegate to the implementation for `str`:
///
/// ```
/// use stario_html::{AttrWriter, UrlAttr};
///
/// struct Permalink(String);
///
/// impl UrlAttr for Permalink {
///     fn write_url(&self, out: &mut AttrWriter<'_>) {
///         self.0.write_url(out);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a URL",
    label = "not a URL",
    note = "implement UrlAttr or use trusted_url(..); a `Display` type is checked as a string is: display(url)",
    note = "a URL is a string, a typed URL, or several parts `{{\"/users/\", id}}` of which the first is one; an `Option` leaves the attribute out",
    note = "of a future write `{{value.await}}`, of a `Result` write `{{value?}}`"
)]
pub trait UrlAttr {
    /// Writes the URL. What is written is escaped, but its scheme is not checked again.
    fn write_url(&self, out: &mut AttrWriter<'_>);

    /// Writes a list of URLs, as in `srcset` and `ping`.
    fn write_url_list(&self, out: &mut AttrWriter<'_>) {
        self.write_url(out);
    }

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }
}

/// Whether `url` is relative or has a scheme that cannot run code.
///
/// The scheme ends at the first `:` before any `/`, `?` or `#`. Browsers drop tabs, newlines and leading spaces while
/// they read it; a scheme with any of those in it is not in the list and is refused, which errs on the safe side.
pub(crate) fn is_safe(url: &str) -> bool {
    let url = url.trim_start_matches(' ');
    match url.find([':', '/', '?', '#']) {
        Some(end) if url.as_bytes()[end] == b':' => {
            SAFE_SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(&url[..end]))
        }
        _ => true,
    }
}

/// Whether the scheme of `url`, or the lack of one, can no longer change when text is added.
fn is_settled(url: &str) -> bool {
    url.contains([':', '/', '?', '#'])
}

/// Whether every URL of a list separated by spaces and commas is safe.
pub(crate) fn is_safe_list(list: &str) -> bool {
    list.split(|c: char| matches!(c, ',' | ';') || c.is_ascii_whitespace()).all(is_safe)
}

macro_rules! string_urls {
    ($($string:ty)*) => {$(
        impl UrlAttr for $string {
            fn write_url(&self, out: &mut AttrWriter<'_>) {
                out.write_str(if is_safe(self) { self } else { REFUSED });
            }

            fn write_url_list(&self, out: &mut AttrWriter<'_>) {
                out.write_str(if is_safe_list(self) { self } else { REFUSED });
            }
        }
    )*};
}

string_urls! { str String Cow<'_, str> }

macro_rules! displayed_urls {
    ($([$($generics:tt)*] $displayed:ty)*) => {$(
        impl<$($generics)*> UrlAttr for $displayed {
            fn write_url(&self, out: &mut AttrWriter<'_>) {
                let start = out.buf().len();
                self.write_attr(out);
                refuse_unsafe(out, start, is_safe);
            }

            fn write_url_list(&self, out: &mut AttrWriter<'_>) {
                let start = out.buf().len();
                self.write_attr(out);
                refuse_unsafe(out, start, is_safe_list);
            }
        }
    )*};
}

displayed_urls! { [] fmt::Arguments<'_> [T: fmt::Display] Displayed<T> }

impl<T: UrlAttr> UrlAttr for Option<T> {
    fn write_url(&self, out: &mut AttrWriter<'_>) {
        if let Some(url) = self {
            url.write_url(out);
        }
    }

    fn write_url_list(&self, out: &mut AttrWriter<'_>) {
        if let Some(url) = self {
            url.write_url_list(out);
        }
    }

    fn is_present(&self) -> bool {
        self.as_ref().is_some_and(T::is_present)
    }
}

macro_rules! pointer_urls {
    ($($pointer:ty),*) => {$(
        impl<T: UrlAttr + ?Sized> UrlAttr for $pointer {
            fn write_url(&self, out: &mut AttrWriter<'_>) {
                (**self).write_url(out);
            }

            fn write_url_list(&self, out: &mut AttrWriter<'_>) {
                (**self).write_url_list(out);
            }

            fn is_present(&self) -> bool {
                (**self).is_present()
            }
        }
    )*};
}

pointer_urls! { &T, &mut T, Box<T>, Rc<T>, Arc<T> }

/// Checks what was written from `start` on and replaces it when it is not safe.
pub(crate) fn refuse_unsafe(out: &mut AttrWriter<'_>, start: usize, is_safe: fn(&str) -> bool) {
    // The text is escaped already. That cannot hide a scheme: the safe ones contain nothing that is ever escaped, and
    // no entity contains a colon.
    if !is_safe(out.buf().written_from(start)) {
        out.buf().truncate(start);
        out.write_str(REFUSED);
    }
}

macro_rules! tuple_urls {
    ($(($first:ident $($part:ident)+))*) => {$(
        /// The first part decides where the URL leads; if it does not get that far, the whole is checked.
        impl<$first: UrlAttr, $($part: AttrValue),+> UrlAttr for ($first, $($part,)+) {
            #[allow(non_snake_case)]
            fn write_url(&self, out: &mut AttrWriter<'_>) {
                let ($first, $($part,)+) = self;
                let start = out.buf().len();
                $first.write_url(out);
                let settled = is_settled(out.buf().written_from(start));
                $($part.write_attr(out);)+
                if !settled {
                    refuse_unsafe(out, start, is_safe);
                }
            }

            #[allow(non_snake_case)]
            fn write_url_list(&self, out: &mut AttrWriter<'_>) {
                let ($first, $($part,)+) = self;
                let start = out.buf().len();
                $first.write_url_list(out);
                $($part.write_attr(out);)+
                // Each part may begin another URL, so the first decides nothing here.
                refuse_unsafe(out, start, is_safe_list);
            }
        }
    )*};
}

tuple_urls! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

/// Takes `url` as it is, **whatever its scheme**: the opt-out of the scheme check.
///
/// For `data:` images the application made, or schemes of its own. Never for text a user typed. It is still escaped.
///
/// ```
/// use stario_html::trusted_url;
///
/// let icon = trusted_url("data:image/svg+xml,%3Csvg/%3E");
/// assert_eq!(icon.as_str(), "data:image/svg+xml,%3Csvg/%3E");
/// ```
pub fn trusted_url(url: impl Into<Cow<'static, str>>) -> TrustedUrl {
    TrustedUrl(url.into())
}

/// A URL that skips the scheme check, made by [`trusted_url`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrustedUrl(Cow<'static, str>);

impl TrustedUrl {
    /// Returns the URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UrlAttr for TrustedUrl {
    fn write_url(&self, out: &mut AttrWriter<'_>) {
        out.write_str(&self.0);
    }
}

impl AttrValue for TrustedUrl {
    fn write_attr(&self, out: &mut AttrWriter<'_>) {
        out.write_str(&self.0);
    }
}

impl Render for TrustedUrl {
    fn render(&self, buf: &mut Buf) {
        buf.push_escaped(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{UrlAttr, trusted_url};
    use crate::attribute::AttrWriter;
    use crate::{Buf, display};

    fn check(url: impl UrlAttr, expected: &str) {
        let mut buf = Buf::new();
        url.write_url(&mut AttrWriter::new(&mut buf));
        assert_eq!(buf.finish().as_str(), expected);
    }

    fn check_list(list: impl UrlAttr, expected: &str) {
        let mut buf = Buf::new();
        list.write_url_list(&mut AttrWriter::new(&mut buf));
        assert_eq!(buf.finish().as_str(), expected);
    }

    #[test]
    fn lets_harmless_urls_through() {
        for url in [
            "",
            "/a",
            "a/b:c",
            "?q=a:b",
            "#x:y",
            "//host/",
            "https://x",
            "HTTP://x",
            " https://x",
            "mailto:a@b",
        ] {
            check(url, url);
        }
        check("/?a=1&b=2", "/?a=1&amp;b=2");
        check(Some("/x"), "/x");
        check(format_args!("/users/{}", 7), "/users/7");
    }

    #[test]
    fn refuses_what_could_run() {
        for url in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "  javascript:alert(1)",
            "\tjavascript:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "vbscript:x",
            "data:text/html,<script>",
            "\"javascript:x",
            ":x",
        ] {
            check(url, "about:invalid");
        }
        check(format_args!("{}:{}", "javascript", "alert(1)"), "about:invalid");
        check(display("javascript:alert(1)"), "about:invalid");
        check(trusted_url("data:image/png;base64,"), "data:image/png;base64,");
    }

    #[test]
    fn checks_concatenations_as_a_whole() {
        check(("/users/", 7), "/users/7");
        check(("/x", "javascript:"), "/xjavascript:");
        check(("java", "script:alert(1)"), "about:invalid");
        check(("javascript", ":alert(1)"), "about:invalid");
        check((None::<&str>, "javascript:alert(1)"), "about:invalid");
        check((trusted_url("custom:"), "a:b"), "custom:a:b");
        check(("ja&", "vascript:alert(1)"), "about:invalid");
    }

    #[test]
    fn checks_every_url_of_a_list() {
        check_list("/a.png 1x, https://x/b.png 2x", "/a.png 1x, https://x/b.png 2x");
        check_list("/a.png 1x, javascript:b 2x", "about:invalid");
        check_list(("/a.png 1x", ",javascript:b"), "about:invalid");
        check_list(format_args!("/a.png 1x,{}:b", "javascript"), "about:invalid");
    }
}
