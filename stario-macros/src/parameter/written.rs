//! How the type of a parameter is written. Only rustc knows what a type is. The names of stario's own types serve for
//! errors, and to leave code out of an expansion.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{GenericArgument, GenericParam, Generics, Ident, PathArguments, PathSegment, Type};

/// A parameter's type, to ask how it is written.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(super) ty: &'a Type,
    /// The name of the type without its path and its generics; empty if it has none.
    pub(super) name: &'a str,
}

impl Written<'_> {
    /// Whether the type has this name: `PathParam<u32>` and `stario::PathParam<u32>` have the name `PathParam`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Whether the type is written like a source of stario that reads `T` by serde, or like `State<T>`. Then the
    /// expansion treats it as one, so that rustc says which bound of `T` is missing.
    pub(crate) fn is_generic_source(&self) -> bool {
        GENERIC_SOURCES.contains(&self.name)
            && last_segment(self.ty)
                .is_some_and(|segment| matches!(segment.arguments, PathArguments::AngleBracketed(_)))
    }

    /// Whether the type is written like a source of stario that holds a value of the request, and nothing else.
    pub(crate) fn is_wrapper(&self) -> bool {
        self.is_generic_source() && !self.is("State") || self.is("Headers") || self.is("RawBody")
    }

    /// Whether a durable command may store the value, as far as the name of its type shows.
    pub(crate) fn may_be_stored(&self) -> bool {
        !self.is_one_of(&NOT_STORED)
    }

    /// Whether the type is written like a source of stario that reads signals.
    pub(crate) fn reads_signals(&self) -> bool {
        self.is_generic_source() && (self.is("Signal") || self.is("Signals"))
    }

    /// Whether the source may be unable to read its `T`, as far as the name of `T` shows.
    pub(crate) fn may_be_unreadable(&self) -> bool {
        self.may_be_list() && !self.is("State")
    }

    /// Whether the type may read the query by the parameter's name, or write the response, as far as its name shows. A
    /// reference and the other sources of stario do neither.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_borrowed() && !self.is_one_of(&PATH) && !self.is_one_of(&HEAD) && !self.is_one_of(&BODY)
    }

    /// Whether the type reads the query and is never required there, as far as its name shows: `QueryParam<Option<T>>` or
    /// `QueryParams<T>`.
    pub(crate) fn is_optional_in_query(&self) -> bool {
        self.is("QueryParams") || self.is("QueryParam") && is_option(self.ty)
    }

    /// Whether the type may read a capture of the path, as far as its name shows.
    pub(crate) fn may_read_path(&self) -> bool {
        !self.is_borrowed() && !self.is_one_of(&QUERY) && !self.is_one_of(&HEAD) && !self.is_one_of(&BODY)
    }

    /// Whether the type may read the body or write the response, as far as its name shows.
    pub(crate) fn may_read_body(&self) -> bool {
        !self.is_borrowed() && !self.is_one_of(&PATH) && !self.is_one_of(&QUERY) && !self.is_one_of(&HEAD)
    }

    /// Whether the `T` of the source may be a list, as far as its name shows.
    pub(crate) fn may_be_list(&self) -> bool {
        let value = last_segment(self.ty).and_then(first_argument).and_then(last_segment);
        !value.is_some_and(|value| SINGLE.contains(&&*value.ident.to_string()))
    }

    /// Whether the parameter is a dependency by reference.
    fn is_borrowed(&self) -> bool {
        matches!(self.ty, Type::Reference(_))
    }

    /// Whether the type has one of these names.
    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.name)
    }
}

/// Sources of stario whose `T` decides whether they can be read.
const GENERIC_SOURCES: [&str; 15] = [
    "Cookie",
    "EncryptedCookie",
    "FormBody",
    "FormField",
    "Header",
    "JsonBody",
    "JsonOrForm",
    "PathParam",
    "Query",
    "QueryParam",
    "QueryParams",
    "Signal",
    "SignedCookie",
    "Signals",
    "State",
];

/// The source of stario that reads the path.
const PATH: [&str; 1] = ["PathParam"];

/// Sources of stario that read the query.
const QUERY: [&str; 3] = ["Query", "QueryParam", "QueryParams"];

