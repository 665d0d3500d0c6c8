//! What an app does with every request, whatever its route: limits, proxies.

use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use http::request;

use super::allowed_hosts::AllowedHosts;
use super::same_origin::SameOrigin;
use super::security_headers::ReadyHeaders;
use super::work::DETACHED_LIMIT;
use super::{App, Limits};
use crate::compress::{Compression, Decompression};
use crate::extract::Nonce;
use crate::server::{Address, parse_address};

/// The most bytes of a body that are read, unless the app says otherwise: 10 MiB.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// How long an event stream is silent, unless the app says otherwise: half of the minute after which common
/// proxies give up.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// The most bytes that a handler's `Writer` has ready for a slow client, unless the app says otherwise: 64 KiB.
const WRITE_BUFFER: usize = 64 * 1024;

/// Each is `None` until it is set.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) body_limit: Option<usize>,
    pub(crate) detached_limit: Option<usize>,
    pub(crate) limits: Option<Limits>,
    pub(crate) listen: Vec<Address>,
    /// The files of a certificate and of its key.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    proxies: Option<Proxies>,
    ping_interval: Option<Duration>,
    pub(crate) compression: Option<Compression>,
    decompression: Option<Decompression>,
    pub(super) allowed_hosts: Option<AllowedHosts>,
    pub(super) same_origin: Option<SameOrigin>,
    pub(super) security_headers: Option<ReadyHeaders>,
    write_buffer: Option<usize>,
}

impl Settings {
    /// These, and those of `other` that are not set here.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            body_limit: self.body_limit.or(other.body_limit),
            detached_limit: self.detached_limit.or(other.detached_limit),
            limits: self.limits.or(other.limits),
            listen: if self.listen.is_empty() { other.listen } else { self.listen },
            tls: self.tls.or(other.tls),
            proxies: self.proxies.or(other.proxies),
            ping_interval: self.ping_interval.or(other.ping_interval),
            compression: self.compression.or(other.compression),
            decompression: self.decompression.or(other.decompression),
            // What is refused is for the app that is served to say, not for a part of it to undo.
            allowed_hosts: self.allowed_hosts,
            same_origin: self.same_origin,
            security_headers: self.security_headers.or(other.security_headers),
            write_buffer: self.write_buffer.or(other.write_buffer),
        }
    }

    pub(crate) fn body_limit(&self) -> usize {
        self.body_limit.unwrap_or(BODY_LIMIT)
    }

    pub(super) fn detached_limit(&self) -> usize {
        self.detached_limit.unwrap_or(DETACHED_LIMIT)
    }

    pub(crate) fn write_buffer(&self) -> usize {
        self.write_buffer.unwrap_or(WRITE_BUFFER)
    }

    /// `None` when streams may be silent.
    pub(crate) fn ping_interval(&self) -> Option<Duration> {
        Some(self.ping_interval.unwrap_or(PING_INTERVAL)).filter(|interval| !interval.is_zero())
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits.clone().unwrap_or_default()
    }

    /// Whether the request is a command of a page that may not send it.
    pub(crate) fn refuses_origin(&self, head: &request::Parts) -> bool {
        match &self.same_origin {
            Some(same_origin) => same_origin.refuses(head),
            None => SameOrigin::new().refuses(head),
        }
    }

    pub(crate) fn security_headers(&self) -> Option<&ReadyHeaders> {
        self.security_headers.as_ref()
    }

    /// A nonce for one response, if there is a policy that names one.
    pub(crate) fn nonce(&self) -> Option<Nonce> {
        self.security_headers.as_ref().and_then(ReadyHeaders::nonce)
    }

    pub(crate) fn has_nonces(&self) -> bool {
        self.security_headers.as_ref().is_some_and(ReadyHeaders::has_nonces)
    }

    pub(crate) fn proxies(&self) -> Option<&Proxies> {
        self.proxies.as_ref()
    }

    pub(crate) fn compression(&self) -> &Compression {
        static UNLESS_SET: Compression = Compression::new();
        self.compression.as_ref().unwrap_or(&UNLESS_SET)
    }

    pub(crate) fn decompression(&self) -> Option<Decompression> {
        self.decompression
    }
}

