//! `#[derive(Form)]`: a struct whose fields are those of a form.

mod check;
mod emit;
mod marks;

use proc_macro2::TokenStream;

use crate::fields::Struct;

/// Expands one struct. On an error everything is still emitted, so that nothing that uses the struct reports a second one.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    match Struct::parse(item) {
        Ok((form, errors)) => emit::emit(&form, errors),
        Err(error) => error.to_compile_error(),
    }
}
