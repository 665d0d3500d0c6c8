//! The attribute `#[form(..)]` of a field, and the messages of `derive(Form)`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{Expr, LitStr};

use super::check;
use crate::errors::Errors;
use crate::fields::{self, Marks, Shape};

pub(super) type Form = fields::Struct<FormMarks>;
pub(super) type Field = fields::Field<FormMarks>;

/// The entries of `#[form(..)]`, each with its tokens.
#[derive(Default)]
pub(super) struct FormMarks {
    pub(super) nested: Option<TokenStream>,
    pub(super) secret: Option<TokenStream>,
    pub(super) file: Option<TokenStream>,
    pub(super) max_size: Option<(TokenStream, Expr)>,
    pub(super) accept: Option<(TokenStream, LitStr)>,
}

impl Marks for FormMarks {
    const ATTRIBUTE: &'static str = "form";
    const MODULE: &'static str = "forms";
    const NOUN: &'static str = "field";
    const ENTRIES: &'static [&'static str] = &["nested", "secret", "file", "max_size", "accept"];
    const EXPECTED: &'static str = "a field takes #[form(nested)], #[form(secret)], #[form(file, max_size = .., accept = \"..\")] and \
                                    #[form(fn = \"..\")]";
    const IGNORED: &'static [&'static str] = &["skip_serializing", "skip_serializing_if", "serialize_with"];
    const NO_GENERICS: Option<&'static str> =
        Some("a form has the same fields for everybody: its struct has no parameters");

    fn misfit(shape: Shape) -> &'static str {
        match shape {
            Shape::Unnamed => {
                "a field of a form has a name: `Form` is derived for a struct with named fields"
            }
            Shape::Unit => "a struct without fields is no form: `Form` is derived for one with named fields",
            Shape::Enum => {
                "an enum is the value of one field, which serde reads: `Form` is derived for the struct whose field it is"
            }
            Shape::Union => {
                "a union does not say which of its fields it holds: `Form` is derived for a struct with named fields"
            }
        }
    }

    fn take(&mut self, key: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        let path = meta.path.to_token_stream();
        match key {
            "nested" => self.nested = Some(path),
            "secret" => self.secret = Some(path),
            "file" => self.file = Some(path),
            "max_size" => self.max_size = Some((path, meta.value()?.parse()?)),
            "accept" => self.accept = Some((path, meta.value()?.parse()?)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn refusal(key: &str) -> String {
        match key {
            "flatten" => "fields of a form are not flattened: mark the field #[form(nested)], and its fields are called `field.name`".to_owned(),
            "with" | "deserialize_with" => format!(
                "a field of a form is read by its type alone: give it a type of its own, whose serde does what `{key}` did"
            ),
            "alias" => "a field has one name in the form: change it with `rename = \"..\"`".to_owned(),
            "rename" | "rename_all" => format!("a field has one name in the form: write `{key} = \"..\"`"),
            "deny_unknown_fields" => {
                "a form may send more than its fields, such as the button: take `deny_unknown_fields` off".to_owned()
            }
            _ => format!("`{key}` has no meaning for a form: of serde, `rename`, `rename_all`, `default` and `skip` have one"),
        }
    }

    fn rename(&self, name: String) -> String {
        name
    }

    fn doc(&self, name: &str) -> String {
        format!(" The field `{name}` of the form.")
    }

    fn check(field: &Field, errors: &mut Errors) {
        check::check(field, errors);
    }
}
