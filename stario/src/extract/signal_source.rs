//! In which of two ways signals are read: field by field, or by serde.

use std::marker::PhantomData;

use super::FromRequest;
use crate::error::Rejection;
use crate::inject::ArgumentInfo;
use crate::parameter::Parameter;
use crate::scope::Scope;

/// A source of signals, by one of two ways: field by field if its `T` has `derive(Signals)`, else by serde.
///
/// A struct may derive serde's traits beside `Signals`, so no bound can choose. The macros choose by [`SignalsProbe`].
pub trait ReadSignals<const BY_FIELDS: bool>: Sized {
    /// What is known of a parameter of this type.
    const INFO: ArgumentInfo;

    /// Resolves the parameter.
    fn read(scope: &Scope, parameter: &Parameter) -> impl Future<Output = Result<Self, Rejection>> + Send;
}

impl<P: FromRequest> ReadSignals<false> for P {
    const INFO: ArgumentInfo = P::INFO;

    fn read(scope: &Scope, parameter: &Parameter) -> impl Future<Output = Result<Self, Rejection>> + Send {
        P::from_request(scope, parameter)
    }
}

/// Tells how the source `P` reads signals. The constants that hold for a type are inherent; all others are those of
/// [`UnprobedSignals`].
#[derive(Debug)]
pub struct SignalsProbe<P>(PhantomData<P>);

/// What holds for all sources of which [`SignalsProbe`] says nothing else.
pub trait UnprobedSignals {
    /// Whether the type derives `Signals`.
    const BY_FIELDS: bool = false;
}

impl<P> UnprobedSignals for SignalsProbe<P> {}
