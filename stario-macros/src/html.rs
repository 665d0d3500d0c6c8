//! `html!`: tokens, tree, checks, steps, Rust.

mod parse;
mod check;
mod lower;
mod emit;
mod hints;

mod ast;
mod braces;
mod collect;
mod cursor;
mod kinds;
mod ops;
mod report;

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::component;

/// Expands a template to an expression of type `Html`; on mistakes to the same expression and the errors.
pub(crate) fn expand(tokens: TokenStream) -> TokenStream {
    let mut cursor = cursor::Cursor::new(tokens);
    let krate = parse::take_crate(&mut cursor);
    if let Some(item) = parse::take_component(&mut cursor) {
        return component::expand_items(&krate, &item);
    }
    let mut report = report::Report::default();
    let mut template = parse::parse(cursor, &mut report);
    check::check(&template, &mut report);
    let hints = hints::hints(&krate, &template);
    let literals = collect::collect(&template).into_text();
    let into = template.into.take();
    let ops = lower::lower(template);
    let errors = report.into_statements();
    emit::emit(&krate, into, &ops, literals.as_deref(), &quote!(#errors #hints))
}

/// The literal ids of the elements of a template that stand in no other, and where they are written.
pub(crate) fn root_ids(template: TokenStream) -> Vec<(Span, String)> {
    collect::root_ids(&parse::parse(cursor::Cursor::new(template), &mut report::Report::default()))
}
