//! A parameter as it is written: its name, its type, and its attributes.

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, Generics, Ident, Lifetime, LitStr, Pat, Path, Signature, Type};

use super::written::{Written, is_option, type_name, wrapped_source};

pub(crate) struct Parameter {
    /// The name that the pattern binds; `None` if it binds none, as in `_: State<Config>`.
    pub(crate) name: Option<Ident>,
    /// The type, in which `'_` takes the place of the function's own lifetimes.
    pub(crate) ty: Box<Type>,
    /// The name of the type without its path and its generics; empty if it has none.
    type_name: String,
    /// The span at which rustc reports a type that does not fit; for `&T` it is that of `T`.
    pub(crate) span: Span,
    /// The expression in `#[default(..)]`.
    pub(crate) default: Option<TokenStream>,
    /// The text in `#[name("..")]`.
    pub(crate) renamed: Option<LitStr>,
    /// The path in `#[from(..)]`.
    pub(crate) provider: Option<Path>,
    /// Whether the type mentions a generic parameter of the struct whose field this is. Then no constant can depend on
    /// the type.
    pub(crate) is_generic: bool,
    /// Problems that were found while the parameter was read; `check` reports them.
    pub(crate) problems: Vec<(TokenStream, String)>,
}

impl Parameter {
    /// Reads the parameters of a function, and removes stario's attributes from them.
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

    /// Reads one parameter, or a field that is written like one, and removes stario's attributes from it.
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
                Some("a parameter cannot be conditional; put the condition on the function")
            } else {
                return true;
            };
            let tokens = || quote::ToTokens::to_token_stream(attribute);
            problems.extend(problem.map(|problem| (tokens(), problem.to_owned())));
            false
        });
        if default.is_some() && is_option(&typed.ty) {
            let message = "a parameter with a default is never `None`; write the type inside of the `Option`";
            problems.push((quote::ToTokens::to_token_stream(&typed.ty), message.to_owned()));
        }
        if let Type::Reference(reference) = &*typed.ty
            && let Some(token) = &reference.mutability
        {
            let message = "a dependency is shared: borrow it with `&`, or take it by value";
            problems.push((quote::ToTokens::to_token_stream(token), message.to_owned()));
        }
        if let Type::ImplTrait(ty) = &*typed.ty {
            let message = "a parameter needs a type with a name: the type decides where the value comes from";
            problems.push((quote::ToTokens::to_token_stream(ty), message.to_owned()));
        }
        problems.extend(wrapped_source(&typed.ty));
        let name = binding(&typed.pat);
        if name.as_ref().is_some_and(|name| name.to_string().contains("__")) {
            // A parameter for a nested signal is called like `user__age`.
            typed.attrs.push(syn::parse_quote!(#[allow(non_snake_case)]));
        }
        let span = match &*typed.ty {
            Type::Reference(reference) => reference.elem.span(),
            ty => ty.span(),
        };
        let (ty, type_name) = (typed.ty.clone(), type_name(&typed.ty));
        Self { name, ty, type_name, span, default, renamed, provider, is_generic: false, problems }
    }

    /// Returns the type, to ask how it is written.
    pub(crate) fn written(&self) -> Written<'_> {
        Written { ty: &self.ty, name: &self.type_name }
    }

    /// Whether rustc must choose by the type how the parameter's signals are read. Text, numbers and other single
    /// values are read in one way.
    pub(crate) fn reads_signals_by_type(&self) -> bool {
        self.written().reads_signals() && self.written().may_be_list() && !self.is_generic
    }

    /// Whether the parameter's value is looked up by this name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        match &self.renamed {
            Some(renamed) => renamed.value() == name,
            None => self.name.as_ref().is_some_and(|ident| unraw(ident) == name),
        }
    }

    /// Whether the parameter has no name under which its value could be looked up.
    pub(crate) fn is_nameless(&self) -> bool {
        self.name.is_none() && self.renamed.is_none()
    }

    /// The parameter's own name; empty when its pattern binds none.
    pub(crate) fn own_name(&self) -> String {
        self.name.as_ref().map(unraw).unwrap_or_default()
    }
}

/// Replaces the lifetimes that a function declares by `'_`, because code outside of the function names the types of its
/// parameters.
struct ElideLifetimes<'a>(&'a Generics);

impl VisitMut for ElideLifetimes<'_> {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if self.0.lifetimes().any(|declared| declared.lifetime.ident == lifetime.ident) {
            lifetime.ident = Ident::new("_", lifetime.ident.span());
        }
        visit_mut::visit_lifetime_mut(self, lifetime);
    }
}

/// Returns an identifier's text without `r#`.
pub(crate) fn unraw(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or_else(|| text.clone(), str::to_owned)
}

/// Stores the value of an attribute, or returns what is wrong with the attribute.
fn store<T>(kept: &mut Option<T>, found: Option<T>, expected: &'static str) -> Option<&'static str> {
    if kept.is_some() {
        return Some("this attribute is written twice");
    }
    *kept = found;
    kept.is_none().then_some(expected)
}

/// Returns the tokens in the parentheses of an attribute.
fn argument(attribute: &Attribute) -> Option<TokenStream> {
    match &attribute.meta {
        syn::Meta::List(list) if !list.tokens.is_empty() => Some(list.tokens.clone()),
        _ => None,
    }
}

/// Returns the single name that a parameter's pattern binds: `id`, `mut id`, `PathParam(id)`.
fn binding(pattern: &Pat) -> Option<Ident> {
    match pattern {
        Pat::Ident(ident) => Some(ident.ident.clone()),
        Pat::TupleStruct(tuple) if tuple.elems.len() == 1 => binding(&tuple.elems[0]),
        Pat::Paren(inner) => binding(&inner.pat),
        _ => None,
    }
}
