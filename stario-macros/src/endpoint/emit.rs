//! Writes the endpoint: the function as it was, its links, and its registration.
//!
//! Nothing here can fail. Rules about types are written as bounds at the user's own types, so that
//! rustc speaks there, in the words of the traits' `diagnostic::on_unimplemented`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::links::links;
use super::model::{Endpoint, Kind, Segment};
use crate::errors::Errors;
use crate::parameter::{self, Taker, runtime, runtime_at, unraw};

pub(super) fn emit(endpoint: &Endpoint, errors: Errors) -> TokenStream {
    let function = endpoint.function.emit();
    let links = links(endpoint);
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        return quote! { #function #links #errors };
    }
    let registration = registration(endpoint);
    let unique = unique(endpoint);
    quote! { #function #links #registration #unique }
}

/// The function, and a type of its name by which the app is given it. A braced struct lives in the type
/// namespace only, so the function stays callable.
pub(super) fn emit_handler(endpoint: &Endpoint, errors: Errors) -> TokenStream {
    let function = endpoint.function.emit();
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        return quote! { #function #errors };
    }
    let runtime = runtime();
    let (visibility, name) = (&endpoint.function.visibility, &endpoint.function.signature.ident);
    let (assertions, value) = (assertions(endpoint), value(endpoint));
    let handler = match endpoint.kind {
        Kind::DetachedCommand => quote!(DetachedHandler),
        Kind::Query | Kind::Command => quote!(Handler),
    };
    let summary = format!(" Names the handler `{name}` for the routes of an app.");
    let structure = quote_spanned! {name.span()=>
        #[doc = #summary]
        #[derive(Debug)]
        #[allow(non_camel_case_types, dead_code, clippy::all, clippy::pedantic)]
        #visibility struct #name {}
    };
    quote! {
        #function
        #structure

        #[allow(clippy::all, clippy::pedantic, deprecated, unused_imports, unused_qualifications)]
        const _: () = {
            #assertions

            impl #runtime::#handler for #name {
                fn endpoint() -> #runtime::Endpoint {
                    #value
                }
            }
        };
    }
}

/// Submits the endpoint to the collection that `app::new()` reads.
fn registration(endpoint: &Endpoint) -> TokenStream {
    let runtime = runtime();
    let routes = routes(endpoint);
    let (assertions, value) = (assertions(endpoint), value(endpoint));
    quote! {
        #[allow(clippy::all, clippy::pedantic, deprecated, unused_imports, unused_qualifications)]
        const _: () = {
            #assertions

            #runtime::inventory::submit! {
                #runtime::Registration {
                    app: || ::core::any::TypeId::of::<#routes>(),
                    endpoint: #value,
                }
            }
        };
    }
}

fn assertions(endpoint: &Endpoint) -> TokenStream {
    let mut assertions = source_assertions(endpoint);
    assertions.extend(parameter::name_assertions(&endpoint.parameters));
    assertions
}

