//! A struct with named fields, as `derive(Form)` and `derive(Signals)` read it: its attributes, and a name and a function for
//! each field.
//!
//! [`Marks`] holds the differences between the two derives. `emit` writes the parts of the expansion that both have.

mod attributes;
mod check;
mod emit;
mod rename;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Data, DeriveInput, Fields, Generics, Ident, LitStr, Path, Type, Visibility};

use crate::errors::Errors;
use crate::parameter::unraw;
use attributes::{Attributes, On};
pub(crate) use emit::{Wrapper, block, functions};
use rename::Rule;

/// The attribute of one derive on a field, and all else in which the derive differs from the other.
pub(crate) trait Marks: Default {
    /// The name of the derive's attribute.
    const ATTRIBUTE: &'static str;
    /// The module of the runtime that the expansion calls.
    const MODULE: &'static str;
    /// The noun by which messages call a field of the struct.
    const NOUN: &'static str;
    /// The entries of the attribute on a field, besides `fn`.
    const ENTRIES: &'static [&'static str];
    /// The message for an entry that the attribute of a field does not have.
    const EXPECTED: &'static str;
    /// Entries of serde's attribute on a field that the derive accepts and does not use, besides `bound`.
    const IGNORED: &'static [&'static str];
    /// The message for a struct with generic parameters, if the derive refuses them.
    const NO_GENERICS: Option<&'static str>;

    /// The message for an item that is no struct with named fields.
    fn misfit(shape: Shape) -> &'static str;

    /// Reads an entry of the attribute on a field. Returns whether it is one of [`ENTRIES`](Self::ENTRIES).
    fn take(&mut self, key: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<bool>;

    /// The message for an entry of serde's attribute that has no meaning for the derive.
    fn refusal(key: &str) -> String;

    /// Makes the name that the field has for the browser of the name that serde gives it.
    fn rename(&self, name: String) -> String;

    /// The line of documentation that says what the browser calls the field.
    fn doc(&self, name: &str) -> String;

    /// Checks the marks of a field and, unless serde skips the field, its name.
    fn check(field: &Field<Self>, errors: &mut Errors);
}

/// A struct, as one derive understands it.
pub(crate) struct Struct<M> {
    pub(crate) name: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) generics: Generics,
    /// The crate that the expansion calls, where it is not that of the app.
    krate: Option<Path>,
    /// The value whose fields take the place of those that were not sent.
    pub(crate) default: Option<DefaultValue>,
    pub(crate) fields: Vec<Field<M>>,
}

pub(crate) struct Field<M> {
    pub(crate) ident: Ident,
    visibility: Visibility,
    docs: Vec<Attribute>,
    pub(crate) ty: Type,
    /// The name of the field's function.
    function: Ident,
    /// The function's name as an attribute gives it.
    pub(crate) written_function: Option<LitStr>,
    /// The name that the field has for the browser.
    pub(crate) name: String,
    /// The tokens that the name was made of, for errors.
    pub(crate) named_at: TokenStream,
    pub(crate) default: Option<DefaultValue>,
    /// Whether serde skips the field. Then the browser never sees it.
    pub(crate) is_skipped: bool,
    pub(crate) marks: M,
}

/// The value of a struct or field that was not sent.
pub(crate) enum DefaultValue {
    /// The default of its type.
    OfType,
    /// The value that this function returns.
    By(Path),
}

/// An item that is no struct with named fields.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Unnamed,
    Unit,
    Enum,
    Union,
}

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

    /// The fields that serde does not skip.
    pub(crate) fn unskipped(&self) -> impl Iterator<Item = &Field<M>> {
        self.fields.iter().filter(|field| !field.is_skipped)
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
            let message = || format!("{:?} is no name of a function", function.value());
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
