//! Writes the implementation: the fields are resolved in their order, the first that refuses decides.
//!
//! Nothing here can fail. That a field is a source, and that no two read the same body, is for the compiler to
//! say, at the field's type.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::Sources;
use crate::endpoint::{resolution, runtime, runtime_at};
use crate::errors::Errors;

pub(super) fn emit(sources: &Sources, errors: Errors) -> TokenStream {
    let runtime = runtime();
    let name = &sources.name;
    let (generics, arguments, bounds) = sources.generics.split_for_impl();
    let scope = Ident::new("scope", Span::mixed_site());
    let is_broken = !errors.is_empty();
    let errors = errors.into_tokens();
    let body = if is_broken {
        quote!(::core::unreachable!())
    } else {
        let fields = sources.fields.iter().map(|(name, field)| {
            let resolution = resolution(field, &scope);
            quote!(#name: #resolution.await?)
        });
        quote!(::core::result::Result::Ok(Self { #(#fields),* }))
    };
    let (source, requirement) = if is_broken {
        (quote!(#runtime::Source::App), quote!(::core::option::Option::None))
    } else {
        (source(sources), requirement(sources))
    };
    quote! {
        #errors

        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl #generics #runtime::FromRequest for #name #arguments #bounds {
            const SOURCE: #runtime::Source = #source;

            async fn from_request(
                #scope: &#runtime::Scope,
                _: &#runtime::Parameter,
            ) -> ::core::result::Result<Self, #runtime::Rejection> {
                #body
            }

            fn requirement() -> ::core::option::Option<#runtime::Requirement> {
                #requirement
            }
        }
    }
}

/// What the fields read together. Evaluated where the struct is taken, and so are the rules: a struct may be
/// generic.
fn source(sources: &Sources) -> TokenStream {
    let runtime = runtime();
    let mut assertions = TokenStream::new();
    let source_of = |ty: &syn::Type| {
        let runtime = runtime_at(ty.span());
        quote_spanned!(ty.span()=> <#ty as #runtime::FromRequest>::SOURCE)
    };
    for (position, (name, field)) in sources.fields.iter().enumerate() {
        let source = source_of(&field.ty);
        let message = format!("`{name}` reads the path: take it as a parameter of the handler itself");
        assertions.extend(quote_spanned! {field.ty.span()=>
            ::core::assert!(!::core::matches!(#source, #runtime::Source::Path), #message);
        });
        for (other_name, other) in &sources.fields[..position] {
            let other = source_of(&other.ty);
            let message = format!("`{other_name}` reads the request's body already, and it can be read once");
            assertions.extend(quote_spanned! {field.ty.span()=>
                ::core::assert!(!#source.conflicts_with(#other), #message);
            });
        }
    }
    let all = sources.fields.iter().map(|(_, field)| source_of(&field.ty));
    quote!({ #assertions #runtime::Source::of_all(&[#(#all),*]) })
}

/// What the app must hold for any of the fields.
fn requirement(sources: &Sources) -> TokenStream {
    let runtime = runtime();
    let requirements = sources.fields.iter().map(|(_, field)| {
        let ty = &field.ty;
        quote!(<#ty as #runtime::FromRequest>::requirement())
    });
    quote! {
        ::core::option::Option::Some(#runtime::Requirement::All(::std::vec![#(#requirements),*]))
    }
}
