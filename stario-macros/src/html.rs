//! `html!`: tokens become a tree, which is checked and lowered to operations, and these become Rust.

mod parse;
mod check;
mod lower;
mod emit;
mod hints;

mod ast;
mod braces;
mod collect;
mod cursor;
mod forms;
mod kinds;
mod ops;
mod report;

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::component;

/// Expands a template to an expression of type `Html`. If it has mistakes, the expression reports them and has the same
/// type.
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
    let literals = literals(&template);
    let into = template.into.take();
    let ops = lower::lower(template);
    let errors = report.into_statements();
    emit::emit(&krate, into, &ops, literals.as_deref(), &quote!(#errors #hints))
}

/// Returns the text of the template's literals. With `cfg(stario_without_literals)` there are none, to measure what they cost.
#[allow(unexpected_cfgs)]
fn literals(template: &ast::Template) -> Option<String> {
    if cfg!(stario_without_literals) { None } else { collect::collect(template).into_text() }
}

/// Returns the literal ids of the outermost elements of a template, with their spans.
pub(crate) fn root_ids(template: TokenStream) -> Vec<(char, Span, String)> {
    collect::root_ids(&parse::parse(cursor::Cursor::new(template), &mut report::Report::default()))
}
