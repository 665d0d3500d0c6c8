//! `#[dependency]`: a function becomes the provider of the value it returns.

mod check;
mod emit;
mod home;
mod model;
mod parse;

use proc_macro2::TokenStream;

use crate::function;

/// Expands one provider. On an error the function itself is still emitted.
pub(crate) fn expand(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let parsed = match parse::parse(arguments, item) {
        Ok(parsed) => parsed,
        Err(error) => return function::with_error(item, &error),
    };
    let model = model::Provider::new(parsed);
    let errors = check::check(&model);
    emit::emit(&model, errors)
}
