//! The attribute `#[form(..)]` of a field, its checks, and the messages of `derive(Form)`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{Expr, LitStr};

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
            Shape::Unit => {
                "a struct without fields is not a form: `Form` is derived for one with named fields"
            }
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
        let Self { nested, secret, file, max_size, accept } = &field.marks;
        let max_size = max_size.as_ref().map(|(tokens, _)| tokens);
        let accept = accept.as_ref().map(|(tokens, _)| tokens);
        if field.is_skipped {
            let mark = file.as_ref().or(max_size).or(accept).or(nested.as_ref()).or(secret.as_ref());
            if let Some(mark) = mark {
                errors.at(
                    mark,
                    "a field that serde skips is not in the form; take one of the two attributes off",
                );
            }
            return;
        }
        match file {
            Some(file) if nested.is_some() || secret.is_some() => {
                errors.at(file, "a file is neither `nested` nor `secret`");
            }
            Some(_) => {}
            None => {
                for (limit, tokens) in [("max_size", max_size), ("accept", accept)] {
                    if let Some(tokens) = tokens {
                        errors.at(
                            tokens,
                            format!("`{limit}` is said of a file: write #[form(file, {limit} = ..)]"),
                        );
                    }
                }
                if let (Some(_), Some(secret)) = (nested, secret) {
                    errors.at(secret, "`secret` is said of one field: mark those of the nested struct");
                }
            }
        }
        check_name(field, errors);
    }
}

fn check_name(field: &Field, errors: &mut Errors) {
    let name = field.name.as_str();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !name.bytes().all(is_plain) || name.contains("__") {
        errors.at(
            &field.named_at,
            format!(
                "`{name}` cannot be the name of a field: a page may send it as a signal, so it begins with a letter, and letters, digits \
                 and `_` follow, but not `__`; rename it with #[serde(rename = \"..\")]"
            ),
        );
    }
}
