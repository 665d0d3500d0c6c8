//! `#[derive(Signals)]`: a struct whose fields are the signals of a page.

mod check;
mod emit;
mod model;
mod parse;

use proc_macro2::TokenStream;

pub(crate) use model::Rule;
pub(crate) use parse::{key, with_value};

/// Expands one struct. On an error everything is still emitted, so that nothing that uses the struct reports a second one.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let parsed = match parse::parse(item) {
        Ok(parsed) => parsed,
        Err(error) => return error.to_compile_error(),
    };
    let model = model::Signals::new(parsed);
    let errors = check::check(&model);
    emit::emit(&model, errors)
}
