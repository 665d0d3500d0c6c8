//! A parameter of a handler or of a provider: its name, its type, and the attributes that say more.

mod emit;

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, FnArg, GenericArgument, Generics, Ident, Lifetime, LitStr, Pat, Path, PathArguments,
    PathSegment, Signature, Type,
};

pub(crate) use emit::{
    Taker, block, info, info_name, infos, metadata, name_assertions, requirements, resolutions, runtime,
    short, short_at, source_future,
};

pub(crate) struct Parameter {
    /// `None` when the pattern names nothing, as in `_: State<Config>`.
    pub(crate) name: Option<Ident>,
    /// Without the function's own lifetimes: each stands as `'_`.
    pub(crate) ty: Box<Type>,
    /// Where rustc reports what is wrong with the type: that of `T` for `&T`.
    pub(crate) span: Span,
    /// The expression in `#[default(..)]`.
    pub(crate) default: Option<TokenStream>,
    /// The text in `#[name("..")]`.
    pub(crate) renamed: Option<LitStr>,
    /// The path in `#[from(..)]`.
    pub(crate) provider: Option<Path>,
    /// Problems found while reading the parameter, reported by `check`.
    pub(crate) problems: Vec<(TokenStream, String)>,
}

impl Parameter {
    /// The parameters of a function, whose own attributes are taken off it.
    pub(crate) fn all(signature: &mut Signature) -> Vec<Self> {
        let generics = &signature.generics;
        let typed = signature.inputs.iter_mut().filter_map(|input| match input {
            FnArg::Typed(typed) => {
                let mut parameter = Self::new(typed);
                ElideLifetimes(generics).visit_type_mut(&mut parameter.ty);
                Some(parameter)
            }
            // `check` reports `self`.
            FnArg::Receiver(_) => None,
        });
        typed.collect()
    }

    /// One parameter, or a field written like one; its own attributes are taken off it.
    pub(crate) fn new(typed: &mut syn::PatType) -> Self {
        let (mut default, mut renamed, mut provider) = (None, None, None);
        let mut problems = Vec::new();
        typed.attrs.retain(|attribute| {
            let is = |name: &str| attribute.path().is_ident(name);
            let problem = if is("default") {
                store(&mut default, argument(attribute), "write the default in parentheses: #[default(1)]")
            } else if is("name") {
                let name = argument(attribute).and_then(|name| syn::parse2(name).ok());
                store(&mut renamed, name, "write the name in quotes: #[name(\"x-request-id\")]")
            } else if is("from") {
                let path = argument(attribute).and_then(|path| syn::parse2(path).ok());
                store(&mut provider, path, "name the provider in parentheses: #[from(database)]")
            } else if is("cfg") || is("cfg_attr") {
                Some("a parameter is always there; put the condition on the function")
            } else {
                return true;
            };
            let tokens = || quote::ToTokens::to_token_stream(attribute);
            problems.extend(problem.map(|problem| (tokens(), problem.to_owned())));
            false
        });
        if default.is_some() && is_option(&typed.ty) {
            let message = "an `Option` is `None` where there is no value; take the type inside it";
            problems.push((quote::ToTokens::to_token_stream(&typed.ty), message.to_owned()));
        }
        if let Type::Reference(reference) = &*typed.ty
            && let Some(token) = &reference.mutability
        {
            let message = "a dependency is shared: borrow it with `&`, or take it by value";
            problems.push((quote::ToTokens::to_token_stream(token), message.to_owned()));
        }
        if let Type::ImplTrait(ty) = &*typed.ty {
            let message = "a parameter has a type with a name: it decides where the value comes from";
            problems.push((quote::ToTokens::to_token_stream(ty), message.to_owned()));
        }
        problems.extend(wrapped_source(&typed.ty));
        let name = binding(&typed.pat);
        if name.as_ref().is_some_and(|name| name.to_string().contains("__")) {
            // `user__age` is how a nested signal is named.
            typed.attrs.push(syn::parse_quote!(#[allow(non_snake_case)]));
        }
        let span = match &*typed.ty {
            Type::Reference(reference) => reference.elem.span(),
            ty => ty.span(),
        };
        Self { name, ty: typed.ty.clone(), span, default, renamed, provider, problems }
    }

    /// Whether its value is looked for under this name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        match &self.renamed {
            Some(renamed) => renamed.value() == name,
            None => self.name.as_ref().is_some_and(|ident| unraw(ident) == name),
        }
    }

    /// Whether there is nothing to look for its value under.
    pub(crate) fn is_nameless(&self) -> bool {
        self.name.is_none() && self.renamed.is_none()
    }

    /// Whether its type is written so: `PathParam<u32>`, `stario::PathParam<u32>`. What it is, only rustc knows.
    pub(crate) fn is_written(&self, name: &str) -> bool {
        last_segment(&self.ty).is_some_and(|segment| segment.ident == name)
    }

    /// Whether its type is written as a source of stario that reads `T` by serde, or as `State<T>`. Then it is
    /// taken for one, so that rustc says which bound of `T` is missing.
    pub(crate) fn is_written_as_generic_source(&self) -> bool {
        last_segment(&self.ty).is_some_and(|segment| {
            matches!(segment.arguments, PathArguments::AngleBracketed(_))
                && GENERIC_SOURCES.iter().any(|name| segment.ident == name)
        })
    }

