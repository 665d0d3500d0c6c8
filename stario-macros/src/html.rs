//! `html!`: tokens, tree, checks, steps, Rust.

mod parse;
mod check;
mod lower;
mod emit;

mod ast;
mod cursor;
mod report;

use proc_macro2::TokenStream;

/// Expands a template to an expression of type `Html`; on mistakes to the same expression and the errors.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut report = report::Report::default();
    let mut template = parse::parse(tokens, &mut report);
    check::check(&template, &mut report);
    let (krate, into) = (std::mem::take(&mut template.krate), template.into.take());
    let ops = lower::lower(template);
    emit::emit(&krate, into, &ops, &report.into_statements())
}
