//! What it means: the fields are read as a handler's parameters are.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Data, DeriveInput, Fields, Generics, Ident, PatType, parse_quote};

use crate::parameter::{Parameter, mentions};

pub(super) struct Sources {
    pub(super) name: Ident,
    pub(super) generics: Generics,
    pub(super) names: Vec<Ident>,
    /// One per name.
    pub(super) fields: Vec<Parameter>,
    /// What is no struct with named fields.
    pub(super) misfit: Option<TokenStream>,
}

impl Sources {
    pub(super) fn new(input: DeriveInput) -> Self {
        let (mut names, mut fields, mut misfit) = (Vec::new(), Vec::new(), None);
        match input.data {
            Data::Struct(data) => match data.fields {
                Fields::Named(named) => {
                    for field in named.named {
                        let (Some(name), ty) = (field.ident, field.ty) else { continue };
                        let mut pattern: PatType = parse_quote!(#name: #ty);
                        pattern.attrs = field.attrs;
                        let mut field = Parameter::new(&mut pattern);
                        field.is_generic = mentions(&input.generics, &field.ty);
                        fields.push(field);
                        names.push(name);
                    }
                }
                Fields::Unnamed(unnamed) => misfit = Some(unnamed.to_token_stream()),
                Fields::Unit => misfit = Some(input.ident.to_token_stream()),
            },
            Data::Enum(data) => misfit = Some(data.enum_token.to_token_stream()),
            Data::Union(data) => misfit = Some(data.union_token.to_token_stream()),
        }
        Self { name: input.ident, generics: input.generics, names, fields, misfit }
    }
}