impl App {
    /// Sets the most bytes of a request's body that are read; 10 MiB unless set.
    ///
    /// A longer body is refused with 413: before any of it is read if its `content-length` says so, else at
    /// the byte that passes the limit. It applies to every parameter that reads the body, streams and uploads
    /// included. A handler can have its own limit, larger or smaller:
    /// `#[app::command("/avatar", body_limit = 512 * 1024)]`. `STARIO_REQUESTS_MAX_BODY_BYTES`
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::command("/echo")]
    /// async fn echo(text: RawBody<String>) -> String {
    ///     text.0
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().body_limit(4));
    /// assert_eq!(client.post("/echo").body("four").send().text(), "four");
    /// let res = client.post("/echo").body("fives").send();
    /// assert_eq!(res.status(), 413);
    /// assert_eq!(res.text(), "the request's body is larger than 4 bytes");
    /// # }
    /// ```
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.settings.body_limit = Some(bytes);
        self
    }

    /// Listens on this address unless the environment names one: `0.0.0.0:8080`, `[::]:80`, or `unix:` and the
    /// path of a socket. Call it once per address; by default it is 127.0.0.1:8000. An invalid address keeps the
    /// app from starting.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # fn main() {
    /// app::new().listen("0.0.0.0:8080").listen("unix:/run/shop.sock").check().unwrap();
    /// let problems = app::new().listen("everywhere").check().unwrap_err();
    /// assert!(problems.to_string().contains("`everywhere` is no address"));
    /// # }
    /// ```
    pub fn listen(mut self, address: impl AsRef<str>) -> Self {
        let address = address.as_ref();
        match parse_address(address) {
            Some(address) => self.settings.listen.push(address),
            None => self.problems.push(format!(
                "`{address}` is no address to listen on: write `0.0.0.0:8000`, `[::]:8000` or `unix:/run/app.sock`"
            )),
        }
        self
    }

    /// Sets the most bytes that a handler's [`Writer`](crate::Writer) buffers for a slow client; 64 KiB unless
    /// set.
    ///
    /// A write for which there is no room waits; one that is larger than the buffer waits until it is empty. The
    /// limit is per response, and does not count what the connection and the system buffer.
    pub fn write_buffer(mut self, bytes: usize) -> Self {
        self.settings.write_buffer = Some(bytes);
        self
    }

    /// Speaks TLS, with the certificate chain and the private key of these PEM files, unless the environment
    /// names others in `STARIO_SSL_CERTFILE` and `STARIO_SSL_KEYFILE`. On Unix sockets there is no TLS.
    ///
    /// Versions are 1.2 and 1.3, and HTTP/2 is negotiated. The files are read when the server starts, and
    /// again within a minute of a change and on SIGHUP; new connections then get the new certificate. If the
    /// files cannot be read, the old one stays.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.settings.tls = Some((certificate.into(), key.into()));
        self
    }

    /// Sets how many detached commands run at once; 1024 unless set.
    ///
    /// One more is refused with 503 and `retry-after`, before its parameters are resolved.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::detached_command("/import")]
    /// async fn import() {
    ///     std::future::pending().await
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().detached_limit(1));
    /// assert_eq!(client.post("/import").send().status(), 204);
    /// let res = client.post("/import").send();
    /// assert_eq!((res.status().as_u16(), res.header("retry-after")), (503, "1"));
    /// # }
    /// ```
    pub fn detached_limit(mut self, count: usize) -> Self {
        self.settings.detached_limit = Some(count);
        self
    }

    /// Sets how long an event stream may be silent before a comment is sent, which the client ignores; 30
    /// seconds unless set, and [`Duration::ZERO`] for no comments.
    ///
    /// The comments keep a quiet stream open where a proxy would end it (nginx does after a minute of silence),
    /// and reveal a client that is gone without having closed the connection. They are sent between whole
    /// events, and only when nothing else was. Streams of a handler's own bytes get none.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # fn main() {
    /// let app = app::new().ping_interval(Duration::from_secs(15));
    /// # app.check().unwrap();
    /// # }
    /// ```
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.settings.ping_interval = Some(interval);
        self
    }

    /// Trusts the proxies at these addresses to name the client they forward for; see
    /// [`ClientAddress`](crate::ClientAddress). No proxy is trusted unless set.
    ///
    /// Each is an address (`10.0.0.1`, `::1`) or a range (`10.0.0.0/8`); anything else keeps the app from
    /// starting. Name the header that your proxies set or overwrite: the other one they pass on as it came, and
    /// a client could have made it up.
    pub fn trust_proxies<A: AsRef<str>>(
        mut self,
        header: ProxyHeader,
        addresses: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut ranges = Vec::new();
        for address in addresses {
            let address = address.as_ref();
            match Range::parse(address) {
                Some(range) => ranges.push(range),
                None => self.problems.push(format!(
                    "`{address}` is no address of a proxy: write `10.0.0.1`, `10.0.0.0/8`, or the like of IPv6"
                )),
            }
        }
        self.settings.proxies = Some(Proxies { header, ranges });
        self
    }

    /// Sets how responses are compressed. By default, a client gets the coding that it asks for if the body is
    /// worth it; [`Compression::off`] turns that off.
    ///
    /// ```
    /// use stario::Compression;
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home() -> Html {
    ///     html! { <p>{"again and ".repeat(100)}</p> }
    /// }
    ///
    /// # fn main() {
    /// let encoding_of = |app| {
    ///     let request = TestClient::new(app).get("/").header("accept-encoding", "gzip;q=0.9, zstd");
    ///     request.send().header("content-encoding").to_owned()
    /// };
    /// assert_eq!(encoding_of(app::new()), "zstd");
    /// assert_eq!(encoding_of(app::new().compression(Compression::off())), "");
    /// # }
    /// ```
    pub fn compression(mut self, compression: Compression) -> Self {
        self.problems.extend(compression.problems());
        self.settings.compression = Some(compression);
        self
    }

    /// Takes request bodies in zstd, br or gzip, as `content-encoding` names them; unless set, they are
    /// refused with 415, as are other codings and several at once.
    ///
    /// Every parameter that reads the body gets it decompressed, while the headers stay as they were sent.
    /// [`body_limit`](Self::body_limit) applies to the compressed and to the decompressed size: a body beyond
    /// either, or that expands more than [`Decompression::ratio`] allows, is refused with 413, and one that
    /// cannot be decompressed with 400.
    ///
    /// ```
    /// use stario::Decompression;
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::command("/echo")]
    /// async fn echo(text: RawBody<String>) -> String {
    ///     text.0
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().decompression(Decompression::new()));
    /// // "hi" in a block of zstd that is not compressed.
    /// let zstd = vec![0x28, 0xB5, 0x2F, 0xFD, 0x20, 2, 0x11, 0, 0, b'h', b'i'];
    /// let res = client.post("/echo").header("content-encoding", "zstd").body(zstd).send();
    /// assert_eq!(res.text(), "hi");
    /// # }
    /// ```
    pub fn decompression(mut self, decompression: Decompression) -> Self {
        self.settings.decompression = Some(decompression);
        self
    }
}

