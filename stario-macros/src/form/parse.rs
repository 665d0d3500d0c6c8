//! What was written: the struct, and its attributes of `form` and `serde`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{
    Attribute, Data, DeriveInput, Expr, Field, Fields, Generics, Ident, LitStr, Path, Token, Visibility,
};

use crate::signals::{key, with_value};

/// A struct as it was written.
pub(super) struct Item {
    pub(super) name: Ident,
    pub(super) visibility: Visibility,
    pub(super) generics: Generics,
    pub(super) options: Options,
    pub(super) fields: Vec<(Field, Options)>,
    /// What is no struct with named fields, and what to say of it.
    pub(super) misfit: Option<(TokenStream, &'static str)>,
}

/// The attributes of a struct or of a field.
#[derive(Default)]
pub(super) struct Options {
    pub(super) nested: Option<TokenStream>,
    pub(super) secret: Option<TokenStream>,
    pub(super) file: Option<TokenStream>,
    pub(super) max_size: Option<(TokenStream, Expr)>,
    pub(super) accept: Option<(TokenStream, LitStr)>,
    pub(super) function: Option<LitStr>,
    pub(super) krate: Option<Path>,
    pub(super) rename: Option<LitStr>,
    pub(super) rename_all: Option<LitStr>,
    pub(super) default: Option<Default>,
    pub(super) skip: Option<TokenStream>,
    /// What does not fit, each at its tokens.
    pub(super) problems: Vec<(TokenStream, String)>,
}

/// What a value is that was not sent.
pub(super) enum Default {
    /// That of its type.
    OfType,
    /// What a function returns.
    By(Path),
}

pub(super) fn parse(item: TokenStream) -> syn::Result<Item> {
    let input: DeriveInput = syn::parse2(item)?;
    let mut misfit = None;
    let fields = match input.data {
        Data::Struct(data) => match data.fields {
            Fields::Named(named) => named.named.into_iter().collect(),
            Fields::Unnamed(unnamed) => {
                let message =
                    "a field of a form has a name: `Form` is derived for a struct with named fields";
                misfit = Some((unnamed.to_token_stream(), message));
                Vec::new()
            }
            Fields::Unit => {
                let message =
                    "a struct without fields is no form: `Form` is derived for one with named fields";
                misfit = Some((input.ident.to_token_stream(), message));
                Vec::new()
            }
        },
        Data::Enum(data) => {
            let message = "an enum is the value of one field, which serde reads: `Form` is derived for the struct whose field it is";
            misfit = Some((data.enum_token.to_token_stream(), message));
            Vec::new()
        }
        Data::Union(data) => {
            let message = "a union does not say which of its fields it holds: `Form` is derived for a struct with named fields";
            misfit = Some((data.union_token.to_token_stream(), message));
            Vec::new()
        }
    };
    let options = Options::new(&input.attrs, On::Struct);
    let fields = fields.into_iter().map(|field| {
        let options = Options::new(&field.attrs, On::Field);
        (field, options)
    });
    Ok(Item {
        name: input.ident,
        visibility: input.vis,
        generics: input.generics,
        options,
        fields: fields.collect(),
        misfit,
    })
}

/// What an attribute stands on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    Struct,
    Field,
}

impl Options {
    fn new(attributes: &[Attribute], on: On) -> Self {
        let mut options = Self::default();
        for attribute in attributes {
            let parsed = if attribute.path().is_ident("form") {
                attribute.parse_nested_meta(|meta| options.own(&meta, on))
            } else if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| options.of_serde(&meta, on))
            } else {
                continue;
            };
            if let Err(error) = parsed {
                options.problems.push((attribute.to_token_stream(), error.to_string()));
            }
        }
        options
    }

    fn own(&mut self, meta: &ParseNestedMeta<'_>, on: On) -> syn::Result<()> {
        let path = meta.path.to_token_stream();
        match (on, key(meta).as_str()) {
            (On::Field, "nested") => self.nested = Some(path),
            (On::Field, "secret") => self.secret = Some(path),
            (On::Field, "file") => self.file = Some(path),
            (On::Field, "max_size") => self.max_size = Some((path, meta.value()?.parse()?)),
            (On::Field, "accept") => self.accept = Some((path, meta.value()?.parse()?)),
            (On::Field, "fn") => self.function = Some(meta.value()?.parse()?),
            (On::Struct, "crate") => self.krate = Some(meta.value()?.parse()?),
            (On::Field, _) => {
                let message = "a field takes #[form(nested)], #[form(secret)], #[form(file, max_size = .., accept = \"..\")] and \
                               #[form(fn = \"..\")]";
                self.problems.push((with_value(meta)?, message.to_owned()));
            }
            (On::Struct, "nested" | "secret" | "file" | "max_size" | "accept" | "fn") => {
                self.problems
                    .push((with_value(meta)?, "this is said of a field, not of the struct".to_owned()));
            }
            (On::Struct, _) => {
                self.problems.push((with_value(meta)?, "a struct takes #[form(crate = path)]".to_owned()));
            }
        }
        Ok(())
    }

    fn of_serde(&mut self, meta: &ParseNestedMeta<'_>, on: On) -> syn::Result<()> {
        let has_value = meta.input.peek(Token![=]);
        match (on, key(meta).as_str()) {
            (_, "default") if has_value => {
                let path: LitStr = meta.value()?.parse()?;
                self.default = Some(Default::By(path.parse()?));
            }
            (_, "default") => self.default = Some(Default::OfType),
            (On::Field, "rename") if has_value => self.rename = Some(meta.value()?.parse()?),
            (On::Struct, "rename_all") if has_value => self.rename_all = Some(meta.value()?.parse()?),
            (On::Field, "skip") => self.skip = Some(meta.path.to_token_stream()),
            // Of these, only the implementations that serde itself derives know.
            (On::Struct, "rename" | "bound" | "crate" | "expecting")
            | (On::Field, "bound" | "skip_serializing" | "skip_serializing_if" | "serialize_with") => {
                with_value(meta)?;
            }
            (_, key) => {
                let message = refusal(key);
                self.problems.push((with_value(meta)?, message));
            }
        }
        Ok(())
    }
}

/// Why an attribute of serde has no meaning for a form.
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

/// The name that a field has, and who sees it.
pub(super) fn named(field: &Field) -> Option<(&Ident, &Visibility)> {
    Some((field.ident.as_ref()?, &field.vis))
}
