//! `Logger`: what a handler has to say, under its request's id.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use tracing::{Instrument as _, Level, Span};

use super::FromRequest;
use crate::current::{self, Current};
use crate::error::Rejection;
use crate::parameter::{Parameter, Source};
use crate::request_id::RequestId;
use crate::scope::Scope;
use crate::telemetry::{self, LogFields};

/// Writes log records that carry the request's id, and the fields given to [`with`](Self::with).
///
/// The target of the records is `app`: `RUST_LOG=info,app=debug` shows those of level DEBUG too. The records carry
/// the id wherever they are written: in a stream, in a detached command, in a task that you spawn. What the macros
/// of `tracing` log carries it too, in all that runs for the request; in a task that you spawn, use
/// [`in_scope`](Self::in_scope). A `Logger` adds fields whose names are known only at run time. That of a singleton or a hook
/// carries no id, because it belongs to no request.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::detached_command("/import")]
/// async fn import(rows: QueryParam<u32>, log: Logger) {
///     let log = log.with("rows", *rows);
///     log.info("importing");
///     log.with("seconds", 0.25).debug("imported");
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// // On a terminal: 2026-11-21T12:00:00.000000Z  INFO importing rows=3 request_id=0f…
/// assert_eq!(client.post("/import?rows=3").send().status(), 204);
/// # client.stop_blocking();
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Logger {
    /// `None` in a singleton and in a hook, which belong to no request.
    request_id: Option<RequestId>,
    /// The request's.
    span: Span,
    fields: Option<Arc<LogFields>>,
}

impl Logger {
    /// Returns a logger with one more field on each of its records: text, a number, a `bool`, or any JSON
    /// (`json!(..)`). It replaces a field of the same name. JSON lines have a `timestamp`, `level`, `target`,
    /// `message` and `request_id` of their own, so fields of these names become `fields.level` and so on there.
    #[must_use]
    pub fn with(&self, name: impl Into<Cow<'static, str>>, value: impl Into<serde_json::Value>) -> Self {
        let mut fields = self.fields.as_deref().cloned().unwrap_or_default();
        fields.set(name, value.into());
        Self { fields: Some(Arc::new(fields)), ..self.clone() }
    }

    /// Makes `future` part of this request, wherever it is polled: what it logs with the macros of `tracing`, and
    /// what libraries log in it, carries the request's id. It is for tasks that you spawn.
    ///
    /// ```
    /// # use stario::prelude::*;
    /// # stario::app!();
    /// #[app::detached_command("/import")]
    /// async fn import(log: Logger) -> stario::Result {
    ///     let rows = tokio::spawn(log.in_scope(async {
    ///         tracing::info!("importing"); // The line ends with the request's id.
    ///         7
    ///     }));
    ///     log.with("rows", rows.await?).info("imported");
    ///     Ok(())
    /// }
    /// # fn main() {
    /// # let client = TestClient::new(app::new());
    /// # assert_eq!(client.post("/import").send().status(), 204);
    /// # client.stop_blocking();
    /// # }
    /// ```
    pub fn in_scope<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        let current = Current { request_id: self.request_id, ..current::get() };
        current::within(current, future.instrument(self.span.clone()))
    }

    /// Writes a record of level DEBUG, which is shown only if `RUST_LOG` says so.
    pub fn debug(&self, message: impl fmt::Display) {
        self.write(Level::DEBUG, &message);
    }

    /// Writes a record of level INFO.
    pub fn info(&self, message: impl fmt::Display) {
        self.write(Level::INFO, &message);
    }

    /// Writes a record of level WARN.
    pub fn warn(&self, message: impl fmt::Display) {
        self.write(Level::WARN, &message);
    }

    /// Writes a record of level ERROR.
    pub fn error(&self, message: impl fmt::Display) {
        self.write(Level::ERROR, &message);
    }

    fn write(&self, level: Level, message: &dyn fmt::Display) {
        telemetry::write_logged(level, message, self.fields.as_deref(), self.request_id, &self.span);
    }
}

impl FromRequest for Logger {
    const SOURCE: Source = Source::App;

    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let exchange = scope.exchange();
        if parameter.singleton().is_some() || exchange.is_without_request() {
            return Ok(Self { request_id: None, span: Span::none(), fields: None });
        }
        Ok(Self {
            request_id: Some(exchange.id()),
            span: exchange.span().cloned().unwrap_or_else(Span::none),
            fields: None,
        })
    }
}
