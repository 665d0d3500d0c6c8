//! `#[app::on_start]` and `#[app::on_stop]`: a function that the app calls before it serves, or when it stops.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::{Path, Token};

use crate::errors::Errors;
use crate::function::{self, Function, generic_over_types, refuse_in_impl};
use crate::parameter::{self, Parameter, Taker, short, unraw};

const FREE_FUNCTION: &str = "a hook is a free function: move it out of the `impl` block";

/// The moment at which the app calls the function.
#[derive(Clone, Copy)]
pub(crate) enum Moment {
    Start,
    Stop,
}

impl Moment {
    fn attribute(self) -> &'static str {
        match self {
            Moment::Start => "on_start",
            Moment::Stop => "on_stop",
        }
    }

    /// The name of the variant in the runtime's `HookKind`.
    fn kind(self) -> &'static str {
        match self {
            Moment::Start => "Start",
            Moment::Stop => "Stop",
        }
    }

    /// Says why there is no request at that moment.
    fn reason(self) -> &'static str {
        match self {
            Moment::Start => "when the app starts there is no request",
            Moment::Stop => "when the app stops there is no request any more",
        }
    }
}

struct Hook {
    moment: Moment,
    /// The app that the hook belongs to, if that is not `crate::app`.
    app: Option<Path>,
    parameters: Vec<Parameter>,
    function: Function,
}

/// Expands one hook. On an error the function itself is still emitted.
pub(crate) fn expand(moment: Moment, arguments: TokenStream, item: &TokenStream) -> TokenStream {
    match parse(moment, arguments, item) {
        Ok(hook) => {
            let errors = check(&hook);
            emit(&hook, errors)
        }
        Err(error) => function::with_error(item, &error),
    }
}

fn parse(moment: Moment, arguments: TokenStream, item: &TokenStream) -> syn::Result<Hook> {
    let app = |input: ParseStream<'_>| app(moment, input);
    let app = app.parse2(arguments)?;
    let mut function = Function::parse(item, "a hook")?;
    refuse_in_impl(&function.signature, FREE_FUNCTION)?;
    let parameters = Parameter::all(&mut function.signature);
    Ok(Hook { moment, app, parameters, function })
}

/// Refuses an attribute that is named through the module of an app, `#[admin::on_start]`.
pub(crate) fn expand_unnamed(item: &TokenStream) -> TokenStream {
    let message =
        "name the app in the attribute: `#[app::on_start(app = admin)]`; the same goes for `on_stop`";
    function::with_error(item, &syn::Error::new(Span::call_site(), message))
}

/// Reads the arguments: nothing, or `app = admin`.
fn app(moment: Moment, input: ParseStream<'_>) -> syn::Result<Option<Path>> {
    if input.is_empty() {
        return Ok(None);
    }
    let attribute = moment.attribute();
    let expected = |error: syn::Error| {
        let message = format!(
            "write `#[app::{attribute}]`, or `#[app::{attribute}(app = admin)]` for another app of the crate"
        );
        syn::Error::new(error.span(), message)
    };
    let path = |input: ParseStream<'_>| {
        let word: Ident = input.parse()?;
        if word != "app" {
            return Err(syn::Error::new(word.span(), ""));
        }
        input.parse::<Token![=]>()?;
        let app = Path::parse_mod_style(input)?;
        if input.is_empty() { Ok(app) } else { Err(input.error("")) }
    };
    path(input).map(Some).map_err(expected)
}

fn check(hook: &Hook) -> Errors {
    let mut errors = Errors::default();
    let signature = &hook.function.signature;
    if generic_over_types(signature) {
        errors.at(&signature.generics, "a hook cannot be generic: the app calls it");
    }
    if let Some(receiver) = signature.receiver() {
        errors.at(receiver, FREE_FUNCTION);
    }
    for parameter in &hook.parameters {
        for (tokens, message) in &parameter.problems {
            errors.at(tokens, message);
        }
    }
    errors
}

fn emit(hook: &Hook, errors: Errors) -> TokenStream {
    let function = hook.function.emit();
    if !errors.is_empty() {
        let errors = errors.into_tokens();
        return quote! { #function #errors };
    }
    let runtime = short();
    let signature = &hook.function.signature;
    let name = &signature.ident;
    let shown = unraw(name);
    let kind = Ident::new(hook.moment.kind(), Span::call_site());
    let routes = match &hook.app {
        Some(app) => quote!(#app::Routes),
        None => quote!(__Routes),
    };
    let (scope, dependencies) =
        (Ident::new("scope", Span::mixed_site()), Ident::new("dependencies", Span::mixed_site()));
    let infos = parameter::infos(&hook.parameters, Taker::Handler);
    let requirements = parameter::requirements(&hook.parameters);
    let (resolutions, arguments) =
        parameter::resolutions(&hook.parameters, &scope, &dependencies, Taker::Handler);
    let assertions = assertions(hook);
    let call = quote_spanned!(name.span()=> #name(#(#arguments),*));
    let call = if signature.asyncness.is_some() { quote!(#call.await) } else { call };
    let output = match &signature.output {
        syn::ReturnType::Default => name.span(),
        syn::ReturnType::Type(_, ty) => syn::spanned::Spanned::span(ty),
    };
    let end = quote_spanned!(output=> #runtime::end_hook(value));
    let items = parameter::block(&quote! {
        #infos

        #assertions

        #runtime::inventory::submit! {
            #runtime::AppHook {
                app: ::core::any::TypeId::of::<#routes>,
                kind: #runtime::HookKind::#kind,
                name: ::core::concat!(::core::module_path!(), "::", #shown),
                file: ::core::file!(),
                line: ::core::line!(),
                requirements: #requirements,
                call: |#scope| ::std::boxed::Box::pin(async move {
                    use #runtime::Unwrapped as _;
                    let #dependencies = &#runtime::Dependencies::of(#scope);
                    #resolutions
                    #runtime::Outcome(#call).provided().map(|value| #end)
                }),
            }
        }
    });
    quote! {
        #function

        #[allow(
            non_local_definitions, clippy::all, clippy::pedantic, deprecated, unused_imports, unused_qualifications
        )]
        const _: () = #items;
    }
}

/// Asserts that no parameter needs a request. Each assertion is a constant of its own, so that rustc reports all of
/// them.
fn assertions(hook: &Hook) -> TokenStream {
    let assertion = |(position, parameter): (usize, &Parameter)| {
        let info = parameter::info(position, parameter.span);
        let message = format!("{}: `{}` belongs to one", hook.moment.reason(), parameter.own_name());
        quote_spanned!(parameter.span=> const _: () = #info.expect_app(#message);)
    };
    hook.parameters.iter().enumerate().map(assertion).collect()
}
