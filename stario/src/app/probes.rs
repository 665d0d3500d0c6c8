//! Gives an app the paths of its probes.

use super::App;
use crate::error::Result;
use crate::extract::AppHandle;
use crate::settings::parse_address;

impl App {
    /// Answers 200 at `path` as long as the process serves at all: a supervisor restarts it when it does not.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # fn main() {
    /// let client = TestClient::new(app::new().liveness("/health/live"));
    /// let res = client.get("/health/live").send();
    /// assert_eq!((res.status().as_u16(), res.text()), (200, "alive"));
    /// # }
    /// ```
    pub fn liveness(mut self, path: impl Into<String>) -> Self {
        self.probes.liveness = Some(self.probe_path(path.into()));
        self
    }

    /// Answers at `path` whether requests should be sent here: 200 if `check` succeeds, 503 if it fails or if
    /// the server has begun to stop. Why it failed is in the log, not in the answer.
    ///
    /// The check runs once per probe, and gets the app for its state.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::AppHandle;
    ///
    /// struct Pool { open: bool }
    ///
    /// async fn check(app: AppHandle) -> stario::Result {
    ///     let pool = app.state::<Pool>().ok_or("no pool")?;
    ///     if pool.open { Ok(()) } else { Err("the database is gone".into()) }
    /// }
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # fn main() {
    /// let ask = |open| {
    ///     let app = app::new().state(Pool { open }).readiness("/health/ready", check);
    ///     TestClient::new(app).get("/health/ready").send()
    /// };
    /// assert_eq!(ask(true).status(), 200);
    /// assert_eq!((ask(false).status().as_u16(), ask(false).text()), (503, "not ready"));
    /// # }
    /// ```
    pub fn readiness<F, Fut>(mut self, path: impl Into<String>, check: F) -> Self
    where
        F: Fn(AppHandle) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.probes.readiness =
            Some((self.probe_path(path.into()), Box::new(move |app| Box::pin(check(AppHandle::new(app))))));
        self
    }

    /// Adds something without which the app is not [ready](Self::readiness): a connection that it needs, for example. It is called once
    /// per probe and must not wait. Without a path for the readiness probe it is not asked.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # fn main() {
    /// let is_connected = Arc::new(AtomicBool::new(true));
    /// let app = app::new().readiness("/health/ready", |_| async { Ok(()) }).ready_when({
    ///     let is_connected = Arc::clone(&is_connected);
    ///     move || if is_connected.load(Ordering::Relaxed) { Ok(()) } else { Err("the broker is away".into()) }
    /// });
    /// let client = TestClient::new(app);
    /// assert_eq!(client.get("/health/ready").send().status(), 200);
    /// is_connected.store(false, Ordering::Relaxed);
    /// assert_eq!(client.get("/health/ready").send().status(), 503);
    /// # }
    /// ```
    pub fn ready_when(mut self, condition: impl Fn() -> Result + Send + Sync + 'static) -> Self {
        self.probes.conditions.push(Box::new(condition));
        self
    }

    /// Serves metrics to Prometheus at `path`, in its text format, and begins to record them.
    ///
    /// | figure | labels |
    /// |---|---|
    /// | `http_server_request_duration_seconds`, a histogram | method, route, status |
    /// | `http_server_active_requests` | method |
    /// | `stario_open_streams`, `stario_stream_events_total` | route |
    /// | `stario_durable_commands` | command, state: `waiting`, `running`, `dead` |
    /// | `stario_durable_runs_total` | command, outcome: `finished`, `failed` (it runs again), `dead`, `given back`, `lost` (its process ended, or lost it) |
    /// | `stario_presence_people` | none |
    /// | `stario_presence_records_total` | outcome: `written`, `deleted`, `failed` (it is tried again), `refused` (other processes do not list the person, or go on listing somebody who has left) |
    ///
    /// Durable commands are counted in the store when the metrics are fetched, so each process says the same number: take `max`, not
    /// `sum`. `NaN` stands for a store that does not answer within 2 seconds. Runs are those of the process; a lost one is counted by the
    /// process that finds it.
    ///
    /// People are those whom all [`Presence`](crate::Presence)s of the process list, each once for each topic. With
    /// [`Presence::over`](crate::Presence::over) a store, each process lists the people of all processes, and says about the same number: take `max`. With
    /// [`Presence::new`](crate::Presence::new), each process lists its own people: take `sum`. A process with both kinds adds them up.
    ///
    /// Records are those that the process writes to a [`PresenceStore`](crate::presence::PresenceStore), heartbeats left out. Each attempt counts. The process
    /// writes all of its records again every three [leases](crate::presence::PresenceStore::lease), after a failure, and when it begins to read the store anew:
    /// so `written` counts a person who stays many times, and `refused` one whose record the store goes on refusing. The log has an
    /// error when a record is refused for the first time.
    ///
    /// A status of 499 stands for clients that left before the answer. Whatever your code counts with the macros
    /// of the `metrics` crate is served as well. Anyone who reaches the server can read the path: block it at
    /// the proxy, or put a layer around it.
    ///
    /// An app does not start in a process that already has a recorder for the `metrics` crate.
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self, path: impl Into<String>) -> Self {
        if let Err(error) = crate::telemetry::metrics::keep() {
            self.problems.push(format!("metrics cannot be recorded: {error}"));
        }
        self.probes.metrics = Some(self.probe_path(path.into()));
        self
    }

    /// Answers the probes at this address, too: `127.0.0.1:9000`, or `unix:` and the path of a socket. None unless
    /// set. `STARIO_PROBE_ADDRESS`
    ///
    /// It has places for connections of its own, 64 at once, so that probes are answered whatever clients do at the other
    /// addresses. Everything else is answered 404, and there is no TLS. An invalid address, and one in an app without
    /// probes, keeps the app from starting.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # fn main() {
    /// app::new().liveness("/health/live").probe_address("0.0.0.0:9000").check().unwrap();
    /// let problems = app::new().probe_address("0.0.0.0:9000").check().unwrap_err();
    /// assert!(problems.to_string().contains("0.0.0.0:9000 is for probes, of which the app has none"));
    /// # }
    /// ```
    pub fn probe_address(mut self, address: impl AsRef<str>) -> Self {
        let address = address.as_ref();
        match parse_address(address) {
            Some(address) => self.settings.served.probe_address = Some(address),
            None => self.problems.push(format!(
                "`{address}` is not an address for probes: write `0.0.0.0:9000`, `[::]:9000` or `unix:/run/probes.sock`"
            )),
        }
        self
    }

    fn probe_path(&mut self, path: String) -> String {
        if !path.starts_with('/') || path.contains(['{', '}', '?', '#']) {
            self.problems
                .push(format!("`{path}` is not a path of a probe: write one such as `/health/live`"));
        }
        path
    }
}
