//! The parameters of a durable command, in code: their values are stored when it is accepted, and given back to each run.
//! Whether a value is stored or resolved anew, its type decides.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{Lifetime, ParenthesizedGenericArguments, TraitBound, Type, TypeFnPtr, TypeReference};

use super::emit::{Form, info, provided, short_at};
use super::model::Parameter;

/// The name under which a parameter's value is stored.
fn stored_name(position: usize, parameter: &Parameter) -> String {
    let name = parameter.own_name();
    if name.is_empty() { format!("parameter {position}") } else { name }
}

/// The kind of a parameter by what its type says: stored, or resolved anew.
fn kept(position: usize, parameter: &Parameter) -> TokenStream {
    let span = parameter.span;
    let (runtime, info) = (short_at(span), info(position, span));
    quote_spanned!(span=> #runtime::Kept<{ #info.is_stored() }>)
}

/// The name of the function that stores a parameter's value.
fn store_name(position: usize, span: Span) -> Ident {
    Ident::new(&format!("__store_{position}"), span)
}

/// The functions that store the values of the parameters, one for each: requests and code call them, so rustc reports what cannot be stored
/// once.
pub(crate) fn stores(parameters: &[Parameter]) -> TokenStream {
    let stores = parameters.iter().enumerate().map(|(position, parameter)| {
        let (span, name) = (parameter.span, stored_name(position, parameter));
        let (runtime, kept, ty) = (short_at(span), kept(position, parameter), owned(parameter));
        let store = store_name(position, span);
        quote_spanned! {span=>
            fn #store(
                value: &#ty,
                values: &mut #runtime::ValuesWriter,
            ) -> ::core::result::Result<(), #runtime::Rejection> {
                <#kept as #runtime::Keep<#ty, _>>::store(value, #name, values)
            }
        }
    });
    quote!(#(#stores)*)
}

/// The statements that add the values of `arguments` to `values`.
pub(crate) fn storings(parameters: &[Parameter], arguments: &[TokenStream], values: &Ident) -> TokenStream {
    let storings = parameters.iter().zip(arguments).enumerate().map(|(position, (parameter, argument))| {
        let span = parameter.span;
        let store = store_name(position, span);
        let is_reference = matches!(&*parameter.ty, Type::Reference(_));
        let reference = if is_reference { quote!(value) } else { quote!(&value) };
        quote_spanned! {span=>
            {
                let value = #argument;
                #store(#reference, &mut #values)?;
            }
        }
    });
    quote!(#(#storings)*)
}

/// The type of the value: for `&T` it is `T`.
fn owned(parameter: &Parameter) -> &Type {
    match &*parameter.ty {
        Type::Reference(reference) => &reference.elem,
        ty => ty,
    }
}

/// The arguments by which code gives the values: the type of their list, and the statements that take the values from `list` and add them
/// to `values`.
pub(crate) fn arguments(
    parameters: &[Parameter],
    list: &Ident,
    values: &Ident,
) -> (TokenStream, TokenStream) {
    let (mut list_type, mut statements) = (quote!(()), Vec::new());
    for (position, parameter) in parameters.iter().enumerate().rev() {
        let span = parameter.span;
        let (runtime, kept, store) = (short_at(span), kept(position, parameter), store_name(position, span));
        let mut ty = owned(parameter).clone();
        OutliveAll.visit_type_mut(&mut ty);
        let (argument, wrap) = if parameter.written().is_wrapper() {
            let wrapped = quote_spanned! {span=>
                <#runtime::Wrapped<{
                    use #runtime::UnprobedWrapper as _;
                    #runtime::WrapperProbe::<#ty>::IS_WRAPPER
                }> as #runtime::ArgumentOf<#ty>>
            };
            (quote_spanned!(span=> #wrapped::Argument), quote_spanned!(span=> #wrapped::wrap))
        } else {
            (ty.to_token_stream(), quote_spanned!(span=> ::core::convert::identity))
        };
        list_type = quote_spanned!(span=> <#kept as #runtime::ArgumentBefore<#argument, #list_type>>::List);
        statements.push(quote_spanned! {span=>
            let #list = <#kept as #runtime::StoreArgument<#argument, #ty, _>>::store(
                #list, #wrap, #store, #values
            )?;
        });
    }
    statements.reverse();
    (list_type, quote!(#(#statements)*))
}

/// Gives all lifetimes of a type that of the program, as those of what is stored are.
struct OutliveAll;

impl VisitMut for OutliveAll {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        lifetime.ident = Ident::new("static", lifetime.ident.span());
    }

    // These say for which lifetimes they are.
    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {}

    fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
        if bound.lifetimes.is_none() {
            visit_mut::visit_trait_bound_mut(self, bound);
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime.get_or_insert_with(|| Lifetime::new("'static", Span::call_site()));
        visit_mut::visit_type_reference_mut(self, reference);
    }
}

/// The statements that take the values back, and the arguments for the call.
pub(crate) fn restorations(
    parameters: &[Parameter],
    scope: &Ident,
    dependencies: &Ident,
    values: &Ident,
) -> (TokenStream, Vec<TokenStream>) {
    let (mut statements, mut arguments) = (TokenStream::new(), Vec::new());
    for (position, parameter) in parameters.iter().enumerate() {
        let (span, name) = (parameter.span, stored_name(position, parameter));
        let (runtime, kept, info) =
            (short_at(span), kept(position, parameter), info(position, parameter.span));
        let argument = Ident::new(&format!("argument_{position}"), proc_macro2::Span::mixed_site());
        let form = Form::of(position, parameter);
        let restored = match &form {
            Form::Source(_) | Form::Signals(_) | Form::Value(_) => {
                let ty = &parameter.ty;
                quote_spanned! {span=>
                    <#kept as #runtime::Restore<'_, #ty, __Routes, _>>::take(
                        #scope, #dependencies, &#info.parameter, #name, &#values
                    )
                }
            }
            _ => {
                let provided = provided(&form, span);
                let is_borrowed = matches!(form, Form::Borrow(_) | Form::BorrowFrom(..));
                let method = Ident::new(if is_borrowed { "borrow" } else { "take" }, span);
                quote_spanned! {span=>
                    <#kept as #runtime::RestoreProvided<'_, _, _, _>>::#method(
                        #provided, #scope, #dependencies, #name, &#values
                    )
                }
            }
        };
        statements.extend(quote!(let #argument = #restored.await?;));
        arguments.push(match form {
            Form::Borrow(_) | Form::BorrowFrom(..) => quote!(#argument),
            _ => {
                let by_value = Ident::new("by_value", span);
                quote_spanned!(span=> #argument.#by_value())
            }
        });
    }
    (statements, arguments)
}
