//! References to signals: a name in the page, and the type of its values.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::code::Code;
use super::kind::InputValue;
use crate::places::{BindAttr, IndicatorAttr};
use crate::{AttrWriter, Buf, Render};

/// A reference to a signal whose values are of type `T`, made by a function of a struct with `derive(Signals)`.
///
/// `html!` takes it in Datastar attributes, where its type fits. What it makes stands where expressions stand. A component
/// takes it as a property, by reference or by value.
///
/// ```
/// use stario_html::SignalRef;
///
/// let page = SignalRef::<u32>::named("list.page");
/// assert_eq!(page.name(), "list.page");
/// assert_eq!(page.set(1).to_string(), "$list.page = 1");
/// assert_eq!(serde_json::to_string(&page.is(2)).unwrap(), r#"{"list":{"page":2}}"#);
/// ```
pub struct SignalRef<T> {
    name: Cow<'static, str>,
    value: PhantomData<fn() -> T>,
}

/// A reference to the signals of a nested struct.
pub struct NestedSignals<T> {
    name: Cow<'static, str>,
    value: PhantomData<fn() -> T>,
}

/// The type of a signal whose value the server knows when it writes a page. There is none: the impl that needs it is there for the
/// message.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the value of a signal is known in the page only, and this is written by the server",
    label = "a signal",
    note = "show it by the attribute `data-text`: `<b data-text={{Search::page()}}></b>`"
)]
pub trait KnownToServer {}

impl<T> Render for SignalRef<T>
where
    T: KnownToServer,
{
    fn render(&self, _: &mut Buf) {}
}

impl<T> SignalRef<T> {
    /// Refers to a signal that no struct has. Nothing checks that the page has it, and that its values are of type `T`.
    ///
    /// The name must be letters, digits and `_`, with dots between the names of nested signals: it is trusted.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), value: PhantomData }
    }

    /// The signal's name in the page, with those of the structs around it: `list.page`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn code(&self) -> Code {
        Code::signal(&self.name)
    }
}

/// Refers to a signal by a name that is made at run time.
#[doc(hidden)]
#[must_use]
pub fn signal_at<T>(name: Cow<'static, str>) -> SignalRef<T> {
    SignalRef { name, value: PhantomData }
}

impl<T> NestedSignals<T> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __new(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), value: PhantomData }
    }

    /// The name of the nested struct's signal in the page.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[doc(hidden)]
    #[must_use]
    pub fn __signal<F>(&self, name: &str) -> SignalRef<F> {
        SignalRef { name: format!("{}.{name}", self.name).into(), value: PhantomData }
    }

    #[doc(hidden)]
    #[must_use]
    pub fn __nested<F>(&self, name: &str) -> NestedSignals<F> {
        NestedSignals { name: format!("{}.{name}", self.name).into(), value: PhantomData }
    }
}

macro_rules! names {
    ($($reference:ident)*) => {$(
        impl<T> Clone for $reference<T> {
            fn clone(&self) -> Self {
                Self { name: self.name.clone(), value: PhantomData }
            }
        }

        impl<T> fmt::Debug for $reference<T> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.debug_tuple(stringify!($reference)).field(&self.name).finish()
            }
        }
    )*};
}

names! { SignalRef NestedSignals }

macro_rules! name_places {
    ($($reference:ty),*) => {$(
        impl<T: InputValue> BindAttr for $reference {
            fn write_name(&self, out: &mut AttrWriter<'_>) {
                out.write_str(&self.name);
            }
        }
    )*};
}

name_places! { SignalRef<T>, &SignalRef<T> }

impl IndicatorAttr for SignalRef<bool> {
    fn write_name(&self, out: &mut AttrWriter<'_>) {
        out.write_str(&self.name);
    }
}

impl IndicatorAttr for &SignalRef<bool> {
    fn write_name(&self, out: &mut AttrWriter<'_>) {
        out.write_str(&self.name);
    }
}
