//! What leads to a handler: the URL that it answers, and the Datastar action that calls it.
//!
//! Only rustc knows which parameters are read from the query. So every one that might be gets a setter,
//! whose bound only those meet, and rustc evaluates which of them must be set.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::emit::routes;
use super::model::{Endpoint, Segment};
use crate::parameter::{Parameter, runtime, runtime_at, unraw};

/// `name::url(..)` and `name::action(..)`. A braced struct lives in the type namespace only, so the
/// function of the same name stays callable.
pub(super) fn links(endpoint: &Endpoint) -> TokenStream {
    let runtime = runtime();
    let function = &endpoint.function;
    let (visibility, name) = (&function.visibility, &function.signature.ident);
    let method = endpoint.method.to_ascii_lowercase();
    let setters = Setters::of(endpoint);
    let link = |target: &TokenStream| match &setters {
        Some(setters) => setters.unset(target),
        None => target.clone(),
    };
    let (url_type, action_type) = (link(&quote!(#runtime::Url)), link(&quote!(#runtime::Action)));
    let begin = |link: TokenStream| match &setters {
        Some(setters) => setters.begin(&link),
        None => link,
    };
    let routes = routes(endpoint);
    let captures = captures(endpoint);
    let generics = captures.iter().map(|capture| &capture.generic);
    let parameters = captures.iter().map(|Capture { argument, generic, .. }| quote!(#argument: #generic));
    let bounds = captures.iter().map(Capture::bounds);
    let generics = quote!(<#(#generics),*>);
    let (parameters, bounds) = (quote!((#(#parameters),*)), quote!(where #(#bounds)*));
    let url = Ident::new("url", Span::mixed_site());
    let segments: TokenStream = endpoint
        .pattern
        .segments
        .iter()
        .scan(captures.iter(), |captures, segment| {
            Some(match segment {
                Segment::Literal(text) => quote!(#url.literal(#text);),
                Segment::Capture(_) | Segment::Rest(_) => captures.next()?.build(&url),
            })
        })
        .collect();
    let build = quote! {{
        let mut #url = #runtime::UrlBuilder::of::<#routes>();
        #segments
        #url.finish()
    }};
    let path = endpoint.path.value();
    let summary = format!(" Links to `{name}`, which answers `{} {path}`.", endpoint.method);
    let url_value = begin(build.clone());
    // Datastar has an action for each of these.
    let has_action = matches!(method.as_str(), "get" | "post" | "put" | "patch" | "delete" | "query");
    // As they are written, because `fetch` takes what Datastar sets and this for two headers else.
    let pairs = endpoint.options.headers.iter().flatten().map(|(name, value)| quote!((#name, #value)));
    let action_value = begin(quote!(#runtime::Action::new(#method, #build, &[#(#pairs),*])));
    let (hidden, action_bounds) = if has_action {
        (None, bounds.clone())
    } else {
        // Says why there is none. A bound that no type is left open in must hold where it stands, unless a
        // lifetime is.
        (Some(quote!(#[doc(hidden)])), quote!(#bounds for<'a> #name: #runtime::HasAction<'a>))
    };
    let action = quote! {
        /// The Datastar action that calls this handler.
        #hidden
        pub fn action #generics #parameters -> #action_type #action_bounds {
            #action_value
        }
    };
    // At the function's name, where editors then lead from a link.
    let functions = quote_spanned! {name.span()=>
        #[allow(
            dead_code, unreachable_pub, private_interfaces, private_bounds, non_local_definitions,
            non_snake_case, trivial_bounds, unused_qualifications, clippy::all, clippy::pedantic
        )]
        impl #name {
            /// The URL of this handler. An empty value, `.` or `..` cannot be part of a path: U+FFFD stands there.
            pub fn url #generics #parameters -> #url_type #bounds {
                #url_value
            }

            #action
        }
    };
    let functions = match &setters {
        Some(setters) => {
            let setters = setters.emit();
            quote! {
                #[allow(
                    non_camel_case_types, dead_code, unreachable_pub, private_interfaces, private_bounds, missing_docs,
                    missing_debug_implementations, missing_copy_implementations, non_snake_case,
                    unused_qualifications, clippy::all, clippy::pedantic
                )]
                const _: () = { #setters #functions };
            }
        }
        None => functions,
    };
    quote_spanned! {name.span()=>
        #[doc = #summary]
        #[allow(non_camel_case_types, dead_code, clippy::all, clippy::pedantic)]
        #visibility struct #name {}

        #functions
    }
}

/// A capture of the path as a parameter of the links.
struct Capture<'a> {
    argument: Ident,
    generic: Ident,
    /// `None` where there is an error: then anything is taken.
    filled_by: Option<&'a Parameter>,
    is_rest: bool,
}

/// Named like the handler's own parameters.
fn captures(endpoint: &Endpoint) -> Vec<Capture<'_>> {
    let capture = |(position, name): (usize, &str)| {
        let filled_by = endpoint.parameter(name).filter(|_| !endpoint.is_broken);
        let argument = filled_by.and_then(|parameter| parameter.name.clone());
        Capture {
            argument: argument.unwrap_or_else(|| format_ident!("capture_{}", position)),
            generic: format_ident!("T{}", position),
            filled_by,
            is_rest: endpoint.pattern.is_rest(name),
        }
    };
    endpoint.pattern.captures().enumerate().map(capture).collect()
}

impl Capture<'_> {
    /// What it is parsed into.
    fn value(ty: &Type) -> TokenStream {
        let runtime = runtime();
        quote!(<#ty as #runtime::PathSource>::Value)
    }

    /// The parameter's type reads the path, and the argument fits what it reads. That the first is a bound,
    /// though it depends on nothing, makes rustc report it once, at the type, and take it for granted after.
    fn bounds(&self) -> TokenStream {
        let Some(Parameter { ty, .. }) = self.filled_by else {
            return TokenStream::new();
        };
        let (runtime, source, Self { generic, .. }) = (runtime(), runtime_at(ty.span()), self);
        let reads_path = quote_spanned!(ty.span()=> #ty: #source::PathSource,);
        let fills = Ident::new(if self.is_rest { "RestValue" } else { "UrlValue" }, Span::call_site());
        let value = Self::value(ty);
        quote!(#reads_path #generic: #runtime::#fills<#value>,)
    }

    /// Adds its segments to `url`.
    fn build(&self, url: &Ident) -> TokenStream {
        let argument = &self.argument;
        let Some(Parameter { ty, .. }) = self.filled_by else {
            return quote!(let _ = #argument;);
        };
        let value = Self::value(ty);
        if self.is_rest {
            quote!(#url.rest::<#value, _>(#argument);)
        } else {
            quote!(#url.value::<#value, _>(&#argument);)
        }
    }
}

/// The parameters that the query may hold, as methods of a struct around the link.
struct Setters<'a> {
    /// The struct.
    name: Ident,
    setters: Vec<Setter<'a>>,
}

/// Sets one parameter.
struct Setter<'a> {
    method: Ident,
    key: String,
    parameter: &'a Parameter,
    /// What tells whether it is set, if it may be required: a generic parameter of the struct.
    state: Option<Ident>,
}

impl<'a> Setters<'a> {
    /// `None` if no parameter can come from the query.
    fn of(endpoint: &'a Endpoint) -> Option<Self> {
        let is_candidate = |parameter: &&Parameter| {
            parameter.provider.is_none()
                && !endpoint.pattern.captures().any(|capture| parameter.is_named(capture))
                && !parameter.is_nameless()
                && is_owned(&parameter.ty)
        };
        let candidates = endpoint.parameters.iter().filter(is_candidate);
        let setters: Vec<_> = candidates.enumerate().map(Setter::new).collect();
        let name = format_ident!("{}_parameters", unraw(&endpoint.function.signature.ident));
        (!setters.is_empty()).then_some(Self { name, setters })
    }

    fn states(&self) -> impl Iterator<Item = &Ident> {
        self.setters.iter().filter_map(|setter| setter.state.as_ref())
    }

    /// The type of a link with nothing set yet.
    fn unset(&self, target: &TokenStream) -> TokenStream {
        let (name, runtime) = (&self.name, runtime());
        let states = self.setters.iter().filter(|setter| setter.state.is_some()).map(|setter| {
            let (ty, runtime) = (&setter.parameter.ty, runtime_at(setter.parameter.ty.span()));
            quote_spanned! {ty.span()=>
                #runtime::Unset<{
                    #[allow(unused_imports)] use #runtime::Unprobed as _;
                    #runtime::Probe::<#ty>::READS_ONE && !#runtime::Probe::<#ty>::READS_OPTION
                }>
            }
        });
        quote!(#runtime::Link<#name<#target, #(#states),*>>)
    }

    fn begin(&self, link: &TokenStream) -> TokenStream {
        let (name, runtime) = (&self.name, runtime());
        quote!(#runtime::Link::new(#name(#link, ::core::marker::PhantomData)))
    }

    fn emit(&self) -> TokenStream {
        let (name, runtime) = (&self.name, runtime());
        let states: Vec<&Ident> = self.states().collect();
        let generics = quote!(<__Link, #(#states),*>);
        let required = self.setters.iter().filter(|setter| setter.state.is_some());
        let given = required.clone().map(|Setter { method, state, .. }| quote!(#state: given::#method));
        let rules = required.map(Setter::given);
        let methods = self.setters.iter().map(|setter| self.method(setter));
        quote! {
            pub mod given { #(#rules)* }

            pub struct #name #generics (__Link, ::core::marker::PhantomData<(#(#states,)*)>);

            impl<__Link: #runtime::Target, #(#states),*> #runtime::Setters for #name #generics {
                type Link = __Link;

                fn link(&self) -> &__Link {
                    &self.0
                }

                fn with(&self, link: __Link) -> Self {
                    Self(link, ::core::marker::PhantomData)
                }
            }

            impl<__Link: #runtime::Target, #(#states),*> #runtime::Complete for #name #generics
            where
                #(#given),*
            {}

            impl<__Link: #runtime::Target, #(#states),*> #name #generics {
                #(#methods)*
            }
        }
    }

    fn method(&self, setter: &Setter<'_>) -> TokenStream {
        let Setter { method, key, parameter, state } = setter;
        let (name, runtime, ty) = (&self.name, runtime(), &parameter.ty);
        let states = self.states().map(|other| {
            if Some(other) == state.as_ref() { quote!(#runtime::Set) } else { other.to_token_stream() }
        });
        let summary = format!(" Sets `{key}` in the query.");
        let value = Ident::new("value", Span::mixed_site());
        quote_spanned! {method.span()=>
            #[doc = #summary]
            pub fn #method<__Value: #runtime::QueryValue<#ty>>(
                &self,
                #value: __Value,
            ) -> #runtime::Link<#name<__Link, #(#states),*>> {
                let #value = #runtime::with_parameter::<#ty, __Link, __Value>(&self.0, #key, #value);
                #runtime::Link::new(#name(#value, ::core::marker::PhantomData))
            }
        }
    }
}

impl<'a> Setter<'a> {
    fn new((position, parameter): (usize, &'a Parameter)) -> Self {
        let key = match &parameter.renamed {
            Some(name) => name.value(),
            None => parameter.own_name(),
        };
        let method = match &parameter.name {
            Some(name) if !RESERVED.contains(&unraw(name).as_str()) => name.clone(),
            Some(name) => format_ident!("{}_", name),
            None => {
                let name = key.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
                let name = syn::parse_str(&name).unwrap_or_else(|_| format_ident!("parameter_{}", position));
                Ident::new(&name.to_string(), parameter.ty.span())
            }
        };
        let state = parameter.default.is_none().then(|| format_ident!("__State{}", position));
        Self { method, key, parameter, state }
    }

    /// That it is set, or need not be. A trait for each parameter, because the message of one for all would
    /// call it by the path of a type.
    fn given(&self) -> TokenStream {
        let (runtime, Self { method, key, .. }) = (runtime(), self);
        let message = format!("the query parameter `{key}` of this link is not set");
        let label = format!("`{key}` is missing");
        let otherwise = if self.parameter.is_written("Query") {
            "derive `Default` for its struct, if that reads a query without any of its fields"
        } else {
            "give the parameter a `#[default(..)]` or an `Option`"
        };
        let note = format!("the handler requires it: set it by `.{method}(..)`, or {otherwise}");
        quote! {
            #[diagnostic::on_unimplemented(message = #message, label = #label, note = #note)]
            pub trait #method {}

            impl #method for #runtime::Set {}
            impl #method for #runtime::Unset<false> {}
        }
    }
}

/// What every link has by these names already.
const RESERVED: [&str; 29] = [
    // `Link`'s own.
    "query",
    "fragment",
    "as_str",
    // The options of actions.
    "content_type",
    "filter_signals_include",
    "filter_signals_exclude",
    "selector",
    "headers",
    "open_when_hidden",
    "payload",
    "retry",
    "retry_interval",
    "retry_scaler",
    "retry_max_wait",
    "retry_max_count",
    "request_cancellation",
    // Traits' that everyone has in scope.
    "as_ref",
    "as_mut",
    "borrow",
    "clone",
    "clone_from",
    "deref",
    "fmt",
    "into",
    "render",
    "to_owned",
    "to_string",
    "try_into",
    "type_id",
];

/// Whether a type can be written in a bound as it is: it borrows nothing, and has a name. What does not is no
/// source of a link.
fn is_owned(ty: &Type) -> bool {
    fn has_only_names(tokens: TokenStream) -> bool {
        tokens.into_iter().all(|token| match token {
            TokenTree::Punct(punct) => !matches!(punct.as_char(), '&' | '\''),
            TokenTree::Ident(ident) => ident != "impl" && ident != "_",
            TokenTree::Group(group) => has_only_names(group.stream()),
            TokenTree::Literal(_) => true,
        })
    }
    has_only_names(ty.to_token_stream())
}
