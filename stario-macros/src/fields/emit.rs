//! Writes the parts of the expansion that both derives have.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Generics;
use syn::spanned::Spanned;

use super::model::{DefaultValue, Field, Marks, Struct};
use crate::errors::Errors;
use crate::parameter::{runtime, unraw};

/// Writes the errors, and a block in which `__forms` or `__signals` is the derive's module of the runtime.
pub(crate) fn block<M: Marks>(item: &Struct<M>, errors: Errors, items: &TokenStream) -> TokenStream {
    let krate = item.krate.as_ref().map_or_else(runtime, |krate| quote!(#krate::__private));
    let (module, short) = (format_ident!("{}", M::MODULE), format_ident!("__{}", M::MODULE));
    let errors = errors.into_tokens();
    quote! {
        #errors

        #[allow(
            dead_code, missing_debug_implementations, non_local_definitions, private_interfaces, unreachable_pub, unused_imports,
            unused_qualifications, clippy::all, clippy::pedantic
        )]
        const _: () = {
            use #krate::#module as #short;

            #items
        };
    }
}

/// Writes the functions of the struct's fields, such as `SignUp::email()`. `written` returns the return type and the
/// value of a field's function.
pub(crate) fn functions<M: Marks>(
    item: &Struct<M>,
    generics: &Generics,
    written: impl Fn(&Field<M>) -> (TokenStream, TokenStream),
) -> TokenStream {
    let (name, (_, arguments, _)) = (&item.name, item.generics.split_for_impl());
    let (generics, _, bounds) = generics.split_for_impl();
    // The name of the macro says what to do about another function of the same name, which rustc reports at the macro's call: the
    // call has the span of the field.
    let functions = item.callable().map(|field| {
        let ((output, value), attributes) = (written(field), attributes(field));
        let Field { ident, visibility, function, .. } = field;
        let module = format_ident!("__{}", M::MODULE, span = ident.span());
        let advice = format_ident!("choose_another_by_{}_fn", M::ATTRIBUTE, span = ident.span());
        quote_spanned! {ident.span()=>
            #module::name_is_taken::#advice! { [#visibility] [#attributes] #function [#output] { #value } }
        }
    });
    quote! {
        impl #generics #name #arguments #bounds {
            #(#functions)*
        }
    }
}

/// Writes a field's function as a method.
fn method<M: Marks>(field: &Field<M>, (output, value): (TokenStream, TokenStream)) -> TokenStream {
    let (Field { visibility, function, .. }, attributes) = (field, attributes(field));
    quote! {
        #attributes
        #visibility fn #function(&self) -> #output {
            #value
        }
    }
}

/// Writes the attributes of a field's function.
fn attributes<M: Marks>(field: &Field<M>) -> TokenStream {
    let docs = &field.docs;
    // The line is a paragraph of its own, behind the field's documentation.
    let separator = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
    let line = field.marks.doc(&field.name);
    quote! {
        #(#docs)*
        #separator
        #[doc = #line]
        #[must_use]
    }
}

/// The type that has the functions of a struct's fields as methods, for a struct that nests this one:
/// `SignUp::address().street()`.
pub(crate) struct Wrapper<'a> {
    pub(crate) name: Ident,
    pub(crate) generics: &'a Generics,
    /// The generics with the bounds that the methods need.
    pub(crate) method_generics: &'a Generics,
    /// The type of the only field.
    pub(crate) inner: TokenStream,
    /// The name of the argument that the only field is made of.
    pub(crate) argument: &'static str,
}

impl Wrapper<'_> {
    /// Returns the name of a struct's wrapper.
    pub(crate) fn name<M>(item: &Struct<M>, suffix: &str) -> Ident {
        format_ident!("__{}{suffix}", unraw(&item.name), span = Span::mixed_site())
    }

    /// Writes the type. `written` returns the return type and the value of a field's method.
    pub(crate) fn emit<M: Marks>(
        self,
        item: &Struct<M>,
        written: impl Fn(&Field<M>) -> (TokenStream, TokenStream),
    ) -> TokenStream {
        let Self { name, generics: declared, method_generics, inner, argument } = self;
        let (visibility, argument) = (&item.visibility, format_ident!("{argument}"));
        let (generics, arguments, bounds) = declared.split_for_impl();
        let (_, _, method_bounds) = method_generics.split_for_impl();
        let methods = item.callable().map(|field| method(field, written(field)));
        quote! {
            #visibility struct #name #declared (#inner) #bounds;

            impl #generics #name #arguments #method_bounds {
                #(#methods)*
            }

            impl #generics ::core::clone::Clone for #name #arguments #bounds {
                fn clone(&self) -> Self {
                    Self(::core::clone::Clone::clone(&self.0))
                }
            }

            impl #generics ::core::convert::From<#inner> for #name #arguments #bounds {
                fn from(#argument: #inner) -> Self {
                    Self(#argument)
                }
            }

            impl #generics ::core::ops::Deref for #name #arguments #bounds {
                type Target = #inner;

                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }
        }
    }
}

impl<M: Marks> Struct<M> {
    /// Returns the fields whose functions can be written: of several with the same name, only the first.
    fn callable(&self) -> impl Iterator<Item = &Field<M>> {
        let mut seen = BTreeSet::new();
        self.unskipped().filter(move |field| seen.insert(field.function.to_string()))
    }

    /// Writes the statement that makes the struct's default value, of which [`Field::default_value`] takes fields.
    pub(crate) fn default_statement(&self) -> Option<TokenStream> {
        let value = match self.default.as_ref()? {
            DefaultValue::OfType => quote!(<Self as ::core::default::Default>::default()),
            DefaultValue::By(path) => quote!(#path()),
        };
        Some(quote!(let default: Self = #value;))
    }
}

impl<M> Field<M> {
    /// Writes the value that an attribute of the field or of the struct gives the field if it was not sent.
    pub(crate) fn default_value(&self, item: &Struct<M>) -> Option<TokenStream> {
        let ident = &self.ident;
        match &self.default {
            Some(DefaultValue::By(path)) => Some(quote!(#path())),
            Some(DefaultValue::OfType) => Some(self.default_of_type()),
            None => item.default.as_ref().map(|_| quote!(default.#ident)),
        }
    }

    pub(crate) fn default_of_type(&self) -> TokenStream {
        let ty = &self.ty;
        quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default())
    }
}
