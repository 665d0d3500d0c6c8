//! A struct with named fields, as `derive(Form)` and `derive(Signals)` read it: its attributes, and a name and a function for
//! each field.
//!
//! [`Marks`] holds the differences between the two derives. `emit` writes the parts of the expansion that both have.

mod attributes;
mod check;
mod emit;
mod model;
mod parse;
mod rename;

pub(crate) use emit::{Wrapper, block, functions};
pub(crate) use model::{DefaultValue, Field, Marks, Shape, Struct};
pub(crate) use parse::named_fields;
