//! `import::command(..)`: makes the command of a durable handler from code. Its arguments are the values of the stored parameters.
//!
//! Only the types of the parameters say which of them are stored. So rustc makes a list of the arguments' types, `(A, (B, ()))`, and
//! the list has the function that takes them. The function is a pointer, because a pointer's type can have any number of arguments.

use std::marker::PhantomData;

use super::enqueue::{DurableCommand, GroupedValues};
use super::info::DurableInfo;
use super::storable::Kept;
use super::values::ValuesWriter;
use crate::error::Rejection;
use crate::extract::{
    Cookie, FormBody, FormField, Header, Headers, JsonBody, JsonOrForm, PathParam, Query, QueryParam,
    QueryParams, RawBody, Signal, Signals,
};
#[cfg(feature = "sealed-cookies")]
use crate::extract::{EncryptedCookie, SignedCookie};

/// A source that holds the value of a parameter and nothing else: the argument of `command(..)` is the value, `5` and not `PathParam(5)`.
///
/// Only stario's own sources implement it, all of them here. A source of the user's own that has the name of one of them is its own argument.
pub trait Wrapper {
    /// The value that the source holds.
    type Value;

    /// Puts the value into it.
    fn wrap(value: Self::Value) -> Self;
}

macro_rules! wrappers {
    ($($name:ident<T>($value:ty))*) => {$(
        impl<T> Wrapper for $name<T> {
            type Value = $value;

            fn wrap(value: $value) -> Self {
                Self(value)
            }
        }
    )*};
}

wrappers! {
    Cookie<T>(T) FormBody<T>(T) FormField<T>(T) Header<T>(T) Headers<T>(Vec<T>) JsonBody<T>(T)
    JsonOrForm<T>(T) PathParam<T>(T) Query<T>(T) QueryParam<T>(T) QueryParams<T>(Vec<T>) RawBody<T>(T)
    Signal<T>(T) Signals<T>(T)
}
#[cfg(feature = "sealed-cookies")]
wrappers! { EncryptedCookie<T>(T) SignedCookie<T>(T) }

/// Finds out whether a type that has the name of a source of stario's is that source: then the constant is inherent, else it is that of
/// [`UnprobedWrapper`].
pub struct WrapperProbe<T>(PhantomData<T>);

impl<T: Wrapper> WrapperProbe<T> {
    /// It is a source of stario's.
    pub const IS_WRAPPER: bool = true;
}

/// The default for all types that [`WrapperProbe`] does not describe.
pub trait UnprobedWrapper {
    /// Whether the type is a source of stario's.
    const IS_WRAPPER: bool = false;
}

impl<T> UnprobedWrapper for WrapperProbe<T> {}

/// One of the two ways to give the value of a parameter: by what the source holds, or by the source.
pub struct Wrapped<const IS_WRAPPER: bool>(());

/// The argument for a parameter of type `T`.
pub trait ArgumentOf<T> {
    /// Its type.
    type Argument;

    /// Makes the parameter of it.
    fn wrap(argument: Self::Argument) -> T;
}

impl<T: Wrapper> ArgumentOf<T> for Wrapped<true> {
    type Argument = T::Value;

    fn wrap(argument: T::Value) -> T {
        T::wrap(argument)
    }
}

impl<T> ArgumentOf<T> for Wrapped<false> {
    type Argument = T;

    fn wrap(argument: T) -> T {
        argument
    }
}

/// The list of the arguments, taken from the type of a function that has it as its argument: `fn(List)`. In such a type, unlike in others, rustc
/// allows a lifetime that is not written: `Config` for `Config<'_>`. A handler that is not `async` may take it so where it is not stored. What is stored
/// stands in the list, and there its lifetime must be written.
pub trait ArgumentList {
    /// The list.
    type List;
}

impl<L> ArgumentList for fn(L) {
    type List = L;
}

/// Puts an argument before others, if its parameter is stored.
pub trait ArgumentBefore<A, Rest> {
    /// The list of the arguments from here on.
    type List;
}

impl<A, Rest> ArgumentBefore<A, Rest> for Kept<false> {
    type List = Rest;
}

impl<A, Rest> ArgumentBefore<A, Rest> for Kept<true> {
    type List = (A, Rest);
}

/// Stores the value of a parameter of type `T`.
type StoreFn<T> = fn(&T, &mut ValuesWriter) -> Result<(), Rejection>;

/// Stores the first argument of a list as the value of a parameter of type `T`, if that is stored.
pub trait StoreArgument<A, T, Rest>: ArgumentBefore<A, Rest> {
    /// Stores it. Returns the arguments behind it.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn store(
        list: Self::List,
        wrap: fn(A) -> T,
        store: StoreFn<T>,
        values: &mut ValuesWriter,
    ) -> Result<Rest, Rejection>;
}

impl<A, T, Rest> StoreArgument<A, T, Rest> for Kept<false> {
    fn store(list: Rest, _: fn(A) -> T, _: StoreFn<T>, _: &mut ValuesWriter) -> Result<Rest, Rejection> {
        Ok(list)
    }
}

impl<A, T, Rest> StoreArgument<A, T, Rest> for Kept<true> {
    fn store(
        (argument, rest): (A, Rest),
        wrap: fn(A) -> T,
        store: StoreFn<T>,
        values: &mut ValuesWriter,
    ) -> Result<Rest, Rejection> {
        store(&wrap(argument), values)?;
        Ok(rest)
    }
}

/// A durable handler whose commands code can make. The macros implement it for a type of their own.
pub trait CommandOf {
    /// The list of the arguments.
    type Arguments;

    /// What the attribute says.
    fn info() -> &'static DurableInfo;

    /// Stores the arguments. Returns the value by which the command is put into a group.
    ///
    /// # Errors
    ///
    /// When one cannot be written.
    fn store(arguments: Self::Arguments, values: &mut ValuesWriter) -> Result<Option<String>, Rejection>;
}

/// The function `command` of a handler, by the list of its arguments.
pub trait CommandFunction<H> {
    /// Its type.
    type Function;

    /// The function.
    const FUNCTION: Self::Function;
}

fn command<H: CommandOf>(arguments: H::Arguments) -> DurableCommand {
    let mut values = ValuesWriter::new(H::info().name);
    let group = H::store(arguments, &mut values);
    DurableCommand::new(H::info(), group.map(|group| GroupedValues { values, group }))
}

macro_rules! list {
    () => { () };
    ($first:ident $($rest:ident)*) => { ($first, list!($($rest)*)) };
}

/// One for each count of arguments from these down to none.
macro_rules! command_functions {
    () => {
        command_function!();
    };
    ($first:ident $($rest:ident)*) => {
        command_function!($first $($rest)*);
        command_functions!($($rest)*);
    };
}

macro_rules! command_function {
    ($($argument:ident)*) => {
        #[allow(non_snake_case)]
        impl<H, $($argument),*> CommandFunction<H> for list!($($argument)*)
        where
            H: CommandOf<Arguments = Self>,
        {
            type Function = fn($($argument),*) -> DurableCommand;

            const FUNCTION: Self::Function = |$($argument),*| command::<H>(list!($($argument)*));
        }
    };
}

/// Stands in the place of `command(..)` where more parameters may be stored than it can have arguments.
#[derive(Debug)]
pub struct TooManyParameters;

// As many at most: where more parameters may be stored, `stario-macros` writes `TooManyParameters`.
command_functions!(A B C D E F G I J K L M N O P Q);
