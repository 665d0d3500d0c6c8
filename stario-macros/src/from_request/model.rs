//! The meaning of the struct: its fields are read like the parameters of a handler.

use proc_macro2::TokenStream;
use syn::{DeriveInput, Generics, Ident, PatType, parse_quote};

use crate::fields::named_fields;
use crate::parameter::{Parameter, mentions};

pub(super) struct Sources {
    pub(super) name: Ident,
    pub(super) generics: Generics,
    pub(super) names: Vec<Ident>,
    /// The fields as parameters, one per name.
    pub(super) fields: Vec<Parameter>,
    /// The tokens of an item that is not a struct with named fields.
    pub(super) misfit: Option<TokenStream>,
}

impl Sources {
    pub(super) fn new(input: DeriveInput) -> Self {
        let (mut names, mut fields, mut misfit) = (Vec::new(), Vec::new(), None);
        let written = named_fields(&input.ident, input.data).unwrap_or_else(|(tokens, _)| {
            misfit = Some(tokens);
            Vec::new()
        });
        for field in written {
            let (Some(name), ty) = (field.ident, field.ty) else { continue };
            let mut pattern: PatType = parse_quote!(#name: #ty);
            pattern.attrs = field.attrs;
            let mut field = Parameter::new(&mut pattern);
            field.is_generic = mentions(&input.generics, &field.ty);
            fields.push(field);
            names.push(name);
        }
        Self { name: input.ident, generics: input.generics, names, fields, misfit }
    }
}
