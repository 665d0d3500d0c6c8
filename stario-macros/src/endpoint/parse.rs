//! What was written: the attribute's arguments and the function.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::{LitStr, Token};

use crate::function::Function;

/// A handler as the user wrote it.
pub(super) struct Parsed {
    pub(super) path: LitStr,
    pub(super) function: Function,
}

pub(super) fn parse(arguments: TokenStream, item: &TokenStream) -> syn::Result<Parsed> {
    let path = arguments_parser.parse2(arguments)?;
    let function = Function::parse(item, "a handler")?;
    Ok(Parsed { path, function })
}

fn arguments_parser(input: ParseStream<'_>) -> syn::Result<LitStr> {
    const EXPECTED: &str = "expected a path template in quotes, such as \"/users/{user_id}\"";
    if input.is_empty() {
        return Err(syn::Error::new(proc_macro2::Span::call_site(), EXPECTED));
    }
    let path: LitStr = input.parse().map_err(|error| syn::Error::new(error.span(), EXPECTED))?;
    let _ = input.parse::<Option<Token![,]>>()?;
    if input.is_empty() {
        Ok(path)
    } else {
        Err(input.error("unknown option; a handler takes its path template only"))
    }
}
