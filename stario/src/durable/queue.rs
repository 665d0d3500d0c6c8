//! `Queue`: the store of an app's durable commands, with its clock.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Notify;

use super::clock::Clock;
use super::info::DurableInfo;
use super::store::AnyStore;

/// How many durable commands a process runs at once, unless the app says otherwise.
const LIMIT: usize = 16;

/// How long a command that nobody hears of belongs to the process that runs it, unless the app says otherwise.
const LEASE: Duration = Duration::from_secs(30);

/// How long finished commands are kept, unless the app says otherwise.
const RETENTION: Duration = Duration::from_secs(24 * 3600);

/// What the app says of its durable commands.
#[derive(Clone, Default)]
pub(crate) struct QueueSettings {
    pub(crate) store: Option<Arc<dyn AnyStore>>,
    pub(crate) limit: Option<usize>,
    pub(crate) lease: Option<Duration>,
    pub(crate) retention: Option<Duration>,
}

/// What requests, runs and handles share of the durable commands of one app.
pub(crate) struct Queue {
    pub(crate) store: Arc<dyn AnyStore>,
    pub(crate) clock: Clock,
    /// Notified when there may be something to run: a command was stored, or a run has ended.
    pub(crate) wake: Notify,
    /// The most runs at once in this process.
    pub(crate) limit: usize,
    pub(crate) lease: Duration,
    pub(crate) retention: Duration,
    /// Whether the worker has begun: an app may be started twice.
    pub(crate) has_worker: AtomicBool,
    /// The durable handlers of the app.
    handlers: Vec<&'static DurableInfo>,
}

impl Queue {
    /// The queue of an app with these handlers, if it has a store.
    pub(crate) fn new(settings: &QueueSettings, handlers: Vec<&'static DurableInfo>) -> Option<Self> {
        Some(Self {
            store: Arc::clone(settings.store.as_ref()?),
            clock: Clock::default(),
            wake: Notify::new(),
            limit: settings.limit.unwrap_or(LIMIT).max(1),
            lease: settings.lease.unwrap_or(LEASE),
            retention: settings.retention.unwrap_or(RETENTION),
            has_worker: AtomicBool::new(false),
            handlers,
        })
    }

    /// Whether the app has the handler that this attribute is of.
    pub(crate) fn has_handler(&self, info: &'static DurableInfo) -> bool {
        self.handlers.iter().any(|handler| std::ptr::eq(*handler, info))
    }
}
