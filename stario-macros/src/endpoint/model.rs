//! What it means: the route, its parameters and their sources of values.

use proc_macro2::Span;
use syn::{Attribute, Ident, LitStr};

use super::parse::Parsed;
use crate::function::Function;
use crate::parameter::Parameter;

/// Which attribute was used; decides the HTTP method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Query,
    Command,
    DetachedCommand,
}

impl Kind {
    pub(super) fn method(self) -> &'static str {
        match self {
            Kind::Query => "GET",
            Kind::Command | Kind::DetachedCommand => "POST",
        }
    }

    /// The variant of the runtime's `Kind`.
    pub(super) fn variant(self) -> Ident {
        let name = match self {
            Kind::Query => "Query",
            Kind::Command => "Command",
            Kind::DetachedCommand => "DetachedCommand",
        };
        Ident::new(name, Span::call_site())
    }
}

pub(super) struct Endpoint {
    pub(super) kind: Kind,
    pub(super) path: LitStr,
    pub(super) pattern: Pattern,
    pub(super) parameters: Vec<Parameter>,
    /// Attributes that would make the function a second handler.
    pub(super) other_methods: Vec<Attribute>,
    /// The function with the parameter attributes that only stario understands taken off.
    pub(super) function: Function,
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
        let is_handler = |attribute: &mut Attribute| {
            let last = attribute.path().segments.last();
            last.is_some_and(|last| {
                ["query", "command", "detached_command"].iter().any(|name| last.ident == name)
            })
        };
        let other_methods = function.attributes.extract_if(.., is_handler).collect();
        let parameters = Parameter::all(&mut function.signature);
        Self { kind, pattern: Pattern::new(&path.value()), path, parameters, other_methods, function }
    }

    /// The parameter that fills `{capture}`.
    pub(super) fn parameter(&self, capture: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.is_named(capture))
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
