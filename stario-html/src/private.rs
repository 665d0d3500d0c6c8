//! The functions that the expansion of `html!` calls. They are not public API and may change in any release: the macros
//! and this crate are always built together.
//!
//! Each call takes the static markup around one value, `head` before and `tail` after it, so that one capacity check
//! can cover all three. An attribute that may be left out gets its own `open` text, which is left out with it.

use crate::attribute::{AttrValue, AttrWriter, FlagOrTextAttr, TrueFalseAttr};
use crate::attrs::{Attrs, TagName};
pub use crate::component::{Children, ChildrenOf, ComponentOutput, Given, IntoOptional, Missing, given};
use crate::escape::Quote;
use crate::expression::{Expression, HandlerAttr, JsWriter, ScriptValue};
pub use crate::hint::Hint;
#[cfg(all(feature = "check", target_os = "linux", not(stario_portable)))]
pub use crate::literals::ListedHint;
#[cfg(feature = "check")]
pub use crate::literals::all as literals;
#[cfg(all(feature = "check", any(not(target_os = "linux"), stario_portable)))]
pub use crate::literals::{Literals, inventory};
use crate::names::drops_first_newline;
use crate::render::Render;
use crate::style::{StyleAttr, StyleSheet, StyleValue};
use crate::url::{UrlAttr, is_safe_refresh, refuse_unsafe};
pub use crate::{Buf, Html};

#[path = "private/datastar.rs"]
mod datastar;

/// What `derive(Signals)` calls.
#[cfg(feature = "json")]
pub mod signals {
    pub use serde::de::MapAccess;
    pub use serde::ser::SerializeMap;

    pub use crate::__literals;
    /// The name of this macro stands in rustc's error where the struct has a function of the same name.
    pub mod name_is_taken {
        pub use crate::__function_of_field as choose_another_by_signals_fn;
    }
    pub use crate::signals::{
        ByFields, ListItem, LocalSignal, NestedSignals, OwnedByFields, PageSignals, SignalInfo, SignalKind,
        SignalProbe, SignalRef, SignalType, Unprobed, next_field, signal_at, skip_field,
    };
}

/// Writes the function that a derive makes for a field.
///
/// rustc reports a second function of that name without a word of the attribute that gives it another one, but it names the macro in
/// which the span of the function begins and ends: so the path by which a derive calls this macro is the advice. Hence the
/// words at both ends of the signature stand here.
#[cfg(feature = "json")]
#[doc(hidden)]
#[macro_export]
macro_rules! __function_of_field {
    ([] [$($attributes:tt)*] $name:ident [$($output:tt)*] $value:tt) => {
        $($attributes)* fn $name() -> $($output)* where $value
    };
    ([pub] [$($attributes:tt)*] $name:ident [$($output:tt)*] $value:tt) => {
        $($attributes)* pub fn $name() -> $($output)* where $value
    };
    ([pub $within:tt] [$($attributes:tt)*] $name:ident [$($output:tt)*] $value:tt) => {
        $($attributes)* pub $within fn $name() -> $($output)* where $value
    };
}

/// Whether one `class` or `style` attribute has begun, and what separates its parts.
#[derive(Debug)]
pub struct Joined {
    open: &'static str,
    separator: &'static str,
    has_begun: bool,
}

impl Joined {
    /// An attribute that begins with `open` when its first part comes.
    #[must_use]
    pub const fn new(open: &'static str, separator: &'static str) -> Self {
        Self { open, separator, has_begun: false }
    }

    fn begin(&mut self, buf: &mut Buf) {
        buf.push_trusted_markup(if self.has_begun { self.separator } else { self.open });
        self.has_begun = true;
    }

    /// Adds a part that is known statically.
    pub fn add(&mut self, buf: &mut Buf, part: &'static str) {
        self.begin(buf);
        buf.push_trusted_markup(part);
    }

