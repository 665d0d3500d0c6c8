//! What was written: the words in the parentheses and the function.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Ident, Token};

use crate::function::Function;

pub(super) struct Parsed {
    pub(super) words: Vec<Ident>,
    pub(super) function: Function,
}

pub(super) fn parse(arguments: TokenStream, item: &TokenStream) -> syn::Result<Parsed> {
    let words = Punctuated::<Ident, Token![,]>::parse_terminated.parse2(arguments)?;
    Ok(Parsed { words: words.into_iter().collect(), function: Function::parse(item, "a provider")? })
}
