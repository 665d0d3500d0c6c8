//! What it means: the route, its parameters and their sources of values.

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, FnArg, Ident, LitStr, Pat, Type};

use super::parse::{Function, Parsed};

/// Which attribute was used; decides the HTTP method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Query,
    Command,
}

impl Kind {
    pub(super) fn method(self) -> &'static str {
        match self {
            Kind::Query => "GET",
            Kind::Command => "POST",
        }
    }

    /// The variant of the runtime's `Kind`.
    pub(super) fn variant(self) -> Ident {
        let name = match self {
            Kind::Query => "Query",
            Kind::Command => "Command",
        };
        Ident::new(name, Span::call_site())
    }
}

pub(super) struct Endpoint {
    pub(super) kind: Kind,
    pub(super) path: LitStr,
    pub(super) pattern: Pattern,
    pub(super) parameters: Vec<Parameter>,
    /// The function with the parameter attributes that only stario understands taken off.
    pub(super) function: Function,
}

pub(crate) struct Parameter {
    /// `None` when the pattern names nothing, as in `_: State<Config>`.
    pub(crate) name: Option<Ident>,
    pub(crate) ty: Box<Type>,
    /// The expression in `#[default(..)]`.
    pub(crate) default: Option<TokenStream>,
    /// The text in `#[name("..")]`.
    pub(crate) renamed: Option<LitStr>,
    /// Problems found while reading the parameter, reported by `check`.
    pub(crate) problems: Vec<(TokenStream, String)>,
}

/// A path template, split at its slashes.
pub(super) struct Pattern {
    pub(super) segments: Vec<Segment>,
}

pub(super) enum Segment {
    Literal(String),
    /// `{name}`: one whole segment.
    Capture(String),
}

impl Endpoint {
    pub(super) fn new(kind: Kind, parsed: Parsed) -> Self {
        let Parsed { path, mut function } = parsed;
        let parameters = function
            .signature
            .inputs
            .iter_mut()
            .filter_map(|input| match input {
                FnArg::Typed(typed) => Some(Parameter::new(typed)),
                // `check` reports `self`.
                FnArg::Receiver(_) => None,
            })
            .collect();
        Self { kind, pattern: Pattern::new(&path.value()), path, parameters, function }
    }

    /// The parameter that fills `{capture}`.
    pub(super) fn parameter(&self, capture: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.is_named(capture))
    }
}

impl Parameter {
    pub(crate) fn new(typed: &mut syn::PatType) -> Self {
        let (mut default, mut renamed) = (None, None);
        let mut problems = Vec::new();
        typed.attrs.retain(|attribute| {
            let is_ours = if attribute.path().is_ident("default") {
                match argument(attribute) {
                    Some(value) => default = Some(value),
                    None => {
                        problems.push(problem(attribute, "write the default in parentheses: #[default(1)]"));
                    }
                }
                true
            } else if attribute.path().is_ident("name") {
                match argument(attribute).and_then(|name| syn::parse2(name).ok()) {
                    Some(name) => renamed = Some(name),
                    None => problems
                        .push(problem(attribute, "write the name in quotes: #[name(\"x-request-id\")]")),
                }
                true
            } else {
                false
            };
            !is_ours
        });
        let name = binding(&typed.pat);
        if name.as_ref().is_some_and(|name| name.to_string().contains("__")) {
            // `user__age` is how a nested signal is named.
            typed.attrs.push(syn::parse_quote!(#[allow(non_snake_case)]));
        }
        Self { name, ty: typed.ty.clone(), default, renamed, problems }
    }

    /// Whether its value is looked for under this name.
    pub(super) fn is_named(&self, name: &str) -> bool {
        match &self.renamed {
            Some(renamed) => renamed.value() == name,
            None => self.name.as_ref().is_some_and(|ident| unraw(ident) == name),
        }
    }

    /// The parameter's own name; empty when its pattern binds none.
    pub(super) fn own_name(&self) -> String {
        self.name.as_ref().map(unraw).unwrap_or_default()
    }
}

/// An identifier's text, `r#type` as `type`.
pub(super) fn unraw(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or_else(|| text.clone(), str::to_owned)
}

/// What stands in the parentheses of an attribute.
fn argument(attribute: &Attribute) -> Option<TokenStream> {
    match &attribute.meta {
        syn::Meta::List(list) if !list.tokens.is_empty() => Some(list.tokens.clone()),
        _ => None,
    }
}

fn problem(attribute: &Attribute, message: &str) -> (TokenStream, String) {
    (quote::ToTokens::to_token_stream(attribute), message.to_owned())
}

/// The single name a parameter pattern binds: `id`, `mut id`, `PathParam(id)`.
fn binding(pattern: &Pat) -> Option<Ident> {
    match pattern {
        Pat::Ident(ident) => Some(ident.ident.clone()),
        Pat::TupleStruct(tuple) if tuple.elems.len() == 1 => binding(&tuple.elems[0]),
        Pat::Paren(inner) => binding(&inner.pat),
        _ => None,
    }
}

impl Pattern {
    /// Splits any text; whether it is a valid template is for `check` to say.
    fn new(template: &str) -> Self {
        let path = template.strip_prefix('/').unwrap_or(template);
        let segments = path
            .split('/')
            .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => Segment::Capture(name.to_owned()),
                None => Segment::Literal(segment.to_owned()),
            })
            .collect();
        Self { segments }
    }

    pub(super) fn captures(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Capture(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }
}
