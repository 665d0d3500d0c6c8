//! Collects the records that are logged on this thread.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// The messages of warnings and errors since it was made, on the thread where that was.
pub(crate) struct Logged {
    messages: Messages,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Messages(Arc<Mutex<Vec<String>>>);

impl Logged {
    pub(crate) fn here() -> Self {
        // Without a log of the whole process, another thread that comes to the place of a record first would turn it off for all.
        tracing::subscriber::set_global_default(Messages::default()).ok();
        let messages = Messages::default();
        let guard = tracing::subscriber::set_default(messages.clone());
        Self { messages, _guard: guard }
    }

    /// How many messages are this one.
    pub(crate) fn count(&self, message: &str) -> usize {
        self.messages.0.lock().unwrap().iter().filter(|logged| *logged == message).count()
    }
}

impl Debug for Logged {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.messages.0.lock().unwrap().fmt(formatter)
    }
}

impl Subscriber for Messages {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::WARN && metadata.is_event()
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                if field.name() == "message" {
                    write!(self.0, "{value:?}").unwrap();
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
