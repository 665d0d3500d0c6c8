//! The types that a `Writer` takes as the name or the value of a header.

use crate::channel::WriteError;

/// The header's name or value that `text` says.
pub(super) fn header<H, K>(text: impl IntoHeader<H, K>) -> Result<H, WriteError> {
    text.into_header().map_err(WriteError::Header)
}

/// A header's name or value: what converts into it, and byte literals. `K` tells the conversions apart and is always
/// inferred.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a header's name or value",
    label = "neither text nor bytes",
    note = "names and values are text or bytes, values also whole numbers"
)]
pub trait IntoHeader<H, K> {
    /// Converts it.
    ///
    /// # Errors
    ///
    /// When HTTP cannot carry it.
    fn into_header(self) -> Result<H, http::Error>;
}

/// The value converts by itself.
#[doc(hidden)]
pub struct AsConverted(());
/// The value is a byte literal, which is an array.
#[doc(hidden)]
pub struct AsArray(());

#[diagnostic::do_not_recommend]
impl<H, T> IntoHeader<H, AsConverted> for T
where
    T: TryInto<H, Error: Into<http::Error>>,
{
    fn into_header(self) -> Result<H, http::Error> {
        self.try_into().map_err(Into::into)
    }
}

#[diagnostic::do_not_recommend]
impl<'b, H, const LENGTH: usize> IntoHeader<H, AsArray> for &'b [u8; LENGTH]
where
    &'b [u8]: TryInto<H, Error: Into<http::Error>>,
{
    fn into_header(self) -> Result<H, http::Error> {
        self.as_slice().try_into().map_err(Into::into)
    }
}
