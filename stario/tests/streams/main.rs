//! Responses that take time: event streams, the `Writer`, the relay, who is here, and what happens when a client leaves.
//!
//! Each module has an app of its own, `local`: the same paths stand in several of them.

mod broadcast;
mod cancellation;
mod compression;
mod detached;
mod durable;
mod durable_away;
mod durable_ends;
mod durable_enqueue;
mod durable_wake;
mod durable_worker;
mod events;
mod inputs;
mod presence;
mod presence_nodes;
mod relay;
mod relay_history;
mod relay_streams;
mod relay_transport;
mod writer;
#[path = "../support/mod.rs"]
mod support;

stario::app!();
