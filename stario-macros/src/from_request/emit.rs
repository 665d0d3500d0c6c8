//! Writes the impl of `FromRequest`: it resolves the fields in their order and returns the rejection of the first that
//! refuses the request.
//!
//! Nothing here can fail. rustc reports a field that is not a source, or two fields that read the same body, at the
//! field's type.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::Sources;
use crate::errors::Errors;
use crate::parameter::{self, Parameter, short, short_at, signals_source};

pub(super) fn emit(sources: &Sources, errors: Errors) -> TokenStream {
    let runtime = short();
    let name = &sources.name;
    let (generics, arguments, bounds) = sources.generics.split_for_impl();
    let scope = Ident::new("scope", Span::mixed_site());
    let is_broken = !errors.is_empty();
    let errors = errors.into_tokens();
    let body = if is_broken {
        quote!(::core::unreachable!())
    } else {
        let values = sources.fields.iter().map(|field| {
            let metadata = parameter::metadata(field);
            parameter::source_future(field, &scope, &quote_spanned!(field.span=> const { &#metadata }))
        });
        let names = &sources.names;
        quote!(::core::result::Result::Ok(Self { #(#names: #values.await?),* }))
    };
    let (source, requirement) = if is_broken {
        (quote!(#runtime::Source::App), quote!(::core::option::Option::None))
    } else {
        (source(sources), requirement(sources))
    };
    let items = parameter::block(&quote! {
        #[automatically_derived]
        impl #generics #runtime::FromRequest for #name #arguments #bounds {
            const SOURCE: #runtime::Source = #source;

            async fn from_request(
                #scope: &#runtime::Scope,
                _: &#runtime::Parameter,
            ) -> ::core::result::Result<Self, #runtime::Rejection> {
                #body
            }

            fn requirement(_: &#runtime::Parameter) -> ::core::option::Option<#runtime::Requirement> {
                #requirement
            }
        }
    });
    quote! {
        #errors

        #[allow(non_local_definitions, unused_imports, unused_qualifications, clippy::all, clippy::pedantic)]
        const _: () = #items;
    }
}

/// Writes the part of the request that the fields read together. rustc evaluates it, and the rules in it, where a
/// handler takes the struct, because the struct may be generic.
fn source(sources: &Sources) -> TokenStream {
    let runtime = short();
    let mut assertions = TokenStream::new();
    for (position, (name, field)) in sources.names.iter().zip(&sources.fields).enumerate() {
        let (span, source) = (field.ty.span(), source_of(field));
        let runtime = short_at(span);
        let message = format!("`{name}` reads the path: take it as a parameter of the handler itself");
        assertions.extend(quote_spanned! {span=>
            ::core::assert!(!::core::matches!(#source, #runtime::Source::Path), #message);
        });
        for (other_name, other) in sources.names.iter().zip(&sources.fields).take(position) {
            let other = source_of(other);
            let message = format!("`{other_name}` reads the request's body already, and it can be read once");
            assertions.extend(quote_spanned! {span=>
                ::core::assert!(!#source.conflicts_with(#other, false), #message);
            });
        }
    }
    let all = sources.fields.iter().map(source_of);
    quote!({ #assertions #runtime::Source::of_all(&[#(#all),*]) })
}

fn source_of(field: &Parameter) -> TokenStream {
    let (ty, runtime) = (&field.ty, short_at(field.ty.span()));
    let source =
        if field.reads_signals_by_type() { signals_source(ty, ty.span()) } else { ty.to_token_stream() };
    quote_spanned!(ty.span()=> <#source as #runtime::FromRequest>::SOURCE)
}

/// Writes the requirements of all fields: what the app must hold.
fn requirement(sources: &Sources) -> TokenStream {
    let runtime = short();
    // Fields that read the page's signals are not compared with the pages.
    let requiring = sources.fields.iter().filter(|field| !field.reads_signals_by_type());
    let requirements = requiring.map(|field| {
        let (ty, meta, runtime) = (&field.ty, parameter::metadata(field), short_at(field.ty.span()));
        quote_spanned!(ty.span()=> <#ty as #runtime::FromRequest>::requirement(&#meta))
    });
    quote! {
        ::core::option::Option::Some(#runtime::Requirement::Fields(|| ::std::vec![#(#requirements),*]))
    }
}
