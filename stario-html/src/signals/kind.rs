//! What is known of the type of a signal: where it may stand, and what a check may compare.

use serde::Serialize;

/// One signal of a struct, as data that is there when the program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalInfo {
    /// Its name in the page, without those of the structs around it.
    pub name: &'static str,
    /// What its values are.
    pub kind: SignalKind,
    /// Whether it stays in the page.
    pub is_local: bool,
    /// Whether a handler that takes the struct is called without it.
    pub may_be_missing: bool,
}

/// What the values of a signal are in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalKind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A list.
    List,
    /// The signals of a nested struct.
    Nested(&'static [SignalInfo]),
    /// What the type alone does not tell: an object, or a type of the program.
    Other,
}

/// A type that is text in the page: `String`, `char`, `Cow<str>`, and enums of yours.
///
/// Implement it for an enum that serde writes as text, so that it can be bound to a `<select>` or to radio buttons, shown
/// and compared:
///
/// ```
/// use stario_html::TextSignal;
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// #[serde(rename_all = "lowercase")]
/// enum Sort {
///     Newest,
///     Price,
/// }
///
/// impl TextSignal for Sort {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not text in the page",
    label = "not text",
    note = "text is `String`, `char`, `Cow<str>`, and a type of yours that serde writes as text: `impl TextSignal for {Self} {{}}`"
)]
pub trait TextSignal: Serialize {}

impl TextSignal for String {}
impl TextSignal for str {}
impl TextSignal for char {}
impl TextSignal for std::borrow::Cow<'_, str> {}
impl TextSignal for Box<str> {}

/// A type that is a number in the page.
#[doc(hidden)]
pub trait Number: Serialize {}

/// A type that is true or false in the page.
#[doc(hidden)]
pub trait Truth {}

/// A type that an input, a select or a text area can hold.
#[doc(hidden)]
pub trait InputValue {}

/// A type of which an element with several values can hold a list.
#[doc(hidden)]
pub trait ListItem {}

/// A type that the page can show as text.
#[doc(hidden)]
pub trait Shown {}

/// A type whose values the page can tell apart by `===`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "signals of type `{Self}` cannot be compared in the page",
    label = "not comparable in the page",
    note = "`eq` and `ne` compare text, numbers and `bool`; an enum whose values are text says so: `impl TextSignal for Sort {{}}`; of an `Option`, write \"$note == null\""
)]
pub trait Comparable {}

/// A type whose values the page can order by `<`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "signals of type `{Self}` have no order in the page",
    label = "no order in the page",
    note = "`lt`, `le`, `gt` and `ge` compare numbers and `String`s"
)]
pub trait Ordered {}

impl Truth for bool {}
impl Truth for Option<bool> {}
impl Truth for serde_json::Value {}

impl InputValue for bool {}
impl InputValue for Option<bool> {}
impl InputValue for serde_json::Value {}
impl<T: ListItem> InputValue for Vec<T> {}
impl<T: ListItem> InputValue for Option<Vec<T>> {}

impl Shown for bool {}
impl Shown for Option<bool> {}
impl Shown for serde_json::Value {}

impl Comparable for bool {}

impl Ordered for String {}

impl<T: TextSignal> InputValue for T {}
impl<T: TextSignal> InputValue for Option<T> {}
impl<T: TextSignal> ListItem for T {}
impl<T: TextSignal> Shown for T {}
impl<T: TextSignal> Shown for Option<T> {}
impl<T: TextSignal> Comparable for T {}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Number for $number {}
        impl InputValue for $number {}
        impl InputValue for Option<$number> {}
        impl ListItem for $number {}
        impl Shown for $number {}
        impl Shown for Option<$number> {}
        impl Comparable for $number {}
        impl Ordered for $number {}

        impl SignalProbe<$number> {
            pub const KIND: SignalKind = SignalKind::Number;
        }

        impl SignalProbe<Option<$number>> {
            pub const KIND: SignalKind = SignalKind::Number;
        }
    )*};
}

numbers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 }

/// Tells the kind of a type. Constants that hold for a type are inherent; of all others `Unprobed` says it.
#[doc(hidden)]
#[derive(Debug)]
pub struct SignalProbe<T>(std::marker::PhantomData<T>);

#[doc(hidden)]
pub trait Unprobed {
    const KIND: SignalKind = SignalKind::Other;
}

impl<T> Unprobed for SignalProbe<T> {}

impl SignalProbe<bool> {
    pub const KIND: SignalKind = SignalKind::Bool;
}

impl SignalProbe<Option<bool>> {
    pub const KIND: SignalKind = SignalKind::Bool;
}

impl<T> SignalProbe<Vec<T>> {
    pub const KIND: SignalKind = SignalKind::List;
}

impl<T: TextSignal> SignalProbe<T> {
    pub const KIND: SignalKind = SignalKind::Text;
}

impl<T: TextSignal> SignalProbe<Option<T>> {
    pub const KIND: SignalKind = SignalKind::Text;
}
