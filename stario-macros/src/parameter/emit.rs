//! Writes the code that resolves parameters.
//!
//! All code that names a parameter's type has the span of that type, so that rustc reports a type that does not fit
//! there, and only once.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{LitStr, Path, Type};

use super::model::Parameter;

/// Returns the path to the runtime, whatever the user calls the `stario` crate.
pub(crate) fn runtime() -> TokenStream {
    quote!(crate::app::__stario)
}

/// Puts items into a block. Their names are not visible outside of it, and inside of it the runtime has a short path,
/// because long paths cost the compiler time.
pub(crate) fn block(items: &TokenStream) -> TokenStream {
    quote!({
        use crate::app::{Routes as __Routes, __stario};

        #items
    })
}

/// Returns the runtime's name inside of a [`block`].
pub(crate) fn short() -> Ident {
    short_at(Span::call_site())
}

/// Returns the same name with the span of the user's tokens: rustc underlines them only if all tokens of an expression
/// have their span.
pub(crate) fn short_at(span: Span) -> Ident {
    Ident::new("__stario", span)
}

/// The function whose parameters are resolved.
#[derive(Clone, Copy)]
pub(crate) enum Taker<'a> {
    Handler,
    Provider,
    /// A provider whose value outlives the request.
    Singleton(&'a Ident),
}

impl Taker<'_> {
    /// Returns the name of the method that resolves a parameter. A provider's future holds the futures of the providers
    /// that it takes. These are boxed, because providers that need each other would otherwise have an infinite type.
    fn method(self, handlers: &'static str, providers: &'static str) -> &'static str {
        match self {
            Taker::Handler => handlers,
            Taker::Provider | Taker::Singleton(_) => providers,
        }
    }
}

