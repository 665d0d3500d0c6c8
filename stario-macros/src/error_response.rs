//! `#[error_response]`: registers an impl of `ErrorResponse`, so that the app finds it by the type of an error.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemImpl;

use crate::errors::Errors;
use crate::parameter::runtime;

/// Expands one impl. On an error the impl itself is still emitted.
pub(crate) fn expand(arguments: &TokenStream, item: &TokenStream) -> TokenStream {
    let parsed = match syn::parse2::<ItemImpl>(item.clone()) {
        Ok(parsed) => parsed,
        Err(error) => {
            let message = "`#[error_response]` belongs above `impl ErrorResponse for ..`";
            let error = syn::Error::new(error.span(), message).to_compile_error();
            return quote! { #item #error };
        }
    };
    let errors = check(arguments, &parsed);
    // `Registered` is implemented despite errors, so that rustc does not report that it is missing.
    let is_known = is_error_response(&parsed).then(|| known(&parsed));
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        return quote! { #item #is_known #errors };
    }
    let registration = registration(&parsed);
    quote! { #item #is_known #registration }
}

fn check(arguments: &TokenStream, item: &ItemImpl) -> Errors {
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.at(arguments, "`#[error_response]` takes no arguments");
    }
    if !is_error_response(item) {
        errors.at(&item.self_ty, "`#[error_response]` belongs above `impl ErrorResponse for ..`");
    }
    if !item.generics.params.is_empty() {
        let message =
            "an error is found by its type, so the type cannot be generic; write one impl for each type";
        errors.at(&item.generics, message);
    }
    errors
}

fn is_error_response(item: &ItemImpl) -> bool {
    let implemented = item.trait_.as_ref().and_then(|(path, _)| path.segments.last());
    implemented.is_some_and(|last| last.ident == "ErrorResponse")
}

/// Implements `Registered`, which `ErrorResponse` requires, so that no impl of it stays unregistered.
fn known(item: &ItemImpl) -> TokenStream {
    let (runtime, ty) = (runtime(), &item.self_ty);
    let (generics, _, bounds) = item.generics.split_for_impl();
    quote! { impl #generics #runtime::Registered for #ty #bounds {} }
}

fn registration(item: &ItemImpl) -> TokenStream {
    let (runtime, ty) = (runtime(), &item.self_ty);
    quote! {
        #[allow(clippy::all, clippy::pedantic, deprecated, unused_qualifications)]
        const _: () = {
            #runtime::inventory::submit! {
                #runtime::ErrorRegistration {
                    downcast: |error| match error.downcast_ref::<#ty>() {
                        ::core::option::Option::Some(error) => ::core::option::Option::Some(error),
                        ::core::option::Option::None => ::core::option::Option::None,
                    },
                }
            }
        };
    }
}
