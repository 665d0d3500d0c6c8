//! Limits and timeouts: of a server's clients, and of its own stop.

use std::time::Duration;

/// How many bytes, connections and how much time clients may use, and how long stopping may take.
///
/// All of them apply by default, but for [`connections_per_client`](Self::connections_per_client). The environment
/// variable named at each comes before what the code says. Times limit how long a client keeps the server waiting;
/// how long a handler takes is limited by [`App::timeout`](crate::App::timeout). For no limit there is `Duration::MAX`,
/// which counts as a year. A count of 0 counts as 1, but for `http2_resets`.
///
/// ```
/// use std::time::Duration;
/// use stario::prelude::*;
/// use stario::Limits;
///
/// # stario::app!();
/// # #[app::query("/")]
/// # async fn home() {}
/// # fn main() {
/// let limits = Limits::default().keep_alive_timeout(Duration::from_secs(75)).connections(5000);
/// let app = app::new().limits(limits);
/// # app.check().unwrap();
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "limits do nothing until an app is given them"]
pub struct Limits {
    pub(crate) head_bytes: usize,
    pub(crate) head_fields: usize,
    pub(crate) head_timeout: Duration,
    pub(crate) body_memory: Option<usize>,
    pub(crate) body_timeout: Duration,
    pub(crate) keep_alive_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) connections: Option<usize>,
    pub(crate) connections_per_client: Option<usize>,
    pub(crate) streams: Option<usize>,
    #[cfg(feature = "http2")]
    pub(crate) http2: Http2Limits,
    pub(crate) backlog: u32,
    pub(crate) stop_timeout: Duration,
    pub(crate) detached_stop_timeout: Duration,
    pub(crate) cleanup_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 64 * 1024,
            head_fields: 100,
            head_timeout: Duration::from_secs(5),
            body_memory: None,
            body_timeout: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            connections: None,
            connections_per_client: None,
            streams: None,
            #[cfg(feature = "http2")]
            http2: Http2Limits { streams: 128, resets: 20 },
            backlog: 2048,
            stop_timeout: Duration::from_secs(5),
            detached_stop_timeout: Duration::from_secs(20),
            cleanup_timeout: Duration::from_secs(5),
        }
    }
}

/// The limits of connections of HTTP/2.
#[cfg(feature = "http2")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Http2Limits {
    pub(crate) streams: u32,
    pub(crate) resets: usize,
}

#[cfg(feature = "http2")]
impl Limits {
    /// Sets how many requests an HTTP/2 connection carries at once; 128 unless set.
    /// `STARIO_HTTP2_MAX_STREAMS`
    ///
    /// On all connections together, beyond the first of each, there are at most as many as there may be
    /// [`connections`](Self::connections). A further one is answered 503 with `retry-after`.
    pub fn http2_streams(mut self, count: u32) -> Self {
        self.http2.streams = count.max(1);
        self
    }

    /// Sets how many requests a client may reset on an HTTP/2 connection before the server has looked at them,
    /// which is what floods are made of; 20 unless set. One more closes the connection. A proxy that sends the
    /// requests of many clients on one connection may need more. `STARIO_HTTP2_MAX_RESETS`
    pub fn http2_resets(mut self, count: usize) -> Self {
        self.http2.resets = count;
        self
    }
}

impl Limits {
    /// The least that [`head_bytes`](Self::head_bytes) can be.
    pub(crate) const LEAST_HEAD_BYTES: usize = 8192;

    /// The most that [`head_fields`](Self::head_fields) can be: fewer than `http::HeaderMap` can hold.
    pub(crate) const MOST_HEAD_FIELDS: usize = 10_000;

    /// The most that a time can be. Clocks end some time later.
    pub(crate) const MOST_TIME: Duration = Duration::from_secs(365 * 24 * 3600);

    /// Sets the most bytes of a request's head, at least 8192; 64 KiB unless set. A longer one is answered
    /// 431, and over HTTP/2 its stream is reset. `STARIO_REQUESTS_MAX_HEADER_BYTES`
    pub fn head_bytes(mut self, bytes: usize) -> Self {
        self.head_bytes = bytes.max(Self::LEAST_HEAD_BYTES);
        self
    }

    /// Sets the most header fields of a request, at most 10000; 100 unless set, which is the fastest. More are
    /// answered 431.
    /// `STARIO_REQUESTS_MAX_HEADERS`
    pub fn head_fields(mut self, count: usize) -> Self {
        self.head_fields = count.clamp(1, Self::MOST_HEAD_FIELDS);
        self
    }

    /// Sets how long a client may take to send the head of a request, and before that for the TLS handshake;
    /// 5 seconds unless set. Then its connection is closed. `STARIO_REQUESTS_HEADER_TIMEOUT`
    pub fn head_timeout(mut self, time: Duration) -> Self {
        self.head_timeout = time.min(Self::MOST_TIME);
        self
    }

