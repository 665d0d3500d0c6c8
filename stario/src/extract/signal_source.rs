//! Chooses how signals are read: field by field, or by serde.
//!
//! A struct may derive serde's traits beside `Signals`, so no bound can choose. The macros ask [`SignalsProbe`], which
//! tells what the type is, and read the source that [`SourceFor`] names.

use std::marker::PhantomData;

use crate::error::Rejection;

/// A source of signals, `Signals<T>` or `Signal<T>`, whose `T` derives `Signals` and is read field by field.
#[derive(Debug)]
pub struct ByFields<P>(pub(super) P);

/// Finds out how the source `P` reads signals. The constants that hold for a type are inherent; all others are those of
/// [`UnprobedSignals`].
#[derive(Debug)]
pub struct SignalsProbe<P>(PhantomData<P>);

/// The default for all sources that [`SignalsProbe`] does not describe.
pub trait UnprobedSignals {
    /// Whether the type derives `Signals`.
    const BY_FIELDS: bool = false;
}

impl<P> UnprobedSignals for SignalsProbe<P> {}

/// One of the two ways.
#[derive(Debug)]
pub struct ReadBy<const BY_FIELDS: bool>;

/// The source that a parameter of type `P` is read as.
pub trait SourceFor<P> {
    /// The source that is read.
    type Source;

    /// The parameter's value.
    fn value(source: Self::Source) -> P;
}

impl<P> SourceFor<P> for ReadBy<false> {
    type Source = P;

    fn value(source: P) -> P {
        source
    }
}

impl<P> SourceFor<P> for ReadBy<true> {
    type Source = ByFields<P>;

    fn value(source: ByFields<P>) -> P {
        source.0
    }
}

/// The value of a parameter, one way or the other.
///
/// # Errors
///
/// The source's.
pub async fn value_by<W: SourceFor<P>, P>(
    source: impl Future<Output = Result<W::Source, Rejection>>,
) -> Result<P, Rejection> {
    source.await.map(W::value)
}
