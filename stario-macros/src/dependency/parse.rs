//! Parses a provider: the words in the parentheses and the function.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Ident, Token};

use crate::function::{Function, refuse_in_impl};

/// The message for a provider in an `impl` block.
pub(super) const FREE_FUNCTION: &str = "a provider is a free function: move it out of the `impl` block";

pub(super) struct Parsed {
    pub(super) words: Vec<Ident>,
    pub(super) function: Function,
}

pub(super) fn parse(arguments: TokenStream, item: &TokenStream) -> syn::Result<Parsed> {
    let words = Punctuated::<Ident, Token![,]>::parse_terminated.parse2(arguments)?;
    let function = Function::parse(item, "a provider")?;
    refuse_in_impl(&function.signature, FREE_FUNCTION)?;
    Ok(Parsed { words: words.into_iter().collect(), function })
}
