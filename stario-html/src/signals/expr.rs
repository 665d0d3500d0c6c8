//! Typed expressions, and what runs.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Add, Sub};

use serde::Serialize;

use super::code::{Code, Level};
use super::kind::{Comparable, Number, Ordered, Shown, TextSignal, Truth};
use super::reference::SignalRef;
use crate::JsWriter;
use crate::places::{ConditionAttr, DatastarExpression, TextExpression, ValueExpression};

/// An expression in the page whose value is a `T`, made of typed signals.
///
/// ```
/// use stario_html::SignalRef;
///
/// let (page, last) = (SignalRef::<u32>::named("page"), SignalRef::<u32>::named("last"));
/// assert_eq!(page.lt(&last).and(page.gt(1)).to_string(), "$page < $last && $page > 1");
/// assert_eq!((page + 1).to_string(), "$page + 1");
/// ```
#[must_use = "an expression does nothing until it is placed in an attribute"]
pub struct Expr<T> {
    code: Code,
    value: PhantomData<fn() -> T>,
}

/// What a page does: sets signals, runs actions, one after the other.
#[derive(Clone, Debug)]
#[must_use = "an effect does nothing until it is placed in an attribute"]
pub struct Effect {
    statements: Vec<String>,
}

/// What can stand beside a value of type `T` in the page: a `T`, text for a `String`, and signals and expressions of that
/// type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not fit a signal of type `{T}`",
    label = "expected `{T}`, or a signal of that type",
    note = "a signal is set to and compared with a value of its own type, which serde writes, or a signal or an expression of that type"
)]
pub trait Operand<T> {
    #[doc(hidden)]
    fn __code(self) -> Code;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Operand<T> for T {
    fn __code(self) -> Code {
        Code::literal(&self)
    }
}

impl Operand<String> for &str {
    fn __code(self) -> Code {
        Code::literal(self)
    }
}

impl Operand<String> for &String {
    fn __code(self) -> Code {
        Code::literal(self)
    }
}

/// A type to whose values `+` joins or adds an `O`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "signals of type `{Self}` cannot be added in the page",
    label = "neither text nor a number",
    note = "`+` joins what can be shown to a `String`, and adds numbers; `\"\" + signal` makes text of a number"
)]
pub trait Sum<O> {
    #[doc(hidden)]
    fn __code(other: O) -> Code;
}

/// The right side of `+` after a text in the page: text, or a signal or an expression that can be shown.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be joined to text in the page",
    label = "neither text nor a signal",
    note = "`+` joins text, and signals and expressions that can be shown, to text; a number that is known here is text, too: `\"7\"`"
)]
pub trait Joined {
    #[doc(hidden)]
    fn __code(self) -> Code;
}

impl<T: Number, O: Operand<T>> Sum<O> for T {
    fn __code(other: O) -> Code {
        other.__code()
    }
}

impl<O: Joined> Sum<O> for String {
    fn __code(other: O) -> Code {
        other.__code()
    }
}

impl Joined for String {
    fn __code(self) -> Code {
        Code::literal(&self)
    }
}

impl Joined for &String {
    fn __code(self) -> Code {
        Code::literal(self)
    }
}

impl Joined for &str {
    fn __code(self) -> Code {
        Code::literal(self)
    }
}

impl<T> Expr<T> {
    pub(super) fn new(code: Code) -> Self {
        Self { code, value: PhantomData }
    }

    pub(super) fn code(&self) -> Code {
        self.code.clone()
    }
}

impl<T> Clone for Expr<T> {
    fn clone(&self) -> Self {
        Self::new(self.code())
    }
}

impl<T> fmt::Debug for Expr<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Expr").field(&self.code.text).finish()
    }
}

/// The code, as it stands in an attribute before that is escaped.
impl<T> fmt::Display for Expr<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.code.text)
    }
}

impl Effect {
    pub(super) fn set(name: &str, value: &Code) -> Self {
        Self { statements: vec![format!("${name} = {}", value.text)] }
    }

    fn guarded(condition: Code, effect: &(impl DatastarExpression + ?Sized)) -> Self {
        Self { statements: vec![condition.guarding(effect)] }
    }

