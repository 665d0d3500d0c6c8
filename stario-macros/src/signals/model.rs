//! What it means: each field is a signal, with a name in the page and a function that refers to it.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Generics, Ident, Path, Type, Visibility};

use super::parse::{Default, Item, Options, named};
use crate::parameter::unraw;

pub(super) struct Signals {
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
    /// The signal's name in the page.
    pub(super) name: String,
    /// What the name was made of, for errors.
    pub(super) named_at: TokenStream,
    pub(super) kind: Kind,
    pub(super) default: Option<Default>,
    /// Whether it has other attributes of `signals`.
    pub(super) marks: Option<TokenStream>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Leaf {
        is_local: bool,
    },
    Nested {
        is_local: bool,
    },
    /// No signal at all.
    Skipped,
}

impl Kind {
    pub(super) fn is_local(self) -> bool {
        matches!(self, Kind::Leaf { is_local: true } | Kind::Nested { is_local: true })
    }

    /// Whether the page sends it.
    pub(super) fn is_sent(self) -> bool {
        matches!(self, Kind::Leaf { is_local: false } | Kind::Nested { is_local: false })
    }
}

impl Signals {
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
        let is_local = options.is_local.is_some();
        let kind = match (&options.skip, &options.is_nested) {
            (Some(_), _) => Kind::Skipped,
            (None, Some(_)) => Kind::Nested { is_local },
            (None, None) => Kind::Leaf { is_local },
        };
        let own = unraw(&ident);
        let (plain, named_at) = match &options.rename {
            Some(rename) => (rename.value(), rename.to_token_stream()),
            None => (rule.map_or_else(|| own.clone(), |rule| rule.apply(&own)), ident.to_token_stream()),
        };
        let name = if is_local && !plain.starts_with('_') { format!("_{plain}") } else { plain };
        let function = match &options.function {
            Some(function) => function.parse().unwrap_or_else(|_| {
                let problem = format!("{:?} is no name of a function", function.value());
                problems.push((function.to_token_stream(), problem));
                ident.clone()
            }),
            None => ident.clone(),
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
            marks: options
                .is_local
                .or(options.is_nested)
                .or(options.function.map(ToTokens::into_token_stream)),
        })
    }
}

/// A rule of serde by which all fields are renamed.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    Same,
    Upper,
    Pascal,
    Camel,
}

impl Rule {
    pub(crate) fn of(name: &str) -> Result<Self, String> {
        match name {
            "lowercase" | "snake_case" => Ok(Self::Same),
            "UPPERCASE" | "SCREAMING_SNAKE_CASE" => Ok(Self::Upper),
            "PascalCase" => Ok(Self::Pascal),
            "camelCase" => Ok(Self::Camel),
            "kebab-case" | "SCREAMING-KEBAB-CASE" => {
                Err("a `-` in the name of a signal is a minus in an expression: use \"camelCase\" or \"snake_case\"".to_owned())
            }
            _ => Err(format!("{name:?} is no rule of serde: \"camelCase\", \"snake_case\" and \"PascalCase\" are")),
        }
    }

    pub(crate) fn apply(self, name: &str) -> String {
        let capitalized = || {
            let mut out = String::new();
            let mut is_first = true;
            for c in name.chars() {
                match c {
                    '_' => is_first = true,
                    c if is_first => {
                        out.push(c.to_ascii_uppercase());
                        is_first = false;
                    }
                    c => out.push(c),
                }
            }
            out
        };
        match self {
            Self::Same => name.to_owned(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Pascal => capitalized(),
            Self::Camel => {
                let pascal = capitalized();
                pascal.get(..1).map_or(String::new(), |first| first.to_ascii_lowercase() + &pascal[1..])
            }
        }
    }
}
