//! Writes the endpoint: the function as it was, its links, and its registration.
//!
//! Nothing here can fail. Rules about types are written as bounds at the user's own types, so that rustc reports a
//! broken rule there, in the words of the traits' `diagnostic::on_unimplemented`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::LitStr;
use syn::spanned::Spanned;

use super::kind::Kind;
use super::links::{links, routes, structure};
use super::model::{Endpoint, Segment, milliseconds};
use super::rate_limit::rate_limits;
use super::run;
use crate::errors::Errors;
use crate::html;
use crate::literals::{Literals, rust};
use crate::parameter::{self, Parameter, Taker, runtime, short, short_at, unraw};

pub(super) fn emit(endpoint: &Endpoint, errors: Errors) -> TokenStream {
    let function = endpoint.function.emit();
    if endpoint.function.signature.receiver().is_some() {
        // Only functions can stand in an `impl` block.
        let errors = errors.into_tokens();
        return quote! { #function #errors };
    }
    let name = &endpoint.function.signature.ident;
    let (method, path) = (&endpoint.method, endpoint.path.value());
    let structure = structure(endpoint, &format!(" Links to `{name}`, which answers `{method} {path}`."));
    let links = links(endpoint);
    if !errors.is_empty() {
        let (items, errors) = (apart(endpoint, &links), errors.into_tokens());
        return quote! { #function #structure #items #errors };
    }
    let (registration, unique) = (registration(endpoint), unique(endpoint));
    let literals = literals(endpoint).emit(&quote!(__stario::stario_html));
    let items = apart(endpoint, &quote! { #links #registration #unique #literals });
    quote! { #function #structure #items }
}

/// Writes the function of a handler without a path, and a type of the same name, by which the app takes the handler.
pub(super) fn emit_handler(endpoint: &Endpoint, errors: Errors) -> TokenStream {
    let function = endpoint.function.emit();
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        return quote! { #function #errors };
    }
    let runtime = short();
    let name = &endpoint.function.signature.ident;
    let structure = structure(endpoint, &format!(" Names the handler `{name}` for the routes of an app."));
    let value = value(endpoint);
    let handler = match endpoint.kind {
        Kind::DetachedCommand => quote!(DetachedHandler),
        Kind::Query | Kind::Command => quote!(Handler),
    };
    let literals = literals(endpoint).emit(&quote!(__stario::stario_html));
    let items = apart(
        endpoint,
        &quote! {
            #value
            #literals

            impl #runtime::#handler for #name {
                fn endpoint() -> #runtime::Endpoint {
                    __ENDPOINT
                }
            }
        },
    );
    quote! { #function #[derive(Debug)] #structure #items }
}

/// Collects what the handler says of the page. Templates and streams in it collect their own.
fn literals(endpoint: &Endpoint) -> Literals {
    let writer = endpoint.parameters.iter().find(|parameter| parameter.written().is("Writer"));
    let writer = writer.map(Parameter::own_name);
    let context = rust::Context {
        writer: writer.as_deref(),
        skips_streams: true,
        root_ids: Some(html::root_ids),
        ..rust::Context::default()
    };
    let mut literals = Literals::default();
    rust::scan(endpoint.function.signature.output.to_token_stream(), context, &mut literals);
    rust::scan(endpoint.function.body.clone(), context, &mut literals);
    literals
}

/// Puts items into a constant, so that their names are not visible outside of it.
fn apart(endpoint: &Endpoint, items: &TokenStream) -> TokenStream {
    let runtime = runtime();
    let name = format_ident!("__STARIO_{}", unraw(&endpoint.function.signature.ident));
    let items = parameter::block(items);
    quote!(#runtime::items! { #name #items })
}

/// Submits the endpoint to the collection that `app::new()` reads.
fn registration(endpoint: &Endpoint) -> TokenStream {
    let (runtime, routes, value) = (short(), routes(endpoint), value(endpoint));
    quote! {
        #value

        #runtime::inventory::submit! {
            #runtime::Registration { app: ::core::any::TypeId::of::<#routes>, endpoint: __ENDPOINT }
        }
    }
}

/// Writes the runtime's `Endpoint` as the constant `__ENDPOINT`, and the items to which it refers.
///
/// Its variables are hygienic, because a handler may be called `value` or `scope`.
fn value(endpoint: &Endpoint) -> TokenStream {
    let runtime = short();
    let signature = &endpoint.function.signature;
    let name = &signature.ident;
    let layer = layer(endpoint);
    let [scope, exchange, dependencies] =
        ["scope", "exchange", "dependencies"].map(|name| Ident::new(name, Span::mixed_site()));
    let parameters = &endpoint.parameters;
    let (resolutions, mut arguments) =
        parameter::resolutions(parameters, &scope, &dependencies, Taker::Handler);
    let limits = Limits::of(endpoint, &exchange, &mut arguments);
    let (limits_by_client, limits_by_value) = (limits.by_client, limits.by_value);
    let (options, infos) = (options(endpoint, limits.list.as_ref()), infos(endpoint));
    let assertions = assertions(endpoint);
    let call = quote_spanned!(name.span()=> #name(#(#arguments),*));
    let call = if signature.asyncness.is_some() { quote!(#call.await) } else { call };
    let (answered, durable_items, durable) = if endpoint.is_durable() {
        let stored = run::store(endpoint, &arguments, &exchange);
        (stored, run::durable(endpoint), quote!(#runtime::Some(&__DURABLE)))
    } else {
        (reply(endpoint, &call, &exchange), TokenStream::new(), quote!(#runtime::None))
    };
    let (kind, method, path, handler) = (endpoint.variant(), &endpoint.method, &endpoint.path, unraw(name));
    quote! {
        #infos

        #assertions

        #durable_items

        #runtime::endpoint! {
            info: #kind #method #path #handler { #options },
            layer: { #layer },
            durable: { #durable },
            call: { #runtime::Box::into_pin } { async move } (#exchange, #scope, #dependencies),
            before { #limits_by_client }
            arguments { #resolutions }
            after { #limits_by_value }
            answer { #answered }
        }
    }
}

/// Writes the static that holds what is known of the parameters.
fn infos(endpoint: &Endpoint) -> TokenStream {
    if endpoint.parameters.is_empty() {
        let (runtime, name) = (short(), parameter::info_name());
        return quote!(static #name: [#runtime::ParameterInfo; 0] = [];);
    }
    parameter::infos(&endpoint.parameters, Taker::Handler)
}

/// Writes fields of the runtime's `EndpointInfo`, constant expressions: the options that the attribute has.
fn options(endpoint: &Endpoint, rate_limits: Option<&TokenStream>) -> TokenStream {
    let runtime = short();
    let mut options = TokenStream::new();
    if !endpoint.headers.is_empty() {
        let headers = endpoint.headers.iter().map(|(name, value)| quote!((#name, #value)));
        options.extend(quote!(headers: &[#(#headers),*],));
    }
    if endpoint.is_explicit {
        options.extend(quote!(is_checked: false,));
    }
    if let Some(limit) = &endpoint.options.body_limit {
        options.extend(quote_spanned!(limit.span()=> body_limit: #runtime::Some(|| #limit),));
    }
    let timeout = endpoint.options.timeout.as_ref().and_then(|timeout| milliseconds(&timeout.value()));
    options.extend(
        timeout.map(|count| quote!(timeout: #runtime::Some(#runtime::Duration::from_millis(#count)),)),
    );
    options.extend(rate_limits.map(|list| quote!(rate_limits: #list,)));
    options.extend(caching(endpoint).map(|caching| quote!(caching: #caching,)));
    options
}

/// The code of a handler's rate limits.
struct Limits {
    /// The list of the limits, an expression; `None` without limits.
    list: Option<TokenStream>,
    /// Statements that run before the parameters are resolved.
    by_client: TokenStream,
    /// Statements that run after the parameters are resolved.
    by_value: TokenStream,
}

impl Limits {
    /// Writes the limits of the endpoint. If a limit counts by the value of an argument, a variable takes the place of
    /// that argument.
    fn of(endpoint: &Endpoint, exchange: &Ident, arguments: &mut [TokenStream]) -> Self {
        let runtime = short();
        let text = endpoint.options.rate_limit.as_ref().map(LitStr::value);
        let limits = text.as_deref().and_then(|text| rate_limits(text).ok()).unwrap_or_default();
        let (mut by_client, mut by_value) = (TokenStream::new(), TokenStream::new());
        for (index, limit) in limits.iter().enumerate() {
            let Some(position) = limit.by.as_deref().and_then(|name| endpoint.own_parameter(name)) else {
                by_client.extend(quote!(#runtime::limit_by_client(#exchange, #index)?;));
                continue;
            };
            let span = endpoint.parameters[position].span;
            // rustc underlines the user's tokens only if all tokens of the expression have their span.
            let name = format_ident!("__limited_{position}", span = span);
            let is_named = limits[..index].iter().any(|earlier| earlier.by == limit.by);
            if !is_named {
                let argument = std::mem::replace(&mut arguments[position], name.to_token_stream());
                by_value.extend(quote!(let #name = #argument;));
            }
            let runtime = short_at(span);
            by_value.extend(quote_spanned!(span=> #runtime::limit_by_value(#exchange, #index, &#name)?;));
        }
        let list = limits.iter().map(|limit| {
            let (count, milliseconds) = (limit.count, limit.milliseconds);
            let period = quote!(#runtime::Duration::from_millis(#milliseconds));
            quote!(#runtime::RateLimit { count: #count, period: #period })
        });
        let list = (!limits.is_empty()).then(|| quote!(&[#(#list),*]));
        Self { list, by_client, by_value }
    }
}

/// Writes the options `etag` and `cache` for the runtime, an expression.
fn caching(endpoint: &Endpoint) -> Option<TokenStream> {
    if !endpoint.is_cached() {
        return None;
    }
    let (runtime, etag) = (short(), endpoint.has_etag());
    let cache = match &endpoint.options.cache {
        Some(cache) => quote!(#runtime::Some(#cache)),
        None => quote!(#runtime::None),
    };
    Some(quote!(#runtime::Some(&#runtime::Caching { etag: #etag, cache: #cache })))
}

/// Writes the function that puts the layer around the handler. It has the span of the user's expression, where rustc
/// reports a type that is not a layer.
fn layer(endpoint: &Endpoint) -> TokenStream {
    let Some(layer) = &endpoint.options.layer else {
        let runtime = short();
        return quote!(#runtime::None);
    };
    let runtime = short_at(layer.span());
    quote_spanned!(layer.span()=> #runtime::Some(|next| #runtime::layered(#layer, next)))
}

/// Writes the rules for the types of parameters: no path parameter without `{name}`, no body in a query, no second
/// reader of the body. Only the compiler knows the types, so it evaluates the rules.
fn assertions(endpoint: &Endpoint) -> TokenStream {
    let mut assertions = parameter::name_assertions(&endpoint.parameters);
    let mut lists = TokenStream::new();
    for (position, parameter) in endpoint.parameters.iter().enumerate() {
        let span = parameter.span;
        let this = parameter::info(position, span);
        let is_capture = endpoint.pattern.captures().any(|capture| parameter.is_named(capture));
        // The links report a parameter that has the name of a capture and does not read the path. Where the app chooses
        // the path, the app checks this rule.
        if !endpoint.is_explicit && !is_capture && parameter.written().may_read_path() {
            let message = without_capture(parameter, &endpoint.path.value());
            assertions.extend(quote_spanned!(span=> #this.expect_no_capture(#message);));
        }
        if let Some(name) = endpoint
            .pattern
            .segment_names()
            .find(|name| parameter.is_named(name) && parameter.written().may_be_list())
        {
            lists.extend(no_list(parameter, name));
        }
        if endpoint.is_cached() && parameter.written().is_open() {
            let message = "`etag` and `cache` are for whole responses, and a `Writer` sends one step by step; remove them, or return the page";
            assertions.extend(quote_spanned!(span=> #this.expect_no_writer(#message);));
        }
        if endpoint.kind == Kind::DetachedCommand && parameter.written().is_open() {
            let message = "a detached command has answered before it runs, so it has no `Writer`; make this handler a command";
            assertions.extend(quote_spanned!(span=> #this.expect_no_writer(#message);));
        }
        if !endpoint.is_explicit && !endpoint.has_body() && parameter.written().may_read_body() {
            assertions.extend(quote_spanned!(span=> #this.expect_no_body();));
        }
        // Where the app chooses the method, signals may be in the query.
        let signals_in_query = endpoint.is_explicit || endpoint.has_signals_in_query();
        for (other_position, other) in endpoint.parameters[..position].iter().enumerate() {
            if !(parameter.written().may_read_body() && other.written().may_read_body()) {
                continue;
            }
            let (other_info, name) = (parameter::info(other_position, span), other.own_name());
            let body = format!("`{name}` reads the request's body already, and it can be read once");
            let writer = format!("`{name}` is a `Writer` already, and a handler has one");
            assertions.extend(quote_spanned! {span=>
                #this.expect_beside(&#other_info, #signals_in_query, #body, #writer);
            });
        }
    }
    if endpoint.is_durable() {
        assertions.extend(run::assertions(endpoint));
    }
    let assertions = (!assertions.is_empty()).then(|| quote!(const _: () = { #assertions };));
    quote!(#assertions #lists)
}

/// The message for a path parameter without a capture in the path.
fn without_capture(parameter: &Parameter, path: &str) -> String {
    match (&parameter.renamed, parameter.own_name()) {
        (Some(name), _) => {
            format!("`{0}` is read from the path, but \"{path}\" has no `{{{0}}}`", name.value())
        }
        (None, name) if name.is_empty() => {
            format!("a path parameter needs a name: the one of its {{capture}} in \"{path}\"")
        }
        (None, name) => format!("`{name}` is read from the path, but \"{path}\" has no `{{{name}}}`"),
    }
}

/// Writes the rule that a capture of one segment is not read as a list.
fn no_list(parameter: &Parameter, capture: &str) -> TokenStream {
    let (ty, span) = (&parameter.ty, parameter.span);
    let runtime = short_at(span);
    let message = format!(
        "`{{{{{capture}}}}}` is one segment of the path, and this is a list; write `{{{{{capture}...}}}}` to read all that are left"
    );
    quote_spanned! {span=>
        const _: () = {
            use #runtime::Unprobed as _;
            ::core::assert!(!#runtime::Probe::<#ty>::READS_LIST, #message);
        };
    }
}

/// Writes how the handler's value becomes a response, which its type decides. First a method opens an `Option` or a
/// `Result`; for other types the trait `NotOptionOrResult` has a method of the same name. The type of the opened value selects its
/// `Reply`.
fn reply(endpoint: &Endpoint, call: &TokenStream, exchange: &Ident) -> TokenStream {
    let span = match &endpoint.function.signature.output {
        syn::ReturnType::Default => endpoint.function.signature.ident.span(),
        syn::ReturnType::Type(_, ty) => ty.span(),
    };
    let span = span.resolved_at(Span::mixed_site());
    let runtime = short_at(span);
    let value = Ident::new("value", span);
    if endpoint.kind == Kind::DetachedCommand {
        let handler = unraw(&endpoint.function.signature.ident);
        return quote_spanned! {span=>
            use #runtime::Unwrapped as _;
            #runtime::accept(#exchange).await;
            let #value = #call;
            #runtime::end(#runtime::Outcome(#value).finished(#handler));
            #runtime::reply(())
        };
    }
    let expect_nothing = endpoint.parameters.iter().any(|parameter| parameter.written().is_open()).then(|| {
        let infos = parameter::info_name();
        quote_spanned!(span=> #runtime::expect_nothing_if::<{ #runtime::has_writer(&#infos) }, _>(&#value);)
    });
    let reply = Ident::new(if endpoint.is_cached() { "reply_whole" } else { "reply" }, span);
    quote_spanned! {span=>
        use #runtime::NotOptionOrResult as _;
        match #runtime::Opened(#runtime::ControlFlow::Continue(#call)).present().success().present().0 {
            #runtime::ControlFlow::Continue(#value) => {
                #expect_nothing
                #runtime::#reply(#value)
            }
            #runtime::ControlFlow::Break(answered) => return #runtime::without_value(answered),
        }
    }
}

/// Writes a constant whose name stands for the method, the shape of the path and the headers. If two handlers of a
/// crate have the same, rustc reports the second constant at both path templates.
fn unique(endpoint: &Endpoint) -> TokenStream {
    let name = Ident::new(&shape(endpoint), endpoint.path.span());
    let routes = routes(endpoint);
    quote_spanned! {endpoint.path.span()=>
        impl #routes {
            #[doc(hidden)]
            const #name: () = ();
        }
    }
}

/// Returns the name of that constant, which rustc shows in its error. The names of captures are not part of it. If the
/// path or a header has other characters than letters and digits, a hash of the exact text follows, because two texts
/// may become the same name.
fn shape(endpoint: &Endpoint) -> String {
    let mut exact = format!("{} ", endpoint.method);
    let mut readable = format!("two_handlers_answer_{}", words(&endpoint.method));
    let mut is_exact = is_word(&endpoint.method);
    for segment in &endpoint.pattern.segments {
        let (text, word) = match segment {
            Segment::Literal(text) if text.is_empty() => ("", "ROOT".to_owned()),
            Segment::Literal(text) => (text.as_str(), words(text)),
            Segment::Capture(_) => ("{}", "PARAM".to_owned()),
            Segment::Rest(_) => ("{...}", "REST".to_owned()),
        };
        is_exact &=
            matches!(text, "" | "{}" | "{...}") || (is_word(text) && word != word.to_ascii_uppercase());
        exact.extend(["/", text]);
        readable.extend(["_", &word]);
    }
    for (name, value) in &endpoint.headers {
        is_exact = false;
        exact.extend(["\n", name, ": ", value]);
        readable.extend(["_with_", &words(name), "_", &words(value)]);
    }
    if is_exact { readable } else { format!("{readable}_{:016x}", fnv1a(exact.as_bytes())) }
}

/// Whether the text has only letters and digits.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Replaces each character that an identifier cannot have by `_`.
fn words(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Returns the hash FNV-1a of 64 bits. It is the same on every machine and with every compiler, which `std`'s hasher
/// does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
