//! Metrics for Prometheus.
//!
//! They go through the `metrics` facade, so what the app counts by that facade's macros is served with them.
//! Names and labels are those of OpenTelemetry's conventions for HTTP servers, as Prometheus writes them.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::metrics::{counter, gauge, histogram};
use http::{Method, StatusCode};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The bucket bounds of the duration histogram, in seconds: those that OpenTelemetry recommends for HTTP.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The recorder's upkeep runs after so many requests, so that metrics that nobody scrapes take bounded memory.
const UPKEEP: u64 = 1000;

/// The recorder of the process, or why it is not ours.
static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();

/// Installs the recorder of the process, which all its apps share.
///
/// # Errors
///
/// When the process has another recorder already.
pub(crate) fn keep() -> Result<(), String> {
    HANDLE.get_or_init(install).as_ref().map(|_| ()).map_err(String::clone)
}

fn install() -> Result<PrometheusHandle, String> {
    let recorder =
        PrometheusBuilder::new().set_buckets(&SECONDS).map_err(|error| error.to_string())?.build_recorder();
    let handle = recorder.handle();
    ::metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
    Ok(handle)
}

fn handle() -> Option<&'static PrometheusHandle> {
    HANDLE.get()?.as_ref().ok()
}

pub(super) fn are_kept() -> bool {
    handle().is_some()
}

/// The figures in the text format that Prometheus reads.
pub(crate) fn render() -> String {
    handle().map(PrometheusHandle::render).unwrap_or_default()
}

/// Counts a run of a durable command.
pub(crate) fn count_run(name: &'static str, outcome: &'static str) {
    if are_kept() {
        counter!("stario_durable_runs_total", "command" => name, "outcome" => outcome).increment(1);
    }
}

/// Says how many durable commands of a name are in a state; `None` is no number.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn set_commands(name: &str, state: &str, count: Option<u64>) {
    let count = count.map_or(f64::NAN, |count| count as f64);
    gauge!("stario_durable_commands", "command" => name.to_owned(), "state" => state.to_owned()).set(count);
}

/// Says how many people the presences of the process list.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn set_people(count: u64) {
    gauge!("stario_presence_people").set(count as f64);
}

/// Counts what has become of a record of a presence.
pub(crate) fn count_record(outcome: &'static str) {
    if are_kept() {
        counter!("stario_presence_records_total", "outcome" => outcome).increment(1);
    }
}

/// The metrics of one request.
#[derive(Debug)]
pub(crate) struct Figures {
    method: &'static str,
    route: &'static str,
    status: Option<StatusCode>,
    is_stream: bool,
}

impl Figures {
    pub(crate) fn begin(method: &Method) -> Option<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let handle = handle()?;
        if COUNT.fetch_add(1, Ordering::Relaxed) % UPKEEP == UPKEEP - 1 {
            handle.run_upkeep();
        }
        let method = known(method);
        gauge!("http_server_active_requests", "http_request_method" => method).increment(1);
        Some(Self { method, route: "", status: None, is_stream: false })
    }

    pub(crate) fn answered(&mut self, status: StatusCode, route: Option<&'static str>, is_stream: bool) {
        self.status = Some(status);
        self.route = route.unwrap_or_default();
        // A panic behind the head replaces the response, which then has another status.
        if is_stream && !std::mem::replace(&mut self.is_stream, is_stream) {
            gauge!("stario_open_streams", "http_route" => self.route).increment(1);
        }
    }

    pub(crate) fn end(&mut self, elapsed: Duration, events: Option<u64>) {
        gauge!("http_server_active_requests", "http_request_method" => self.method).decrement(1);
        let route = self.route;
        if self.is_stream {
            gauge!("stario_open_streams", "http_route" => route).decrement(1);
            counter!("stario_stream_events_total", "http_route" => route)
                .increment(events.unwrap_or_default());
        }
        // A client that left has no status; 499 is what nginx made of it.
        let status = self.status.map_or(499, |status| status.as_u16());
        histogram!(
            "http_server_request_duration_seconds",
            "http_request_method" => self.method,
            "http_route" => route,
            "http_response_status_code" => status.to_string(),
        )
        .record(elapsed.as_secs_f64());
    }
}

/// A label has as many values as there are methods, whatever clients make up.
fn known(method: &Method) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"]
        .into_iter()
        .find(|known| method == *known)
        .unwrap_or("_OTHER")
}
