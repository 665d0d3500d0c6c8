//! `#[derive(Signals)]`: a struct whose fields are the signals of a page.

mod check;
mod emit;
mod marks;

use proc_macro2::TokenStream;

use crate::fields::Struct;

/// Expands one struct. On an error everything is still emitted, so that nothing that uses the struct reports a second one.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    match Struct::parse(item) {
        Ok((signals, errors)) => emit::emit(&signals, errors),
        Err(error) => error.to_compile_error(),
    }
}
