//! The part of JavaScript that expressions of pages need: values, signals, operators, actions.

mod eval;
mod lexer;
mod parser;
mod value;

pub(in crate::testing) use eval::{Fault, Host, Reads, Scope, evaluate, last_value};
pub(in crate::testing) use parser::{Expression, Program, Statement, parse};
pub(in crate::testing) use value::Value;
