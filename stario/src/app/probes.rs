//! What an app tells those who watch it: whether it is alive, whether it is ready, and its figures.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};

use super::App;
use crate::error::{Error, Result};
use crate::exchange::Exchange;
use crate::extract::AppHandle;
use crate::handler::Endpoint;
use crate::panic::{catch_panic, panic_message};
use crate::response::{self, Response};
use crate::route::{EndpointInfo, HandlerKind};
use crate::scope::Scope;
use crate::shared::ReadinessCheck;

/// The probes of an app; each has a path if it is wanted.
#[derive(Default)]
pub(crate) struct Probes {
    liveness: Option<String>,
    readiness: Option<(String, Box<ReadinessCheck>)>,
    #[cfg(feature = "metrics")]
    metrics: Option<String>,
}

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
    /// the server was told to stop. Why it failed is in the log, not in the answer.
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

    /// Serves figures to Prometheus at `path`, in its text format, and begins to keep them.
    ///
    /// | figure | labels |
    /// |---|---|
    /// | `http_server_request_duration_seconds`, a histogram | method, route, status |
    /// | `http_server_active_requests` | method |
    /// | `stario_open_streams`, `stario_stream_events_total` | route |
    ///
    /// A status of 499 stands for clients that left before the answer. Whatever your code counts with the macros
    /// of the `metrics` crate is served as well. Anyone who reaches the server can read the path: block it at
    /// the proxy, or put a layer around it.
    ///
    /// An app does not start in a process that already has a recorder for the `metrics` crate.
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self, path: impl Into<String>) -> Self {
        if let Err(error) = crate::telemetry::metrics::keep() {
            self.problems.push(format!("figures cannot be kept: {error}"));
        }
        self.probes.metrics = Some(self.probe_path(path.into()));
        self
    }

    fn probe_path(&mut self, path: String) -> String {
        if !path.starts_with('/') || path.contains(['{', '}', '?', '#']) {
            self.problems.push(format!("`{path}` is no path of a probe: write one such as `/health/live`"));
        }
        path
    }
}

impl Probes {
    /// These, and those of `other` that are not wanted here.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            liveness: self.liveness.or(other.liveness),
            readiness: self.readiness.or(other.readiness),
            #[cfg(feature = "metrics")]
            metrics: self.metrics.or(other.metrics),
        }
    }

    /// The readiness check, which requests find with what they share.
    pub(super) fn into_readiness(self) -> Option<Box<ReadinessCheck>> {
        self.readiness.map(|(_, check)| check)
    }

    /// Each with its path.
    pub(super) fn endpoints(&self) -> impl Iterator<Item = (&'static Endpoint, &str)> {
        let liveness = self.liveness.as_deref().map(|path| (&LIVENESS, path));
        let readiness = self.readiness.as_ref().map(|(path, _)| (&READINESS, path.as_str()));
        #[cfg(feature = "metrics")]
        let metrics = self.metrics.as_deref().map(|path| (&METRICS, path));
        #[cfg(not(feature = "metrics"))]
        let metrics = None;
        [liveness, readiness, metrics].into_iter().flatten()
    }
}

static LIVENESS: Endpoint =
    probe("stario::liveness", line!(), |_, _| Box::pin(async { Box::new(answer(StatusCode::OK, "alive")) }));

static READINESS: Endpoint =
    probe("stario::readiness", line!(), |_, scope| Box::pin(async move { Box::new(ready(&scope).await) }));

#[cfg(feature = "metrics")]
static METRICS: Endpoint = probe("stario::metrics", line!(), |_, _| {
    Box::pin(async {
        let figures = crate::telemetry::metrics::render();
        Box::new(response::with_type(
            HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
            figures,
        ))
    })
});

const fn probe(
    handler: &'static str,
    line: u32,
    call: fn(Arc<Exchange>, Arc<Scope>) -> crate::handler::EndpointFuture,
) -> Endpoint {
    let info = EndpointInfo {
        kind: HandlerKind::Query,
        method: "GET",
        path: handler,
        headers: &[],
        handler,
        file: file!(),
        line,
        is_checked: true,
        body_limit: None,
    };
    Endpoint { info, layer: None, requirements: Vec::new, call }
}

async fn ready(scope: &Scope) -> Response {
    let app = scope.exchange().app();
    if app.stop.is_stopped() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    let Some(check) = &app.readiness else {
        return answer(StatusCode::OK, "ready");
    };
    let checked = catch_panic(async { check(Arc::clone(app)).await }).await;
    let failure = match checked {
        Ok(Ok(())) => return answer(StatusCode::OK, "ready"),
        Ok(Err(error)) => error,
        Err(panic) => Error::from(format!("the check panicked: {}", panic_message(&*panic))),
    };
    tracing::warn!(error = %failure, "the app is not ready");
    answer(StatusCode::SERVICE_UNAVAILABLE, "not ready")
}

/// An answer that holds now, and for nobody else.
fn answer(status: StatusCode, text: &str) -> Response {
    let mut response = response::text(status, text);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
