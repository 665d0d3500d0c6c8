//! Writes the provider: the unchanged function, and a type of the same name that stands for it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::home;
use super::model::{Lifetime, Provider};
use crate::errors::Errors;
use crate::parameter::{self, Taker, short, short_at, unraw};

pub(super) fn emit(provider: &Provider, errors: Errors) -> TokenStream {
    let function = provider.function.emit();
    let Some(value) = provider.value.as_ref().filter(|_| errors.is_empty()) else {
        let errors = errors.into_tokens();
        return quote! { #function #errors };
    };
    let runtime = short();
    let (visibility, signature) = (&provider.function.visibility, &provider.function.signature);
    let name = &signature.ident;
    let shown = unraw(name);
    let summary =
        format!(" Stands for the provider `{name}`, in `#[from({name})]` and `{name}::with::<other>()`.");
    let hidden = matches!(visibility, syn::Visibility::Inherited).then(|| quote!(#[doc(hidden)]));
    let lifetime = Ident::new(provider.lifetime.name(), Span::call_site());
    let scope = Ident::new("scope", Span::mixed_site());
    let is_singleton = provider.lifetime == Lifetime::Singleton;
    let taker = if is_singleton { Taker::Singleton(name) } else { Taker::Provider };
    let dependencies = Ident::new("dependencies", Span::mixed_site());
    let (resolutions, arguments) = parameter::resolutions(&provider.parameters, &scope, &dependencies, taker);
    let requirements = parameter::requirements(&provider.parameters);
    let call = quote_spanned!(name.span()=> #name(#(#arguments),*));
    let call = if signature.asyncness.is_some() { quote!(#call.await) } else { call };
    let infos = parameter::infos(&provider.parameters, taker);
    let assertions = assertions(provider);
    let defers = provider.parameters.iter().any(|parameter| parameter.written().is("Cleanup")).then(|| {
        quote!(
            const DEFERS: bool = true;
        )
    });
    let is_found_everywhere = !provider.by_name && home::is_of_this_crate(value, name);
    let (crates, found_by) = if is_found_everywhere {
        (quote!(<__AnyCrate>), quote!(__AnyCrate))
    } else {
        (TokenStream::new(), quote!(__Routes))
    };
    // If two providers return one type, these impls conflict, and rustc reports both at the types that they return.
    let injected = short_at(value.span());
    let injected = (!provider.by_name).then(|| {
        quote_spanned! {value.span()=>
            impl #crates #injected::OneProviderUnlessByName<#found_by> for #value {
                type Provider = #name;
            }
        }
    });
    let eager = provider.eager.as_ref().map(|_| eager(name, value));
    let items = parameter::block(&quote! {
        #injected

        #infos

        #assertions

        #[allow(dead_code, private_bounds, private_interfaces, unreachable_pub)]
        impl #name {
            /// Returns a replacement for `App::replace`: the app calls `Q` where it would call this provider.
            #[must_use]
            pub fn with<Q: #runtime::Provider<#value>>() -> #runtime::Replacement {
                #runtime::Replacement::new::<Self, Q, #value>()
            }
        }

        impl #runtime::Provider<#value> for #name {
            type Lifetime = #runtime::#lifetime;

            #defers

            fn info() -> #runtime::ProviderInfo {
                #runtime::ProviderInfo {
                    id: ::core::any::TypeId::of::<Self>(),
                    name: ::core::concat!(::core::module_path!(), "::", #shown),
                    file: ::core::file!(),
                    line: ::core::line!(),
                    is_singleton: #is_singleton,
                    requirements: #requirements,
                }
            }

            async fn provide(
                #scope: &::std::sync::Arc<#runtime::Scope>,
                #dependencies: &#runtime::Dependencies,
            ) -> ::core::result::Result<#value, #runtime::Rejection> {
                use #runtime::Unwrapped as _;
                #resolutions
                #runtime::Outcome(#call).provided()
            }
        }

        #eager
    });
    quote! {
        #function

        // The type is public even if the function is not, because it stands in an impl for a type that may be public.
        #[doc = #summary]
        #hidden
        #[allow(non_camel_case_types, dead_code, unreachable_pub, clippy::all, clippy::pedantic)]
        pub struct #name {}

        #[allow(
            non_local_definitions, clippy::all, clippy::pedantic, deprecated, unused_imports, unused_qualifications
        )]
        const _: () = #items;
    }
}

/// Writes the registration that makes the app call the provider before it serves.
fn eager(name: &Ident, value: &Type) -> TokenStream {
    let (runtime, shown) = (short(), unraw(name));
    let info = quote!(<#name as #runtime::Provider<#value>>::info);
    quote! {
        #runtime::inventory::submit! {
            #runtime::AppHook {
                app: ::core::any::TypeId::of::<__Routes>,
                kind: #runtime::HookKind::Eager(#info),
                name: ::core::concat!(::core::module_path!(), "::", #shown),
                file: ::core::file!(),
                line: ::core::line!(),
                requirements: || ::std::vec![::core::option::Option::Some(#runtime::Requirement::Provider(#info))],
                call: #runtime::make_singleton::<#name, #value>,
            }
        }
    }
}

/// Asserts that no provider takes a `Writer`, because only the handler writes the response, and that a singleton takes
/// nothing of a request, because it outlives the request that needs it first.
fn assertions(provider: &Provider) -> Option<TokenStream> {
    let mut assertions = parameter::name_assertions(&provider.parameters);
    for (position, parameter) in provider.parameters.iter().enumerate() {
        let info = parameter::info(position, parameter.span);
        assertions.extend(if provider.lifetime == Lifetime::Singleton {
            let name = parameter.own_name();
            let message = format!("a singleton is shared by all requests: `{name}` belongs to one of them");
            quote_spanned!(parameter.span=> #info.expect_app(#message);)
        } else {
            let message = "only a handler takes a `Writer`: return from here what it should write";
            quote_spanned!(parameter.span=> #info.expect_no_writer(#message);)
        });
    }
    (!assertions.is_empty()).then(|| quote!(const _: () = { #assertions };))
}