/// Other sources of stario that never read the body.
const HEAD: [&str; 11] = [
    "AppHandle",
    "ClientAddress",
    "Cookie",
    "EncryptedCookie",
    "Header",
    "Headers",
    "Logger",
    "MatchedPath",
    "RequestId",
    "SignedCookie",
    "State",
];

/// Sources of stario that may read the body.
const BODY: [&str; 11] = [
    "BodyStream",
    "FileSignal",
    "FormBody",
    "FormField",
    "JsonBody",
    "JsonOrForm",
    "Multipart",
    "RawBody",
    "Signal",
    "Signals",
    "UploadedFile",
];

/// Sources of stario that each run of a durable command resolves anew.
const NOT_STORED: [&str; 6] = ["AppHandle", "Attempt", "IdempotencyKey", "Logger", "RequestId", "State"];

/// Types that hold a single value.
const SINGLE: [&str; 15] = [
    "String", "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64",
    "u128",
];

/// Whether the type is written as a source of an `Option`: `QueryParam<Option<u32>>`.
pub(super) fn is_option(ty: &Type) -> bool {
    let inner = last_segment(ty).and_then(first_argument).and_then(last_segment);
    inner.is_some_and(|inner| inner.ident == "Option")
}

/// Returns the name of a type without its path and its generics; empty if it has none.
pub(super) fn type_name(ty: &Type) -> String {
    last_segment(ty).map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// Returns the problem of a type such as `Option<QueryParam<u32>>`: a source of stario that reads a `T`, inside of an
/// `Option`, a `Result` or a reference.
pub(super) fn wrapped_source(ty: &Type) -> Option<(TokenStream, String)> {
    let inner = match ty {
        Type::Reference(reference) => &*reference.elem,
        ty => first_argument(last_segment(ty)?)?,
    };
    let source =
        last_segment(inner).filter(|source| GENERIC_SOURCES.contains(&&*source.ident.to_string()))?;
    let name = &source.ident;
    let value = first_argument(source)?.to_token_stream();
    let value: String = value.to_string().split(' ').collect();
    let wrapper = match ty {
        Type::Reference(_) => "&".to_owned(),
        ty => last_segment(ty)?.ident.to_string(),
    };
    let message = match (wrapper.as_str(), name.to_string().as_str()) {
        ("&", _) => format!("a `{name}` is taken by value: write `{name}<{value}>`"),
        ("Option", "PathParam" | "State") => {
            format!("a `{name}` is always there: write `{name}<{value}>`")
        }
        ("Option", "QueryParams") => {
            format!("write `{name}<{value}>`: it is empty where the request has no value")
        }
        ("Option", "FormBody" | "JsonOrForm" | "Query" | "Signals") => {
            format!("write `{name}<{value}>`: a field of it that may be missing is an `Option`")
        }
        ("Option", "JsonBody") => {
            format!("write `{name}<Option<{value}>>`: it is `None` where the body is `null`")
        }
        ("Option", _) => {
            format!("write `{name}<Option<{value}>>`: it is `None` where the request has no value")
        }
        ("Result", _) => {
            format!(
                "write `{name}<{value}>`: what it cannot be read from is answered before the handler runs"
            )
        }
        _ => return None,
    };
    Some((ty.to_token_stream(), message))
}

/// Returns the first type in the angle brackets.
fn first_argument(segment: &PathSegment) -> Option<&Type> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first()? {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        },
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// Whether a type mentions a type parameter of the struct.
pub(crate) fn mentions(generics: &Generics, ty: &Type) -> bool {
    struct Finder<'a> {
        generics: &'a Generics,
        is_found: bool,
    }

    impl<'ast> Visit<'ast> for Finder<'_> {
        fn visit_ident(&mut self, ident: &'ast Ident) {
            self.is_found |= self.generics.params.iter().any(|parameter| match parameter {
                GenericParam::Type(parameter) => parameter.ident == *ident,
                _ => false,
            });
            visit::visit_ident(self, ident);
        }
    }

    let mut finder = Finder { generics, is_found: false };
    finder.visit_type(ty);
    finder.is_found
}
