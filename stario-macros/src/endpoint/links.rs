//! What leads to a handler: the URL that it answers, and the Datastar action that calls it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Endpoint, Segment};
use crate::parameter::{Parameter, runtime, runtime_at};

/// `name::url(..)` and `name::action(..)`. A braced struct lives in the type namespace only, so the
/// function of the same name stays callable.
pub(super) fn links(endpoint: &Endpoint) -> TokenStream {
    let runtime = runtime();
    let function = &endpoint.function;
    let (visibility, name) = (&function.visibility, &function.signature.ident);
    let method = endpoint.method.to_ascii_lowercase();
    let captures = captures(endpoint);
    let generics = captures.iter().map(|capture| &capture.generic);
    let parameters = captures.iter().map(|Capture { argument, generic, .. }| quote!(#argument: #generic));
    let bounds = captures.iter().map(Capture::bounds);
    let generics = quote!(<#(#generics),*>);
    let (parameters, bounds) = (quote!((#(#parameters),*)), quote!(where #(#bounds)*));
    let arguments = captures.iter().map(|capture| &capture.argument);
    let url = Ident::new("url", Span::mixed_site());
    let segments = endpoint.pattern.segments.iter().scan(captures.iter(), |captures, segment| {
        Some(match segment {
            Segment::Literal(text) => quote!(#url.literal(#text)),
            Segment::Capture(_) => {
                let argument = captures.next().map(|capture| &capture.argument);
                quote!(#url.value(&#runtime::PathValue::into_segment(#argument)))
            }
            Segment::Rest(_) => {
                let argument = captures.next().map(|capture| &capture.argument);
                quote!(#url.rest(&#runtime::RestValue::into_segments(#argument)))
            }
        })
    });
    let path = endpoint.path.value();
    let summary = format!(" Links to `{name}`, which answers `{} {path}`.", endpoint.method);
    // Datastar has an action for each of these.
    let has_action = matches!(method.as_str(), "get" | "post" | "put" | "patch" | "delete");
    let action = has_action.then(|| {
        quote! {
            /// The Datastar action that calls this handler.
            pub fn action #generics #parameters -> #runtime::Action #bounds {
                #runtime::Action::new(#method, &Self::url(#(#arguments),*))
            }
        }
    });
    // At the function's name, where editors then lead from a link.
    quote_spanned! {name.span()=>
        #[doc = #summary]
        #[allow(non_camel_case_types, dead_code, clippy::all, clippy::pedantic)]
        #visibility struct #name {}

        #[allow(
            dead_code, unreachable_pub, private_interfaces, private_bounds, non_local_definitions,
            non_snake_case, trivial_bounds, unused_qualifications, clippy::all, clippy::pedantic
        )]
        impl #name {
            /// The URL of this handler. An empty value, `.` or `..` cannot be part of a path: the URL then
            /// leads to 404.
            pub fn url #generics #parameters -> #runtime::Url #bounds {
                let mut #url = #runtime::UrlBuilder::new();
                #(#segments;)*
                #url.finish()
            }

            #action
        }
    }
}

/// A capture of the path as a parameter of the links.
struct Capture<'a> {
    argument: Ident,
    generic: Ident,
    filled_by: Option<&'a Parameter>,
    is_rest: bool,
}

/// Named like the handler's own parameters; where there is none, or a second capture of that name, which
/// `check` reports, by position.
fn captures(endpoint: &Endpoint) -> Vec<Capture<'_>> {
    let names: Vec<&str> = endpoint.pattern.captures().collect();
    let capture = |(position, name): (usize, &&str)| {
        let is_new = !names[..position].contains(name);
        let filled_by = endpoint.parameter(name).filter(|_| is_new);
        let argument = filled_by.and_then(|parameter| parameter.name.clone());
        Capture {
            argument: argument.unwrap_or_else(|| format_ident!("capture_{}", position)),
            generic: format_ident!("T{}", position),
            filled_by,
            is_rest: endpoint.pattern.is_rest(name),
        }
    };
    names.iter().enumerate().map(capture).collect()
}

impl Capture<'_> {
    /// The parameter's type reads the path, and the argument fits what it reads. That the first is a bound,
    /// though it depends on nothing, makes rustc report it once, at the type, and take it for granted after.
    fn bounds(&self) -> TokenStream {
        let (runtime, generic) = (runtime(), &self.generic);
        let fills = Ident::new(if self.is_rest { "RestValue" } else { "PathValue" }, Span::call_site());
        let Some(Parameter { ty, .. }) = self.filled_by else {
            return quote!(#generic: #runtime::#fills<::std::string::String>,);
        };
        let source = runtime_at(ty.span());
        let value = quote!(<#ty as #runtime::PathSource>::Value);
        let reads_path = quote_spanned!(ty.span()=> #ty: #source::PathSource,);
        quote!(#reads_path #generic: #runtime::#fills<#value>,)
    }
}
