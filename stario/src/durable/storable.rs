//! Which parameters of a durable command are stored, how, and how they come back.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::values::{StoredValues, ValuesWriter};
use crate::error::{Error, Rejection, Result};
use crate::extract::{
    ClientAddress, Cookie, FormBody, FormField, Header, Headers, JsonBody, JsonOrForm, PathParam, Query,
    QueryParam, QueryParams, RawBody, Signal, Signals, WholeBody,
};
#[cfg(feature = "sealed-cookies")]
use crate::extract::{EncryptedCookie, SignedCookie};
use crate::inject::{Argument, Dependencies, Lifetime, Owned, ProvidedBy, Provider};
use crate::parameter::Parameter;
use crate::scope::Scope;

/// A parameter's value that can be stored, in the one way `K` that fits its type.
#[diagnostic::on_unimplemented(
    message = "a durable command cannot store `{Self}`",
    label = "not stored with the command",
    note = "it runs when its request is gone, so the values of its parameters are stored: derive `serde::Serialize` and `serde::Deserialize` for it",
    note = "`State`, `Logger`, `AppHandle` and singletons are resolved anew in each run; what is made from them can be made in the function's body"
)]
pub trait Storable<K>: Sized {
    /// Adds the value to what is stored.
    ///
    /// # Errors
    ///
    /// When it cannot be written as JSON.
    fn store(&self, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection>;

    /// The value that was stored.
    ///
    /// # Errors
    ///
    /// When what is stored does not fit the type.
    fn restore(name: &'static str, values: &StoredValues) -> Result<Self>;
}

/// The value is written and read by serde.
pub struct AsValue(());
/// The value is in a newtype of stario's, and is written and read by serde.
pub struct AsSource(());
/// The value has bytes of a file.
pub struct AsFile(());

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send> Storable<AsValue> for T {
    fn store(&self, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection> {
        values.value(name, self)
    }

    fn restore(name: &'static str, values: &StoredValues) -> Result<Self> {
        values.value(name)
    }
}

macro_rules! storable_newtypes {
    ($($name:ident)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Serialize + DeserializeOwned + Send> Storable<AsSource> for $name<T> {
            fn store(&self, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection> {
                values.value(name, &self.0)
            }

            fn restore(name: &'static str, values: &StoredValues) -> Result<Self> {
                values.value(name).map(Self)
            }
        }
    )*};
}

storable_newtypes!(
    Cookie FormBody FormField Header Headers JsonBody JsonOrForm PathParam Query QueryParam QueryParams Signal Signals
);
#[cfg(feature = "sealed-cookies")]
storable_newtypes!(EncryptedCookie SignedCookie);

#[diagnostic::do_not_recommend]
impl Storable<AsSource> for ClientAddress {
    fn store(&self, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection> {
        values.value(name, &self.0)
    }

    fn restore(name: &'static str, values: &StoredValues) -> Result<Self> {
        values.value(name).map(Self)
    }
}

#[diagnostic::do_not_recommend]
impl<T: WholeBody + Clone> Storable<AsFile> for RawBody<T> {
    fn store(&self, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection> {
        let number = values.bytes(self.0.clone().into_bytes());
        values.value(name, &number)
    }

    fn restore(name: &'static str, values: &StoredValues) -> Result<Self> {
        let bytes = values.file(values.value(name)?)?;
        T::from_bytes(bytes)
            .map(Self)
            .ok_or_else(|| format!("the value of `{name}` is not valid text").into())
    }
}

#[cfg(feature = "uploads")]
mod files {
    use super::{AsFile, Rejection, Result, Storable, StoredValues, ValuesWriter};
    use crate::extract::UploadedFile;

    /// A file among the values.
    #[derive(serde::Serialize, serde::Deserialize)]
    struct StoredFile {
        file_name: String,
        content_type: Option<String>,
        file: usize,
    }

    fn store(file: &UploadedFile, values: &mut ValuesWriter) -> StoredFile {
        StoredFile {
            file_name: file.file_name().to_owned(),
            content_type: file.content_type().map(str::to_owned),
            file: values.file(file.clone()),
        }
    }

    fn restore(stored: StoredFile, values: &StoredValues) -> Result<UploadedFile> {
        Ok(UploadedFile::from_memory(stored.file_name, stored.content_type, values.file(stored.file)?))
    }

    #[diagnostic::do_not_recommend]
    impl Storable<AsFile> for UploadedFile {
        fn store(&self, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection> {
            let stored = store(self, values);
            values.value(name, &stored)
        }

        fn restore(name: &'static str, values: &StoredValues) -> Result<Self> {
            restore(values.value(name)?, values)
        }
    }

    #[diagnostic::do_not_recommend]
    impl Storable<AsFile> for Option<UploadedFile> {
        fn store(&self, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection> {
            let stored = self.as_ref().map(|file| store(file, values));
            values.value(name, &stored)
        }

        fn restore(name: &'static str, values: &StoredValues) -> Result<Self> {
            let stored: Option<StoredFile> = values.value(name)?;
            stored.map(|stored| restore(stored, values)).transpose()
        }
    }

    #[diagnostic::do_not_recommend]
    impl Storable<AsFile> for Vec<UploadedFile> {
        fn store(&self, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection> {
            let stored: Vec<StoredFile> = self.iter().map(|file| store(file, values)).collect();
            values.value(name, &stored)
        }

        fn restore(name: &'static str, values: &StoredValues) -> Result<Self> {
            let stored: Vec<StoredFile> = values.value(name)?;
            stored.into_iter().map(|stored| restore(stored, values)).collect()
        }
    }
}

/// Whether a parameter's value is stored, or resolved anew in each run.
pub struct Kept<const IS_STORED: bool>(());

/// Stores the value of a parameter, if it is stored.
pub trait Keep<T, K> {
    /// Adds the value to what is stored.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn store(value: &T, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection>;
}

impl<T> Keep<T, ()> for Kept<false> {
    fn store(_: &T, _: &'static str, _: &mut ValuesWriter) -> Result<(), Rejection> {
        Ok(())
    }
}

impl<T: Storable<K>, K> Keep<T, K> for Kept<true> {
    fn store(value: &T, name: &'static str, values: &mut ValuesWriter) -> Result<(), Rejection> {
        value.store(name, values)
    }
}

/// A value of a run on its way. Boxed, because rustc cannot show that an opaque type is `Send` whose bounds name the life of the
/// dependencies.
pub(super) type Restoring<'a, V> = Pin<Box<dyn Future<Output = Result<V>> + Send + 'a>>;

/// Gives a run the value of a parameter by value.
pub trait Restore<'s, T, R, K> {
    /// The value on its way: its own, or shared.
    type Taken;

    /// The value that is stored, or resolved anew.
    fn take<'a>(
        scope: &'a Arc<Scope>,
        dependencies: &'s Dependencies,
        parameter: &'static Parameter,
        name: &'static str,
        values: &StoredValues,
    ) -> Restoring<'a, Self::Taken>
    where
        's: 'a;
}

impl<'s, T: Argument<'s, R, K> + 's, R: 's, K: 's> Restore<'s, T, R, K> for Kept<false> {
    type Taken = T::Taken;

    fn take<'a>(
        scope: &'a Arc<Scope>,
        dependencies: &'s Dependencies,
        parameter: &'static Parameter,
        _: &'static str,
        _: &StoredValues,
    ) -> Restoring<'a, T::Taken>
    where
        's: 'a,
    {
        let taken = T::take(scope, dependencies, parameter);
        resolving(taken)
    }
}

impl<'s, T: Storable<K> + Send + 's, R, K> Restore<'s, T, R, Stored<K>> for Kept<true> {
    type Taken = Owned<T>;

    fn take<'a>(
        _: &'a Arc<Scope>,
        _: &'s Dependencies,
        _: &'static Parameter,
        name: &'static str,
        values: &StoredValues,
    ) -> Restoring<'a, Owned<T>>
    where
        's: 'a,
    {
        Box::pin(std::future::ready(T::restore(name, values).map_err(unreadable).map(Owned)))
    }
}

/// The value is stored in the way `K`.
pub struct Stored<K>(PhantomData<K>);

/// The same for a parameter whose provider is known.
pub trait RestoreProvided<'s, P, T: 's, K> {
    /// The value on its way.
    type Taken;

    /// For a parameter by value.
    fn take<'a>(
        provided: ProvidedBy<P, T>,
        scope: &'a Arc<Scope>,
        dependencies: &'s Dependencies,
        name: &'static str,
        values: &StoredValues,
    ) -> Restoring<'a, Self::Taken>
    where
        's: 'a;

    /// For a parameter by reference: what is stored is put back into a slot of the dependencies.
    fn borrow<'a>(
        provided: ProvidedBy<P, T>,
        scope: &'a Arc<Scope>,
        dependencies: &'s Dependencies,
        name: &'static str,
        values: &StoredValues,
    ) -> Restoring<'a, &'s T>
    where
        's: 'a;
}

impl<'s, P: Provider<T>, T: Send + Sync + 'static> RestoreProvided<'s, P, T, ()> for Kept<false> {
    type Taken = <P::Lifetime as Lifetime>::Taken<'s, T>;

