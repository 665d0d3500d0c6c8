//! Several processes of a [stario](https://docs.rs/stario) app over NATS.

mod connection;
mod error;

pub use async_nats;
pub use connection::{Nats, connect};
pub use error::{ConnectError, NotReady};
