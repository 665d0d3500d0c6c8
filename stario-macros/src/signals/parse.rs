//! What was written: the struct, and its attributes of `signals` and `serde`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Generics, Ident, LitStr, Path, Token, Visibility};

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
    pub(super) is_local: Option<TokenStream>,
    pub(super) is_nested: Option<TokenStream>,
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
                let message = "a signal has a name: `Signals` is derived for a struct with named fields";
                misfit = Some((unnamed.to_token_stream(), message));
                Vec::new()
            }
            Fields::Unit => {
                let message =
                    "a struct without fields has no signals: `Signals` is derived for one with named fields";
                misfit = Some((input.ident.to_token_stream(), message));
                Vec::new()
            }
        },
        Data::Enum(data) => {
            let message = "an enum is the value of one signal, which serde writes and reads: `Signals` is derived for the struct whose field it is";
            misfit = Some((data.enum_token.to_token_stream(), message));
            Vec::new()
        }
        Data::Union(data) => {
            let message = "a union does not say which of its fields it holds: `Signals` is derived for a struct with named fields";
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
            let parsed = if attribute.path().is_ident("signals") {
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
            (On::Field, "local") => self.is_local = Some(path),
            (On::Field, "nested") => self.is_nested = Some(path),
            (On::Field, "fn") => self.function = Some(meta.value()?.parse()?),
            (On::Struct, "crate") => self.krate = Some(meta.value()?.parse()?),
            (On::Field, _) => {
                let tokens = with_value(meta)?;
                let message =
                    "a field takes #[signals(local)], #[signals(nested)] and #[signals(fn = \"..\")]";
                self.problems.push((tokens, message.to_owned()));
            }
            (On::Struct, "local" | "nested" | "fn") => {
                let tokens = with_value(meta)?;
                self.problems.push((tokens, "this is said of a field, not of the struct".to_owned()));
            }
            (On::Struct, _) => {
                let tokens = with_value(meta)?;
                self.problems.push((tokens, "a struct takes #[signals(crate = path)]".to_owned()));
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
            (On::Struct, "rename" | "bound" | "crate" | "expecting") | (On::Field, "bound") => {
                with_value(meta)?;
            }
            (_, key) => {
                let message = refusal(key);
                let tokens = with_value(meta)?;
                self.problems.push((tokens, message));
            }
        }
        Ok(())
    }
}

/// Why an attribute of serde has no meaning for signals.
fn refusal(key: &str) -> String {
    match key {
        "flatten" => "signals are not flattened: mark the field #[signals(nested)], and its signals are called `field.name`".to_owned(),
        "with" | "serialize_with" | "deserialize_with" => format!(
            "a signal is written and read by its type alone: give the field a type of its own, whose serde does what `{key}` did"
        ),
        "skip_serializing" | "skip_deserializing" | "skip_serializing_if" => format!(
            "a signal is both written and read: `{key}` would do half of it; `skip` leaves the field out, #[signals(local)] keeps it in the page"
        ),
        "alias" => "a signal has one name in the page: change it with `rename = \"..\"`".to_owned(),
        "rename" | "rename_all" => {
            format!("a signal has one name in the page, written and read: write `{key} = \"..\"`")
        }
        "deny_unknown_fields" => {
            "a page may have signals of others, which are skipped: take `deny_unknown_fields` off".to_owned()
        }
        "tag" | "content" | "untagged" | "transparent" | "from" | "try_from" | "into" | "remote" => format!(
            "`{key}` makes another value of a struct: a page's signals are its fields, one by one"
        ),
        _ => format!("`{key}` has no meaning for signals: of serde, `rename`, `rename_all`, `default` and `skip` have one"),
    }
}

pub(crate) fn key(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

/// The tokens of an entry, its value included.
pub(crate) fn with_value(meta: &ParseNestedMeta<'_>) -> syn::Result<TokenStream> {
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

/// The name that a field has, and who sees it.
pub(super) fn named(field: &Field) -> Option<(&Ident, &Visibility)> {
    Some((field.ident.as_ref()?, &field.vis))
}
