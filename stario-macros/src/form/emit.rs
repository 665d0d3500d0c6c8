//! Writes a function for each field, and how the struct is read field by field.
//!
//! Nothing here can fail. That the type of a field can be read from a form is for the compiler to say, at that type.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Field, Form, Kind};
use super::parse::Default;
use crate::errors::Errors;
use crate::parameter::{runtime, unraw};

pub(super) fn emit(form: &Form, errors: Errors) -> TokenStream {
    let krate = match &form.krate {
        Some(krate) => quote!(#krate::__private),
        None => runtime(),
    };
    let is_broken = !errors.is_empty();
    let errors = errors.into_tokens();
    if !form.generics.params.is_empty() {
        return errors;
    }
    let functions = functions(form);
    let refs = refs(form);
    let fields = form_fields(form, is_broken);
    quote! {
        #errors

        #[allow(
            dead_code, missing_debug_implementations, non_local_definitions, private_interfaces, unreachable_pub, unused_imports,
            unused_qualifications, clippy::all, clippy::pedantic
        )]
        const _: () = {
            use #krate::forms as __forms;

            #functions
            #refs
            #fields
        };
    }
}

/// The fields whose functions have names of their own.
fn callable(form: &Form) -> impl Iterator<Item = &Field> {
    let mut seen = BTreeSet::new();
    form.sent().filter(move |field| seen.insert(field.function.to_string()))
}

