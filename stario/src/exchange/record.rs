//! `Record`: what the log and the metrics say of a request.

use std::net::IpAddr;
#[cfg(feature = "metrics")]
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64};

use http::Method;

use crate::moment::Moment;
use crate::short_text::ShortText;
#[cfg(feature = "metrics")]
use crate::telemetry;
use crate::telemetry::Listeners;

/// What the log and the metrics say of the request when its response has ended.
pub(super) struct Record {
    pub(super) listeners: Listeners,
    /// `None` if nobody asks how long it takes.
    pub(super) started: Option<Moment>,
    pub(super) method: Method,
    /// `None` if the route says it, or if nobody reads the record.
    pub(super) path: Option<ShortText>,
    pub(super) client: Option<IpAddr>,
    /// The status of the response; 0 before there is one.
    pub(super) status: AtomicU16,
    pub(super) is_stream: AtomicBool,
    /// Whether an event stream ended because the server stops.
    pub(super) is_stopped: AtomicBool,
    /// Whether the request is counted among those that the server's stop has cut.
    pub(super) is_cut_noted: AtomicBool,
    pub(super) events: AtomicU64,
    #[cfg(feature = "metrics")]
    pub(super) figures: Mutex<Option<telemetry::metrics::Figures>>,
}

impl Record {
    pub(super) fn new(
        listeners: Listeners,
        method: Method,
        path: Option<ShortText>,
        client: Option<IpAddr>,
    ) -> Self {
        let is_timed = cfg!(feature = "metrics") || listeners.want_records();
        Self {
            listeners,
            started: is_timed.then(Moment::now),
            #[cfg(feature = "metrics")]
            figures: Mutex::new(None),
            method,
            path,
            client,
            status: AtomicU16::new(0),
            is_stream: AtomicBool::new(false),
            is_stopped: AtomicBool::new(false),
            is_cut_noted: AtomicBool::new(false),
            events: AtomicU64::new(0),
        }
    }
}
