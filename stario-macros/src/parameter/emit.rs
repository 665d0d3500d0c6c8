//! How a parameter's value is asked for, in code.
//!
//! Whatever names a parameter's type stands at that type, so that rustc reports a type that fits nowhere
//! there, and once.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::Parameter;

/// The way to the runtime, whatever the user calls the `stario` crate.
pub(crate) fn runtime() -> TokenStream {
    runtime_at(Span::call_site())
}

/// The same for an expression at the user's tokens: rustc underlines them only if all of it stands there.
pub(crate) fn runtime_at(span: Span) -> TokenStream {
    quote_spanned!(span=> crate::app::__stario)
}

/// Whose parameters they are.
#[derive(Clone, Copy)]
pub(crate) enum Taker<'a> {
    Handler,
    Provider,
    /// A provider whose value outlives the request.
    Singleton(&'a Ident),
}

impl Taker<'_> {
    /// A provider's future holds the ones of the providers it takes, so these are boxed: else providers that
    /// need each other would be one endless type. Nothing else has to be.
    fn item(self, handlers: &'static str, providers: &'static str) -> &'static str {
        match self {
            Taker::Handler => handlers,
            Taker::Provider | Taker::Singleton(_) => providers,
        }
    }
}

/// How a parameter wants its value.
enum Want<'a> {
    /// `config: State<Config>`, `db: Database`: a source, or a dependency by value.
    Value(&'a Type),
    /// `db: &Database`: a dependency that stays where it is.
    Borrow(&'a Type),
    /// `#[from(pool)] pool: PgPool`: by value from the provider that is named.
    ValueFrom(&'a syn::Path, &'a Type),
    /// `#[from(pool)] pool: &PgPool`.
    BorrowFrom(&'a syn::Path, &'a Type),
}

impl<'a> Want<'a> {
    fn of(parameter: &'a Parameter) -> Self {
        match (&*parameter.ty, &parameter.provider) {
            (Type::Reference(reference), Some(provider)) => Want::BorrowFrom(provider, &reference.elem),
            (Type::Reference(reference), None) => Want::Borrow(&reference.elem),
            (ty, Some(provider)) => Want::ValueFrom(provider, ty),
            (ty, None) => Want::Value(ty),
        }
    }
}

/// Where rustc is to report what is wrong with the parameter's type.
pub(crate) fn type_span(parameter: &Parameter) -> Span {
    match &*parameter.ty {
        Type::Reference(reference) => reference.elem.span(),
        ty => ty.span(),
    }
}

/// An associated item of what resolves the parameter, `item` being the same for a type and a provider.
fn associated(parameter: &Parameter, item: &str) -> TokenStream {
    let span = type_span(parameter);
    let runtime = runtime_at(span);
    let item = Ident::new(item, span);
    match Want::of(parameter) {
        Want::Value(ty) => {
            quote_spanned!(span=> <#ty as #runtime::Argument<'_, crate::app::Routes, _>>::#item)
        }
        Want::Borrow(ty) => quote_spanned! {span=>
            <#runtime::ProvidedBy<<#ty as #runtime::Injected<crate::app::Routes>>::Provider, #ty>>::#item
        },
        Want::ValueFrom(provider, ty) | Want::BorrowFrom(provider, ty) => {
            quote_spanned!(span=> <#runtime::ProvidedBy<#provider, #ty>>::#item)
        }
    }
}

/// The `Source` that the parameter reads, an expression that is a constant.
pub(crate) fn source(parameter: &Parameter) -> TokenStream {
    associated(parameter, "SOURCE")
}

/// Assertions that what is looked for by name has one.
pub(crate) fn name_assertions(parameters: &[Parameter]) -> TokenStream {
    let nameless = parameters.iter().filter(|parameter| parameter.is_nameless());
    let assertions = nameless.map(|parameter| {
        let by_name = associated(parameter, "BY_NAME");
        quote_spanned! {type_span(parameter)=>
            const _: () = ::core::assert!(
                !#by_name,
                "this value is looked for under the parameter's name, and the parameter has none; add #[name(\"..\")]"
            );
        }
    });
    assertions.collect()
}

/// Whether the handler may read the body while it runs, an expression.
pub(crate) fn reads_body_later(parameters: &[Parameter], scope: &Ident) -> TokenStream {
    let later = parameters.iter().map(|parameter| {
        let reads = associated(parameter, "reads_body_later");
        quote_spanned!(type_span(parameter)=> || #reads(#scope))
    });
    quote!(false #(#later)*)
}

/// What the parameters need of the app, as a `Vec`.
pub(crate) fn requirements(parameters: &[Parameter]) -> TokenStream {
    let requirements = parameters.iter().map(|parameter| {
        let (requirement, meta) = (associated(parameter, "requirement"), metadata(parameter, Taker::Handler));
        let (span, source) = (type_span(parameter), source(parameter));
        let runtime = runtime_at(span);
        quote_spanned!(span=> #requirement(#meta), #runtime::Requirement::reads(#source))
    });
    quote!(::std::vec![#(#requirements),*])
}

/// Statements that resolve all parameters from `scope`, a reference, or return `Err` with the first
/// rejection; and the arguments for the call.
///
/// All that do not read the body are resolved at once. The body is read after that, so a request that an
/// earlier parameter refuses is not read to its end.
pub(crate) fn resolutions(
    parameters: &[Parameter],
    scope: &Ident,
    dependencies: &Ident,
    taker: Taker<'_>,
) -> (TokenStream, Vec<TokenStream>) {
    let runtime = runtime();
    let resolved: Vec<Ident> = (0..parameters.len())
        .map(|position| Ident::new(&format!("argument_{position}"), Span::mixed_site()))
        .collect();
    let refuse = quote! {
        ::core::result::Result::Err(rejection) => {
            return ::core::result::Result::Err(::core::convert::From::from(rejection));
        }
    };
    let statements = match parameters {
        [] => TokenStream::new(),
        [parameter] => {
            let future = future(parameter, scope, dependencies, taker);
            quote! {
                let #(#resolved)* = match #future.await {
                    ::core::result::Result::Ok(value) => value,
                    #refuse
                };
            }
        }
        _ => {
            let values = resolved.iter().rfold(quote!(()), |rest, name| quote!((#name, #rest)));
            let pairs = parameters.iter().rfold(quote!(()), |rest, parameter| {
                let (span, reads_body) = (type_span(parameter), associated(parameter, "reads_body"));
                let (runtime, future) = (runtime_at(span), future(parameter, scope, dependencies, taker));
                quote_spanned!(span=> #runtime::pair(#reads_body(#scope), #future, #rest))
            });
            quote! {
                let #values = match #runtime::resolve(#pairs).await {
                    ::core::result::Result::Ok(values) => values,
                    #refuse
                };
            }
        }
    };
    let arguments = parameters.iter().zip(&resolved).map(|(parameter, resolved)| {
        match (Want::of(parameter), &parameter.default) {
            (Want::Value(_) | Want::ValueFrom(..), None) => {
                let by_value = Ident::new("by_value", type_span(parameter));
                quote_spanned!(type_span(parameter)=> #resolved.#by_value())
            }
            _ => quote!(#resolved),
        }
    });
    (statements, arguments.collect())
}

/// The future of one parameter's value.
fn future(parameter: &Parameter, scope: &Ident, dependencies: &Ident, taker: Taker<'_>) -> TokenStream {
    let Some(default) = &parameter.default else {
        let meta = metadata(parameter, taker);
        let resolve = associated(
            parameter,
            match Want::of(parameter) {
                Want::Value(_) | Want::ValueFrom(..) => taker.item("take", "take_boxed"),
                Want::Borrow(_) | Want::BorrowFrom(..) => taker.item("borrow", "borrow_boxed"),
            },
        );
        return quote_spanned!(type_span(parameter)=> #resolve(#scope, #dependencies, #meta));
    };
    let request = from_request(parameter, scope, taker);
    with_default(parameter, default, &request)
}

/// The same for what can only be a source: the field of a struct.
pub(crate) fn source_future(parameter: &Parameter, scope: &Ident) -> TokenStream {
    let request = from_request(parameter, scope, Taker::Handler);
    match &parameter.default {
        Some(default) => with_default(parameter, default, &request),
        None => request,
    }
}

fn from_request(parameter: &Parameter, scope: &Ident, taker: Taker<'_>) -> TokenStream {
    let (ty, span) = (&parameter.ty, type_span(parameter));
    let (runtime, meta) = (runtime_at(span), metadata(parameter, taker));
    quote_spanned!(span=> <#ty as #runtime::FromRequest>::from_request(#scope, #meta))
}

fn with_default(parameter: &Parameter, default: &TokenStream, request: &TokenStream) -> TokenStream {
    // A string literal is what one writes for a `String`.
    let value = match syn::parse2::<syn::LitStr>(default.clone()) {
        Ok(text) => {
            let runtime = runtime_at(text.span());
            quote_spanned!(text.span()=> #runtime::TextDefault::from_text(#text))
        }
        Err(_) => default.clone(),
    };
    let (ty, span) = (&parameter.ty, type_span(parameter));
    let runtime = runtime_at(span);
    let default = quote_spanned!(span=> <#ty as #runtime::Defaulted>::from_default(#value));
    quote!(#runtime::or_default(#request, || #default))
}

/// The runtime's `&'static Parameter`.
pub(crate) fn metadata(parameter: &Parameter, taker: Taker<'_>) -> TokenStream {
    let runtime = runtime_at(type_span(parameter));
    let new = match &parameter.renamed {
        Some(name) => quote!(renamed(#name)),
        None => {
            let name = parameter.own_name();
            quote!(new(#name))
        }
    };
    let in_singleton = match taker {
        Taker::Singleton(provider) => Some(quote!(.in_singleton(|| ::core::any::TypeId::of::<#provider>()))),
        Taker::Handler | Taker::Provider => None,
    };
    quote_spanned!(type_span(parameter)=> const { &#runtime::Parameter::#new #in_singleton })
}
