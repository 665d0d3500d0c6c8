//! Reads the attributes of a struct or of a field: serde's, and that of the derive.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Path, Token};

use super::model::{DefaultValue, Marks};
use crate::errors::Errors;

/// The content of the attributes of a struct or of a field.
#[derive(Default)]
pub(super) struct Attributes<M> {
    pub(super) marks: M,
    pub(super) function: Option<LitStr>,
    pub(super) krate: Option<Path>,
    pub(super) rename: Option<LitStr>,
    pub(super) rename_all: Option<LitStr>,
    pub(super) default: Option<DefaultValue>,
    pub(super) is_skipped: bool,
}

/// The item that an attribute stands on.
#[derive(Clone, Copy)]
pub(super) enum On {
    Struct,
    Field,
}

impl<M: Marks> Attributes<M> {
    pub(super) fn parse(attributes: &[Attribute], on: On, errors: &mut Errors) -> Self {
        let mut found = Self::default();
        for attribute in attributes {
            let parsed = if attribute.path().is_ident(M::ATTRIBUTE) {
                attribute.parse_nested_meta(|meta| found.take_own(&meta, on, errors))
            } else if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| found.take_serde(&meta, on, errors))
            } else {
                continue;
            };
            if let Err(error) = parsed {
                errors.at(attribute, error);
            }
        }
        found
    }

    /// Takes an entry of the derive's own attribute.
    fn take_own(&mut self, meta: &ParseNestedMeta<'_>, on: On, errors: &mut Errors) -> syn::Result<()> {
        let key = key(meta);
        let message = match (on, key.as_str()) {
            (On::Field, "fn") => {
                self.function = Some(meta.value()?.parse()?);
                return Ok(());
            }
            (On::Struct, "crate") => {
                self.krate = Some(meta.value()?.parse()?);
                return Ok(());
            }
            (On::Field, key) if self.marks.take(key, meta)? => return Ok(()),
            (On::Field, _) => M::EXPECTED.to_owned(),
            (On::Struct, key) if key == "fn" || M::ENTRIES.contains(&key) => {
                "this is said of a field, not of the struct".to_owned()
            }
            (On::Struct, _) => format!("a struct takes #[{}(crate = path)]", M::ATTRIBUTE),
        };
        errors.at(with_value(meta)?, message);
        Ok(())
    }

    /// Takes an entry of serde's attribute.
    fn take_serde(&mut self, meta: &ParseNestedMeta<'_>, on: On, errors: &mut Errors) -> syn::Result<()> {
        let has_value = meta.input.peek(Token![=]);
        match (on, key(meta).as_str()) {
            (_, "default") if has_value => {
                let path: LitStr = meta.value()?.parse()?;
                self.default = Some(DefaultValue::By(path.parse()?));
            }
            (_, "default") => self.default = Some(DefaultValue::OfType),
            (On::Field, "rename") if has_value => self.rename = Some(meta.value()?.parse()?),
            (On::Struct, "rename_all") if has_value => self.rename_all = Some(meta.value()?.parse()?),
            (On::Field, "skip") => self.is_skipped = true,
            // Only the impls that serde itself derives use these entries.
            (On::Struct, "rename" | "bound" | "crate" | "expecting") | (On::Field, "bound") => {
                with_value(meta)?;
            }
            (On::Field, key) if M::IGNORED.contains(&key) => {
                with_value(meta)?;
            }
            (_, key) => errors.at(with_value(meta)?, M::refusal(key)),
        }
        Ok(())
    }
}

fn key(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

/// Returns the tokens of an entry, including its value.
fn with_value(meta: &ParseNestedMeta<'_>) -> syn::Result<TokenStream> {
    let path = &meta.path;
    if meta.input.peek(Token![=]) {
        let value: syn::Expr = meta.value()?.parse()?;
        return Ok(quote!(#path = #value));
    }
    if meta.input.peek(syn::token::Paren) {
        let group: proc_macro2::Group = meta.input.parse()?;
        return Ok(quote!(#path #group));
    }
    Ok(path.to_token_stream())
}
