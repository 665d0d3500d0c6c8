//! Servers in processes of their own: this program starts itself again as the server.
//!
//! Each module has an app of its own, `local`: the same paths stand in several of them.

mod development;
mod hand_over;
mod listen;
mod logging;
mod places;
mod process;
mod signals;
mod starts;
#[path = "../support/mod.rs"]
mod support;

stario::app!();