    /// Sets how many bytes of request bodies are in memory at once, of all requests of the app together; unless set,
    /// a quarter of the memory that the process may use (the machine's, or that of its control group), or 256 MiB
    /// where the system does not say. A request that would need more is answered 503 with `retry-after`.
    /// `STARIO_REQUESTS_BODY_MEMORY_BYTES`
    ///
    /// A body counts while it is collected, and until the handler's parameters are made of it. Bodies that are handed
    /// on as they arrive ([`BodyStream`](crate::BodyStream)), files on the disk and less than 16 KiB do not count. Let it
    /// be a multiple of [`App::body_limit`](crate::App::body_limit): one body that is larger is refused every time.
    pub fn body_memory(mut self, bytes: usize) -> Self {
        self.body_memory = Some(bytes.max(1));
        self
    }

    /// Sets how long a client may pause while its body is read; 30 seconds unless set. A slower client is answered 408.
    /// `STARIO_REQUESTS_BODY_TIMEOUT`
    ///
    /// In the long run, fewer than 256 bytes a second count as a pause; or fewer than one byte a second for each KiB
    /// that is kept of the body, if that is more, up to 10 KiB a second.
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.body_timeout = time.min(Self::MOST_TIME);
        self
    }

    /// Sets how long an idle connection is kept open; 5 seconds unless set. Behind a proxy that keeps its
    /// connections open, let it be longer than the proxy's own limit.
    /// `STARIO_REQUESTS_KEEP_ALIVE_TIMEOUT`
    pub fn keep_alive_timeout(mut self, time: Duration) -> Self {
        self.keep_alive_timeout = time.min(Self::MOST_TIME);
        self
    }

    /// Sets how long a client may accept nothing of what is sent; 30 seconds unless set. In the long run, fewer
    /// than 256 bytes a second count as nothing. Then its connection is closed; over HTTP/2 the limit is per
    /// stream, and only that is reset. `STARIO_REQUESTS_WRITE_TIMEOUT`
    pub fn write_timeout(mut self, time: Duration) -> Self {
        self.write_timeout = time.min(Self::MOST_TIME);
        self
    }

    /// Sets how many connections are open at once; unless set, four fifths of the files that the process may
    /// open beyond those that are open at the start, which leaves some for handlers, and at most one for each 128 KiB
    /// of the memory that it may use: the machine's, or less in a control group. `STARIO_MAX_CONNECTIONS`
    ///
    /// Further ones are in reserve, 64 at once, or a sixteenth of the files if those are fewer than 1024: each has a
    /// second for the head of its request, and a second for the TLS handshake before. [Probes](crate::App::liveness)
    /// are answered, everything else gets 503 with `retry-after`, and then the connection is closed. Beyond the reserve,
    /// connections are closed at once.
    pub fn connections(mut self, count: usize) -> Self {
        self.connections = Some(count.max(1));
        self
    }

    /// Sets how many connections one client may have open at once; any number unless set. Further ones are in reserve,
    /// see [`connections`](Self::connections). `STARIO_MAX_CONNECTIONS_PER_CLIENT`
    ///
    /// A client is the address that the connection comes from, and for IPv6 its first 64 bits. Connections from
    /// [trusted proxies](crate::App::trust_proxies) and through Unix sockets are not limited, because they are of many
    /// clients, whose addresses are known only when a request's head is read: there, let the proxy set the limit.
    /// Browsers open six connections over HTTP/1.1, and many people can share an address of IPv4.
    pub fn connections_per_client(mut self, count: usize) -> Self {
        self.connections_per_client = Some(count.max(1));
        self
    }

    /// Sets how many streams are open at once, on all connections together; unless set, nine tenths of the
    /// [`connections`](Self::connections), so that streams do not take the place of requests. `STARIO_MAX_STREAMS`
    ///
    /// Streams are event streams, and what a [`Writer`](crate::Writer) sends step by step. A further one is answered
    /// 503 with `retry-after`, and a page opens it again if its action says so:
    /// `live::action().retry(action::Retry::Always)`. The stream of a command counts, but is never refused: the command
    /// has run by then.
    pub fn streams(mut self, count: usize) -> Self {
        self.streams = Some(count.max(1));
        self
    }

    /// Sets how many connections may wait to be accepted, as far as the system allows; 2048 unless set.
    /// `STARIO_BACKLOG`
    pub fn backlog(mut self, count: u32) -> Self {
        self.backlog = count.max(1);
        self
    }

    /// Sets how long requests may take after the signal to stop, until the last byte of their response; 5 seconds
    /// unless set. Then they are cut off, and named in the log. `STARIO_GRACEFUL_SHUTDOWN_TIMEOUT`
    pub fn stop_timeout(mut self, time: Duration) -> Self {
        self.stop_timeout = time.min(Self::MOST_TIME);
        self
    }

    /// Sets how long detached commands, and commands whose client has left, may take after the signal to stop;
    /// 20 seconds unless set, so that all ends within the 30 seconds that most supervisors give. Then they are
    /// cut off, and named in the log. `STARIO_GRACEFUL_SHUTDOWN_DETACHED_TIMEOUT`
    pub fn detached_stop_timeout(mut self, time: Duration) -> Self {
        self.detached_stop_timeout = time.min(Self::MOST_TIME);
        self
    }

    /// Sets how long each clean-up of a singleton, and each stop hook, may take; 5 seconds unless set.
    /// `STARIO_GRACEFUL_SHUTDOWN_CLEANUP_TIMEOUT`
    pub fn cleanup_timeout(mut self, time: Duration) -> Self {
        self.cleanup_timeout = time.min(Self::MOST_TIME);
        self
    }
}