    /// Adds a list of classes made at run time. An empty list leaves no space.
    pub fn add_classes<T: AttrValue + ?Sized>(&mut self, buf: &mut Buf, classes: &T) {
        if !classes.is_present() {
            return;
        }
        let (before, has_begun) = (buf.len(), self.has_begun);
        self.begin(buf);
        let start = buf.len();
        classes.write_attr(&mut AttrWriter::new(buf));
        if buf.len() == start {
            buf.truncate(before);
            self.has_begun = has_begun;
        }
    }

    /// Adds declarations made at run time.
    pub fn add_style<T: StyleAttr + ?Sized>(&mut self, buf: &mut Buf, style: &T) {
        if style.is_present() {
            self.begin(buf);
            style.write_style(&mut AttrWriter::new(buf));
        }
    }

    /// Adds one property, `name` ending in its colon.
    pub fn add_property<T: StyleValue + ?Sized>(&mut self, buf: &mut Buf, name: &'static str, value: &T) {
        if value.is_present() {
            self.begin(buf);
            buf.push_trusted_markup(name);
            value.write_value(&mut AttrWriter::new(buf));
        }
    }

    /// Ends the attribute if it has begun.
    pub fn finish(self, buf: &mut Buf) {
        if self.has_begun {
            buf.push_trusted_markup("\"");
        }
    }
}

/// A value that can stand in `srcdoc`: finished HTML alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a srcdoc attribute",
    label = "not `Html`",
    note = "srcdoc is a whole document: give it the `Html` that html! returns"
)]
pub trait Srcdoc {
    /// Tells whether the attribute is written at all.
    fn document(&self) -> Option<&Html>;
}

impl Srcdoc for Html {
    fn document(&self) -> Option<&Html> {
        Some(self)
    }
}

impl<T: Srcdoc> Srcdoc for Option<T> {
    fn document(&self) -> Option<&Html> {
        self.as_ref().and_then(T::document)
    }
}

impl<T: Srcdoc + ?Sized> Srcdoc for &T {
    fn document(&self) -> Option<&Html> {
        (**self).document()
    }
}

/// The calls of an expansion. `open` is the end of `head` that begins the attribute, `tail` begins with its quote.
#[doc(hidden)]
impl Buf {
    #[inline]
    pub fn __static(&mut self, markup: &'static str) {
        self.push_static(markup);
    }

    #[inline]
    pub fn __text<T: Render + ?Sized>(&mut self, head: &'static str, value: &T, tail: &'static str) {
        value.render_between(self, head, tail);
    }

