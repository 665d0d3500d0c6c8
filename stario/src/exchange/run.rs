//! Exchanges without a request: for hooks and tasks, and for runs of durable commands; and the idempotency key of the request that
//! stores such a command.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use http::{Method, Version};

use super::record::Record;
use super::{Destination, Exchange};
use crate::connection::Connection;
use crate::development::SeenRequest;
use crate::durable::RunFacts;
use crate::request_id::RequestId;
use crate::shared::Shared;
use crate::telemetry::Listeners;

impl Exchange {
    /// An exchange for what is made of the app alone. It has no span, and the log says nothing of it.
    pub(crate) fn without_request(app: &Arc<Shared>) -> Arc<Self> {
        Arc::new(Self { is_without_request: true, ..Self::apart(app, RequestId::next()) })
    }

    /// The fields that all exchanges without a request have in common.
    fn apart(app: &Arc<Shared>, id: RequestId) -> Self {
        Self {
            id,
            digits: id.digits(),
            connection: Connection::new(None),
            version: Version::default(),
            destination: Some(Destination { route: None, settings: Arc::clone(&app.root) }),
            accepted: None,
            is_from_page: false,
            is_without_request: false,
            reads_cookies: AtomicBool::new(false),
            seen: SeenRequest::default(),
            span: None,
            hand_over: Mutex::new(None),
            record: Record::new(Listeners::default(), Method::default(), None, None),
            outer: None,
            app: Arc::clone(app),
            rare: OnceLock::new(),
        }
    }

    /// An exchange for a run of a durable command, under the id of the request that has stored it.
    pub(crate) fn of_run(app: &Arc<Shared>, id: RequestId, facts: RunFacts) -> Arc<Self> {
        let exchange = Self::apart(app, id);
        let _ = exchange.rare().run.set(facts);
        Arc::new(exchange)
    }

    /// What a run of a durable command knows of itself; `None` in a request.
    pub(crate) fn run_facts(&self) -> Option<&RunFacts> {
        self.rare.get()?.run.get()
    }

    /// Notes the key under which the request wants its durable command stored.
    pub(crate) fn note_idempotency_key(&self, key: &str) {
        let _ = self.rare().idempotency_key.set(key.into());
    }

    /// The key under which the request wants its durable command stored.
    pub(crate) fn idempotency_key(&self) -> Option<&str> {
        self.rare.get()?.idempotency_key.get().map(|key| &**key)
    }
}
