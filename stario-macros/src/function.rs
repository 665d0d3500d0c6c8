//! A function with an attribute, its body unchanged.

mod place;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, FnArg, GenericParam, Signature, Type, Visibility};

use crate::parameter::Parameter;

pub(crate) use place::refuse_in_impl;

/// A function whose body is kept as tokens: half-typed code must still expand.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

/// Returns the error, and the item without the parameter attributes that only stario knows.
pub(crate) fn with_error(item: &TokenStream, error: &syn::Error) -> TokenStream {
    let error = error.to_compile_error();
    match Function::parse(item, "it") {
        Ok(mut function) => {
            Parameter::all(&mut function.signature);
            let function = function.emit();
            quote! { #function #error }
        }
        Err(_) => quote! { #item #error },
    }
}

/// Whether the function is generic over types or constants. A function may declare lifetimes, because its caller
/// chooses them.
pub(crate) fn generic_over_types(signature: &Signature) -> bool {
    signature.generics.params.iter().any(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
}

fn is_block(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

impl Function {
    /// Reads a function. `what` names what the attribute makes of it, for the error.
    pub(crate) fn parse(item: &TokenStream, what: &str) -> syn::Result<Self> {
        let parser = |input: ParseStream<'_>| {
            Ok(Self {
                attributes: input.call(Attribute::parse_outer)?,
                visibility: input.parse()?,
                signature: input.parse().map_err(|error| {
                    let message = format!("{what} is a function, `async fn name(..) -> ..`: {error}");
                    syn::Error::new(error.span(), message)
                })?,
                body: input.parse()?,
            })
        };
        // syn would read each token of the body, which is not needed. With an error, it is: the error may name the body's brace.
        let mut head: Vec<TokenTree> = item.clone().into_iter().collect();
        if let Some(body) = head.pop_if(|last| is_block(last))
            && let Ok(function) = parser.parse2(head.into_iter().collect())
            && function.body.is_empty()
        {
            return Ok(Self { body: body.into(), ..function });
        }
        parser.parse2(item.clone())
    }

    /// Writes the function as it was. stario decides that it is `async` and how it takes its parameters, so lints about
    /// that are allowed.
    pub(crate) fn emit(&self) -> TokenStream {
        let Self { attributes, visibility, signature, body } = self;
        let borrows =
            |input: &FnArg| matches!(input, FnArg::Typed(typed) if matches!(&*typed.ty, Type::Reference(_)));
        let inputs = &signature.inputs;
        let by_value = (!inputs.iter().all(borrows)).then(|| quote!(clippy::needless_pass_by_value,));
        let borrowed = inputs
            .iter()
            .any(borrows)
            .then(|| quote!(clippy::ptr_arg, clippy::borrowed_box, clippy::trivially_copy_pass_by_ref,));
        quote! {
            #(#attributes)*
            #[allow(clippy::unused_async, #by_value #borrowed)]
            #visibility #signature #body
        }
    }
}
