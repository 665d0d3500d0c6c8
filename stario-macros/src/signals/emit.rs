//! Writes a function for each signal, and how the struct is written and read field by field.
//!
//! Nothing here can fail. That the type of a field can be a signal is for the compiler to say, at that type.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, Generics, PathArguments, Type, WherePredicate, parse_quote};

use super::model::{Field, Kind, Signals};
use super::parse::Default;
use crate::errors::Errors;
use crate::literals::Literals;
use crate::parameter::{mentions, runtime, unraw};

pub(super) fn emit(signals: &Signals, errors: Errors) -> TokenStream {
    let krate = match &signals.krate {
        Some(krate) => quote!(#krate::__private),
        None => runtime(),
    };
    let is_broken = !errors.is_empty();
    let errors = errors.into_tokens();
    let functions = functions(signals);
    let fields_struct = fields_struct(signals);
    let page_signals = page_signals(signals, is_broken);
    let literals = literals(signals).emit(&quote!(__signals));
    quote! {
        #errors

        #[allow(
            dead_code, missing_debug_implementations, non_local_definitions, private_interfaces, unreachable_pub, unused_imports,
            unused_qualifications, clippy::all, clippy::pedantic
        )]
        const _: () = {
            use #krate::signals as __signals;

            #functions
            #fields_struct
            #page_signals
            #literals
        };
    }
}

/// The signals by their names in the page, for the check of the app.
fn literals(signals: &Signals) -> Literals {
    let mut literals = Literals::default();
    for field in signals.fields.iter().filter(|field| field.kind != Kind::Skipped) {
        let kind = match field.kind {
            Kind::Leaf { .. } => value_kind(&field.ty),
            // What is in it is not looked up.
            Kind::Nested { .. } | Kind::Skipped => '?',
        };
        literals.add('d', field.ident.span(), &format!("{}.{}:{kind}", signals.name, field.name));
    }
    literals
}

/// The kind of a signal's values, where its type is written as one of the standard library's.
fn value_kind(ty: &Type) -> char {
    let Type::Path(path) = ty else { return '?' };
    let Some(last) = path.path.segments.last() else { return '?' };
    match (last.ident.to_string().as_str(), &last.arguments) {
        ("bool", _) => 'b',
        ("String", _) => 't',
        (
            "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize"
            | "f32" | "f64",
            _,
        ) => 'n',
        ("Vec", _) => 'l',
        ("Option", PathArguments::AngleBracketed(arguments)) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => value_kind(inner),
            _ => '?',
        },
        _ => '?',
    }
}

/// The signals whose functions have names of their own.
fn callable(signals: &Signals) -> impl Iterator<Item = &Field> {
    let mut seen = BTreeSet::new();
    signals
        .fields
        .iter()
        .filter(move |field| field.kind != Kind::Skipped && seen.insert(field.function.to_string()))
}

