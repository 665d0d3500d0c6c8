//! `#[derive(FromRequest)]`: a struct whose fields are sources becomes a source.

mod check;
mod emit;
mod model;
mod parse;

use proc_macro2::TokenStream;

/// Expands one struct. Despite errors an impl is emitted, so that handlers which take the struct report no second
/// error.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let parsed = match parse::parse(item) {
        Ok(parsed) => parsed,
        Err(error) => return error.to_compile_error(),
    };
    let model = model::Sources::new(parsed);
    let errors = check::check(&model);
    emit::emit(&model, errors)
}
