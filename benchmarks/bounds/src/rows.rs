//! What is measured.

pub mod inputs;
pub mod streams;
