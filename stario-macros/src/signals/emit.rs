//! Writes a function for each signal, and how the struct is written and read field by field.
//!
//! Nothing here can fail. rustc reports a type that cannot be a signal, at the field.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, Generics, PathArguments, Type, WherePredicate, parse_quote};

use super::marks::{Field, Signals};
use crate::errors::Errors;
use crate::fields::{DefaultValue, Wrapper, block, functions};
use crate::literals::Literals;
use crate::parameter::{mentions, unraw};

pub(super) fn emit(signals: &Signals, errors: Errors) -> TokenStream {
    let is_broken = !errors.is_empty();
    let (name, (_, arguments, _), with_bounds) =
        (&signals.name, signals.generics.split_for_impl(), with_bounds(signals));
    let functions = functions(signals, &with_bounds, |field| {
        let (ty, name) = (&field.ty, &field.name);
        if field.is_nested() {
            let new = quote_spanned!(ty.span()=> __signals::NestedSignals::__new(#name));
            return nested(ty, &new);
        }
        (
            quote_spanned!(field.ident.span()=> __signals::SignalRef<#ty>),
            quote!(__signals::SignalRef::named(#name)),
        )
    });
    let wrapper = Wrapper {
        name: Wrapper::name(signals, "Fields"),
        generics: &signals.generics,
        method_generics: &with_bounds,
        inner: quote!(__signals::NestedSignals<#name #arguments>),
        argument: "signals",
    };
    let wrapper = wrapper.emit(signals, |field| {
        let (ty, name) = (&field.ty, &field.name);
        if field.is_nested() {
            return nested(ty, &quote_spanned!(ty.span()=> self.0.__nested(#name)));
        }
        (quote!(__signals::SignalRef<#ty>), quote!(self.0.__signal(#name)))
    });
    let page_signals = page_signals(signals, &with_bounds, is_broken);
    let literals = literals(signals).emit(&quote!(__signals));
    block(signals, errors, &quote!(#functions #wrapper #page_signals #literals))
}

/// Returns the return type and the value of a function for nested signals.
fn nested(ty: &Type, signals: &TokenStream) -> (TokenStream, TokenStream) {
    let span = ty.span();
    (
        quote_spanned!(span=> <#ty as __signals::PageSignals>::Fields),
        quote_spanned!(span=> ::core::convert::From::from(#signals)),
    )
}

/// Collects the names of the signals in the page, for the check of the app.
fn literals(signals: &Signals) -> Literals {
    let mut literals = Literals::default();
    for field in signals.unskipped() {
        let kind = match &field.ty {
            Type::Path(path) if field.is_nested() => {
                path.path.segments.last().map_or_else(|| "?".to_owned(), |last| format!("{}@", last.ident))
            }
            ty => value_kind(ty).to_string(),
        };
        let function = unraw(&field.function);
        literals.add('d', field.ident.span(), &format!("{}.{}:{kind} {function}", signals.name, field.name));
    }
    literals
}

/// Returns the kind of a signal's values, or `?` if its type is not written as one of the standard library's.
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

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

fn page_signals(signals: &Signals, with_bounds: &Generics, is_broken: bool) -> TokenStream {
    let (name, fields) = (&signals.name, Wrapper::name(signals, "Fields"));
    let (generics, _, bounds) = with_bounds.split_for_impl();
    let (_, arguments, _) = signals.generics.split_for_impl();
    let infos = signals.unskipped().map(|field| info(signals, field));
    let sent: Vec<&Field> = signals.fields.iter().filter(|field| field.is_sent()).collect();
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

fn info(signals: &Signals, field: &Field) -> TokenStream {
    let Field { ty, name, .. } = field;
    let (span, is_local) = (ty.span(), field.is_local());
    let kind = if field.is_nested() {
        quote_spanned!(span=> __signals::SignalKind::Nested(<#ty as __signals::PageSignals>::SIGNALS))
    } else {
        quote!({ use __signals::Unprobed as _; __signals::SignalProbe::<#ty>::KIND })
    };
    let may_be_missing = field.default_value(signals).is_some() || is_option(ty);
    quote! {
        __signals::SignalInfo { name: #name, kind: #kind, is_local: #is_local, may_be_missing: #may_be_missing }
    }
}

fn write(signals: &Signals) -> TokenStream {
    let entries = signals.unskipped().map(|field| {
        let Field { ident, ty, name, .. } = field;
        let span = ty.span();
        let entry = if field.is_nested() {
            quote_spanned! {span=>
                <#ty as __signals::PageSignals>::__write_nested(&self.#ident, #name, with_local, map)?;
            }
        } else {
            quote_spanned!(span=> <#ty as __signals::SignalType>::__write(&self.#ident, #name, map)?;)
        };
        if field.is_local() { quote!(if with_local { #entry }) } else { entry }
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
        let read = if field.is_nested() {
            quote_spanned!(span=> <#ty as __signals::PageSignals>::__read_nested(&mut map)?)
        } else {
            quote_spanned!(span=> <#ty as __signals::SignalType>::__read(&mut map)?)
        };
        quote!(#position => #value = ::core::option::Option::Some(#read),)
    });
    let default = signals.default_statement();
    let mut read_values = values.iter();
    let fields = signals.fields.iter().map(|field| {
        let ident = &field.ident;
        let absent = absent(signals, field);
        if !field.is_sent() {
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

/// Writes the value of a field that was not sent.
fn absent(signals: &Signals, field: &Field) -> TokenStream {
    let (ty, name) = (&field.ty, &field.name);
    let span = ty.span();
    if let Some(default) = field.default_value(signals) {
        default
    } else if field.is_skipped {
        field.default_of_type()
    } else if field.is_local() {
        quote_spanned!(span=> <#ty as __signals::LocalSignal>::__initial())
    } else if field.is_nested() {
        quote_spanned!(span=> <#ty as __signals::PageSignals>::__missing_nested(#name)?)
    } else {
        quote_spanned!(span=> <#ty as __signals::SignalType>::__missing(#name)?)
    }
}

/// Returns the generics of the struct with bounds for the fields whose types mention them.
fn with_bounds(signals: &Signals) -> Generics {
    let mut generics = signals.generics.clone();
    let mut predicates: Vec<WherePredicate> = Vec::new();
    for field in signals.fields.iter().filter(|field| mentions(&signals.generics, &field.ty)) {
        let ty = &field.ty;
        if field.is_nested() && !field.is_skipped {
            predicates.push(parse_quote!(#ty: __signals::PageSignals));
        } else if !field.is_skipped {
            predicates.push(parse_quote!(#ty: __signals::SignalType));
        }
        let needs_default = match &field.default {
            Some(DefaultValue::OfType) => true,
            Some(DefaultValue::By(_)) => false,
            None => (field.is_skipped || field.is_local()) && signals.default.is_none(),
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