/// The header in which a proxy names the client it forwards for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyHeader {
    /// `x-forwarded-for: 203.0.113.7, 10.0.0.1`, which most proxies send.
    XForwardedFor,
    /// `forwarded: for=203.0.113.7, for="[2001:db8::1]:443"` (RFC 7239).
    Forwarded,
}

/// Whose word counts for the client's address.
pub(crate) struct Proxies {
    pub(crate) header: ProxyHeader,
    ranges: Vec<Range>,
}

impl Proxies {
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }
}

/// The addresses that begin with the same bits; IPv4 as the mapped IPv6.
struct Range {
    base: u128,
    bits: u32,
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(width), |length| length.parse().ok())?;
        (length <= width).then(|| Self { base: mapped(address), bits: 128 - width + length })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let differing = self.base ^ mapped(address);
        differing.checked_shr(128 - self.bits).unwrap_or(0) == 0
    }
}

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => Ipv6Addr::from(address.octets()),
    }
    .to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_begins_alike() {
        let check = |range: &str, address: &str, expected: bool| {
            let found = Range::parse(range).unwrap().contains(address.parse().unwrap());
            assert_eq!(found, expected, "{address} in {range}");
        };
        check("10.0.0.0/8", "10.255.1.2", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("10.0.0.1", "10.0.0.1", true);
        check("10.0.0.1", "10.0.0.2", false);
        check("10.0.0.1", "::ffff:10.0.0.1", true);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("2001:db8::/32", "2001:db8:1::", true);
        check("2001:db8::/32", "2001:db9::", false);
        check("::/0", "2001:db8::1", true);
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0.0/-1", "proxy", "[::1]"] {
            assert!(Range::parse(text).is_none(), "{text}");
        }
    }
}
