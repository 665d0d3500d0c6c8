//! `#[derive(Form)]`: a struct whose fields are those of a form.

mod check;
mod emit;
mod model;
mod parse;

use proc_macro2::TokenStream;

/// Expands one struct. On an error everything is still emitted, so that nothing that uses the struct reports a second one.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let parsed = match parse::parse(item) {
        Ok(parsed) => parsed,
        Err(error) => return error.to_compile_error(),
    };
    let model = model::Form::new(parsed);
    let errors = check::check(&model);
    emit::emit(&model, errors)
}
