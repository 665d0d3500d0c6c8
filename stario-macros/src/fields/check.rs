//! Checks that the names of fields and of their functions are free. Each derive checks its own marks.

use super::model::{Field, Marks, Struct};
use crate::errors::Errors;
use crate::parameter::unraw;

/// Functions that other traits give a type, or from which users expect a value of the type.
const TAKEN: [&str; 3] = ["clone", "default", "new"];

pub(super) fn check<M: Marks>(item: &Struct<M>, errors: &mut Errors) {
    for (position, field) in item.fields.iter().enumerate() {
        M::check(field, errors);
        if field.is_skipped {
            continue;
        }
        let before = || item.fields[..position].iter().filter(|other| !other.is_skipped);
        if before().any(|other| other.name == field.name) {
            errors.at(&field.named_at, format!("two {}s are called `{}`", M::NOUN, field.name));
        }
        check_function(item, field, before().any(|other| other.function == field.function), errors);
    }
}

fn check_function<M: Marks>(item: &Struct<M>, field: &Field<M>, is_there: bool, errors: &mut Errors) {
    let (name, function, noun) = (&item.name, unraw(&field.function), M::NOUN);
    let problem = if TAKEN.contains(&function.as_str()) {
        "is what makes a value of the struct".to_owned()
    } else if is_there {
        format!("is the function of another {noun}")
    } else {
        return;
    };
    errors.at(
        &field.function,
        format!(
            "`{name}::{function}()` {problem}; give this {noun}'s function another name: #[{}(fn = \"{function}_{noun}\")]",
            M::ATTRIBUTE
        ),
    );
}
