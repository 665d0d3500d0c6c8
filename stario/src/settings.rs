//! Settings: those of each part of an app, and those of the app that is served.

mod address;
mod allowed_hosts;
mod guard;
mod limits;
mod proxies;
mod same_origin;
mod security_headers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::request;

use crate::answers::ErrorAnswers;
use crate::capacity;
use crate::compress::{Compression, Decompression};
use crate::durable::QueueSettings;
use crate::nonce::Nonce;

pub(crate) use address::{Address, SOCKET_MODE, parse_address};
pub(crate) use allowed_hosts::{AllowedHosts, WRONG_HOST};
pub(crate) use guard::Admission;
pub use guard::Guard;
pub use limits::Limits;
pub use proxies::ProxyHeader;
pub(crate) use proxies::{Proxies, Range};
pub(crate) use same_origin::CROSS_ORIGIN;
pub use same_origin::SameOrigin;
pub(crate) use security_headers::ReadyHeaders;
pub use security_headers::SecurityHeaders;

/// The most bytes of a body that are read, unless the app says otherwise: 10 MiB.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The most bytes of signals that are read, unless the app says otherwise: 1 MiB.
const SIGNALS_LIMIT: usize = 1024 * 1024;

/// The most names and values of JSON that are read, unless the app says otherwise. As `serde_json::Value`s in the shape that
/// takes most memory, they take 14 MiB.
const VALUES_LIMIT: usize = 100_000;

/// How long an event stream is silent, unless the app says otherwise: half of the minute after which common
/// proxies give up.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// The most bytes that a handler's `Writer` has ready for a slow client, unless the app says otherwise: 64 KiB.
const WRITE_BUFFER: usize = 64 * 1024;

/// How many detached commands run at once, unless the app says otherwise.
const DETACHED_LIMIT: usize = 1024;

/// All settings of an app, before it is put together.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) part: PartSettings,
    pub(crate) served: ServedSettings,
}

/// The settings of one part of an app, which hold for its routes and for every path below its prefix or host. Each
/// is `None` until it is set; the part around it is asked then.
#[derive(Default, Clone)]
pub(crate) struct PartSettings {
    pub(crate) body_limit: Option<usize>,
    pub(crate) signals_limit: Option<usize>,
    pub(crate) values_limit: Option<usize>,
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) compression: Option<Arc<Compression>>,
    pub(crate) decompression: Option<Decompression>,
    pub(crate) same_origin: Option<Arc<SameOrigin>>,
    pub(crate) security_headers: Option<Arc<ReadyHeaders>>,
    pub(crate) write_buffer: Option<usize>,
    pub(crate) timeout: Option<Duration>,
    /// The selector of the element in which the page shows failures.
    pub(crate) failure_region: Option<Arc<str>>,
    /// In the order in which a request passes them.
    pub(crate) admissions: Vec<Admission>,
    pub(crate) answers: ErrorAnswers,
}

impl std::fmt::Debug for PartSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PartSettings").finish_non_exhaustive()
    }
}

impl PartSettings {
    /// These settings, and those of the part around them that are not set here.
    pub(crate) fn within(self, outer: &Self) -> Self {
        Self {
            body_limit: self.body_limit.or(outer.body_limit),
            signals_limit: self.signals_limit.or(outer.signals_limit),
            values_limit: self.values_limit.or(outer.values_limit),
            ping_interval: self.ping_interval.or(outer.ping_interval),
            compression: self.compression.or_else(|| outer.compression.clone()),
            decompression: self.decompression.or(outer.decompression),
            same_origin: self.same_origin.or_else(|| outer.same_origin.clone()),
            security_headers: self.security_headers.or_else(|| outer.security_headers.clone()),
            write_buffer: self.write_buffer.or(outer.write_buffer),
            timeout: self.timeout.or(outer.timeout),
            failure_region: self.failure_region.or_else(|| outer.failure_region.clone()),
            // Guards and rate limits of a part are not instead of those around it.
            admissions: outer.admissions.iter().cloned().chain(self.admissions).collect(),
            answers: self.answers.within(&outer.answers),
        }
    }

    pub(crate) fn guards(&self) -> impl Iterator<Item = &Guard> {
        self.admissions.iter().filter_map(Admission::guard)
    }

    pub(crate) fn answers(&self) -> &ErrorAnswers {
        &self.answers
    }

    pub(crate) fn body_limit(&self) -> usize {
        self.body_limit.unwrap_or(BODY_LIMIT)
    }

