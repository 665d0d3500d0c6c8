//! What it means: each field of the struct is one of the form, with a name there and a function that refers to it.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Expr, Generics, Ident, LitStr, Path, Type, Visibility};

use super::parse::{Default, Item, Options, named};
use crate::parameter::unraw;
use crate::signals::Rule;

pub(super) struct Form {
    pub(super) name: Ident,
    pub(super) visibility: Visibility,
    pub(super) generics: Generics,
    /// The crate that the expansion calls, where it is not that of the app.
    pub(super) krate: Option<Path>,
    /// What gives the fields that were not sent.
    pub(super) default: Option<Default>,
    pub(super) fields: Vec<Field>,
    pub(super) misfit: Option<(TokenStream, &'static str)>,
    pub(super) problems: Vec<(TokenStream, String)>,
}

pub(super) struct Field {
    pub(super) ident: Ident,
    pub(super) visibility: Visibility,
    pub(super) docs: Vec<Attribute>,
    pub(super) ty: Type,
    pub(super) function: Ident,
    /// The field's name in the form.
    pub(super) name: String,
    /// What the name was made of, for errors.
    pub(super) named_at: TokenStream,
    pub(super) kind: Kind,
    pub(super) default: Option<Default>,
    /// Its attributes of `form` that say what it is, in the order of their meaning.
    pub(super) marks: Vec<(&'static str, TokenStream)>,
}

pub(super) enum Kind {
    Text {
        is_secret: bool,
    },
    File {
        max_size: Option<Expr>,
        accept: Option<LitStr>,
    },
    Nested,
    /// Not in the form.
    Skipped,
}

impl Form {
    pub(super) fn new(item: Item) -> Self {
        let Options { krate, rename_all, default, mut problems, .. } = item.options;
        let rule = rename_all.as_ref().and_then(|rule| match Rule::of(&rule.value()) {
            Ok(rule) => Some(rule),
            Err(problem) => {
                problems.push((rule.to_token_stream(), problem));
                None
            }
        });
        let mut fields = Vec::new();
        for (field, mut options) in item.fields {
            problems.append(&mut options.problems);
            fields.extend(Field::new(field, options, rule, &mut problems));
        }
        Self {
            name: item.name,
            visibility: item.visibility,
            generics: item.generics,
            krate,
            default,
            fields,
            misfit: item.misfit,
            problems,
        }
    }

    /// The fields that are in the form.
    pub(super) fn sent(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !matches!(field.kind, Kind::Skipped))
    }
}

impl Field {
    fn new(
        field: syn::Field,
        options: Options,
        rule: Option<Rule>,
        problems: &mut Vec<(TokenStream, String)>,
    ) -> Option<Self> {
        let (ident, visibility) =
            named(&field).map(|(ident, visibility)| (ident.clone(), visibility.clone()))?;
        let own = unraw(&ident);
        let (name, named_at) = match &options.rename {
            Some(rename) => (rename.value(), rename.to_token_stream()),
            None => (rule.map_or_else(|| own.clone(), |rule| rule.apply(&own)), ident.to_token_stream()),
        };
        let function = match &options.function {
            Some(function) => function.parse().unwrap_or_else(|_| {
                let problem = format!("{:?} is no name of a function", function.value());
                problems.push((function.to_token_stream(), problem));
                ident.clone()
            }),
            None => ident.clone(),
        };
        let mark = |name, mark: &Option<TokenStream>| mark.clone().map(|mark| (name, mark));
        let marks = [
            mark("file", &options.file),
            options.max_size.as_ref().map(|(mark, _)| ("max_size", mark.clone())),
            options.accept.as_ref().map(|(mark, _)| ("accept", mark.clone())),
            mark("nested", &options.nested),
            mark("secret", &options.secret),
        ];
        let kind = if options.skip.is_some() {
            Kind::Skipped
        } else if options.file.is_some() {
            let max_size = options.max_size.map(|(_, max_size)| max_size);
            Kind::File { max_size, accept: options.accept.map(|(_, accept)| accept) }
        } else if options.nested.is_some() {
            Kind::Nested
        } else {
            Kind::Text { is_secret: options.secret.is_some() }
        };
        Some(Self {
            ident,
            visibility,
            docs: field.attrs.into_iter().filter(|attribute| attribute.path().is_ident("doc")).collect(),
            ty: field.ty,
            function,
            name,
            named_at,
            kind,
            default: options.default,
            marks: marks.into_iter().flatten().collect(),
        })
    }
}