/// The runtime's `Endpoint`, a constant.
///
/// The expansion names no item, and its variables are hygienic: a handler may be called `value` or `scope`.
fn value(endpoint: &Endpoint) -> TokenStream {
    let runtime = runtime();
    let signature = &endpoint.function.signature;
    let name = &signature.ident;
    let handler = unraw(name);
    let (path, method, kind) = (&endpoint.path, &endpoint.method, endpoint.kind.variant());
    let headers = endpoint.headers.iter().map(|(name, value)| quote!((#name, #value)));
    let (layer, is_checked) = (layer(endpoint), !endpoint.is_explicit);
    let scope = Ident::new("scope", Span::mixed_site());
    let exchange = Ident::new("exchange", Span::mixed_site());
    let dependencies = Ident::new("dependencies", Span::mixed_site());
    let (resolutions, arguments) =
        parameter::resolutions(&endpoint.parameters, &scope, &dependencies, Taker::Handler);
    let requirements = parameter::requirements(&endpoint.parameters);
    let close = {
        let later = parameter::reads_body_later(&endpoint.parameters, &scope);
        quote! {
            if !(#later) {
                #scope.close();
            }
        }
    };
    let call = quote_spanned!(name.span()=> #name(#(#arguments),*));
    let call = if signature.asyncness.is_some() { quote!(#call.await) } else { call };
    let answer = answer(endpoint, &call, &exchange);
    let body_limit = match &endpoint.options.body_limit {
        Some(limit) => quote_spanned!(limit.span()=> ::core::option::Option::Some(|| #limit)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #runtime::Endpoint {
            info: #runtime::EndpointInfo {
                kind: #runtime::HandlerKind::#kind,
                method: #method,
                path: #path,
                headers: &[#(#headers),*],
                handler: ::core::concat!(::core::module_path!(), "::", #handler),
                file: ::core::file!(),
                line: ::core::line!(),
                is_checked: #is_checked,
                body_limit: #body_limit,
            },
            layer: #layer,
            requirements: || #requirements,
            call: |#exchange, #scope| ::std::boxed::Box::pin(async move {
                let #dependencies = #runtime::Dependencies::of(&#scope);
                let answered = {
                    let (#exchange, #scope, #dependencies) = (&*#exchange, &#scope, &#dependencies);
                    async move {
                        use #runtime::Unwrapped as _;
                        #resolutions
                        #close
                        ::core::result::Result::Ok({ #answer })
                    }.await
                };
                #runtime::complete(&#exchange, #scope, answered).await
            }),
        }
    }
}

/// What applies the layer around the handler. It stands at the user's expression, whose type must be one.
fn layer(endpoint: &Endpoint) -> TokenStream {
    let Some(layer) = &endpoint.options.layer else {
        return quote!(::core::option::Option::None);
    };
    let runtime = runtime_at(layer.span());
    quote_spanned!(layer.span()=> ::core::option::Option::Some(|next| #runtime::layered(#layer, next)))
}

/// What a type must not be by its place: a path parameter without `{name}`, a body in a query, a second
/// reader of the body. Only the compiler knows the types, so it evaluates the rules.
fn source_assertions(endpoint: &Endpoint) -> TokenStream {
    let path = endpoint.path.value();
    let mut assertions = TokenStream::new();
    for (position, parameter) in endpoint.parameters.iter().enumerate() {
        let ty = &parameter.ty;
        let source = parameter::source(parameter);
        let mut refuse = |condition: &TokenStream, message: &str| {
            // `assert!` reads its message as a format string.
            let message = message.replace('{', "{{").replace('}', "}}");
            assertions.extend(quote_spanned! {ty.span()=>
                const _: () = ::core::assert!(!(#condition), #message);
            });
        };
        // A type that does not read the path though its name stands there is reported by the links.
        // Where the path is the app's, the app looks at it.
        if !endpoint.is_explicit && !endpoint.pattern.captures().any(|capture| parameter.is_named(capture)) {
            let message = match (&parameter.renamed, parameter.own_name()) {
                (Some(name), _) => {
                    format!("`{0}` is read from the path, but \"{path}\" has no `{{{0}}}`", name.value())
                }
                (None, name) if name.is_empty() => {
                    format!("a path parameter needs a name: the one of its {{capture}} in \"{path}\"")
                }
                (None, name) => format!("`{name}` is read from the path, but \"{path}\" has no `{{{name}}}`"),
            };
            refuse(&quote_spanned!(ty.span()=> #source.is_path()), &message);
        }
        if let Some(name) = endpoint.pattern.segment_names().find(|name| parameter.is_named(name)) {
            let runtime = runtime_at(ty.span());
            let reads_list = quote_spanned! {ty.span()=> {
                #[allow(unused_imports)] use #runtime::Unprobed as _;
                #runtime::Probe::<#ty>::READS_LIST
            }};
            let message = format!(
                "`{{{name}}}` is one segment of the path, and this is a list; write `{{{name}...}}` to read all that are left"
            );
            refuse(&reads_list, &message);
        }
        if endpoint.kind == Kind::DetachedCommand {
            let message = "a detached command has answered before it runs, so it has no `Writer`; make this handler a command";
            refuse(&quote_spanned!(ty.span()=> #source.is_writer()), message);
        }
        for other in &endpoint.parameters[..position] {
            let other_source = parameter::source(other);
            let message = format!("`{}` writes the response already, and there is one", other.own_name());
            let both = quote_spanned!(ty.span()=> #source.is_writer() && #other_source.is_writer());
            refuse(&both, &message);
        }
        if !endpoint.is_explicit && !endpoint.has_body() {
            let message = "a query has no body: browsers send none with GET; make this handler a command";
            refuse(&quote_spanned!(ty.span()=> #source.needs_body()), message);
            continue;
        }
        // Where the method is the app's, signals may be.
        let signals_in_query = endpoint.is_explicit || endpoint.has_signals_in_query();
        for other in &endpoint.parameters[..position] {
            let other_source = parameter::source(other);
            let message =
                format!("`{}` reads the request's body already, and it can be read once", other.own_name());
            refuse(
                &quote_spanned!(ty.span()=> #source.conflicts_with(#other_source, #signals_in_query)),
                &message,
            );
        }
    }
    assertions
}

/// The value becomes a response by its type. `Option` and `Result` are opened first, each by a method
/// that the type has or, if it is neither, by the trait `Unwrapped`; what is left picks its `Reply`.
fn answer(endpoint: &Endpoint, call: &TokenStream, exchange: &Ident) -> TokenStream {
    let span = match &endpoint.function.signature.output {
        syn::ReturnType::Default => endpoint.function.signature.ident.span(),
        syn::ReturnType::Type(_, ty) => ty.span(),
    };
    let span = span.resolved_at(Span::mixed_site());
    let runtime = runtime_at(span);
    let value = Ident::new("value", span);
    if endpoint.kind == Kind::DetachedCommand {
        let handler = unraw(&endpoint.function.signature.ident);
        return quote_spanned! {span=>
            #runtime::accept(#exchange).await;
            let #value = #call;
            #runtime::end(#runtime::Outcome(#value).finished(#handler));
            #runtime::reply(())
        };
    }
    let open = |method: &str| {
        let method = Ident::new(method, span);
        quote_spanned! {span=>
            let #value = match #runtime::Outcome(#value).#method() {
                ::core::ops::ControlFlow::Continue(value) => value,
                ::core::ops::ControlFlow::Break(answered) => return #runtime::Answer::early(answered),
            };
        }
    };
    let (option, result) = (open("present"), open("success"));
    let writers = endpoint.parameters.iter().map(|parameter| {
        let source = parameter::source(parameter);
        quote_spanned!(parameter::type_span(parameter)=> || #source.is_writer())
    });
    let has_writer = quote!(false #(#writers)*);
    quote_spanned! {span=>
        let #value = #call;
        #option
        #result
        #option
        #runtime::expect_nothing_if::<{ #has_writer }, _>(&#value);
        #runtime::reply(#value)
    }
}

/// The type that stands for the app the handler belongs to.
pub(super) fn routes(endpoint: &Endpoint) -> TokenStream {
    match &endpoint.options.app {
        Some(app) => quote_spanned!(app.span()=> #app::Routes),
        None => quote!(crate::app::Routes),
    }
}

/// Two handlers of one method, path shape and set of headers define the same constant twice, which rustc reports at
/// both path templates, wherever in the crate they stand.
fn unique(endpoint: &Endpoint) -> TokenStream {
    let name = Ident::new(&shape(endpoint), endpoint.path.span());
    let routes = routes(endpoint);
    quote_spanned! {endpoint.path.span()=>
        #[allow(non_upper_case_globals, non_local_definitions, dead_code, clippy::all, clippy::pedantic)]
        impl #routes {
            #[doc(hidden)]
            const #name: () = ();
        }
    }
}

/// What a handler answers, as an identifier: readable, because it is what the error names, and followed by
/// a hash of the exact text, because two paths may read alike. The names of captures are left out.
fn shape(endpoint: &Endpoint) -> String {
    let mut exact = format!("{} ", endpoint.method);
    let mut readable = words(&endpoint.method);
    for segment in &endpoint.pattern.segments {
        let (text, word) = match segment {
            Segment::Literal(text) => (text.as_str(), words(text)),
            Segment::Capture(_) => ("{}", "PARAM".to_owned()),
            Segment::Rest(_) => ("{...}", "REST".to_owned()),
        };
        exact.extend(["/", text]);
        readable.extend(["_", &word]);
    }
    for (name, value) in &endpoint.headers {
        exact.extend(["\n", name, ": ", value]);
        readable.extend(["_", &words(name), "_", &words(value)]);
    }
    format!("route_{readable}_{:016x}", fnv1a(exact.as_bytes()))
}

/// The text with all that cannot be in an identifier replaced.
fn words(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// FNV-1a, 64 bits: equal on every machine and compiler, which `std`'s hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
