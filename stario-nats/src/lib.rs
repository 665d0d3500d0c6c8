//! Several processes of a [stario](https://docs.rs/stario) app over NATS.

mod connection;
mod error;
#[cfg_attr(not(feature = "metrics"), path = "figures/absent.rs")]
mod figures;
mod queue;
mod relay;
mod sessions;
mod subject;

pub use async_nats;
pub use connection::{Nats, connect};
pub use error::{ConnectError, NotReady};
pub use relay::NatsRelay;
pub use sessions::{BucketError, NatsSessions, SessionBucket};
