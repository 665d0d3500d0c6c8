//! URL attributes: what may follow `href=`, and why `javascript:` may not.

mod safety;

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::Buf;
use crate::attribute::{AttrValue, AttrWriter};
use crate::render::{Displayed, Render};
pub use safety::{Lead, is_same_site, lead, refresh_url_start};
use safety::{first_of_list, last_of_list};
pub(crate) use safety::{is_safe, is_safe_list, is_safe_refresh};

/// The text written in place of a URL that is refused.
const REFUSED: &str = "about:invalid";

/// A value for an attribute that the browser follows or loads: `href`, `src`, `action`, and the like.
///
/// A string may be relative or use http, https, mailto, tel or sms; anything else, `javascript:` above all, is
/// replaced by `about:invalid`. Typed URLs know where they lead and skip the check; [`trusted_url`] opts out of it.
///
/// Of several parts, `href={"/", path}`, later parts cannot change where earlier ones lead: a `path` that begins
/// with `/` would name another host, and the URL is replaced as well.
///
/// The URL of what runs in the page (the `src` of a script, an `iframe` or an `embed`, the `data` of an `object`, the
/// `href` of a style sheet, a module or a `base`) has to lead to the page's own site, unless it is a literal or a
/// [`trusted_url`].
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
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait UrlAttr {
    /// Writes the URL. What is written is escaped, but its scheme is not checked again.
    fn write_url(&self, out: &mut AttrWriter<'_>);

    /// Writes a list of URLs, as in `srcset` and `ping`.
    fn write_url_list(&self, out: &mut AttrWriter<'_>) {
        self.write_url(out);
    }

    /// Writes the URL of what runs in the page, such as a script, a style sheet or a frame. One that leaves the site is
    /// replaced by `about:invalid`; [`trusted_url`] opts out.
    fn write_code_url(&self, out: &mut AttrWriter<'_>) {
        let start = out.buf().len();
        self.write_url(out);
        refuse_unsafe(out, start, is_same_site);
    }

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }
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

    fn write_code_url(&self, out: &mut AttrWriter<'_>) {
        if let Some(url) = self {
            url.write_code_url(out);
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

            fn write_code_url(&self, out: &mut AttrWriter<'_>) {
                (**self).write_code_url(out);
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
    if !is_safe(out.buf().written_from(start)) {
        refuse(out, start);
    }
}

fn refuse(out: &mut AttrWriter<'_>, start: usize) {
    out.buf().truncate(start);
    out.write_str(REFUSED);
}

/// Writes the parts of a URL one after the other. A part that changes where those before it lead refuses the whole.
struct Parts<'w, 'b> {
    out: &'w mut AttrWriter<'b>,
    start: usize,
    /// Whether the parts may make several URLs.
    is_list: bool,
    lead: Lead,
    /// Whether the whole is checked: the first part, which has been checked, did not decide where it leads.
    is_undecided: bool,
    is_refused: bool,
}

impl<'w, 'b> Parts<'w, 'b> {
    /// Begins after the first part, written from `start` on.
    fn behind_first(out: &'w mut AttrWriter<'b>, start: usize, is_list: bool) -> Self {
        let mut parts = Self { out, start, is_list, lead: Lead::Open, is_undecided: true, is_refused: false };
        parts.lead = parts.lead_so_far();
        // Each part of a list may begin another URL, so there the first one decides nothing for the rest.
        parts.is_undecided = parts.lead == Lead::Open || is_list;
        parts
    }

    fn lead_so_far(&mut self) -> Lead {
        let written = self.out.buf().written_from(self.start);
        lead(if self.is_list { last_of_list(written) } else { written })
    }

    fn part(&mut self, part: &(impl AttrValue + ?Sized)) {
        let before = self.out.buf().len();
        part.write_attr(self.out);
        if self.lead == Lead::Settled && !self.is_list {
            return;
        }
        let next = self.out.buf().written_from(before);
        let next = if self.is_list { first_of_list(next) } else { next };
        self.is_refused |= !self.lead.allows(next);
        self.lead = self.lead_so_far();
    }

    fn finish(self, is_safe: fn(&str) -> bool) {
        if self.is_refused {
            refuse(self.out, self.start);
        } else if self.is_undecided {
            refuse_unsafe(self.out, self.start, is_safe);
        }
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
                let mut parts = Parts::behind_first(out, start, false);
                $(parts.part($part);)+
                parts.finish(is_safe);
            }

            #[allow(non_snake_case)]
            fn write_url_list(&self, out: &mut AttrWriter<'_>) {
                let ($first, $($part,)+) = self;
                let start = out.buf().len();
                $first.write_url_list(out);
                let mut parts = Parts::behind_first(out, start, true);
                $(parts.part($part);)+
                parts.finish(is_safe_list);
            }

            #[allow(non_snake_case)]
            fn write_code_url(&self, out: &mut AttrWriter<'_>) {
                let ($first, $($part,)+) = self;
                let start = out.buf().len();
                $first.write_code_url(out);
                let mut parts = Parts::behind_first(out, start, false);
                $(parts.part($part);)+
                parts.finish(is_same_site);
            }
        }
    )*};
}