/// `Search::page()`
fn functions(signals: &Signals) -> TokenStream {
    let (name, with_bounds) = (&signals.name, with_bounds(signals));
    let (generics, _, bounds) = with_bounds.split_for_impl();
    let (_, arguments, _) = signals.generics.split_for_impl();
    let functions = callable(signals).map(|field| {
        let Field { visibility, docs, ty, function, name, .. } = field;
        let span = ty.span();
        let (output, value) = match field.kind {
            Kind::Nested { .. } => (
                quote_spanned!(span=> <#ty as __signals::PageSignals>::Fields),
                quote_spanned!(span=> ::core::convert::From::from(__signals::NestedSignals::__new(#name))),
            ),
            // All of the signature stands at the field, where rustc reports another function of this name.
            _ => (
                quote_spanned!(field.ident.span()=> __signals::SignalRef<#ty>),
                quote!(__signals::SignalRef::named(#name)),
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
        impl #generics #name #arguments #bounds {
            #(#functions)*
        }
    }
}

/// What the page calls the signal, as a paragraph of its own behind the field's documentation.
fn doc(field: &Field) -> Vec<TokenStream> {
    let about = match field.kind {
        Kind::Nested { .. } => "The signals of",
        _ => "The signal",
    };
    let line = format!(" {about} `{}`.", field.name);
    let separator = (!field.docs.is_empty()).then(|| quote!(#[doc = ""]));
    separator.into_iter().chain([quote!(#[doc = #line])]).collect()
}

fn fields_name(signals: &Signals) -> Ident {
    format_ident!("__{}Fields", unraw(&signals.name), span = Span::mixed_site())
}

/// `Search::list().page()`: the same functions as methods, for a struct that nests this one.
fn fields_struct(signals: &Signals) -> TokenStream {
    let (name, fields) = (&signals.name, fields_name(signals));
    let (visibility, declared) = (&signals.visibility, &signals.generics);
    let (generics, arguments, bounds) = signals.generics.split_for_impl();
    let with_bounds = with_bounds(signals);
    let (_, _, method_bounds) = with_bounds.split_for_impl();
    let methods = callable(signals).map(|field| {
        let Field { visibility, docs, ty, function, name, .. } = field;
        let span = ty.span();
        let (output, value) = match field.kind {
            Kind::Nested { .. } => (
                quote_spanned!(span=> <#ty as __signals::PageSignals>::Fields),
                quote_spanned!(span=> ::core::convert::From::from(self.0.__nested(#name))),
            ),
            _ => (quote!(__signals::SignalRef<#ty>), quote!(self.0.__signal(#name))),
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
        #visibility struct #fields #declared (__signals::NestedSignals<#name #arguments>) #bounds;

        impl #generics #fields #arguments #method_bounds {
            #(#methods)*
        }

        impl #generics ::core::clone::Clone for #fields #arguments #bounds {
            fn clone(&self) -> Self {
                Self(::core::clone::Clone::clone(&self.0))
            }
        }

        impl #generics ::core::convert::From<__signals::NestedSignals<#name #arguments>> for #fields #arguments #bounds {
            fn from(signals: __signals::NestedSignals<#name #arguments>) -> Self {
                Self(signals)
            }
        }

        impl #generics ::core::ops::Deref for #fields #arguments #bounds {
            type Target = __signals::NestedSignals<#name #arguments>;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
    }
}

fn page_signals(signals: &Signals, is_broken: bool) -> TokenStream {
    let (name, fields) = (&signals.name, fields_name(signals));
    let with_bounds = with_bounds(signals);
    let (generics, _, bounds) = with_bounds.split_for_impl();
    let (_, arguments, _) = signals.generics.split_for_impl();
    let infos = signals.fields.iter().filter(|field| field.kind != Kind::Skipped).map(info);
    let sent: Vec<&Field> = signals.fields.iter().filter(|field| field.kind.is_sent()).collect();
    let names = sent.iter().map(|field| &field.name);
    let (write, read) = if is_broken {
        (quote!(::core::unreachable!()), quote!(::core::unreachable!()))
    } else {
        (write(signals), read(signals, &sent))
    };
    quote! {
        #[automatically_derived]
        impl #generics __signals::PageSignals for #name #arguments #bounds {
            const SIGNALS: &'static [__signals::SignalInfo] = &[#(#infos),*];

            type Fields = #fields #arguments;

            const NAMES: &'static [&'static str] = &[#(#names),*];

            fn __write<__M: __signals::SerializeMap>(
                &self,
                with_local: bool,
                map: &mut __M,
            ) -> ::core::result::Result<(), __M::Error> {
                #write
            }

            fn __read<'__de, __M: __signals::MapAccess<'__de>>(
                mut map: __M,
            ) -> ::core::result::Result<Self, __M::Error> {
                #read
            }
        }
    }
}

fn info(field: &Field) -> TokenStream {
    let Field { ty, name, .. } = field;
    let (span, is_local) = (ty.span(), field.kind.is_local());
    let kind = match field.kind {
        Kind::Nested { .. } => {
            quote_spanned!(span=> __signals::SignalKind::Nested(<#ty as __signals::PageSignals>::SIGNALS))
        }
        _ => quote!({ use __signals::Unprobed as _; __signals::SignalProbe::<#ty>::KIND }),
    };
    quote!(__signals::SignalInfo { name: #name, kind: #kind, is_local: #is_local })
}

fn write(signals: &Signals) -> TokenStream {
    let entries = signals.fields.iter().filter(|field| field.kind != Kind::Skipped).map(|field| {
        let Field { ident, ty, name, .. } = field;
        let span = ty.span();
        let entry = match field.kind {
            Kind::Nested { .. } => quote_spanned! {span=>
                <#ty as __signals::PageSignals>::__write_nested(&self.#ident, #name, with_local, map)?;
            },
            _ => quote_spanned!(span=> <#ty as __signals::SignalType>::__write(&self.#ident, #name, map)?;),
        };
        if field.kind.is_local() { quote!(if with_local { #entry }) } else { entry }
    });
    quote! {
        #(#entries)*
        ::core::result::Result::Ok(())
    }
}

fn read(signals: &Signals, sent: &[&Field]) -> TokenStream {
    let values: Vec<Ident> = (0..sent.len()).map(|position| format_ident!("value_{}", position)).collect();
    let arms = sent.iter().zip(&values).enumerate().map(|(position, (field, value))| {
        let ty = &field.ty;
        let (span, position) = (ty.span(), Literal::usize_unsuffixed(position));
        let read = match field.kind {
            Kind::Nested { .. } => {
                quote_spanned!(span=> <#ty as __signals::PageSignals>::__read_nested(&mut map)?)
            }
            _ => quote_spanned!(span=> <#ty as __signals::SignalType>::__read(&mut map)?),
        };
        quote!(#position => #value = ::core::option::Option::Some(#read),)
    });
    let default = signals.default.as_ref().map(|default| {
        let value = match default {
            Default::OfType => quote!(<Self as ::core::default::Default>::default()),
            Default::By(path) => quote!(#path()),
        };
        quote!(let default: Self = #value;)
    });
    let mut read_values = values.iter();
    let fields = signals.fields.iter().map(|field| {
        let ident = &field.ident;
        let absent = absent(signals, field);
        if !field.kind.is_sent() {
            return quote!(#ident: #absent);
        }
        let value = read_values.next();
        quote! {
            #ident: match #value {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None => #absent,
            }
        }
    });
    quote! {
        #(let mut #values = ::core::option::Option::None;)*
        while let ::core::option::Option::Some(position) =
            __signals::next_field(&mut map, <Self as __signals::PageSignals>::NAMES)?
        {
            match position {
                #(#arms)*
                _ => __signals::skip_field(&mut map)?,
            }
        }
        #default
        ::core::result::Result::Ok(Self { #(#fields),* })
    }
}

/// The value of a field that was not sent.
fn absent(signals: &Signals, field: &Field) -> TokenStream {
    let Field { ident, ty, name, .. } = field;
    let span = ty.span();
    match (&field.default, field.kind) {
        (Some(Default::By(path)), _) => quote!(#path()),
        (Some(Default::OfType), _) | (None, Kind::Skipped) => {
            quote_spanned!(span=> <#ty as ::core::default::Default>::default())
        }
        (None, _) if signals.default.is_some() => quote!(default.#ident),
        (None, kind) if kind.is_local() => {
            quote_spanned!(span=> <#ty as __signals::LocalSignal>::__initial())
        }
        (None, Kind::Nested { .. }) => {
            quote_spanned!(span=> <#ty as __signals::PageSignals>::__missing_nested(#name)?)
        }
        (None, _) => quote_spanned!(span=> <#ty as __signals::SignalType>::__missing(#name)?),
    }
}

/// The generics, with what the fields need that mention them.
fn with_bounds(signals: &Signals) -> Generics {
    let mut generics = signals.generics.clone();
    let mut predicates: Vec<WherePredicate> = Vec::new();
    for field in signals.fields.iter().filter(|field| mentions(&signals.generics, &field.ty)) {
        let ty = &field.ty;
        match field.kind {
            Kind::Leaf { .. } => predicates.push(parse_quote!(#ty: __signals::SignalType)),
            Kind::Nested { .. } => predicates.push(parse_quote!(#ty: __signals::PageSignals)),
            Kind::Skipped => {}
        }
        let needs_default = match &field.default {
            Some(Default::OfType) => true,
            Some(Default::By(_)) => false,
            None => field.kind == Kind::Skipped || (!field.kind.is_sent() && signals.default.is_none()),
        };
        if needs_default {
            predicates.push(parse_quote!(#ty: ::core::default::Default));
        }
    }
    if !predicates.is_empty() {
        generics.make_where_clause().predicates.extend(predicates);
    }
    generics
}
