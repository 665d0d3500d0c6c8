//! Checks the attributes and the name of a form's field.

use super::marks::{Field, FormMarks};
use crate::errors::Errors;

pub(super) fn check(field: &Field, errors: &mut Errors) {
    let FormMarks { nested, secret, file, max_size, accept } = &field.marks;
    let max_size = max_size.as_ref().map(|(tokens, _)| tokens);
    let accept = accept.as_ref().map(|(tokens, _)| tokens);
    if field.is_skipped {
        let mark = file.as_ref().or(max_size).or(accept).or(nested.as_ref()).or(secret.as_ref());
        if let Some(mark) = mark {
            errors
                .at(mark, "a field that serde skips is not in the form; take one of the two attributes off");
        }
        return;
    }
    match file {
        Some(file) if nested.is_some() || secret.is_some() => {
            errors.at(file, "a file is neither `nested` nor `secret`");
        }
        Some(_) => {}
        None => {
            for (limit, tokens) in [("max_size", max_size), ("accept", accept)] {
                if let Some(tokens) = tokens {
                    errors.at(
                        tokens,
                        format!("`{limit}` is said of a file: write #[form(file, {limit} = ..)]"),
                    );
                }
            }
            if let (Some(_), Some(secret)) = (nested, secret) {
                errors.at(secret, "`secret` is said of one field: mark those of the nested struct");
            }
        }
    }
    check_name(field, errors);
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