    pub(crate) fn signals_limit(&self) -> usize {
        self.signals_limit.unwrap_or(SIGNALS_LIMIT)
    }

    pub(crate) fn values_limit(&self) -> usize {
        self.values_limit.unwrap_or(VALUES_LIMIT)
    }

    pub(crate) fn write_buffer(&self) -> usize {
        self.write_buffer.unwrap_or(WRITE_BUFFER)
    }

    /// How long a handler may take to answer, if its attribute does not say so. `None` if there is no limit.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.timeout.filter(|timeout| *timeout < Limits::MOST_TIME)
    }

    /// `None` when streams may be silent.
    pub(crate) fn ping_interval(&self) -> Option<Duration> {
        Some(self.ping_interval.unwrap_or(PING_INTERVAL)).filter(|interval| !interval.is_zero())
    }

    /// Whether the request is a command of a page that may not send it.
    pub(crate) fn refuses_origin(&self, head: &request::Parts) -> bool {
        match &self.same_origin {
            Some(same_origin) => same_origin.refuses(head),
            None => SameOrigin::new().refuses(head),
        }
    }

    pub(crate) fn security_headers(&self) -> Option<&ReadyHeaders> {
        self.security_headers.as_deref()
    }

    /// A nonce for one response, if there is a policy that names one.
    pub(crate) fn nonce(&self) -> Option<Nonce> {
        self.security_headers().and_then(ReadyHeaders::nonce)
    }

    pub(crate) fn has_nonces(&self) -> bool {
        self.security_headers().is_some_and(ReadyHeaders::has_nonces)
    }

    pub(crate) fn compression(&self) -> &Compression {
        static UNLESS_SET: Compression = Compression::new();
        self.compression.as_deref().unwrap_or(&UNLESS_SET)
    }

    pub(crate) fn decompression(&self) -> Option<Decompression> {
        self.decompression
    }
}

/// The settings of the app that is served: what its server does. On another part they are a problem of the check.
#[derive(Default)]
pub(crate) struct ServedSettings {
    pub(crate) detached_limit: Option<usize>,
    pub(crate) durable: QueueSettings,
    pub(crate) limits: Option<Limits>,
    pub(crate) listen: Vec<Address>,
    /// Where only probes are answered.
    pub(crate) probe_address: Option<Address>,
    /// The path of the Unix socket by which sockets are handed over.
    pub(crate) hand_over: Option<PathBuf>,
    /// The files of a certificate and of its key.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    pub(crate) proxies: Option<Proxies>,
    pub(crate) allowed_hosts: Option<AllowedHosts>,
    /// Whether the cookies of sessions and messages go over HTTPS alone, if the app says so.
    #[cfg(feature = "sessions")]
    pub(crate) secure_cookies: Option<bool>,
}

impl ServedSettings {
    pub(crate) fn detached_limit(&self) -> usize {
        self.detached_limit.unwrap_or(DETACHED_LIMIT)
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits.clone().unwrap_or_default()
    }

    /// How many streams may be open at once.
    pub(crate) fn streams(&self) -> usize {
        let limits = self.limits.as_ref();
        let connections =
            || limits.and_then(|limits| limits.connections).unwrap_or_else(capacity::connections);
        limits.and_then(|limits| limits.streams).unwrap_or_else(|| capacity::streams(connections()))
    }

    pub(crate) fn proxies(&self) -> Option<&Proxies> {
        self.proxies.as_ref()
    }

    /// The names of the methods of `App` whose settings are given.
    pub(crate) fn given(&self) -> Vec<&'static str> {
        let given = [
            (self.detached_limit.is_some(), "detached_limit"),
            (self.durable.store.is_some(), "durable"),
            (self.durable.limit.is_some(), "durable_limit"),
            (self.durable.lease.is_some(), "durable_lease"),
            (self.durable.retention.is_some(), "durable_retention"),
            (self.limits.is_some(), "limits"),
            (!self.listen.is_empty(), "listen"),
            (self.probe_address.is_some(), "probe_address"),
            (self.hand_over.is_some(), "hand_over"),
            (self.tls.is_some(), "tls"),
            (self.proxies.is_some(), "trust_proxies"),
            (self.allowed_hosts.is_some(), "allowed_hosts"),
            #[cfg(feature = "sessions")]
            (self.secure_cookies.is_some(), "secure_cookies"),
        ];
        given.into_iter().filter(|(is_given, _)| *is_given).map(|(_, name)| name).collect()
    }
}
