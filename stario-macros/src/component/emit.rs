//! Writes the items of a component: the function, a type of the same name from which tags start, and a struct that
//! collects the properties of a tag.
//!
//! Type parameters count the required properties, so the compiler finds a missing property at the tag, and its error is
//! a sentence that names the property.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, GenericParam, Generics};

use super::body;
use super::parse::{Component, Need, Property};
use super::syntax::{is_shared_attribute, tokens_of};

pub(super) fn emit(krate: &TokenStream, component: &Component) -> TokenStream {
    Emitter::new(krate, component).items()
}

struct Emitter<'c> {
    krate: &'c TokenStream,
    component: &'c Component,
    name: &'c Ident,
    props: Ident,
    values: Ident,
    /// The type parameters that count: each says whether one required property has been given.
    states: Vec<Ident>,
}

impl<'c> Emitter<'c> {
    fn new(krate: &'c TokenStream, component: &'c Component) -> Self {
        let name = &component.function.sig.ident;
        let required = component.properties.iter().filter(|property| matches!(property.need, Need::Required));
        Self {
            krate,
            component,
            name,
            props: format_ident!("{name}Props"),
            values: format_ident!("__{name}Values"),
            states: required.enumerate().map(|(at, _)| format_ident!("__S{at}")).collect(),
        }
    }

