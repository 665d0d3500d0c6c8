//! Writes the links of a handler: its URL, and the Datastar action that calls it.
//!
//! Only rustc knows which parameters are read from the query. So each parameter that may be read from there gets a
//! setter. Only query parameters meet the bound of their setter, and rustc evaluates which of them must be set.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::model::{Endpoint, Segment};
use crate::parameter::{Parameter, runtime, short, short_at, unraw};

/// Writes the type that has the functions `name::url(..)` and `name::action(..)`. A struct with braces is only in the
/// namespace of types, so the function of the same name can still be called.
pub(super) fn structure(endpoint: &Endpoint, summary: &str) -> TokenStream {
    let (visibility, name) = (&endpoint.function.visibility, &endpoint.function.signature.ident);
    quote_spanned! {name.span()=>
        #[doc = #summary]
        #[allow(non_camel_case_types, dead_code, clippy::all, clippy::pedantic)]
        #visibility struct #name {}
    }
}

/// Writes the functions `url(..)` and `action(..)`, and the setters of the links that they return.
pub(super) fn links(endpoint: &Endpoint) -> TokenStream {
    let runtime = short();
    let name = &endpoint.function.signature.ident;
    let method = endpoint.method.to_ascii_lowercase();
    let setters = Setters::of(endpoint);
    let captures = captures(endpoint);
    let generics = captures.iter().map(|capture| &capture.generic);
    let arguments = captures.iter().map(|capture| &capture.argument);
    let parameters = captures.iter().map(|Capture { argument, generic, .. }| quote!(#argument: #generic));
    let bounds = captures.iter().map(Capture::bounds);
    let bounds: TokenStream = bounds.collect();
    let path = path(endpoint, &captures);
    // The names are as they are written: with another case, `fetch` would treat a header that Datastar sets and this
    // one as two.
    let pairs = endpoint.options.headers.iter().flatten().map(|(name, value)| quote!((#name, #value)));
    // Datastar has actions for these methods.
    let has_action = matches!(method.as_str(), "get" | "post" | "put" | "patch" | "delete" | "query");
    // This bound explains why there is no action. The lifetime in it makes rustc check the bound only where `action` is
    // called: without a generic parameter it would have to hold here.
    let no_action = (!has_action).then(|| quote!(for<'a> #name: #runtime::HasAction<'a>));
    let hidden = (!has_action).then(|| quote!(#[doc(hidden)]));
    let around = setters.as_ref().map(Setters::unset);
    let setters = setters.as_ref().map(Setters::emit);
    // The span is that of the function's name, to which editors go from a link.
    let [url, action] = ["url", "action"].map(|function| Ident::new(function, name.span()));
    quote! {
        #setters

        #runtime::links! {
            #name #around;
            #url<#(#generics),*> (#(#parameters),*) (#(#arguments),*) where [#bounds] { #path };
            #action #method [#(#pairs),*] where [#bounds #no_action] { #hidden };
        }
    }
}

/// Writes the expression that makes the path of a link. Neighbouring literals are joined.
fn path(endpoint: &Endpoint, captures: &[Capture<'_>]) -> TokenStream {
    let (runtime, routes) = (short(), routes(endpoint));
    let mut captures = captures.iter();
    let mut literals: Vec<&str> = Vec::new();
    let mut url = quote!(#runtime::UrlBuilder::of::<#routes>());
    let join = |literals: &mut Vec<&str>| {
        let literal = literals.join("/");
        let is_empty = std::mem::take(literals).is_empty();
        (!is_empty).then(|| quote!(.literal(#literal)))
    };
    for segment in &endpoint.pattern.segments {
        if let Segment::Literal(text) = segment {
            literals.push(text);
            continue;
        }
        url.extend(join(&mut literals));
        url.extend(captures.next().map(Capture::build));
    }
    url.extend(join(&mut literals));
    quote!(#url.finish())
}

/// Returns the type that stands for the handler's app.
pub(super) fn routes(endpoint: &Endpoint) -> TokenStream {
    match &endpoint.options.app {
        Some(app) => quote_spanned!(app.span()=> #app::Routes),
        None => quote!(__Routes),
    }
}

/// A capture of the path as a parameter of the links.
struct Capture<'a> {
    argument: Ident,
    generic: Ident,
    /// The parameter that reads the capture; `None` if the handler has an error, and then the links take any value.
    filled_by: Option<&'a Parameter>,
    is_rest: bool,
}

/// Returns the captures, which have the names of the handler's own parameters.
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
    /// Returns the type of the value that a path source reads.
    fn value(ty: &Type) -> TokenStream {
        let runtime = short();
        quote!(<#ty as #runtime::PathSource>::Value)
    }

    /// Returns two bounds: the parameter's type reads the path, and the argument fits the value that it reads. The
    /// first depends on no generic parameter, and is a bound so that rustc reports it once, at the type, and then
    /// assumes it.
    fn bounds(&self) -> TokenStream {
        let Some(Parameter { ty, .. }) = self.filled_by else {
            return TokenStream::new();
        };
        let (runtime, source, Self { generic, .. }) = (short(), short_at(ty.span()), self);
        let reads_path = quote_spanned!(ty.span()=> #ty: #source::PathSource,);
        let fills = Ident::new(if self.is_rest { "RestValue" } else { "UrlValue" }, Span::call_site());
        let value = Self::value(ty);
        quote!(#reads_path #generic: #runtime::#fills<#value>,)
    }

    /// Writes the call that adds the capture's segments to the URL.
    fn build(&self) -> TokenStream {
        let argument = &self.argument;
        let Some(Parameter { ty, .. }) = self.filled_by else {
            return quote!(.without(#argument));
        };
        if self.is_rest { quote!(.rest::<#ty, _>(#argument)) } else { quote!(.value::<#ty, _>(&#argument)) }
    }
}

/// A struct around the link whose methods set the parameters that the query may hold.
struct Setters<'a> {
    /// The name of the struct.
    name: Ident,
    setters: Vec<Setter<'a>>,
}

/// The method that sets one parameter.
struct Setter<'a> {
    method: Ident,
    key: String,
    parameter: &'a Parameter,
    /// The generic parameter of the struct that says whether the parameter is set; `None` if it is never required.
    state: Option<Ident>,
}

impl<'a> Setters<'a> {
    /// Returns the setters of an endpoint; `None` if no parameter can come from the query.
    fn of(endpoint: &'a Endpoint) -> Option<Self> {
        let is_candidate = |parameter: &&Parameter| {
            parameter.provider.is_none()
                && !endpoint.pattern.captures().any(|capture| parameter.is_named(capture))
                && !parameter.is_nameless()
                && parameter.written().is_open()
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

    /// Writes the name of the struct, and the states of a link for which nothing is set yet.
    fn unset(&self) -> TokenStream {
        let (name, states) = (&self.name, self.states());
        quote!(#name [#(#states),*])
    }

    /// Writes an alias for each parameter that may be required: its state while it is not set.
    fn initial_states(&self) -> TokenStream {
        let states = self.setters.iter().filter_map(|setter| {
            let (state, ty, span) = (setter.state.as_ref()?, &setter.parameter.ty, setter.parameter.span);
            let runtime = short_at(span);
            Some(quote_spanned! {span=>
                type #state = #runtime::Unset<{
                    use #runtime::Unprobed as _;
                    #runtime::Probe::<#ty>::READS_ONE && !#runtime::Probe::<#ty>::READS_OPTION
                }>;
            })
        });
        states.collect()
    }

    fn emit(&self) -> TokenStream {
        let (name, runtime) = (&self.name, short());
        let required = self.setters.iter().filter(|setter| setter.state.is_some());
        let given = required.clone().map(|Setter { method, state, .. }| quote!(#state: #method));
        let (rules, setters) =
            (required.clone().map(Setter::given), required.map(|setter| self.required(setter)));
        let methods = self.setters.iter().filter(|setter| setter.state.is_none()).map(Setter::method);
        let given_module = self.states().next().map(|_| quote!(pub mod given { #(#rules)* }));
        let initial_states = self.initial_states();
        quote! {
            #given_module

            #initial_states

            #runtime::setters! {
                #name [#(#given),*]
                optional { #(#methods;)* }
                required { #(#setters;)* }
            }
        }
    }

    /// Writes a method, and the states behind it.
    fn required(&self, setter: &Setter<'_>) -> TokenStream {
        let (method, runtime) = (setter.method(), short());
        let states = self.states().map(|other| {
            if Some(other) == setter.state.as_ref() { quote!(#runtime::Set) } else { other.to_token_stream() }
        });
        quote!(#method [#(#states),*])
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
        let may_be_required = parameter.default.is_none() && !parameter.written().is_optional_in_query();
        let state = may_be_required.then(|| format_ident!("__State{}", position));
        Self { method, key, parameter, state }
    }

    /// Writes the method: its name, its summary, the key that it sets, and the bound of its value. The bound has the span of
    /// the name, where rustc says what a value must be.
    fn method(&self) -> TokenStream {
        let Self { method, key, parameter, .. } = self;
        let (runtime, ty, summary) =
            (short_at(method.span()), &parameter.ty, format!(" Sets `{key}` in the query."));
        let bound = quote_spanned!(method.span()=> #runtime::QueryValue<#ty>);
        quote!(#method: #summary #key [#bound])
    }

    /// Writes the trait which says that the parameter is set or need not be. Each parameter has its own trait, so that
    /// the message of the trait can name the parameter.
    fn given(&self) -> TokenStream {
        let (runtime, Self { method, key, .. }) = (runtime(), self);
        let message = format!("the query parameter `{key}` of this link is not set");
        let label = format!("`{key}` is missing");
        let otherwise = if self.parameter.written().is("Query") {
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

/// Names of methods that every link already has.
const RESERVED: [&str; 29] = [
    // Methods of `Link`.
    "query",
    "fragment",
    "as_str",
    // Options of actions.
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
    // Methods of traits that are usually in scope.
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

/// Whether a type can be written in a bound: it borrows nothing, and has a name. Other types are not read from the
/// query.
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
