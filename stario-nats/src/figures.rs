//! Figures of relays, by the facade of the `metrics` crate.

use std::sync::Arc;

use metrics::{counter, gauge};

/// The figures of one relay. The recorder may come later than the relay, so they are looked for each time.
#[derive(Clone)]
pub(crate) struct Figures {
    relay: Arc<str>,
}

impl Figures {
    pub(crate) fn new(relay: &str) -> Self {
        Self { relay: relay.into() }
    }

    /// A value was handed to the client library.
    pub(crate) fn sent(&self) {
        counter!("stario_nats_sent_total", "relay" => Arc::clone(&self.relay)).increment(1);
    }

    /// A value was dropped before that.
    pub(crate) fn unsent(&self) {
        counter!("stario_nats_unsent_total", "relay" => Arc::clone(&self.relay)).increment(1);
    }

    /// A value, or another message, of another process was dropped because this one was too slow.
    pub(crate) fn dropped(&self) {
        counter!("stario_nats_dropped_total", "relay" => Arc::clone(&self.relay)).increment(1);
    }

    pub(crate) fn received(&self) {
        counter!("stario_nats_received_total", "relay" => Arc::clone(&self.relay)).increment(1);
    }

    pub(crate) fn connected(&self, is_connected: bool) {
        let value = if is_connected { 1.0 } else { 0.0 };
        gauge!("stario_nats_connected", "relay" => Arc::clone(&self.relay)).set(value);
    }
}
