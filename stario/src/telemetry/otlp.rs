//! Spans to an OpenTelemetry collector.

use std::sync::OnceLock;

use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::error::Result;

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// The layer that sends spans to the collector at `OTEL_EXPORTER_OTLP_ENDPOINT`, by HTTP with protocol
/// buffers; none if that is unset. The other `OTEL_*` variables of the exporter count as well.
///
/// # Errors
///
/// When a variable does not parse.
pub(super) fn layer<S>() -> Result<Option<impl Layer<S>>>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !is_set("OTEL_EXPORTER_OTLP_ENDPOINT") && !is_set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_http().build()?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let tracer = PROVIDER.get_or_init(|| provider).tracer("stario");
    Ok(Some(tracing_opentelemetry::layer().with_tracer(tracer)))
}

/// Makes the span part of the trace that `traceparent` names (W3C Trace Context).
pub(super) fn continue_trace(span: &Span, headers: &HeaderMap) {
    if headers.contains_key("traceparent") && !span.is_disabled() {
        let parent = TraceContextPropagator::new().extract(&Carrier(headers));
        // Fails where no collector is wanted.
        let _ = span.set_parent(parent);
    }
}

/// Renames a span that has begun.
pub(super) fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// Flushes the exporter.
pub(super) fn flush() {
    if let Some(provider) = PROVIDER.get()
        && let Err(error) = provider.force_flush()
    {
        tracing::warn!(%error, "the last spans were not sent to the collector");
    }
}

struct Carrier<'a>(&'a HeaderMap);

impl Extractor for Carrier<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
