//! References to the fields of a form: a name, the form it belongs to, and the type of its value.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use stario_html::__private::signals::signal_at;
use stario_html::{AttrWriter, BindAttr, SignalRef};

/// A field of a form `F` whose value is a `T`, made by a function of a struct with `derive(Form)`.
///
/// [`Form::field`](crate::Form::field) takes it. It is also a [`SignalRef`] of the same name, for a form that sends signals:
/// `data-bind={SignUp::email()}`.
pub struct FieldRef<F, T> {
    signal: SignalRef<T>,
    form: PhantomData<fn() -> F>,
}

/// A field of a form `F` for files.
pub struct FileRef<F>(GroupRef<F>);

/// A group of fields of a form `F`.
pub struct GroupRef<F> {
    name: Cow<'static, str>,
    form: PhantomData<fn() -> F>,
}

/// A reference to a field or to a group of fields of the form `F`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a field of the form `{F}`",
    label = "of another form, or no field",
    note = "a field is named by the functions that `derive(Form)` gives `{F}`"
)]
pub trait FieldOf<F> {
    /// The field's name in the form, such as `items.0.name`.
    fn name(&self) -> &str;
}

impl<F, T> FieldRef<F, T> {
    #[doc(hidden)]
    pub fn __new(name: &'static str) -> Self {
        Self::at(Cow::Borrowed(name))
    }

    fn at(name: Cow<'static, str>) -> Self {
        Self { signal: signal_at(name), form: PhantomData }
    }
}

impl<F, T> Deref for FieldRef<F, T> {
    type Target = SignalRef<T>;

    fn deref(&self) -> &SignalRef<T> {
        &self.signal
    }
}

impl<F> FileRef<F> {
    #[doc(hidden)]
    pub fn __new(name: &'static str) -> Self {
        Self(GroupRef::__new(name))
    }
}

impl<F> GroupRef<F> {
    #[doc(hidden)]
    pub fn __new(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), form: PhantomData }
    }

    pub(super) fn below(&self, name: impl fmt::Display) -> Self {
        Self { name: format!("{}.{name}", self.name).into(), form: PhantomData }
    }

    #[doc(hidden)]
    pub fn __field<T>(&self, name: &str) -> FieldRef<F, T> {
        FieldRef::at(self.below(name).name)
    }

    #[doc(hidden)]
    pub fn __file(&self, name: &str) -> FileRef<F> {
        FileRef(self.below(name))
    }

    #[doc(hidden)]
    pub fn __group<R: From<GroupRef<F>>>(&self, name: &str) -> R {
        R::from(self.below(name))
    }
}

impl<F, T> FieldOf<F> for FieldRef<F, T> {
    fn name(&self) -> &str {
        self.signal.name()
    }
}

impl<F> FieldOf<F> for FileRef<F> {
    fn name(&self) -> &str {
        &self.0.name
    }
}

impl<F> FieldOf<F> for GroupRef<F> {
    fn name(&self) -> &str {
        &self.name
    }
}

#[diagnostic::do_not_recommend]
impl<F, R: FieldOf<F> + ?Sized> FieldOf<F> for &R {
    fn name(&self) -> &str {
        (**self).name()
    }
}

impl<F, T> BindAttr for FieldRef<F, T>
where
    SignalRef<T>: BindAttr,
{
    fn write_name(&self, out: &mut AttrWriter<'_>) {
        self.signal.write_name(out);
    }
}

macro_rules! names {
    ($($reference:ident<$($parameter:ident),*> { $($field:tt),* })*) => {$(
        impl<$($parameter),*> Clone for $reference<$($parameter),*> {
            fn clone(&self) -> Self {
                Self { $($field: self.$field.clone()),* }
            }
        }

        impl<$($parameter),*> fmt::Debug for $reference<$($parameter),*> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.debug_tuple(stringify!($reference)).field(&FieldOf::name(self)).finish()
            }
        }
    )*};
}

names! {
    FieldRef<F, T> { signal, form }
    FileRef<F> { 0 }
    GroupRef<F> { name, form }
}