    /// Does `next` after this: an action, another effect, or any other expression.
    ///
    /// ```
    /// use stario_html::{SignalRef, js};
    ///
    /// let page = SignalRef::<u32>::named("page");
    /// assert_eq!(page.set(1).then(js("el.focus()")).to_string(), "$page = 1; el.focus()");
    /// ```
    #[allow(clippy::needless_pass_by_value)] // Actions are made where they are placed.
    pub fn then(mut self, next: impl DatastarExpression) -> Self {
        if next.is_present() {
            next.push_statements(&mut self.statements);
        }
        self
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.statements.join("; "))
    }
}

impl DatastarExpression for Effect {
    fn write_datastar(&self, out: &mut JsWriter<'_>) {
        out.write_code(&self.statements.join("; "));
    }

    fn write_operand(&self, out: &mut JsWriter<'_>) {
        out.write_code("(");
        for (position, statement) in self.statements.iter().enumerate() {
            if position > 0 {
                out.write_code(", ");
            }
            out.write_code(statement);
        }
        out.write_code(")");
    }

    fn push_statements(&self, statements: &mut Vec<String>) {
        statements.extend_from_slice(&self.statements);
    }
}

impl DatastarExpression for &Effect {
    fn write_datastar(&self, out: &mut JsWriter<'_>) {
        (**self).write_datastar(out);
    }

    fn write_operand(&self, out: &mut JsWriter<'_>) {
        (**self).write_operand(out);
    }

    fn push_statements(&self, statements: &mut Vec<String>) {
        (**self).push_statements(statements);
    }
}

impl DatastarExpression for Option<Effect> {
    fn write_datastar(&self, out: &mut JsWriter<'_>) {
        if let Some(effect) = self {
            effect.write_datastar(out);
        }
    }

    fn write_operand(&self, out: &mut JsWriter<'_>) {
        match self {
            Some(effect) => effect.write_operand(out),
            None => out.write_code("undefined"),
        }
    }

    fn push_statements(&self, statements: &mut Vec<String>) {
        if let Some(effect) = self {
            effect.push_statements(statements);
        }
    }

    fn is_present(&self) -> bool {
        self.is_some()
    }
}