    /// Whether `T` may be a type that the source cannot read, as far as can be told from how it is written.
    pub(crate) fn may_be_unreadable(&self) -> bool {
        self.may_be_list() && !self.is_written("State")
    }

    /// Whether its type may be read from the query by its name, or write the response, as far as can be told
    /// from how it is written: neither do a reference and the other sources of stario.
    pub(crate) fn is_open(&self) -> bool {
        !self.is_borrowed() && !self.is_one_of(&PATH) && !self.is_one_of(&HEAD) && !self.is_one_of(&BODY)
    }

    /// Whether its type may read a capture of the path, as far as can be told from how it is written.
    pub(crate) fn may_read_path(&self) -> bool {
        !self.is_borrowed() && !self.is_one_of(&QUERY) && !self.is_one_of(&HEAD) && !self.is_one_of(&BODY)
    }

    /// Whether its type may read the body or write the response, as far as can be told from how it is written.
    pub(crate) fn may_read_body(&self) -> bool {
        !self.is_borrowed() && !self.is_one_of(&PATH) && !self.is_one_of(&QUERY) && !self.is_one_of(&HEAD)
    }

    /// Whether what the path holds may be read as a list.
    pub(crate) fn may_be_list(&self) -> bool {
        let value = last_segment(&self.ty).and_then(first_argument).and_then(last_segment);
        !value.is_some_and(|value| SINGLE.iter().any(|name| value.ident == name))
    }

    /// Whether it is a dependency by reference.
    fn is_borrowed(&self) -> bool {
        matches!(&*self.ty, Type::Reference(_))
    }

    /// Whether its type is written as one of these.
    fn is_one_of(&self, names: &[&str]) -> bool {
        last_segment(&self.ty).is_some_and(|segment| names.iter().any(|name| segment.ident == name))
    }

    /// The parameter's own name; empty when its pattern binds none.
    pub(crate) fn own_name(&self) -> String {
        self.name.as_ref().map(unraw).unwrap_or_default()
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

/// Types of one value.
const SINGLE: [&str; 15] = [
    "String", "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "u8", "u16", "u32", "u64",
    "u128",
];

/// Writes the lifetimes that a function declares as `'_`: what names its parameters' types stands outside of it.
struct ElideLifetimes<'a>(&'a Generics);

impl VisitMut for ElideLifetimes<'_> {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if self.0.lifetimes().any(|declared| declared.lifetime.ident == lifetime.ident) {
            lifetime.ident = Ident::new("_", lifetime.ident.span());
        }
        visit_mut::visit_lifetime_mut(self, lifetime);
    }
}

/// An identifier's text, `r#type` as `type`.
pub(crate) fn unraw(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or_else(|| text.clone(), str::to_owned)
}

/// Keeps what an attribute says, or tells what is wrong with it.
fn store<T>(kept: &mut Option<T>, found: Option<T>, expected: &'static str) -> Option<&'static str> {
    if kept.is_some() {
        return Some("this stands twice");
    }
    *kept = found;
    kept.is_none().then_some(expected)
}

/// Whether the type is written as a source of an `Option`: `QueryParam<Option<u32>>`.
fn is_option(ty: &Type) -> bool {
    let inner = last_segment(ty).and_then(first_argument).and_then(last_segment);
    inner.is_some_and(|inner| inner.ident == "Option")
}

/// What is wrong with a source inside of an `Option`, a `Result` or a reference, if it is one of stario that reads
/// a `T`: `Option<QueryParam<u32>>`.
fn wrapped_source(ty: &Type) -> Option<(TokenStream, String)> {
    let inner = match ty {
        Type::Reference(reference) => &*reference.elem,
        ty => first_argument(last_segment(ty)?)?,
    };
    let source =
        last_segment(inner).filter(|source| GENERIC_SOURCES.iter().any(|name| source.ident == name))?;
    let name = &source.ident;
    let value = quote::ToTokens::to_token_stream(first_argument(source)?);
    let value: String = value.to_string().split(' ').collect();
    let message = match ty {
        Type::Reference(_) => format!("a `{name}` is taken by value: write `{name}<{value}>`"),
        ty if last_segment(ty)?.ident == "Option"
            && ["PathParam", "State"].iter().any(|other| name == other) =>
        {
            format!("a `{name}` is always there: write `{name}<{value}>`")
        }
        ty if last_segment(ty)?.ident == "Option" => {
            format!("write `{name}<Option<{value}>>`: it is `None` where the request has no value")
        }
        ty if last_segment(ty)?.ident == "Result" => {
            format!(
                "write `{name}<{value}>`: a request that it cannot be read from is answered before the handler runs"
            )
        }
        _ => return None,
    };
    Some((quote::ToTokens::to_token_stream(ty), message))
}

/// The first type in the angle brackets.
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

/// What stands in the parentheses of an attribute.
fn argument(attribute: &Attribute) -> Option<TokenStream> {
    match &attribute.meta {
        syn::Meta::List(list) if !list.tokens.is_empty() => Some(list.tokens.clone()),
        _ => None,
    }
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
