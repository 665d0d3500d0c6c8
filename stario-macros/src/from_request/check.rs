//! Finds every mistake that can be seen in the tokens. rustc finds mistakes in types, by the code that `emit` writes at
//! the user's types.

use super::model::Sources;
use crate::errors::Errors;

pub(super) fn check(sources: &Sources) -> Errors {
    let mut errors = Errors::default();
    if let Some(misfit) = &sources.misfit {
        errors.at(
            misfit,
            "`FromRequest` is derived for a struct with named fields: each is looked for by its name",
        );
    }
    for field in &sources.fields {
        for (tokens, message) in &field.problems {
            errors.at(tokens, message);
        }
    }
    errors
}