/// The way in which a parameter takes its value.
pub(super) enum Form<'a> {
    /// `filter: Query<Filter>`: the type is written like a source of stario. The expansion treats it as one, so that
    /// rustc says which bound of its `T` is missing. Where a bound may be missing, an alias stands for the type, so
    /// that rustc reports it once.
    Source(TokenStream),
    /// `search: Signals<Search>`: the type is written like a source that reads signals. The alias stands for the source
    /// that rustc chooses.
    Signals(TokenStream),
    /// `db: Database`: a dependency by value, or any other source.
    Value(&'a Type),
    /// `db: &Database`: a dependency by reference.
    Borrow(&'a Type),
    /// `#[from(pool)] pool: PgPool`: by value from the provider that is named.
    ValueFrom(&'a Path, &'a Type),
    /// `#[from(pool)] pool: &PgPool`.
    BorrowFrom(&'a Path, &'a Type),
}

impl<'a> Form<'a> {
    pub(super) fn of(position: usize, parameter: &'a Parameter) -> Self {
        match (&*parameter.ty, &parameter.provider) {
            (Type::Reference(reference), Some(provider)) => Form::BorrowFrom(provider, &reference.elem),
            (Type::Reference(reference), None) => Form::Borrow(&reference.elem),
            (ty, Some(provider)) => Form::ValueFrom(provider, ty),
            (_, None) if parameter.reads_signals_by_type() => Form::Signals(
                format_ident!("__Parameter{}", position, span = parameter.span).into_token_stream(),
            ),
            (_, None)
                if parameter.written().is_generic_source() && parameter.written().may_be_unreadable() =>
            {
                Form::Source(
                    format_ident!("__Parameter{}", position, span = parameter.span).into_token_stream(),
                )
            }
            (ty, None) if parameter.written().is_generic_source() => Form::Source(ty.to_token_stream()),
            (ty, None) => Form::Value(ty),
        }
    }
}

/// Returns the name of the static that [`infos`] writes.
pub(crate) fn info_name() -> Ident {
    Ident::new("__PARAMETERS", Span::call_site())
}

/// Writes the static that holds what is known of each parameter when the program is compiled. Checks, requirements and
/// resolutions refer to it. Without parameters there is none.
pub(crate) fn infos(parameters: &[Parameter], taker: Taker<'_>) -> TokenStream {
    if parameters.is_empty() {
        return TokenStream::new();
    }
    let (runtime, name, count) = (short(), info_name(), Literal::usize_unsuffixed(parameters.len()));
    let mut names = TokenStream::new();
    let infos = parameters.iter().enumerate().map(|(position, parameter)| {
        let (span, described) = (parameter.span, described(parameter, taker));
        let runtime = short_at(span);
        let form = Form::of(position, parameter);
        let info = match &form {
            Form::Signals(name) => {
                let source = signals_source(&parameter.ty, span);
                names.extend(quote_spanned!(span=> type #name = #source;));
                quote_spanned!(span=> <#name as #runtime::FromRequest>::INFO)
            }
            Form::Source(name) => {
                let ty = &parameter.ty;
                if parameter.written().may_be_unreadable() {
                    names.extend(quote_spanned!(span=> type #name = #ty;));
                }
                quote_spanned!(span=> <#name as #runtime::FromRequest>::INFO)
            }
            Form::Value(ty) => {
                quote_spanned!(span=> <#ty as #runtime::Argument<'_, __Routes, _>>::INFO)
            }
            Form::Borrow(_) | Form::ValueFrom(..) | Form::BorrowFrom(..) => {
                let provided = provided(&form, span);
                quote_spanned!(span=> #provided.info())
            }
        };
        quote_spanned!(span=> #info #described)
    });
    let infos: Vec<_> = infos.collect();
    quote! {
        #names

        static #name: [#runtime::ParameterInfo; #count] = [#(#infos),*];
    }
}

/// Writes the expression that stands for the provider of a parameter; nothing if the parameter takes its value in
/// another way.
pub(super) fn provided(form: &Form<'_>, span: Span) -> TokenStream {
    let runtime = short_at(span);
    match form {
        Form::Source(_) | Form::Signals(_) | Form::Value(_) => TokenStream::new(),
        Form::Borrow(ty) => quote_spanned! {span=>
            #runtime::by_type::<_, __Routes>(#runtime::PhantomData::<#ty>)
        },
        Form::ValueFrom(provider, ty) | Form::BorrowFrom(provider, ty) => {
            quote_spanned!(span=> #runtime::by_name::<#provider, _>(#runtime::PhantomData::<#ty>))
        }
    }
}

/// Asserts that parameters without a name are not looked up by a name.
pub(crate) fn name_assertions(parameters: &[Parameter]) -> TokenStream {
    let nameless = parameters.iter().enumerate().filter(|(_, parameter)| parameter.is_nameless());
    let assertions = nameless.map(|(position, parameter)| {
        let info = info(position, parameter.span);
        quote_spanned!(parameter.span=> #info.expect_name();)
    });
    assertions.collect()
}

/// Writes a function that returns what the parameters require of the app, as a `Vec`.
pub(crate) fn requirements(parameters: &[Parameter]) -> TokenStream {
    if parameters.is_empty() {
        return quote!(::std::vec::Vec::new);
    }
    let (runtime, infos) = (short(), info_name());
    quote!(|| #runtime::requirements(&#infos))
}

/// Writes statements that resolve all parameters from the reference `scope`, or return `Err` with the first rejection.
/// The second part of the result is the arguments for the call.
///
/// Parameters that do not read the body are resolved at the same time. The body is read after them, so the body of a
/// request that they refuse is not read to its end.
pub(crate) fn resolutions(
    parameters: &[Parameter],
    scope: &Ident,
    dependencies: &Ident,
    taker: Taker<'_>,
) -> (TokenStream, Vec<TokenStream>) {
    let runtime = short();
    let resolved: Vec<Ident> = (0..parameters.len())
        .map(|position| Ident::new(&format!("argument_{position}"), Span::mixed_site()))
        .collect();
    let futures = parameters
        .iter()
        .enumerate()
        .map(|(position, parameter)| future(position, parameter, scope, dependencies, taker));
    let statements = match parameters {
        [] => TokenStream::new(),
        [_] => {
            quote!(#runtime::arguments! { #scope: let #(#resolved)* = #(#futures)* })
        }
        _ => {
            let values = resolved.iter().rfold(quote!(()), |rest, name| quote!((#name, #rest)));
            let futures: Vec<_> = futures.collect();
            let pairs = futures.into_iter().zip(parameters).rfold(quote!(()), |rest, (future, parameter)| {
                let (span, runtime) = (parameter.span, short_at(parameter.span));
                quote_spanned!(span=> #runtime::pair(#future, #rest))
            });
            quote!(#runtime::arguments! { #scope: let #values = #pairs })
        }
    };
    let arguments = parameters.iter().zip(&resolved).enumerate().map(|(position, (parameter, resolved))| {
        match (Form::of(position, parameter), &parameter.default) {
            (Form::Signals(_), None) => {
                let (span, ty) = (parameter.span, &parameter.ty);
                let (runtime, read_by) = (short_at(span), read_by(ty, span));
                quote_spanned!(span=> <#read_by as #runtime::SourceFor<#ty>>::value(#resolved.by_value()))
            }
            (Form::Source(_) | Form::Value(_) | Form::ValueFrom(..), None) => {
                let by_value = Ident::new("by_value", parameter.span);
                quote_spanned!(parameter.span=> #resolved.#by_value())
            }
            _ => quote!(#resolved),
        }
    });
    (statements, arguments.collect())
}

/// Writes the expression that is known of the parameter at this position: its element in the static.
pub(crate) fn info(position: usize, span: Span) -> TokenStream {
    let (mut infos, position) = (info_name(), Literal::usize_unsuffixed(position));
    infos.set_span(span);
    quote_spanned!(span=> #infos[#position])
}

/// Writes the future of one parameter's value.
fn future(
    position: usize,
    parameter: &Parameter,
    scope: &Ident,
    dependencies: &Ident,
    taker: Taker<'_>,
) -> TokenStream {
    let (span, info) = (parameter.span, info(position, parameter.span));
    let runtime = short_at(span);
    let metadata = quote_spanned!(span=> &#info.parameter);
    if parameter.default.is_some() {
        return source_future(parameter, scope, &metadata);
    }
    let form = Form::of(position, parameter);
    let method = match &form {
        Form::Borrow(_) | Form::BorrowFrom(..) => taker.method("borrow", "borrow_boxed"),
        Form::Source(_) | Form::Signals(_) | Form::Value(_) | Form::ValueFrom(..) => {
            taker.method("take", "take_boxed")
        }
    };
    let method = Ident::new(method, span);
    match &form {
        Form::Source(name) | Form::Signals(name) => quote_spanned! {span=>
            <#name as #runtime::Argument<'_, __Routes, _>>::#method(#scope, #dependencies, #metadata)
        },
        Form::Value(ty) => quote_spanned! {span=>
            <#ty as #runtime::Argument<'_, __Routes, _>>::#method(#scope, #dependencies, #metadata)
        },
        _ => {
            let provided = provided(&form, span);
            quote_spanned!(span=> #provided.#method(#scope, #dependencies))
        }
    }
}

/// Writes the future of a value that can only come from a source: that of a parameter with a default, or of a struct's
/// field.
pub(crate) fn source_future(parameter: &Parameter, scope: &Ident, metadata: &TokenStream) -> TokenStream {
    let (ty, span) = (&parameter.ty, parameter.span);
    let runtime = short_at(span);
    let request = if parameter.reads_signals_by_type() {
        signals_future(ty, span, scope, metadata)
    } else {
        quote_spanned!(span=> <#ty as #runtime::FromRequest>::from_request(#scope, #metadata))
    };
    let Some(default) = &parameter.default else {
        return request;
    };
    // A string literal may be the default of a `String`.
    let value = match syn::parse2::<LitStr>(default.clone()) {
        Ok(text) => {
            let runtime = short_at(text.span());
            quote_spanned!(text.span()=> #runtime::TextDefault::from_text(#text))
        }
        Err(_) => default.clone(),
    };
    let default = quote_spanned!(span=> <#ty as #runtime::Defaulted>::from_default(#value));
    quote!(#runtime::or_default(#request, || #default))
}

/// Writes the type as which a source of signals is read: the source itself, or one that reads field by field.
pub(crate) fn signals_source(ty: &Type, span: Span) -> TokenStream {
    let (runtime, read_by) = (short_at(span), read_by(ty, span));
    quote_spanned!(span=> <#read_by as #runtime::SourceFor<#ty>>::Source)
}

/// Writes the future of a value that is read from signals.
fn signals_future(ty: &Type, span: Span, scope: &Ident, metadata: &TokenStream) -> TokenStream {
    let (runtime, read_by, source) = (short_at(span), read_by(ty, span), signals_source(ty, span));
    quote_spanned! {span=>
        #runtime::value_by::<#read_by, #ty>(
            <#source as #runtime::FromRequest>::from_request(#scope, #metadata)
        )
    }
}

/// Writes the way in which a source of signals reads its type: field by field if the type derives `Signals`, else by
/// serde.
fn read_by(ty: &Type, span: Span) -> TokenStream {
    let runtime = short_at(span);
    quote_spanned! {span=>
        #runtime::ReadBy<{
            use #runtime::UnprobedSignals as _;
            #runtime::SignalsProbe::<#ty>::BY_FIELDS
        }>
    }
}

/// Writes the runtime's `Parameter`, a constant expression.
pub(crate) fn metadata(parameter: &Parameter) -> TokenStream {
    let span = parameter.span;
    let runtime = short_at(span);
    let new = match &parameter.renamed {
        Some(name) => quote!(renamed(#name)),
        None => {
            let name = parameter.own_name();
            quote!(new(#name))
        }
    };
    let with_default = parameter.default.as_ref().map(|_| quote!(.with_default()));
    quote_spanned!(span=> #runtime::Parameter::#new #with_default)
}

/// Writes the calls that make a parameter of what its type says about it, a constant expression.
fn described(parameter: &Parameter, taker: Taker<'_>) -> TokenStream {
    let named = match &parameter.renamed {
        Some(name) => quote_spanned!(parameter.span=> .renamed(#name)),
        None => {
            let name = parameter.own_name();
            quote_spanned!(parameter.span=> .named(#name))
        }
    };
    let with_default = parameter.default.as_ref().map(|_| quote!(.with_default()));
    let in_singleton = match taker {
        Taker::Singleton(provider) => Some(quote!(.in_singleton(::core::any::TypeId::of::<#provider>))),
        Taker::Handler | Taker::Provider => None,
    };
    quote!(#named #with_default #in_singleton)
}
