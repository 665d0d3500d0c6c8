//! The meaning of a provider: the type that it provides, how long the value lives, and what it is made of.

use proc_macro2::Ident;
use syn::{GenericArgument, PathArguments, ReturnType, Type};

use super::parse::Parsed;
use crate::function::Function;
use crate::parameter::Parameter;

pub(super) struct Provider {
    /// Words in the parentheses that have no meaning there, or none after the words before them.
    pub(super) unknown: Vec<Ident>,
    pub(super) lifetime: Lifetime,
    /// Whether the provider is found only by its name, not by the type that it returns.
    pub(super) by_name: bool,
    /// The word `eager`, if it was written: the value is made before the app serves.
    pub(super) eager: Option<Ident>,
    /// The type that is provided: the return type, or the `T` in its `Result<T, ..>`.
    pub(super) value: Option<Type>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) function: Function,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifetime {
    Request,
    Transient,
    Singleton,
}

impl Lifetime {
    /// The name of the runtime's marker type for this lifetime.
    pub(super) fn name(self) -> &'static str {
        match self {
            Lifetime::Request => "Request",
            Lifetime::Transient => "Transient",
            Lifetime::Singleton => "Singleton",
        }
    }
}

impl Provider {
    pub(super) fn new(parsed: Parsed) -> Self {
        let Parsed { words, mut function } = parsed;
        let (mut lifetime, mut by_name, mut eager, mut unknown) = (None, false, None, Vec::new());
        for word in words {
            let named = match word.to_string().as_str() {
                "request" => Some(Lifetime::Request),
                "transient" => Some(Lifetime::Transient),
                "singleton" => Some(Lifetime::Singleton),
                _ => None,
            };
            match named {
                Some(_) if lifetime.is_none() => lifetime = named,
                None if word == "by_name" && !by_name => by_name = true,
                None if word == "eager" && eager.is_none() => eager = Some(word),
                _ => unknown.push(word),
            }
        }
        let value = match &function.signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(success(ty)),
        };
        Self {
            unknown,
            lifetime: lifetime.unwrap_or(Lifetime::Request),
            by_name,
            eager,
            value,
            parameters: Parameter::all(&mut function.signature),
            function,
        }
    }
}

/// Returns the `T` of `Result<T, ..>`, under any path. The expansion implements a trait for `T`, so the tokens must
/// show it: an alias of `Result` must be called `Result`, too.
fn success(ty: &Type) -> Type {
    let result = match ty {
        Type::Path(path) => path.path.segments.last().filter(|last| last.ident == "Result"),
        _ => None,
    };
    let value = result.and_then(|result| match &result.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.first(),
        _ => None,
    });
    match value {
        Some(GenericArgument::Type(value)) => value.clone(),
        _ => ty.clone(),
    }
}
