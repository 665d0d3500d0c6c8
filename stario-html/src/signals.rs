//! Signals with a type: a struct with `derive(Signals)` is what a page knows, and its functions name the parts.
//!
//! # The JavaScript that is written
//!
//! Typed references and what is made of them become a small part of JavaScript, so that a test can run it without a
//! browser:
//!
//! ```text
//! statements = statement { "; " statement }
//! statement  = signal " = " value | action | value | foreign
//! value      = value op value | "!" value | value " ? " value " : " value | "(" value ")" | sequence
//!            | signal | literal
//! sequence   = "(" statement { ", " statement } ")"          as an operand only, such as `$open && ($page = 1)`
//! op         = " && " | " || " | " === " | " !== " | " < " | " <= " | " > " | " >= " | " + " | " - "
//! signal     = "$" name { "." name }                         name = letter or "_", then letters, digits, "_"
//! literal    = JSON, but a text alone stands in single quotes: 'a'
//! action     = "@" method "('" url "'" [ ", " options ] ")"  as `action(..)` writes it
//! foreign    = what the user wrote as js(".."), or another expression
//! ```
//!
//! Operators bind as in JavaScript; parentheses stand only where they are needed. In texts, all that HTML, JavaScript or
//! Datastar's splitter could misread (quotes, `<`, `>`, `&`, `\`, `;`, `$`, `@`, controls) is a `\u` escape.

mod by_fields;
mod code;
mod expr;
mod kind;
mod patch;
mod reference;

pub use by_fields::{ByFields, LocalSignal, OwnedByFields, PageSignals, SignalType, next_field, skip_field};
pub use expr::{Effect, Expr, Operand};
pub use kind::{ListItem, SignalInfo, SignalKind, SignalProbe, TextSignal, Unprobed};
pub use patch::SignalPatch;
pub use reference::{NestedSignals, SignalRef, signal_at};
