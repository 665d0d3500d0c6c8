//! `#[derive(Form)]`: a struct whose fields are those of a form.

mod emit;
mod marks;

use proc_macro2::TokenStream;

use crate::fields::Struct;

/// Expands one struct. Despite errors everything is emitted, so that code which uses the struct reports no second
/// error.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    match Struct::parse(item) {
        Ok((form, errors)) => emit::emit(&form, errors),
        Err(error) => error.to_compile_error(),
    }
}
