//! Every mistake that can be seen in the tokens. Mistakes in types are left to what `emit` writes at the
//! user's types.

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
