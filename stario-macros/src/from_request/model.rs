//! What it means: the fields are read as a handler's parameters are.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Data, DeriveInput, Fields, Generics, Ident, PatType, parse_quote};

use crate::endpoint::Parameter;

pub(super) struct Sources {
    pub(super) name: Ident,
    pub(super) generics: Generics,
    pub(super) fields: Vec<(Ident, Parameter)>,
    /// What is no struct with named fields.
    pub(super) misfit: Option<TokenStream>,
}

impl Sources {
    pub(super) fn new(input: DeriveInput) -> Self {
        let (mut fields, mut misfit) = (Vec::new(), None);
        match input.data {
            Data::Struct(data) => match data.fields {
                Fields::Named(named) => fields.extend(named.named.into_iter().filter_map(|field| {
                    let (name, ty) = (field.ident?, field.ty);
                    let mut pattern: PatType = parse_quote!(#name: #ty);
                    pattern.attrs = field.attrs;
                    Some((name, Parameter::new(&mut pattern)))
                })),
                Fields::Unnamed(unnamed) => misfit = Some(unnamed.to_token_stream()),
                Fields::Unit => misfit = Some(input.ident.to_token_stream()),
            },
            Data::Enum(data) => misfit = Some(data.enum_token.to_token_stream()),
            Data::Union(data) => misfit = Some(data.union_token.to_token_stream()),
        }
        Self { name: input.ident, generics: input.generics, fields, misfit }
    }
}
