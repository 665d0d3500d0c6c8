//! A parameter of a handler or of a provider: its name, its type, and the attributes that say more.

mod emit;

use proc_macro2::TokenStream;
use syn::{
    Attribute, FnArg, GenericArgument, Ident, LitStr, Pat, Path, PathArguments, PathSegment, Signature, Type,
};

pub(crate) use emit::{
    Taker, metadata, name_assertions, reads_body_later, requirements, resolutions, runtime, runtime_at,
    source, source_future, type_span,
};

pub(crate) struct Parameter {
    /// `None` when the pattern names nothing, as in `_: State<Config>`.
    pub(crate) name: Option<Ident>,
    pub(crate) ty: Box<Type>,
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
        let typed = signature.inputs.iter_mut().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(Self::new(typed)),
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
        let name = binding(&typed.pat);
        if name.as_ref().is_some_and(|name| name.to_string().contains("__")) {
            // `user__age` is how a nested signal is named.
            typed.attrs.push(syn::parse_quote!(#[allow(non_snake_case)]));
        }
        Self { name, ty: typed.ty.clone(), default, renamed, provider, problems }
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

    /// The parameter's own name; empty when its pattern binds none.
    pub(crate) fn own_name(&self) -> String {
        self.name.as_ref().map(unraw).unwrap_or_default()
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
    let Some(PathArguments::AngleBracketed(arguments)) = last_segment(ty).map(|source| &source.arguments)
    else {
        return false;
    };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => {
            last_segment(inner).is_some_and(|inner| inner.ident == "Option")
        }
        _ => false,
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
