//! A page in a test.

mod control;
mod dom;
mod morph;
mod script;
