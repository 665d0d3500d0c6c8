//! JavaScript as text, with how tightly it binds.

use serde::Serialize;

use crate::JsWriter;
use crate::expression::code_of;
use crate::json::to_code;
use crate::places::{DatastarExpression, Written};

/// How tightly code binds, the loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Choice,
    Or,
    And,
    Equality,
    Relation,
    Sum,
    Prefix,
    Whole,
}

/// Code of one value.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Code {
    pub(super) text: String,
    pub(super) level: Level,
}

impl Code {
    pub(super) fn whole(text: String) -> Self {
        Self { text, level: Level::Whole }
    }

    /// `$name`.
    pub(super) fn signal(name: &str) -> Self {
        Self::whole(format!("${name}"))
    }

    /// A value as a literal; `null` for what JSON cannot say.
    pub(super) fn literal(value: &(impl Serialize + ?Sized)) -> Self {
        let json = to_code(value).unwrap_or_else(|_| "null".to_owned());
        // JSON escapes both quotes, so a text may stand in the other ones, which an attribute need not escape.
        if let Some(text) = json.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            return Self::whole(format!("'{text}'"));
        }
        let level = if json.starts_with('-') { Level::Prefix } else { Level::Whole };
        Self { text: json, level }
    }

    /// The code as an operand: in parentheses if it binds less tightly than `level`.
    fn operand(self, level: Level) -> String {
        if self.level < level { format!("({})", self.text) } else { self.text }
    }

    /// Two values with an operator between them, of which one on the left needs no parentheses.
    pub(super) fn binary(self, operator: &str, right: Code, level: Level) -> Self {
        let next = match level {
            Level::Or => Level::And,
            Level::And => Level::Equality,
            Level::Equality => Level::Relation,
            Level::Relation => Level::Sum,
            _ => Level::Prefix,
        };
        let (left, right) = (self.operand(level), right.operand(next));
        Self { text: format!("{left} {operator} {right}"), level }
    }

    /// `!value`
    pub(super) fn not(self) -> Self {
        Self { text: format!("!{}", self.operand(Level::Prefix)), level: Level::Prefix }
    }

    /// `value ? then : otherwise`
    pub(super) fn choice(self, then: Code, otherwise: Code) -> Self {
        let (condition, then, otherwise) =
            (self.operand(Level::Or), then.operand(Level::Or), otherwise.operand(Level::Or));
        Self { text: format!("{condition} ? {then} : {otherwise}"), level: Level::Choice }
    }

    /// `value && (effect)`
    pub(super) fn guarding(self, effect: &(impl DatastarExpression + ?Sized)) -> String {
        let (condition, operand) = (self.operand(Level::And), operand_of(effect));
        if effect.is_whole() {
            format!("{condition} && {operand}")
        } else {
            format!("{condition} && ({operand})")
        }
    }

    pub(super) fn write(&self, out: &mut JsWriter<'_>) {
        out.write_code(&self.text);
    }

    /// Writes it beside code that is not known.
    pub(super) fn write_operand(&self, out: &mut JsWriter<'_>) {
        if self.level == Level::Whole {
            self.write(out);
        } else {
            out.write_code("(");
            self.write(out);
            out.write_code(")");
        }
    }
}

/// The code of an expression as an operand.
fn operand_of<E: DatastarExpression + ?Sized>(expression: &E) -> String {
    code_of(&Written(expression, E::write_operand))
}
