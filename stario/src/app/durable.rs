//! Gives an app a store of durable commands, and finds the handlers that need one.

use std::sync::Arc;
use std::time::Duration;

use super::App;
use crate::durable::DurableStore;
use crate::handler::{DurableEndpoint, EndpointRoute};

impl App {
    /// Stores durable commands here, and runs them: [`MemoryQueue`](crate::MemoryQueue) for tests and development,
    /// `stario_sqlite::SqliteQueue`, `stario_postgres::PostgresQueue`, `stario_nats::NatsQueue`, or a
    /// store of your own. See [`durable`](crate::durable).
    ///
    /// An app that has a handler with `durable = ".."` does not start without. The worker begins when the app is served; a
    /// [`TestClient`](crate::testing::TestClient) runs commands where its test calls
    /// [`drain`](crate::testing::TestClient::drain).
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::MemoryQueue;
    ///
    /// # stario::app!();
    /// #[app::detached_command("/import", durable = "import")]
    /// async fn import() {}
    ///
    /// # fn main() {
    /// app::new().durable(MemoryQueue::new()).check().unwrap();
    /// let problems = app::new().check().unwrap_err().to_string();
    /// assert!(problems.contains("stores its work as `import`, and the app has no store"), "{problems}");
    /// # }
    /// ```
    pub fn durable(mut self, store: impl DurableStore) -> Self {
        if self.settings.served.durable.store.replace(Arc::new(store)).is_some() {
            self.problems
                .push("the app has two stores of durable commands: remove one `.durable(..)`".to_owned());
        }
        self
    }

    /// Sets how many durable commands this process runs at once; 16 unless set. Others wait in the store.
    pub fn durable_limit(mut self, count: usize) -> Self {
        if count == 0 {
            self.problems.push("with `.durable_limit(0)` no durable command would ever run".to_owned());
        }
        self.settings.served.durable.limit = Some(count);
        self
    }

    /// Sets how long a durable command belongs to a process that gives no sign of life; 30 seconds unless set, 1 at least.
    ///
    /// A process that runs it gives one each third of that time. If it dies, or blocks its threads for longer, the attempt has failed, and after the
    /// pause that follows the command runs again on a process that is there.
    pub fn durable_lease(mut self, lease: Duration) -> Self {
        if lease < Duration::from_secs(1) {
            self.problems.push("`.durable_lease(..)` is at least one second".to_owned());
        }
        self.settings.served.durable.lease = Some(lease);
        self
    }

    /// Sets how long finished durable commands are kept; a day unless set. For as long a request with the same
    /// [`IdempotencyKey`](crate::IdempotencyKey) is recognized. [`Duration::ZERO`] deletes them when they end.
    pub fn durable_retention(mut self, retention: Duration) -> Self {
        self.settings.served.durable.retention = Some(retention);
        self
    }
}

/// The durable handlers among these routes, each once, and what is wrong with them.
pub(super) fn handlers(
    routes: &[EndpointRoute],
    has_store: bool,
) -> (Vec<&'static DurableEndpoint>, Vec<String>) {
    let (mut handlers, mut problems) = (Vec::<&EndpointRoute>::new(), Vec::new());
    let durable = |route: &EndpointRoute| route.target.endpoint.durable;
    for route in routes {
        let (Some(this), endpoint) = (durable(route), &route.target.endpoint.info) else { continue };
        let name = this.info.name;
        let is_same = |other: &&&EndpointRoute| durable(other).is_some_and(|other| other.info.name == name);
        match handlers.iter().find(is_same).map(|other| &other.target.endpoint.info) {
            // An app can be there under several hosts.
            Some(other) if std::ptr::eq(other, endpoint) => {}
            Some(other) => problems.push(format!(
                "two handlers store their work as `{name}`; give one another name:\n    {other}\n    {endpoint}"
            )),
            None => handlers.push(route),
        }
    }
    if !has_store {
        problems.extend(handlers.iter().map(|route| {
            let (endpoint, name) = (route.target.endpoint, durable(route).map_or("", |durable| durable.info.name));
            format!(
                "{} stores its work as `{name}`, and the app has no store: give it one with `.durable(..)`, such as \
                 `stario_sqlite::SqliteQueue`, or `stario::MemoryQueue` in development",
                endpoint.info
            )
        }));
    }
    (handlers.into_iter().filter_map(durable).collect(), problems)
}
