//! Servers and their connections: what comes over a socket, well-formed or not, and what limits hold.
//!
//! Each module has an app of its own, `local`: the same paths stand in several of them.

mod connections;
mod hostile;
mod http2;
mod limits;
mod places;
mod shutdown;
mod streams_at_stop;
mod unread;
mod write_modes;
#[path = "../support/mod.rs"]
mod support;

stario::app!();