    fn items(&self) -> TokenStream {
        let attributes = &self.component.function.attrs;
        let shared = tokens_of(attributes.iter().filter(|attribute| is_shared_attribute(attribute)));
        let shared =
            quote!(#shared #[allow(dead_code, non_camel_case_types, non_snake_case, unused_qualifications)]);
        let items = [self.function(), self.start(&shared), self.values(&shared), self.props(&shared)];
        let traits = self.required().map(|(property, _)| {
            let (vis, ident) = (&self.component.function.vis, self.trait_of(property));
            let message = format!("<{}> needs the property `{}`", self.name, property.name);
            let label = format!("`{}` is missing", property.name);
            let krate = self.krate;
            quote! {
                #shared
                #[doc(hidden)]
                #[diagnostic::on_unimplemented(message = #message, label = #label)]
                #vis trait #ident {}
                #shared
                impl #ident for #krate::__private::Given {}
            }
        });
        quote!(#(#items)* #(#traits)*)
    }

    /// Writes the function, for code that calls the component as a function.
    fn function(&self) -> TokenStream {
        let (krate, name) = (self.krate, self.name);
        let function = &self.component.function;
        let (attributes, vis, signature) = (&function.attrs, &function.vis, &function.sig);
        let arguments = self.component.properties.iter().map(|property| &property.name);
        let inputs = signature.inputs.iter().map(without_mut);
        let (generics, clause, output) =
            (&signature.generics, &signature.generics.where_clause, &signature.output);
        let fn_token = &signature.fn_token;
        let span = self.span_of_output();
        let body = quote_spanned! {span=> {
            let html = #krate::__private::ComponentOutput::standalone(|__target| #name::__into(__target, #(#arguments),*));
            html
        }};
        quote! {
            #(#attributes)*
            #[allow(dead_code, non_snake_case, clippy::let_and_return, clippy::needless_pass_by_value)]
            #vis #fn_token #name #generics (#(#inputs),*) #output #clause #body
        }
    }

    /// Writes the type that shares the function's name. It holds the function's body.
    fn start(&self, shared: &TokenStream) -> TokenStream {
        let (krate, name, props) = (self.krate, self.name, &self.props);
        let function = &self.component.function;
        let (vis, signature) = (&function.vis, &function.sig);
        let docs = function.attrs.iter().filter(|attribute| is_doc(attribute));
        let target = Ident::new("__target", Span::mixed_site());
        let mut block = function.block.clone();
        body::write_into(&mut block, &body::Target { output: &quote!(#target), component: name });
        let (generics, clause, output) =
            (&signature.generics, &signature.generics.where_clause, &signature.output);
        let inputs = &signature.inputs;
        let mut own = self.component.generics.clone();
        let own_clause = own.where_clause.take();
        let own_arguments = arguments_of(&self.component.generics);
        let missing = self.states.iter().map(|_| quote!(#krate::__private::Missing));
        let values = self.empty_values();
        quote! {
            #(#docs)*
            #shared
            #[doc(hidden)]
            #vis struct #name {}

            #shared
            #[allow(clippy::all, clippy::pedantic)]
            impl #name {
                #[doc(hidden)]
                pub fn __props #own () -> #props<#(#own_arguments,)* #(#missing,)*> #own_clause {
                    #props { values: #values, states: ::core::marker::PhantomData }
                }

                fn __into #generics (#target: &mut #krate::__private::ComponentOutput<'_>, #inputs) #output #clause #block
            }
        }
    }

    fn empty_values(&self) -> TokenStream {
        let values = &self.values;
        let fields = self.component.properties.iter().map(|property| {
            let name = &property.name;
            quote!(#name: ::core::option::Option::None,)
        });
        quote!(#values { #(#fields)* __generics: ::core::marker::PhantomData })
    }

    /// Writes the struct that holds the properties which have been given so far.
    fn values(&self, shared: &TokenStream) -> TokenStream {
        let (vis, values) = (&self.component.function.vis, &self.values);
        let mut generics = self.component.generics.clone();
        let clause = generics.where_clause.take();
        let fields = self
            .component
            .properties
            .iter()
            .map(|Property { name, ty, .. }| quote!(#name: ::core::option::Option<#ty>,));
        let marker = marker_of(&self.component.generics);
        quote! {
            #shared
            #[doc(hidden)]
            #vis struct #values #generics #clause {
                #(#fields)*
                __generics: ::core::marker::PhantomData<#marker>,
            }
        }
    }

    /// Writes the struct in which a tag collects its properties: a setter for each, and the call that ends the tag.
    fn props(&self, shared: &TokenStream) -> TokenStream {
        let (vis, props, values) = (&self.component.function.vis, &self.props, &self.values);
        let states = &self.states;
        let mut generics = self.component.generics.clone();
        generics.params.extend(states.iter().map(|state| -> GenericParam { syn::parse_quote!(#state) }));
        let clause = generics.where_clause.take();
        let own_arguments = arguments_of(&self.component.generics);
        let setters = self.component.properties.iter().map(|property| self.setter(property));
        let no_children = self.no_children();
        let render = self.render();
        quote! {
            #shared
            #[doc(hidden)]
            #vis struct #props #generics #clause {
                values: #values<#(#own_arguments),*>,
                states: ::core::marker::PhantomData<fn() -> (#(#states,)*)>,
            }

            #shared
            #[allow(clippy::all, clippy::pedantic)]
            impl #generics #props<#(#own_arguments,)* #(#states,)*> #clause {
                #(#setters)*
                #no_children
                #render
            }
        }
    }

    fn setter(&self, property: &Property) -> TokenStream {
        let (krate, props) = (self.krate, &self.props);
        let Property { name, ty, need } = property;
        let own_arguments = arguments_of(&self.component.generics);
        let (argument, value) = match need {
            // The content of the tag is passed as `Children`, whatever the type of the property is.
            Need::Optional(_) if name == "children" => (
                quote!(impl ::core::convert::Into<#krate::Children>),
                quote!(::core::option::Option::Some(::core::convert::From::from(value.into()))),
            ),
            Need::Children => (
                quote!(impl ::core::convert::Into<#krate::Children>),
                quote!(::core::convert::From::from(value.into())),
            ),
            Need::Optional(inner) => {
                (quote!(impl #krate::__private::IntoOptional<#inner>), quote!(value.into_optional()))
            }
            Need::Required | Need::Default(_) => (quote!(#ty), quote!(value)),
        };
        let states = self.required().map(|(other, state)| {
            if other.name == *name { quote!(#krate::__private::Given) } else { quote!(#state) }
        });
        quote! {
            #[doc(hidden)]
            #[must_use]
            pub fn #name(mut self, value: #argument) -> #props<#(#own_arguments,)* #(#states,)*> {
                self.values.#name = ::core::option::Option::Some(#value);
                #props { values: self.values, states: ::core::marker::PhantomData }
            }
        }
    }

    /// Writes a setter for children where the component has no such property: rustc refuses it with a sentence.
    fn no_children(&self) -> Option<TokenStream> {
        let (krate, name) = (self.krate, self.name);
        let is_taken = self.component.properties.iter().any(|property| property.name == "children");
        (!is_taken).then(|| {
            quote! {
                #[doc(hidden)]
                #[must_use]
                pub fn children(self, _: impl #krate::__private::ChildrenOf<#name>) -> Self {
                    self
                }
            }
        })
    }

    fn render(&self) -> TokenStream {
        let (krate, name) = (self.krate, self.name);
        let bounds = self.required().map(|(property, state)| {
            let ident = self.trait_of(property);
            quote!(#state: #ident,)
        });
        let values = self.component.properties.iter().map(|property| {
            let field = &property.name;
            match &property.need {
                Need::Required => quote!(#krate::__private::given(self.values.#field)),
                Need::Optional(_) => quote!(self.values.#field.unwrap_or(::core::option::Option::None)),
                Need::Default(value) => quote!(match self.values.#field {
                    ::core::option::Option::Some(value) => value,
                    ::core::option::Option::None => #value,
                }),
                Need::Children => quote!(self.values.#field.unwrap_or_default()),
            }
        });
        let (span, buf) = (self.span_of_output(), Ident::new("buf", Span::mixed_site()));
        let body = quote_spanned! {span=>
            #krate::__private::ComponentOutput::within(#buf, |target| #name::__into(target, #(#values),*));
        };
        quote! {
            #[doc(hidden)]
            pub fn __render(self, #buf: &mut #krate::__private::Buf)
            where
                #(#bounds)*
            { #body }
        }
    }

    /// Returns the span at which rustc reports that the function does not return `Html`.
    fn span_of_output(&self) -> Span {
        match &self.component.function.sig.output {
            syn::ReturnType::Type(_, ty) => ty.span().resolved_at(Span::mixed_site()),
            syn::ReturnType::Default => Span::mixed_site(),
        }
    }

    /// Returns the required properties, each with the type parameter that counts it.
    fn required(&self) -> impl Iterator<Item = (&'c Property, &Ident)> {
        self.component
            .properties
            .iter()
            .filter(|property| matches!(property.need, Need::Required))
            .zip(&self.states)
    }

    /// Returns the name of the trait that is not implemented as long as the property is missing.
    fn trait_of(&self, property: &Property) -> Ident {
        format_ident!("__{}_{}", self.name, property.name, span = Span::call_site())
    }
}

fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

/// Removes `mut` from an argument, which the function only passes on.
fn without_mut(argument: &syn::FnArg) -> TokenStream {
    match argument {
        syn::FnArg::Typed(argument) => match &*argument.pat {
            syn::Pat::Ident(pattern) => {
                let (name, ty) = (&pattern.ident, &argument.ty);
                quote!(#name: #ty)
            }
            pattern => quote_spanned!(Span::call_site()=> #pattern),
        },
        syn::FnArg::Receiver(receiver) => quote!(#receiver),
    }
}

/// Returns the generic parameters as generic arguments.
fn arguments_of(generics: &Generics) -> Vec<TokenStream> {
    generics
        .params
        .iter()
        .map(|parameter| match parameter {
            GenericParam::Lifetime(parameter) => {
                let lifetime = &parameter.lifetime;
                quote!(#lifetime)
            }
            GenericParam::Type(parameter) => {
                let ident = &parameter.ident;
                quote!(#ident)
            }
            GenericParam::Const(parameter) => {
                let ident = &parameter.ident;
                quote!(#ident)
            }
        })
        .collect()
}

/// Returns a type that mentions every generic parameter and is always `Send`.
fn marker_of(generics: &Generics) -> TokenStream {
    let parts = generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Lifetime(parameter) => {
            let lifetime = &parameter.lifetime;
            Some(quote!(&#lifetime ()))
        }
        GenericParam::Type(parameter) => {
            let ident = &parameter.ident;
            Some(quote!(*const #ident))
        }
        GenericParam::Const(_) => None,
    });
    quote!(fn() -> (#(#parts,)*))
}
