//! Writes a function for each field, and how the struct is read field by field.
//!
//! Nothing here can fail. rustc reports a type that cannot be read from a form, at the field.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Generics, parse_quote};

use super::marks::{Field, Form, FormMarks};
use crate::errors::Errors;
use crate::fields::{Wrapper, block, functions};
use crate::parameter::unraw;

pub(super) fn emit(form: &Form, errors: Errors) -> TokenStream {
    if !form.generics.params.is_empty() {
        return errors.into_tokens();
    }
    let is_broken = !errors.is_empty();
    let functions = functions(form, &Generics::default(), |field| function(form, field));
    let refs = Wrapper {
        name: Wrapper::name(form, "Refs"),
        generics: &parse_quote!(<__F>),
        method_generics: &Generics::default(),
        inner: quote!(__forms::GroupRef<__F>),
        argument: "group",
    };
    let (refs, fields) = (refs.emit(form, method), form_fields(form, is_broken));
    block(form, errors, &quote!(#functions #refs #fields))
}

/// Returns the return type and the value of `SignUp::email()`.
fn function(form: &Form, field: &Field) -> (TokenStream, TokenStream) {
    let (form, ty, name, marks) = (&form.name, &field.ty, &field.name, &field.marks);
    let (span, at_field) = (ty.span(), field.ident.span());
    if marks.file.is_some() {
        (quote_spanned!(at_field=> __forms::FileRef<#form>), quote!(__forms::FileRef::__new(#name)))
    } else if marks.nested.is_some() {
        (
            quote_spanned!(span=> <#ty as __forms::FormGroup>::Refs<#form>),
            quote_spanned!(span=> ::core::convert::From::from(__forms::GroupRef::__new(#name))),
        )
    } else {
        (quote_spanned!(at_field=> __forms::FieldRef<#form, #ty>), quote!(__forms::FieldRef::__new(#name)))
    }
}

/// Returns the return type and the value of `SignUp::address().street()`.
fn method(field: &Field) -> (TokenStream, TokenStream) {
    let (ty, name, marks) = (&field.ty, &field.name, &field.marks);
    let span = ty.span();
    if marks.file.is_some() {
        (quote!(__forms::FileRef<__F>), quote!(self.0.__file(#name)))
    } else if marks.nested.is_some() {
        (
            quote_spanned!(span=> <#ty as __forms::FormGroup>::Refs<__F>),
            quote_spanned!(span=> self.0.__group(#name)),
        )
    } else {
        (quote!(__forms::FieldRef<__F, #ty>), quote!(self.0.__field(#name)))
    }
}

fn form_fields(form: &Form, is_broken: bool) -> TokenStream {
    let (name, refs) = (&form.name, Wrapper::name(form, "Refs"));
    let infos = form.unskipped().map(info);
    let read = if is_broken { quote!(::core::unreachable!()) } else { read(form) };
    quote! {
        #[automatically_derived]
        impl __forms::FormFields for #name {
            type Refs<__F> = #refs<__F>;

            const FIELDS: &'static [__forms::FieldInfo] = &[#(#infos),*];

            fn __read(reader: &mut __forms::Reader<'_, '_>) -> ::core::option::Option<Self> {
                #read
            }
        }
    }
}

fn info(field: &Field) -> TokenStream {
    let Field { ty, name, ident, .. } = field;
    let in_rust = unraw(ident);
    let FormMarks { nested, secret, file, max_size, accept } = &field.marks;
    let kind = if file.is_some() {
        let max_size = match max_size {
            Some((_, max_size)) => quote_spanned!(max_size.span()=> #max_size),
            None => quote!(::core::primitive::u64::MAX),
        };
        let accept = accept.as_ref().map_or_else(|| quote!(""), |(_, accept)| quote!(#accept));
        quote!(__forms::FieldKind::File(__forms::FileRules { max_size: #max_size, accept: #accept }))
    } else if nested.is_some() {
        quote_spanned!(ty.span()=> <#ty as __forms::FormGroup>::KIND)
    } else if secret.is_some() {
        quote!(__forms::FieldKind::Secret)
    } else {
        quote!(__forms::FieldKind::Text)
    };
    quote!(__forms::FieldInfo { in_rust: #in_rust, name: #name, kind: #kind })
}

/// Writes the function that reads the struct. All fields are read before a missing value ends the function, so that the
/// problems of all fields are noted.
fn read(form: &Form) -> TokenStream {
    let default = form.default_statement();
    let mut reads = Vec::new();
    let fields = form.fields.iter().enumerate().map(|(position, field)| {
        let (ident, default) = (&field.ident, field.default_value(form));
        if field.is_skipped {
            let default = default.unwrap_or_else(|| field.default_of_type());
            return quote!(#ident: #default);
        }
        let (read, value) = (format_ident!("value_{position}"), value(field, default));
        reads.push(quote!(let #read = #value;));
        quote!(#ident: #read?)
    });
    let fields: Vec<TokenStream> = fields.collect();
    quote! {
        #default
        #(#reads)*
        ::core::option::Option::Some(Self { #(#fields),* })
    }
}

/// Writes the expression that reads one field.
fn value(field: &Field, default: Option<TokenStream>) -> TokenStream {
    let (ty, name) = (&field.ty, &field.name);
    let span = ty.span();
    let read = if field.marks.file.is_some() {
        quote_spanned!(span=> reader.file::<#ty>(#name))
    } else if field.marks.nested.is_some() {
        quote_spanned!(span=> reader.group::<#ty>(#name))
    } else {
        return match default {
            Some(default) => quote_spanned!(span=> reader.value_or::<#ty>(#name, || #default)),
            None => quote_spanned!(span=> reader.value::<#ty>(#name)),
        };
    };
    match default {
        Some(default) => quote! {
            if reader.is_absent(#name) { ::core::option::Option::Some(#default) } else { #read }
        },
        None => read,
    }
}