tuple_urls! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

/// Takes `url` as it is, **wherever it leads**: the opt-out of the checks of scheme and site.
///
/// For `data:` images the application made, schemes of its own, and scripts and frames of other sites that it chose.
/// Never for text a user typed. It is still escaped.
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

/// A URL that skips the checks, made by [`trusted_url`].
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

    fn write_code_url(&self, out: &mut AttrWriter<'_>) {
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

    fn check_code(url: impl UrlAttr, expected: &str) {
        let mut buf = Buf::new();
        url.write_code_url(&mut AttrWriter::new(&mut buf));
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
    fn lets_no_part_change_where_the_url_leads() {
        for evil in ["/evil.example/x.js", "\\evil.example", "\t/evil.example", "\n\\evil.example"] {
            check(("/", evil), "about:invalid");
            check(("", "/", evil), "about:invalid");
            check((String::from("/"), "", evil), "about:invalid");
            check_code(("/", evil), "about:invalid");
        }
        // In a list a tab ends the URL.
        for evil in ["/evil.example", "\\evil.example"] {
            check_list(("/", evil, " 2x"), "about:invalid");
            check_list(("/a 1x, /", evil, " 2x"), "about:invalid");
        }
        check(("/", "users", "//", 7), "/users//7");
        check(("/", None::<&str>, "users"), "/users");
        check(("https://site.example", ".evil.example"), "about:invalid");
        check(("https://site.example", "@evil.example/"), "about:invalid");
        check(("https://site.example", "/users"), "https://site.example/users");
        check(("http://localhost:", 3000, "/x"), "http://localhost:3000/x");
        check_list(("/", "a.png", " 2x, /", "b.png"), "/a.png 2x, /b.png");
        check_list(("https://site.example", " 2x"), "https://site.example 2x");
    }

    #[test]
    fn keeps_code_on_the_site() {
        for url in ["/app.js", "app.js", "?v=1", ""] {
            check_code(url, url);
        }
        for url in
            ["https://cdn.example/x.js", "//cdn.example/x.js", "/\\cdn.example", "javascript:x", "data:,x"]
        {
            check_code(url, "about:invalid");
            check_code(Some(&display(url)), "about:invalid");
        }
        check_code(("/assets/", "../x.js"), "/assets/../x.js");
        check_code(("x", ".js"), "x.js");
        check_code(("https", "://cdn.example"), "about:invalid");
        check_code(Some(&trusted_url("https://cdn.example/x.js")), "https://cdn.example/x.js");
        check_code((trusted_url("https://cdn.example/"), "x.js"), "https://cdn.example/x.js");
        check_code((trusted_url("https://cdn.example"), "/x.js"), "https://cdn.example/x.js");
        check_code((trusted_url("https://cdn.example"), ".evil.example"), "about:invalid");
    }

    #[test]
    fn checks_every_url_of_a_list() {
        check_list("/a.png 1x, https://x/b.png 2x", "/a.png 1x, https://x/b.png 2x");
        check_list("/a.png 1x, javascript:b 2x", "about:invalid");
        check_list(("/a.png 1x", ",javascript:b"), "about:invalid");
        check_list(format_args!("/a.png 1x,{}:b", "javascript"), "about:invalid");
    }
}