/// `SignUp::email()`
fn functions(form: &Form) -> TokenStream {
    let name = &form.name;
    let functions = callable(form).map(|field| {
        let Field { visibility, docs, ty, function, name: field_name, .. } = field;
        let span = ty.span();
        let (output, value) = match field.kind {
            Kind::Nested => (
                quote_spanned!(span=> <#ty as __forms::FormGroup>::Refs<#name>),
                quote_spanned!(span=> ::core::convert::From::from(__forms::GroupRef::__new(#field_name))),
            ),
            Kind::File { .. } => (
                quote_spanned!(field.ident.span()=> __forms::FileRef<#name>),
                quote!(__forms::FileRef::__new(#field_name)),
            ),
            // All of the signature stands at the field, where rustc reports another function of this name.
            _ => (
                quote_spanned!(field.ident.span()=> __forms::FieldRef<#name, #ty>),
                quote!(__forms::FieldRef::__new(#field_name)),
            ),
        };
        let doc = doc(field);
        quote_spanned! {field.ident.span()=>
            #(#docs)*
            #(#doc)*
            #[must_use]
            #visibility fn #function() -> #output {
                #value
            }
        }
    });
    quote! {
        impl #name {
            #(#functions)*
        }
    }
}

/// What the form calls the field, as a paragraph of its own behind the field's documentation.
fn doc(field: &Field) -> Vec<TokenStream> {
    let line = format!(" The field `{}` of the form.", field.name);
    let separator = (!field.docs.is_empty()).then(|| quote!(#[doc = ""]));
    separator.into_iter().chain([quote!(#[doc = #line])]).collect()
}

fn refs_name(form: &Form) -> Ident {
    format_ident!("__{}Refs", unraw(&form.name), span = Span::mixed_site())
}

/// `SignUp::address().street()`: the same functions as methods, for a form that nests this struct.
fn refs(form: &Form) -> TokenStream {
    let (refs, visibility) = (refs_name(form), &form.visibility);
    let methods = callable(form).map(|field| {
        let Field { visibility, docs, ty, function, name, .. } = field;
        let span = ty.span();
        let (output, value) = match field.kind {
            Kind::Nested => (
                quote_spanned!(span=> <#ty as __forms::FormGroup>::Refs<__F>),
                quote_spanned!(span=> self.0.__group(#name)),
            ),
            Kind::File { .. } => (quote!(__forms::FileRef<__F>), quote!(self.0.__file(#name))),
            _ => (quote!(__forms::FieldRef<__F, #ty>), quote!(self.0.__field(#name))),
        };
        let doc = doc(field);
        quote! {
            #(#docs)*
            #(#doc)*
            #[must_use]
            #visibility fn #function(&self) -> #output {
                #value
            }
        }
    });
    quote! {
        #visibility struct #refs<__F>(__forms::GroupRef<__F>);

        impl<__F> #refs<__F> {
            #(#methods)*
        }

        impl<__F> ::core::clone::Clone for #refs<__F> {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        impl<__F> ::core::convert::From<__forms::GroupRef<__F>> for #refs<__F> {
            fn from(group: __forms::GroupRef<__F>) -> Self {
                Self(group)
            }
        }

        impl<__F> ::core::ops::Deref for #refs<__F> {
            type Target = __forms::GroupRef<__F>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    }
}

fn form_fields(form: &Form, is_broken: bool) -> TokenStream {
    let (name, refs) = (&form.name, refs_name(form));
    let infos = form.sent().map(info);
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
    let kind = match &field.kind {
        Kind::Nested => quote_spanned!(ty.span()=> <#ty as __forms::FormGroup>::KIND),
        Kind::File { max_size, accept } => {
            let max_size = match max_size {
                Some(max_size) => quote_spanned!(max_size.span()=> #max_size),
                None => quote!(::core::primitive::u64::MAX),
            };
            let accept = accept.as_ref().map_or_else(|| quote!(""), |accept| quote!(#accept));
            quote!(__forms::FieldKind::File(__forms::FileRules { max_size: #max_size, accept: #accept }))
        }
        Kind::Text { is_secret: true } => quote!(__forms::FieldKind::Secret),
        _ => quote!(__forms::FieldKind::Text),
    };
    quote!(__forms::FieldInfo { in_rust: #in_rust, name: #name, kind: #kind })
}

/// Each field is read before any is missed, so that the problems of all are noted.
fn read(form: &Form) -> TokenStream {
    let default = form.default.as_ref().map(|default| {
        let value = match default {
            Default::OfType => quote!(<Self as ::core::default::Default>::default()),
            Default::By(path) => quote!(#path()),
        };
        quote!(let default: Self = #value;)
    });
    let mut reads = Vec::new();
    let fields = form.fields.iter().enumerate().map(|(position, field)| {
        let ident = &field.ident;
        let default = default_of(form, field);
        let Some(value) = value(field, default.as_ref()) else {
            let default = default.unwrap_or_else(|| {
                let ty = &field.ty;
                quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default())
            });
            return quote!(#ident: #default);
        };
        let read = format_ident!("value_{position}");
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

/// What is read of a field; `None` if it is not in the form.
fn value(field: &Field, default: Option<&TokenStream>) -> Option<TokenStream> {
    let Field { ty, name, .. } = field;
    let span = ty.span();
    let read = match field.kind {
        Kind::Skipped => return None,
        Kind::Text { .. } => {
            return Some(match default {
                Some(default) => quote_spanned!(span=> reader.value_or::<#ty>(#name, || #default)),
                None => quote_spanned!(span=> reader.value::<#ty>(#name)),
            });
        }
        Kind::Nested => quote_spanned!(span=> reader.group::<#ty>(#name)),
        Kind::File { .. } => quote_spanned!(span=> reader.file::<#ty>(#name)),
    };
    Some(match default {
        Some(default) => quote! {
            if reader.is_absent(#name) { ::core::option::Option::Some(#default) } else { #read }
        },
        None => read,
    })
}

/// The value of a field that was not sent, if it may be missing.
fn default_of(form: &Form, field: &Field) -> Option<TokenStream> {
    let Field { ident, ty, .. } = field;
    match &field.default {
        Some(Default::By(path)) => Some(quote!(#path())),
        Some(Default::OfType) => {
            Some(quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default()))
        }
        None => form.default.as_ref().map(|_| quote!(default.#ident)),
    }
}
