//! Every mistake that can be seen in the tokens. Mistakes in types are left to what `emit` writes at the user's types.

use quote::ToTokens;

use super::model::{Field, Kind, Signals};
use crate::errors::Errors;
use crate::parameter::unraw;

/// Functions that other traits give a type, or that its users expect to make a value.
const TAKEN: [&str; 3] = ["clone", "default", "new"];

pub(super) fn check(signals: &Signals) -> Errors {
    let mut errors = Errors::default();
    if let Some((tokens, message)) = &signals.misfit {
        errors.at(tokens, message);
    }
    for (tokens, message) in &signals.problems {
        errors.at(tokens, message);
    }
    for (position, field) in signals.fields.iter().enumerate() {
        if field.kind == Kind::Skipped {
            if let Some(marks) = &field.marks {
                errors.at(marks, "a field that serde skips is no signal; take one of the two attributes off");
            }
            continue;
        }
        let before = || signals.fields[..position].iter().filter(|other| other.kind != Kind::Skipped);
        check_name(field, &mut errors);
        if before().any(|other| other.name == field.name) {
            errors.at(&field.named_at, format!("two signals are called `{}`", field.name));
        }
        check_function(signals, field, before().any(|other| other.function == field.function), &mut errors);
    }
    errors
}

fn check_name(field: &Field, errors: &mut Errors) {
    let name = field.name.as_str();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let problem = if !name.bytes().all(is_plain)
        || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    {
        format!(
            "`{name}` cannot be the name of a signal: it begins with a letter, and letters, digits and `_` follow; rename it \
             with #[serde(rename = \"..\")]"
        )
    } else if name.contains("__") {
        format!(
            "`{name}` cannot be the name of a signal: Datastar reads `__` as the beginning of a modifier; rename it with \
             #[serde(rename = \"..\")]"
        )
    } else if name.starts_with('_') && !field.kind.is_local() {
        format!(
            "a page never sends a signal whose name begins with `_`: mark the field #[signals(local)], or rename `{name}`"
        )
    } else {
        return;
    };
    errors.at(&field.named_at, problem);
}

fn check_function(signals: &Signals, field: &Field, is_there: bool, errors: &mut Errors) {
    let (name, function) = (&signals.name, unraw(&field.function));
    let instead = format!("give this signal's function another name: #[signals(fn = \"{function}_signal\")]");
    if TAKEN.contains(&function.as_str()) {
        errors.at(
            field.function.to_token_stream(),
            format!("`{name}::{function}()` is what makes a value of the struct; {instead}"),
        );
    } else if is_there {
        errors.at(
            field.function.to_token_stream(),
            format!("`{name}::{function}()` is the function of another signal; {instead}"),
        );
    }
}
