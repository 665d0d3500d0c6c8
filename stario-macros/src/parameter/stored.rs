//! The parameters of a durable command, in code: their values are stored when it is accepted, and given back to each run.
//! Whether a value is stored or resolved anew, its type decides.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;

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

/// The statements that add the values of `arguments` to `values`.
pub(crate) fn storings(parameters: &[Parameter], arguments: &[TokenStream], values: &Ident) -> TokenStream {
    let storings = parameters.iter().zip(arguments).enumerate().map(|(position, (parameter, argument))| {
        let (span, name) = (parameter.span, stored_name(position, parameter));
        let (runtime, kept) = (short_at(span), kept(position, parameter));
        let (ty, by_reference) = match &*parameter.ty {
            Type::Reference(reference) => (&*reference.elem, true),
            ty => (ty, false),
        };
        let reference = if by_reference { quote!(value) } else { quote!(&value) };
        quote_spanned! {span=>
            {
                let value = #argument;
                <#kept as #runtime::Keep<#ty, _>>::store(#reference, #name, &mut #values)?;
            }
        }
    });
    quote!(#(#storings)*)
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
