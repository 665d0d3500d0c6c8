//! The meaning of a handler: its route, its options and its parameters.

use proc_macro2::{Ident, Span};
use syn::{Attribute, LitStr};

use super::kind::Kind;
use super::parse::{Arguments, Options, Parsed};
use crate::function::Function;
use crate::parameter::Parameter;

pub(super) struct Endpoint {
    pub(super) kind: Kind,
    pub(super) path: LitStr,
    pub(super) pattern: Pattern,
    pub(super) method: String,
    /// The headers that a request must have: names in lower case and values, in the order of the names.
    pub(super) headers: Vec<(String, String)>,
    pub(super) options: Options,
    /// The error of an attribute that could not be read.
    pub(super) problem: Option<syn::Error>,
    /// Whether the handler has an error. Then its links take any value.
    pub(super) is_broken: bool,
    /// Whether the app chooses the path and the method. Then they are empty here.
    pub(super) is_explicit: bool,
    pub(super) parameters: Vec<Parameter>,
    /// Attributes that would make the function a second handler.
    pub(super) other_methods: Vec<Attribute>,
    /// The function without the attributes that only stario understands.
    pub(super) function: Function,
}

/// Returns the milliseconds of a duration such as `10s`; `None` if the text is not a duration, or more than a year.
pub(super) fn milliseconds(duration: &str) -> Option<u64> {
    const YEAR: u64 = 365 * 24 * 3600 * 1000;
    let unit = duration.find(|character: char| !character.is_ascii_digit())?;
    let (count, unit) = duration.split_at(unit);
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60 * 1000,
        "h" => 3600 * 1000,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(unit).filter(|count| (1..=YEAR).contains(count))
}

/// A path template, split at its slashes.
pub(super) struct Pattern {
    pub(super) segments: Vec<Segment>,
}

pub(super) enum Segment {
    Literal(String),
    /// `{name}`: one whole segment.
    Capture(String),
    /// `{name...}`: all remaining segments.
    Rest(String),
}

impl Endpoint {
    pub(super) fn new(kind: Kind, parsed: Parsed) -> Self {
        let Parsed { arguments: Arguments { path, options, problem }, function } = parsed;
        let method =
            options.method.as_ref().map_or_else(|| kind.method().to_owned(), |method| method.name.clone());
        let pairs = options.headers.iter().flatten();
        let mut headers: Vec<(String, String)> =
            pairs.map(|(name, value)| (name.value().to_ascii_lowercase(), value.value())).collect();
        headers.sort();
        let endpoint = Self {
            method,
            headers,
            options,
            problem,
            is_explicit: false,
            ..Self::without_path(kind, function)
        };
        match path {
            Some(path) => Self { pattern: Pattern::new(&path.value()), path, ..endpoint },
            None => endpoint,
        }
    }

    /// Makes the endpoint of a handler whose path and method the app chooses.
    pub(super) fn without_path(kind: Kind, mut function: Function) -> Self {
        let is_handler = |attribute: &mut Attribute| {
            let last = attribute.path().segments.last();
            last.is_some_and(|last| {
                ["query", "command", "detached_command", "handler"].iter().any(|name| last.ident == name)
            })
        };
        let other_methods = function.attributes.extract_if(.., is_handler).collect();
        let parameters = Parameter::all(&mut function.signature);
        Self {
            kind,
            path: LitStr::new("", Span::call_site()),
            pattern: Pattern { segments: Vec::new() },
            method: String::new(),
            headers: Vec::new(),
            options: Options::default(),
            problem: None,
            is_broken: false,
            is_explicit: true,
            parameters,
            other_methods,
            function,
        }
    }

    /// Whether the path is in the attribute.
    pub(super) fn has_path(&self) -> bool {
        !self.pattern.segments.is_empty()
    }

    /// Guesses what the links of a handler with an error would take without it: a value for each capture of the path
    /// or, if there are more of them, for each parameter that is written as `PathParam`.
    pub(super) fn recover(&mut self) {
        self.is_broken = true;
        let path_parameters: Vec<_> =
            self.parameters.iter().filter(|parameter| parameter.written().is("PathParam")).collect();
        if path_parameters.len() > self.pattern.captures().count() {
            let capture = |parameter: &&Parameter| Segment::Capture(parameter.own_name());
            self.pattern = Pattern { segments: path_parameters.iter().map(capture).collect() };
        }
    }

    /// Whether a request of this method has a body. Browsers send none with GET.
    pub(super) fn has_body(&self) -> bool {
        self.method != "GET"
    }

    /// Whether its work is stored before it is answered.
    pub(super) fn is_durable(&self) -> bool {
        self.options.durable.name.is_some()
    }

    /// The variant of the runtime's `HandlerKind`.
    pub(super) fn variant(&self) -> Ident {
        if self.is_durable() { Ident::new("DurableCommand", Span::call_site()) } else { self.kind.variant() }
    }

    /// Whether the handler's pages have an entity tag.
    pub(super) fn has_etag(&self) -> bool {
        self.options.etag.as_ref().is_some_and(|etag| etag.value)
    }

    /// Whether the attribute has options for caches.
    pub(super) fn is_cached(&self) -> bool {
        self.has_etag() || self.options.cache.is_some()
    }

    /// Whether Datastar sends signals in the query with this method, so that another parameter may read the body.
    pub(super) fn has_signals_in_query(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "DELETE")
    }

    /// Returns the position of the parameter that has this name in the function.
    pub(super) fn own_parameter(&self, name: &str) -> Option<usize> {
        self.parameters.iter().position(|parameter| parameter.own_name() == name)
    }

    /// Returns the parameter that reads `{capture}`.
    pub(super) fn parameter(&self, capture: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.is_named(capture))
    }
}

impl Pattern {
    /// Splits any text. `check` refuses a text that is not a valid template.
    fn new(template: &str) -> Self {
        let path = template.strip_prefix('/').unwrap_or(template);
        let segments = path
            .split('/')
            .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => match name.strip_suffix("...") {
                    Some(name) => Segment::Rest(name.to_owned()),
                    None => Segment::Capture(name.to_owned()),
                },
                None => Segment::Literal(segment.to_owned()),
            })
            .collect();
        Self { segments }
    }

    /// Whether the capture is written `{name...}`.
    pub(super) fn is_rest(&self, name: &str) -> bool {
        self.segments.iter().any(|segment| matches!(segment, Segment::Rest(rest) if rest == name))
    }

    /// Returns the capture as it is written.
    pub(super) fn shown(&self, name: &str) -> String {
        if self.is_rest(name) { format!("{{{name}...}}") } else { format!("{{{name}}}") }
    }

    /// Returns the names of captures that stand for one segment.
    pub(super) fn segment_names(&self) -> impl Iterator<Item = &str> {
        self.captures().filter(|name| !self.is_rest(name))
    }

    pub(super) fn captures(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Capture(name) | Segment::Rest(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        let check = |text, expected| assert_eq!(milliseconds(text), expected, "{text}");
        check("1ms", Some(1));
        check("10s", Some(10_000));
        check("2m", Some(120_000));
        check("8760h", Some(365 * 24 * 3600 * 1000));
        for bad in [
            "",
            "10",
            "s",
            "0s",
            "8761h",
            "1d",
            "1.5s",
            "-1s",
            " 1s",
            "1 s",
            "1S",
            "1s ",
            "1s1",
            "99999999999999999999h",
        ] {
            check(bad, None);
        }
    }
}
