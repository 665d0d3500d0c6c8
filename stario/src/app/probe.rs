//! Probes: whether an app is alive, whether it is ready, and its metrics.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};

use crate::error::{Error, Result};
use crate::handler::{Endpoint, EndpointCall};
use crate::panic::{catch_panic, panic_message};
use crate::response::{self, Response};
use crate::route::HandlerKind;
use crate::scope::Scope;
use crate::shared::ReadinessCheck;

/// Something without which an app is not ready; an error says why.
pub(super) type Condition = dyn Fn() -> Result + Send + Sync;

/// The probes of an app; each has a path if it is wanted.
#[derive(Default)]
pub(crate) struct Probes {
    pub(super) liveness: Option<String>,
    pub(super) readiness: Option<(String, Box<ReadinessCheck>)>,
    /// The further conditions of readiness.
    pub(super) conditions: Vec<Box<Condition>>,
    #[cfg(feature = "metrics")]
    pub(super) metrics: Option<String>,
}

impl Probes {
    /// These, and those of `other` that are not wanted here.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.conditions.extend(other.conditions);
        Self {
            conditions: self.conditions,
            liveness: self.liveness.or(other.liveness),
            readiness: self.readiness.or(other.readiness),
            #[cfg(feature = "metrics")]
            metrics: self.metrics.or(other.metrics),
        }
    }

    /// The readiness check, which requests find with what they share.
    pub(super) fn into_readiness(self) -> Option<Box<ReadinessCheck>> {
        let (_, check) = self.readiness?;
        let conditions = self.conditions;
        if conditions.is_empty() {
            return Some(check);
        }
        Some(Box::new(move |app| match conditions.iter().try_for_each(|condition| condition()) {
            Ok(()) => check(app),
            Err(error) => Box::pin(async { Err(error) }),
        }))
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
    probe("stario::liveness", line!(), |_, _| Box::pin(async { Ok(answer(StatusCode::OK, "alive").into()) }));

static READINESS: Endpoint =
    probe("stario::readiness", line!(), |_, scope| Box::pin(async move { Ok(ready(&scope).await.into()) }));

#[cfg(feature = "metrics")]
static METRICS: Endpoint = probe("stario::metrics", line!(), |_, scope| {
    Box::pin(async move {
        if let Some(queue) = &scope.exchange().app().durable {
            crate::durable::measure(queue).await;
        }
        crate::presence::measure();
        let metrics = crate::telemetry::metrics::render();
        Ok(response::with_type(HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"), metrics)
            .into())
    })
});

/// A probe. The app says at which path it stands.
const fn probe(handler: &'static str, line: u32, call: EndpointCall) -> Endpoint {
    Endpoint::of_framework(HandlerKind::Query, handler, handler, (file!(), line), call)
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

/// An answer that no cache may keep.
fn answer(status: StatusCode, text: &str) -> Response {
    let mut response = response::text(status, text);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
