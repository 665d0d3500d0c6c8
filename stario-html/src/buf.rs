//! The buffer that templates write into.

// Writing into spare capacity: the only unsafe code of this crate. `cfg(stario_portable)` chooses its portable path.
#[allow(unsafe_code, unexpected_cfgs)]
mod raw;
#[allow(unexpected_cfgs)]
mod tables;

use std::fmt;

use crate::Html;
use crate::escape::Quote;

/// A buffer that HTML is written to. Everything is escaped, except by [`push_trusted_markup`](Self::push_trusted_markup).
///
/// `html!` makes and finishes one for each template. [`Render`](crate::Render) implementations write into it, and code that builds
/// markup by hand may use it too.
///
/// ```
/// use stario_html::Buf;
///
/// let mut buf = Buf::new();
/// buf.push_trusted_markup("<b>");
/// buf.push_escaped("1 < 2");
/// buf.push_trusted_markup("</b>");
/// buf.push(&3);
/// assert_eq!(buf.finish().as_str(), "<b>1 &lt; 2</b>3");
/// ```
#[derive(Default)]
pub struct Buf {
    text: String,
}

impl Buf {
    /// Makes an empty buffer, which allocates when something is written.
    #[must_use]
    pub const fn new() -> Self {
        Self { text: String::new() }
    }

    /// Makes an empty buffer with room for `bytes` bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes) }
    }

    /// Appends `text`, escaped for element content and for attributes in double quotes.
    pub fn push_escaped(&mut self, text: &str) {
        self.push_escaped_for(text, Quote::Double);
    }

    /// Appends `markup` as it is: **trusted, never escaped**.
    ///
    /// The caller is responsible for what the markup does in the reader's browser.
    #[inline]
    pub fn push_trusted_markup(&mut self, markup: &str) {
        self.text.push_str(markup);
    }

    /// Returns how many bytes have been written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Tells whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns the finished markup, without copying it.
    #[must_use]
    pub fn finish(self) -> Html {
        Html::from_finished(self.text)
    }

    pub(crate) fn push_escaped_for(&mut self, text: &str, quote: Quote) {
        raw::push_escaped(&mut self.text, text, quote);
    }

    /// Appends markup that a template knows.
    #[inline]
    pub(crate) fn push_static(&mut self, markup: &'static str) {
        raw::push_static(&mut self.text, markup);
    }

    /// Appends text with the static markup around it.
    #[inline]
    pub(crate) fn push_escaped_between(&mut self, head: &'static str, text: &str, tail: &'static str) {
        raw::escaped_between(&mut self.text, head, text, tail);
    }

    /// Appends a number with the static markup around it.
    #[inline]
    pub(crate) fn push_integer(&mut self, head: &'static str, is_negative: bool, n: u64, tail: &'static str) {
        raw::integer(&mut self.text, head, is_negative, n, tail);
    }

    /// The text written from `start` on.
    pub(crate) fn written_from(&self, start: usize) -> &str {
        &self.text[start..]
    }

    /// Removes the text written from `start` on.
    pub(crate) fn truncate(&mut self, start: usize) {
        self.text.truncate(start);
    }
}

impl fmt::Debug for Buf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Buf").field(&self.text).finish()
    }
}

/// Escapes what the formatting machinery writes, so that a `Display` type needs no copy of its own.
pub(crate) struct Escaping<'b> {
    pub(crate) buf: &'b mut Buf,
    pub(crate) quote: Quote,
}

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.buf.push_escaped_for(text, self.quote);
        Ok(())
    }
}

impl Escaping<'_> {
    pub(crate) fn push_display(&mut self, value: impl fmt::Display) {
        // The writer cannot fail, so an error can only come from a broken `Display`; the text written so far stays.
        let _ = fmt::Write::write_fmt(self, format_args!("{value}"));
    }
}
