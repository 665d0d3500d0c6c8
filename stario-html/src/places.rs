//! The places of Datastar attributes that ask for more than an expression: each has a trait, and its own words.
//!
//! Untyped values fit everywhere, as they did before: whatever is an [`Expression`] where an expression stands, whatever
//! is an [`AttrValue`] where a name stands. References to typed signals fit where their type makes sense.

use crate::attribute::{AttrValue, AttrWriter};
use crate::expression::{Expression, JsWriter, code_of};

/// A value for `data-on:*`, `data-init`, `data-effect` and the other attributes that Datastar runs.
///
/// Every [`Expression`], and what is made of typed signals.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be placed in a Datastar expression",
    label = "not JavaScript",
    note = "it is JavaScript: use a typed action, a typed signal such as `Search::page().set(1)`, json(&value), js(\"..\") or a literal",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait DatastarExpression {
    /// Writes the expression.
    fn write_datastar(&self, out: &mut JsWriter<'_>);

    /// Writes the expression as an operand of a longer one.
    fn write_operand(&self, out: &mut JsWriter<'_>) {
        self.write_datastar(out);
    }

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }

    /// Tells whether `write_operand` writes what needs no parentheses.
    #[doc(hidden)]
    fn is_whole(&self) -> bool {
        true
    }

    #[doc(hidden)]
    fn push_statements(&self, statements: &mut Vec<String>) {
        statements.push(code_of(&Written(self, Self::write_datastar)));
    }
}

/// What an expression writes, to be placed later.
pub(crate) struct Written<'e, E: ?Sized>(pub(crate) &'e E, pub(crate) fn(&E, &mut JsWriter<'_>));

impl<E: ?Sized> Expression for Written<'_, E> {
    fn write_expression(&self, out: &mut JsWriter<'_>) {
        (self.1)(self.0, out);
    }
}

// Recommended, so that a type which is an expression under a condition, such as a link, says what is missing.
impl<T: Expression + ?Sized> DatastarExpression for T {
    #[inline]
    fn write_datastar(&self, out: &mut JsWriter<'_>) {
        self.write_expression(out);
    }

    #[inline]
    fn is_present(&self) -> bool {
        Expression::is_present(self)
    }

    fn is_whole(&self) -> bool {
        Expression::is_whole(self)
    }
}

/// A value for `data-show` and `data-class:name`: a typed signal or comparison that is a `bool`, or any [`Expression`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a condition",
    label = "not true or false",
    note = "data-show and data-class take a signal or a comparison that is a `bool`, such as `Search::open()`, `Search::open().not()` or `Search::page().gt(1)`, or an expression without a type",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait ConditionAttr: DatastarExpression {}

#[diagnostic::do_not_recommend]
impl<T: Expression + ?Sized> ConditionAttr for T {}

/// A value for `data-text`: a typed signal or expression that is text, a number or a `bool`, or any [`Expression`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shown as text",
    label = "not text",
    note = "data-text takes a signal or an expression that is text, a number, a `bool` or an `Option` of one of them, or an expression without a type",
    note = "an enum whose values are text says so: `impl TextSignal for Sort {{}}`",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait TextExpression: DatastarExpression {}

#[diagnostic::do_not_recommend]
impl<T: Expression + ?Sized> TextExpression for T {}

/// A value for `data-attr:name` and `data-style:name`: a typed signal or expression that is text, a number or a `bool`, or
/// any [`Expression`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of an attribute in the page",
    label = "not text, a number or a `bool`",
    note = "data-attr and data-style take a signal or an expression that is text, a number, a `bool` or an `Option` of one of them, or an expression without a type",
    note = "an enum whose values are text says so: `impl TextSignal for Sort {{}}`",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait ValueExpression: DatastarExpression {}

#[diagnostic::do_not_recommend]
impl<T: Expression + ?Sized> ValueExpression for T {}

/// A value for `data-bind`: a typed signal that an input can hold, or the name of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be bound to an input",
    label = "not what an input holds",
    note = "data-bind takes a signal that is text, a number, a `bool`, an `Option` of one of them, or a `Vec` of texts, numbers or files, or the name of a signal",
    note = "an enum whose values are text says so: `impl TextSignal for Sort {{}}`; a nested struct is bound field by field",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait BindAttr {
    /// Writes the name of the signal.
    fn write_name(&self, out: &mut AttrWriter<'_>);

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }
}

#[diagnostic::do_not_recommend]
impl<T: AttrValue + ?Sized> BindAttr for T {
    fn write_name(&self, out: &mut AttrWriter<'_>) {
        self.write_attr(out);
    }

    fn is_present(&self) -> bool {
        AttrValue::is_present(self)
    }
}

/// A value for `data-indicator`: a typed signal that is a `bool`, or the name of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an indicator",
    label = "not a signal of type `bool`",
    note = "data-indicator sets a signal to true while a request runs: it takes a signal of type `bool`, or the name of one",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait IndicatorAttr {
    /// Writes the name of the signal.
    fn write_name(&self, out: &mut AttrWriter<'_>);

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }
}

#[diagnostic::do_not_recommend]
impl<T: AttrValue + ?Sized> IndicatorAttr for T {
    fn write_name(&self, out: &mut AttrWriter<'_>) {
        self.write_attr(out);
    }

    fn is_present(&self) -> bool {
        AttrValue::is_present(self)
    }
}

/// A value for `data-signals`: a struct with `derive(Signals)`, or any [`Expression`]. `K` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot declare the signals of a page",
    label = "neither a page's signals nor an expression",
    note = "data-signals takes a value of a struct with `#[derive(Signals)]`, or an expression that is an object, such as json(&value)",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait SignalsAttr<K> {
    /// Writes the object.
    fn write_signals(&self, out: &mut JsWriter<'_>);

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }
}

#[doc(hidden)]
#[derive(Debug)]
pub struct AsExpression(());

#[diagnostic::do_not_recommend]
impl<T: Expression + ?Sized> SignalsAttr<AsExpression> for T {
    fn write_signals(&self, out: &mut JsWriter<'_>) {
        self.write_expression(out);
    }

    fn is_present(&self) -> bool {
        Expression::is_present(self)
    }
}
