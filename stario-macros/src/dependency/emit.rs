//! Writes the provider: the function as it was, and a type of the same name that stands for it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Lifetime, Provider};
use crate::errors::Errors;
use crate::parameter::{self, runtime, runtime_at, unraw};

pub(super) fn emit(provider: &Provider, errors: Errors) -> TokenStream {
    let function = provider.function.emit();
    let Some(value) = provider.value.as_ref().filter(|_| errors.is_empty()) else {
        let errors = errors.into_tokens();
        return quote! { #function #errors };
    };
    let runtime = runtime();
    let (visibility, signature) = (&provider.function.visibility, &provider.function.signature);
    let name = &signature.ident;
    let shown = unraw(name);
    let summary =
        format!(" Stands for the provider `{name}`, in `#[from({name})]` and `replace::<{name}, _>()`.");
    let lifetime = Ident::new(provider.lifetime.name(), Span::call_site());
    let scope = Ident::new("scope", Span::mixed_site());
    let is_singleton = provider.lifetime == Lifetime::Singleton;
    let (resolutions, arguments) = parameter::resolutions(&provider.parameters, &scope, is_singleton);
    let requirements = parameter::requirements(&provider.parameters);
    let call = quote_spanned!(name.span()=> #name(#(#arguments),*));
    let call = if signature.asyncness.is_some() { quote!(#call.await) } else { call };
    let assertions = is_singleton.then(|| request_assertions(provider));
    // Two providers of one type conflict here, at the types that they return.
    let injected = runtime_at(value.span());
    let injected = (!provider.by_name).then(|| {
        quote_spanned! {value.span()=>
            #[allow(non_local_definitions)]
            impl #injected::Injected<crate::app::Routes> for #value {
                type Provider = #name;
            }
        }
    });
    quote! {
        #function

        #[doc = #summary]
        #[allow(non_camel_case_types, dead_code, clippy::all, clippy::pedantic)]
        #visibility struct #name {}

        #injected

        #[allow(
            non_local_definitions, clippy::all, clippy::pedantic, deprecated, unused_imports, unused_qualifications
        )]
        const _: () = {
            #assertions

            impl #runtime::Provider for #name {
                type Value = #value;
                type Lifetime = #runtime::#lifetime;

                fn info() -> #runtime::ProviderInfo {
                    #runtime::ProviderInfo {
                        id: ::core::any::TypeId::of::<Self>(),
                        name: ::core::concat!(::core::module_path!(), "::", #shown),
                        file: ::core::file!(),
                        line: ::core::line!(),
                        requirements: || #requirements,
                    }
                }

                async fn provide(
                    #scope: &#runtime::Scope,
                ) -> ::core::result::Result<Self::Value, #runtime::Rejection> {
                    use #runtime::Unwrapped as _;
                    #resolutions
                    #runtime::Outcome(#call).provided()
                }
            }
        };
    }
}

/// A singleton outlives the request that happens to need it first, so it may not be made of it.
fn request_assertions(provider: &Provider) -> TokenStream {
    let assertions = provider.parameters.iter().map(|parameter| {
        let span = parameter.ty.span();
        let source = parameter::source(parameter);
        let message = format!(
            "a singleton is shared by all requests: `{}` belongs to one of them",
            parameter.own_name()
        );
        quote_spanned! {span=>
            const _: () = ::core::assert!(#source.is_app(), #message);
        }
    });
    assertions.collect()
}
