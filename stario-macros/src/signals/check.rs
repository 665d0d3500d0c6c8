//! Checks the attributes and the name of a signal.

use quote::ToTokens;

use super::marks::Field;
use crate::errors::Errors;

pub(super) fn check(field: &Field, errors: &mut Errors) {
    if field.is_skipped {
        let function = field.written_function.as_ref().map(ToTokens::to_token_stream);
        let marks = &field.marks;
        if let Some(mark) = marks.local.as_ref().or(marks.nested.as_ref()).or(function.as_ref()) {
            errors.at(mark, "a field that serde skips is no signal; take one of the two attributes off");
        }
        return;
    }
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
    } else if name.starts_with('_') && !field.is_local() {
        format!(
            "a page never sends a signal whose name begins with `_`: mark the field #[signals(local)], or rename `{name}`"
        )
    } else {
        return;
    };
    errors.at(&field.named_at, problem);
}
