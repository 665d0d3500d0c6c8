//! What was written: the attribute's arguments and the function, its body untouched.

use proc_macro2::TokenStream;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, LitStr, Signature, Token, Visibility};

/// A handler as the user wrote it.
pub(super) struct Parsed {
    pub(super) path: LitStr,
    pub(super) function: Function,
}

/// A function whose body is kept as tokens: half-typed code must still expand.
pub(super) struct Function {
    pub(super) attributes: Vec<Attribute>,
    pub(super) visibility: Visibility,
    pub(super) signature: Signature,
    pub(super) body: TokenStream,
}

pub(super) fn parse(arguments: TokenStream, item: &TokenStream) -> syn::Result<Parsed> {
    let path = arguments_parser.parse2(arguments)?;
    let function = syn::parse2(item.clone())?;
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

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse().map_err(|error| {
                syn::Error::new(
                    error.span(),
                    format!("a handler is a function, `async fn name(..) -> ..`: {error}"),
                )
            })?,
            body: input.parse()?,
        })
    }
}
