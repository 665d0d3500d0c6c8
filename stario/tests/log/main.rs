//! What the log says, read by a subscriber of the whole process.
//!
//! Each module has an app of its own, `local`: the same paths stand in several of them.

mod ends;
mod failures;
mod limits;
mod telemetry;
#[path = "../support/mod.rs"]
mod support;

stario::app!();