    #[inline]
    pub fn __attr<T: AttrValue + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if value.is_present() {
            value.write_between(self, head, tail);
        } else {
            self.__absent(head, open, tail);
        }
    }

    #[inline]
    pub fn __part<T: AttrValue + ?Sized>(&mut self, head: &'static str, value: &T, tail: &'static str) {
        value.write_between(self, head, tail);
    }

    #[inline]
    pub fn __true_false<T: TrueFalseAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_true_false(&mut AttrWriter::new(self));
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __flag_or_text<T: FlagOrTextAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_flag_or_text(&mut AttrWriter::new(self));
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __url<T: UrlAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_url(&mut AttrWriter::new(self));
            self.push_static(tail);
        }
    }

    /// The URL after the delay of a refresh.
    #[inline]
    pub fn __url_part<T: UrlAttr + ?Sized>(&mut self, head: &'static str, value: &T, tail: &'static str) {
        self.push_static(head);
        value.write_url(&mut AttrWriter::new(self));
        self.push_static(tail);
    }

    #[inline]
    pub fn __code_url<T: UrlAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_code_url(&mut AttrWriter::new(self));
            self.push_static(tail);
        }
    }

    /// The `content` of a `<meta>` that may be a refresh.
    #[inline]
    pub fn __refresh<T: AttrValue + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            let start = self.len();
            value.write_attr(&mut AttrWriter::new(self));
            refuse_unsafe(&mut AttrWriter::new(self), start, is_safe_refresh);
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __urls<T: UrlAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_url_list(&mut AttrWriter::new(self));
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __style<T: StyleAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_style(&mut AttrWriter::new(self));
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __srcdoc<T: Srcdoc + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        let document = value.document();
        if self.__open(head, open, document.is_some(), tail) {
            self.push_escaped(document.map_or("", Html::as_str));
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __expression<T: Expression + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        if self.__open(head, open, value.is_present(), tail) {
            value.write_expression(&mut JsWriter::attribute(self, quote_of(tail)));
            self.push_static(tail);
        }
    }

    #[inline]
    pub fn __handler<T: HandlerAttr + ?Sized>(
        &mut self,
        head: &'static str,
        open: usize,
        value: &T,
        tail: &'static str,
    ) {
        self.__expression(head, open, value, tail);
    }

    #[inline]
    pub fn __expression_part<T: Expression + ?Sized>(
        &mut self,
        head: &'static str,
        value: &T,
        tail: &'static str,
    ) {
        self.push_static(head);
        value.write_expression(&mut JsWriter::attribute(self, Quote::Double));
        self.push_static(tail);
    }

    #[inline]
    pub fn __handler_part<T: HandlerAttr + ?Sized>(
        &mut self,
        head: &'static str,
        value: &T,
        tail: &'static str,
    ) {
        self.__expression_part(head, value, tail);
    }

    #[inline]
    pub fn __script<T: ScriptValue + ?Sized>(&mut self, head: &'static str, value: &T, tail: &'static str) {
        self.push_static(head);
        value.write_expression(&mut JsWriter::script(self));
        self.push_static(tail);
    }

    #[inline]
    pub fn __sheet<T: StyleSheet + ?Sized>(&mut self, head: &'static str, value: &T, tail: &'static str) {
        self.push_static(head);
        value.write_sheet(self);
        self.push_static(tail);
    }

    /// A script in SVG, where entities are decoded.
    #[inline]
    pub fn __foreign_script<T: ScriptValue + ?Sized>(
        &mut self,
        head: &'static str,
        value: &T,
        tail: &'static str,
    ) {
        self.__expression_part(head, value, tail);
    }

    /// A style sheet in SVG, where entities are decoded.
    pub fn __foreign_sheet<T: StyleSheet + ?Sized>(
        &mut self,
        head: &'static str,
        value: &T,
        tail: &'static str,
    ) {
        let mut sheet = Buf::new();
        value.write_sheet(&mut sheet);
        self.push_static(head);
        self.push_escaped(sheet.finish().as_str());
        self.push_static(tail);
    }

    #[inline]
    pub fn __attrs(&mut self, attrs: &Attrs) {
        self.push_trusted_markup(attrs.as_str());
    }

    /// The attributes of an element that runs what it loads.
    #[inline]
    pub fn __code_attrs(&mut self, attrs: &Attrs) {
        self.push_trusted_markup(attrs.for_code());
    }

    #[inline]
    pub fn __tag(&mut self, name: &TagName) {
        self.push_trusted_markup(name.as_str());
    }

    /// The newline that the parser drops after some opening tags, so that it keeps that of the content.
    pub fn __tag_newline(&mut self, name: &TagName) {
        if drops_first_newline(name.as_str()) {
            self.push_static("\n");
        }
    }

    /// Writes the markup before the value; if the attribute is left out, also the markup after it.
    #[inline]
    fn __open(&mut self, head: &'static str, open: usize, present: bool, tail: &'static str) -> bool {
        if present {
            self.push_static(head);
        } else {
            self.__absent(head, open, tail);
        }
        present
    }

    /// Writes the markup around an attribute that is left out.
    fn __absent(&mut self, head: &'static str, open: usize, tail: &'static str) {
        self.push_trusted_markup(&head[..open]);
        self.push_trusted_markup(&tail[1..]);
    }
}

/// The quote that `tail` begins with.
#[inline]
fn quote_of(tail: &str) -> Quote {
    if tail.starts_with('\'') { Quote::Single } else { Quote::Double }
}