    fn take<'a>(
        provided: ProvidedBy<P, T>,
        scope: &'a Arc<Scope>,
        dependencies: &'s Dependencies,
        _: &'static str,
        _: &StoredValues,
    ) -> Restoring<'a, Self::Taken>
    where
        's: 'a,
    {
        let taken = provided.take(scope, dependencies);
        resolving(taken)
    }

    fn borrow<'a>(
        provided: ProvidedBy<P, T>,
        scope: &'a Arc<Scope>,
        dependencies: &'s Dependencies,
        _: &'static str,
        _: &StoredValues,
    ) -> Restoring<'a, &'s T>
    where
        's: 'a,
    {
        let borrowed = provided.borrow(scope, dependencies);
        resolving(borrowed)
    }
}

impl<'s, P: Provider<T>, T: Storable<K> + Send + Sync + 'static, K> RestoreProvided<'s, P, T, K>
    for Kept<true>
{
    type Taken = Owned<T>;

    fn take<'a>(
        _: ProvidedBy<P, T>,
        _: &'a Arc<Scope>,
        _: &'s Dependencies,
        name: &'static str,
        values: &StoredValues,
    ) -> Restoring<'a, Owned<T>>
    where
        's: 'a,
    {
        Box::pin(std::future::ready(T::restore(name, values).map_err(unreadable).map(Owned)))
    }

    fn borrow<'a>(
        _: ProvidedBy<P, T>,
        _: &'a Arc<Scope>,
        dependencies: &'s Dependencies,
        name: &'static str,
        values: &StoredValues,
    ) -> Restoring<'a, &'s T>
    where
        's: 'a,
    {
        let value = T::restore(name, values).map_err(unreadable);
        Box::pin(std::future::ready(value.map(|value| dependencies.keep(value))))
    }
}

/// A parameter that is resolved anew, as it is for a request.
fn resolving<'a, V>(resolved: impl Future<Output = Result<V, Rejection>> + Send + 'a) -> Restoring<'a, V> {
    Box::pin(async move { resolved.await.map_err(Error::from) })
}

/// What is stored does not become readable by another attempt.
fn unreadable(error: Error) -> Error {
    super::no_retry::NoRetry::new(error).into()
}
