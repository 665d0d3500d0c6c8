//! Reads a struct, and notes every mistake that can be seen in its tokens.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Data, DeriveInput, Fields, Ident};

use super::attributes::{Attributes, On};
use super::check;
use super::model::{Field, Marks, Shape, Struct};
use super::rename::Rule;
use crate::errors::Errors;
use crate::parameter::unraw;

/// Returns the fields of a struct with named fields. The error is the shape of any other item, and the tokens that show
/// it.
pub(crate) fn named_fields(name: &Ident, data: Data) -> Result<Vec<syn::Field>, (TokenStream, Shape)> {
    match data {
        Data::Struct(data) => match data.fields {
            Fields::Named(fields) => Ok(fields.named.into_iter().collect()),
            Fields::Unnamed(fields) => Err((fields.to_token_stream(), Shape::Unnamed)),
            Fields::Unit => Err((name.to_token_stream(), Shape::Unit)),
        },
        Data::Enum(data) => Err((data.enum_token.to_token_stream(), Shape::Enum)),
        Data::Union(data) => Err((data.union_token.to_token_stream(), Shape::Union)),
    }
}

impl<M: Marks> Struct<M> {
    /// Reads a struct. The errors are all mistakes that can be seen in its tokens; mistakes in types are left to the compiler,
    /// which reports them in the expansion.
    pub(crate) fn parse(item: TokenStream) -> syn::Result<(Self, Errors)> {
        let DeriveInput { attrs, vis, ident, generics, data } = syn::parse2(item)?;
        let mut errors = Errors::default();
        let fields = named_fields(&ident, data).unwrap_or_else(|(tokens, shape)| {
            errors.at(tokens, M::misfit(shape));
            Vec::new()
        });
        if let Some(message) = M::NO_GENERICS.filter(|_| !generics.params.is_empty()) {
            errors.at(&generics, message);
        }
        let attributes = Attributes::<M>::parse(&attrs, On::Struct, &mut errors);
        let rule = attributes
            .rename_all
            .and_then(|rule| Rule::of(&rule.value()).map_err(|message| errors.at(&rule, message)).ok());
        let fields = fields.into_iter().filter_map(|field| Field::parse(field, rule, &mut errors)).collect();
        let item = Self {
            name: ident,
            visibility: vis,
            generics,
            krate: attributes.krate,
            default: attributes.default,
            fields,
        };
        check::check(&item, &mut errors);
        Ok((item, errors))
    }
}

impl<M: Marks> Field<M> {
    /// Reads a field; `None` if it has no name.
    fn parse(field: syn::Field, rule: Option<Rule>, errors: &mut Errors) -> Option<Self> {
        let ident = field.ident?;
        let attributes = Attributes::<M>::parse(&field.attrs, On::Field, errors);
        let own = unraw(&ident);
        let (name, named_at) = match &attributes.rename {
            Some(rename) => (rename.value(), rename.to_token_stream()),
            None => (rule.map_or_else(|| own.clone(), |rule| rule.apply(&own)), ident.to_token_stream()),
        };
        let function = attributes.function.as_ref().and_then(|function| {
            let message = || format!("{:?} is not the name of a function", function.value());
            function.parse().map_err(|_| errors.at(function, message())).ok()
        });
        Some(Self {
            visibility: field.vis,
            docs: field.attrs.into_iter().filter(|attribute| attribute.path().is_ident("doc")).collect(),
            ty: field.ty,
            function: function.unwrap_or_else(|| ident.clone()),
            written_function: attributes.function,
            ident,
            name: attributes.marks.rename(name),
            named_at,
            default: attributes.default,
            is_skipped: attributes.is_skipped,
            marks: attributes.marks,
        })
    }
}
