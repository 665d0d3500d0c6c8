//! Finds every mistake of a provider that can be seen in its tokens.

use syn::Type;

use super::model::{Lifetime, Provider};
use super::parse::FREE_FUNCTION;
use crate::errors::Errors;
use crate::function::generic_over_types;

pub(super) fn check(provider: &Provider) -> Errors {
    let mut errors = Errors::default();
    let signature = &provider.function.signature;
    for word in &provider.unknown {
        errors.at(
            word,
            format!(
                "`{word}` does not belong here; a provider takes one of `request` (the default), `transient` and `singleton`, then `eager` and `by_name`"
            ),
        );
    }
    if let Some(word) = &provider.eager
        && provider.lifetime != Lifetime::Singleton
    {
        errors.at(
            word,
            "only a singleton is made before there is a request: write `#[dependency(singleton, eager)]`",
        );
    }
    match &provider.value {
        None => errors.at(&signature.ident, "a provider returns the value that it provides"),
        Some(Type::ImplTrait(ty)) => {
            errors.at(ty, "a provider returns a type with a name, by which it is asked for");
        }
        Some(Type::Reference(ty)) => errors.at(ty, "a provider returns a value of its own, not a reference"),
        Some(_) => {}
    }
    if generic_over_types(signature) {
        errors
            .at(&signature.generics, "a provider cannot be generic: it is found by the type that it returns");
    }
    if let Some(receiver) = signature.receiver() {
        errors.at(receiver, FREE_FUNCTION);
    }
    for parameter in &provider.parameters {
        for (tokens, message) in &parameter.problems {
            errors.at(tokens, message);
        }
    }
    errors
}
