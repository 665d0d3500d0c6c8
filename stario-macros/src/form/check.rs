//! Every mistake that can be seen in the tokens. Mistakes in types are left to what `emit` writes at the user's types.

use quote::ToTokens;

use super::model::{Field, Form, Kind};
use crate::errors::Errors;
use crate::parameter::unraw;

/// Functions that other traits give a type, or that its users expect to make a value.
const TAKEN: [&str; 3] = ["clone", "default", "new"];

pub(super) fn check(form: &Form) -> Errors {
    let mut errors = Errors::default();
    if let Some((tokens, message)) = &form.misfit {
        errors.at(tokens, message);
    }
    if !form.generics.params.is_empty() {
        errors.at(&form.generics, "a form has the same fields for everybody: its struct has no parameters");
    }
    for (tokens, message) in &form.problems {
        errors.at(tokens, message);
    }
    for (position, field) in form.fields.iter().enumerate() {
        check_marks(field, &mut errors);
        if matches!(field.kind, Kind::Skipped) {
            continue;
        }
        let before = || form.fields[..position].iter().filter(|other| !matches!(other.kind, Kind::Skipped));
        check_name(field, &mut errors);
        if before().any(|other| other.name == field.name) {
            errors.at(&field.named_at, format!("two fields are called `{}`", field.name));
        }
        check_function(form, field, before().any(|other| other.function == field.function), &mut errors);
    }
    errors
}

/// Attributes that do not go together.
fn check_marks(field: &Field, errors: &mut Errors) {
    let at = |name: &str| field.marks.iter().find(|(own, _)| *own == name).map(|(_, tokens)| tokens);
    if matches!(field.kind, Kind::Skipped) {
        if let Some((_, tokens)) = field.marks.first() {
            errors.at(
                tokens,
                "a field that serde skips is not in the form; take one of the two attributes off",
            );
        }
        return;
    }
    let Some(file) = at("file") else {
        for limit in ["max_size", "accept"] {
            if let Some(tokens) = at(limit) {
                errors.at(tokens, format!("`{limit}` is said of a file: write #[form(file, {limit} = ..)]"));
            }
        }
        if at("nested").is_some()
            && let Some(secret) = at("secret")
        {
            errors.at(secret, "`secret` is said of one field: mark those of the nested struct");
        }
        return;
    };
    if at("nested").is_some() || at("secret").is_some() {
        errors.at(file, "a file is neither `nested` nor `secret`");
    }
}

fn check_name(field: &Field, errors: &mut Errors) {
    let name = field.name.as_str();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !begins || !name.bytes().all(is_plain) || name.contains("__") {
        errors.at(
            &field.named_at,
            format!(
                "`{name}` cannot be the name of a field: a page may send it as a signal, so it begins with a letter, and letters, digits \
                 and `_` follow, but not `__`; rename it with #[serde(rename = \"..\")]"
            ),
        );
    }
}

fn check_function(form: &Form, field: &Field, is_there: bool, errors: &mut Errors) {
    let (name, function) = (&form.name, unraw(&field.function));
    let instead = format!("give this field's function another name: #[form(fn = \"{function}_field\")]");
    if TAKEN.contains(&function.as_str()) {
        errors.at(
            field.function.to_token_stream(),
            format!("`{name}::{function}()` is what makes a value of the struct; {instead}"),
        );
    } else if is_there {
        errors.at(
            field.function.to_token_stream(),
            format!("`{name}::{function}()` is the function of another field; {instead}"),
        );
    }
}