/// What a reference to a signal and an expression have in common.
macro_rules! values {
    ($($value:ident)*) => {$(
        impl<T> $value<T> {
            /// Whether the value equals `other`: `$page === 1`.
            pub fn eq(&self, other: impl Operand<T>) -> Expr<bool>
            where
                T: Comparable,
            {
                self.binary("===", other, Level::Equality)
            }

            /// Whether the value differs from `other`: `$page !== 1`.
            pub fn ne(&self, other: impl Operand<T>) -> Expr<bool>
            where
                T: Comparable,
            {
                self.binary("!==", other, Level::Equality)
            }

            /// Whether the value is less than `other`: `$page < 9`.
            pub fn lt(&self, other: impl Operand<T>) -> Expr<bool>
            where
                T: Ordered,
            {
                self.binary("<", other, Level::Relation)
            }

            /// Whether the value is at most `other`: `$page <= 9`.
            pub fn le(&self, other: impl Operand<T>) -> Expr<bool>
            where
                T: Ordered,
            {
                self.binary("<=", other, Level::Relation)
            }

            /// Whether the value is greater than `other`: `$page > 1`.
            pub fn gt(&self, other: impl Operand<T>) -> Expr<bool>
            where
                T: Ordered,
            {
                self.binary(">", other, Level::Relation)
            }

            /// Whether the value is at least `other`: `$page >= 1`.
            pub fn ge(&self, other: impl Operand<T>) -> Expr<bool>
            where
                T: Ordered,
            {
                self.binary(">=", other, Level::Relation)
            }

            fn binary<R>(&self, operator: &str, other: impl Operand<T>, level: Level) -> Expr<R> {
                Expr::new(self.code().binary(operator, other.__code(), level))
            }
        }

        impl $value<bool> {
            /// The contrary: `!$open`.
            #[allow(clippy::should_implement_trait)] // The operator would take the value.
            pub fn not(&self) -> Expr<bool> {
                Expr::new(self.code().not())
            }

            /// Whether both hold: `$open && $page > 1`.
            pub fn and(&self, other: impl Operand<bool>) -> Expr<bool> {
                self.binary("&&", other, Level::And)
            }

            /// Whether one of them holds: `$open || $page > 1`.
            pub fn or(&self, other: impl Operand<bool>) -> Expr<bool> {
                self.binary("||", other, Level::Or)
            }

            /// Does `effect`, an action or another effect, if this holds: `$open && ($page = 1)`. Other code is one
            /// expression, without semicolons.
            #[allow(clippy::needless_pass_by_value)] // Actions are made where they are placed.
            pub fn then(&self, effect: impl DatastarExpression) -> Effect {
                Effect::guarded(self.code(), &effect)
            }

            /// One of two texts: `$open ? 'Hide' : 'Show'`.
            pub fn choose(
                &self,
                then: impl Operand<String>,
                otherwise: impl Operand<String>,
            ) -> Expr<String> {
                Expr::new(self.code().choice(then.__code(), otherwise.__code()))
            }
        }

        impl<T> Operand<T> for $value<T> {
            fn __code(self) -> Code {
                self.code()
            }
        }

        impl<T> Operand<T> for &$value<T> {
            fn __code(self) -> Code {
                self.code()
            }
        }

        impl<T: Shown> Joined for $value<T> {
            fn __code(self) -> Code {
                self.code()
            }
        }

        impl<T: Shown> Joined for &$value<T> {
            fn __code(self) -> Code {
                self.code()
            }
        }

        /// Two numbers added, or text and what is joined to it.
        impl<T: Sum<O>, O> Add<O> for $value<T> {
            type Output = Expr<T>;

            fn add(self, other: O) -> Expr<T> {
                Expr::new(self.code().binary("+", T::__code(other), Level::Sum))
            }
        }

        impl<T: Sum<O>, O> Add<O> for &$value<T> {
            type Output = Expr<T>;

            fn add(self, other: O) -> Expr<T> {
                Expr::new(self.code().binary("+", T::__code(other), Level::Sum))
            }
        }

        /// Text, and the value behind it as text.
        impl<T: Shown> Add<$value<T>> for &str {
            type Output = Expr<String>;

            fn add(self, other: $value<T>) -> Expr<String> {
                Expr::new(Code::literal(self).binary("+", other.code(), Level::Sum))
            }
        }

        impl<T: Shown> Add<&$value<T>> for &str {
            type Output = Expr<String>;

            fn add(self, other: &$value<T>) -> Expr<String> {
                Expr::new(Code::literal(self).binary("+", other.code(), Level::Sum))
            }
        }

        impl<T: Number, O: Operand<T>> Sub<O> for $value<T> {
            type Output = Expr<T>;

            fn sub(self, other: O) -> Expr<T> {
                self.binary("-", other, Level::Sum)
            }
        }

        impl<T: Number, O: Operand<T>> Sub<O> for &$value<T> {
            type Output = Expr<T>;

            fn sub(self, other: O) -> Expr<T> {
                self.binary("-", other, Level::Sum)
            }
        }

        places!($value<T>);
        places!(&$value<T>);
    )*};
}

macro_rules! places {
    ($value:ty) => {
        impl<T> DatastarExpression for $value {
            fn write_datastar(&self, out: &mut JsWriter<'_>) {
                self.code().write(out);
            }

            fn write_operand(&self, out: &mut JsWriter<'_>) {
                self.code().write_operand(out);
            }
        }

        impl<T: Truth> ConditionAttr for $value {}
        impl<T: Shown> TextExpression for $value {}
        impl<T: Shown> ValueExpression for $value {}
    };
}

values! { Expr SignalRef }

impl<T> SignalRef<T> {
    /// Sets the signal in the page, to a value or to what another signal or an expression has: `$page = 1`.
    pub fn set(&self, value: impl Operand<T>) -> Effect {
        Effect::set(self.name(), &value.__code())
    }
}

impl SignalRef<bool> {
    /// Sets the signal to the contrary: `$open = !$open`.
    pub fn toggle(&self) -> Effect {
        Effect::set(self.name(), &self.code().not())
    }
}

/// The value of a text, such as an enum, as text.
impl<T: TextSignal> SignalRef<T> {
    /// The same signal, as a `String`: what joins and orders texts takes it.
    pub fn as_text(&self) -> Expr<String> {
        Expr::new(self.code())
    }
}

#[cfg(test)]
mod tests;
