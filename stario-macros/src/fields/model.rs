//! The meaning of a struct and of its fields, and what a derive must say of itself.

use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Generics, Ident, LitStr, Path, Type, Visibility};

use crate::errors::Errors;

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

    /// The message for an item that is not a struct with named fields.
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
    pub(super) krate: Option<Path>,
    /// The value whose fields take the place of those that were not sent.
    pub(crate) default: Option<DefaultValue>,
    pub(crate) fields: Vec<Field<M>>,
}

pub(crate) struct Field<M> {
    pub(crate) ident: Ident,
    pub(super) visibility: Visibility,
    pub(super) docs: Vec<Attribute>,
    pub(crate) ty: Type,
    /// The name of the field's function.
    pub(crate) function: Ident,
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

/// An item that is not a struct with named fields.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Unnamed,
    Unit,
    Enum,
    Union,
}

impl<M> Struct<M> {
    /// The fields that serde does not skip.
    pub(crate) fn unskipped(&self) -> impl Iterator<Item = &Field<M>> {
        self.fields.iter().filter(|field| !field.is_skipped)
    }
}
