//! The methods of `App` that set what it does with every request.

use std::sync::Arc;
use std::time::Duration;

use super::App;
#[cfg(feature = "compression")]
use crate::compress::{Compression, Decompression};
use crate::rate_limit::{RateLimit, RateLimiter};
use crate::settings::{
    Admission, AllowedHosts, Limits, Proxies, ProxyHeader, Range, ReadyHeaders, SameOrigin, SecurityHeaders,
};

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
        self.settings.part.body_limit = Some(bytes);
        self
    }

    /// Sets the most bytes of a request's signals; 1 MiB unless set, and never more than
    /// [`body_limit`](Self::body_limit).
    ///
    /// It applies to each [`Signal`](crate::Signal) and to [`Signals`](struct@crate::Signals), in a body and in a query. More is
    /// refused with 413: before any of a body is read if its `content-length` says so, else at the byte that passes the
    /// limit. A handler whose attribute has a `body_limit` uses that for its signals too:
    /// `#[app::command("/avatar", body_limit = 8 * 1024 * 1024)]`. `STARIO_REQUESTS_MAX_SIGNALS_BYTES`
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::command("/rename")]
    /// async fn rename(name: Signal<String>) -> String {
    ///     name.0
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().signals_limit(16));
    /// let rename = |name| client.post("/rename").signals(&json!({ "name": name })).send();
    /// assert_eq!(rename("Ada").text(), "Ada");
    /// let res = rename("Augusta Ada King");
    /// assert_eq!((res.status().as_u16(), res.text()), (413, "the signals are larger than 16 bytes"));
    /// # }
    /// ```
    pub fn signals_limit(mut self, bytes: usize) -> Self {
        self.settings.part.signals_limit = Some(bytes);
        self
    }

    /// Sets how many names and values the JSON of a request may hold, in signals and in a body; 100,000 unless set.
    ///
    /// Each text, number, `true`, `false`, `null`, list and object counts, and each name in an object. An object within another
    /// value counts as four, because it takes as much memory as many others. They are counted before anything is made of them,
    /// because a value takes up to a hundred times as much memory as its text: 100,000 of them as a `serde_json::Value` take
    /// at most 14 MiB. More are refused with 413. JSON that is nested more than
    /// 127 levels deep is refused with 422, whatever this limit is. `STARIO_REQUESTS_MAX_VALUES`
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::command("/sum")]
    /// async fn sum(numbers: JsonBody<Vec<u32>>) -> u32 {
    ///     numbers.iter().sum()
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().values_limit(3));
    /// assert_eq!(client.post("/sum").json(&json!([1, 2])).send().text(), "3");
    /// let res = client.post("/sum").json(&json!([1, 2, 3])).send();
    /// assert_eq!(res.status(), 413);
    /// assert_eq!(res.text(), "body `numbers` has more than 3 names and values");
    /// # }
    /// ```
    pub fn values_limit(mut self, count: usize) -> Self {
        self.settings.part.values_limit = Some(count);
        self
    }

    /// Sets how long a handler may take to answer; as long as it likes unless set.
    ///
    /// The time runs from when the request's head is read to when the handler has returned, or to the head of its
    /// response if that is a stream or is sent by a [`Writer`](crate::Writer). Resolving the parameters, reading the
    /// body among them, counts; layers do not. Then the request is answered 503, and the log names the handler. A query
    /// is dropped; a command runs on to its end, as it does when its client leaves.
    ///
    /// A handler can have its own timeout, longer or shorter: `#[app::query("/report", timeout = "10s")]`, with the
    /// units `ms`, `s`, `m` and `h`. A part that was merged, nested or hosted may have one of its own, which holds for
    /// its routes; [`Duration::MAX`] is no limit.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/slow")]
    /// async fn slow() {
    ///     std::future::pending().await
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().timeout(Duration::from_millis(20)));
    /// let res = client.get("/slow").send();
    /// assert_eq!((res.status().as_u16(), res.text()), (503, "the answer took longer than 20ms"));
    /// # }
    /// ```
    pub fn timeout(mut self, time: Duration) -> Self {
        if time.is_zero() {
            self.problems
                .push("a timeout of no time lets no handler answer: remove `.timeout(..)`".to_owned());
        }
        self.settings.part.timeout = Some(time);
        self
    }

    /// Sets how many requests a client may send in a period of time; any number unless set.
    ///
    /// All of them are allowed at once; after that, one each time that a part of the period has passed: with 60 in a minute,
    /// one a second. One more is refused with 429, a sentence, and `retry-after` in whole seconds, before any parameter is
    /// resolved. The requests of all handlers of this app count together; a handler can have limits of its own besides,
    /// by the client or by a parameter: `#[app::command("/login", rate_limit = "5/minute by name")]`, see
    /// [`app!`](crate::app!).
    ///
    /// A client is its address, as [`ClientAddress`](crate::ClientAddress) has it, or the first 64 bits of one of IPv6. Each
    /// limit counts 65,536 clients at most, in 2.5 MiB: then those go first that may send all of their requests again, then
    /// those that sent the fewest, and never one that is at its limit.
    ///
    /// A limit of a part that was merged, nested or hosted holds besides those around it. Under a prefix or a host it counts each
    /// path there, also where nothing is found, and mounted services. The probes and the Datastar client are not limited. Each
    /// process counts for itself.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home() {}
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().rate_limit(2, Duration::from_secs(60)));
    /// assert_eq!([(); 2].map(|()| client.get("/").send().status().as_u16()), [204, 204]);
    /// let res = client.get("/").send();
    /// assert_eq!((res.status().as_u16(), res.header("retry-after")), (429, "30"));
    /// assert_eq!(res.text(), "too many requests: try again in 30 seconds");
    /// # }
    /// ```
    pub fn rate_limit(mut self, count: u32, period: Duration) -> Self {
        if count == 0 || period.is_zero() {
            self.problems.push(
                "a rate limit of no requests, or in no time, lets nothing through or limits nothing: remove `.rate_limit(..)`"
                    .to_owned(),
            );
        }
        let limiter = Arc::new(RateLimiter::new(RateLimit { count, period }));
        self.settings.part.admissions.push(Admission::RateLimit(limiter));
        self
    }

    /// Sets the most bytes that a handler's [`Writer`](crate::Writer) buffers for a slow client; 64 KiB unless
    /// set.
    ///
    /// A write for which there is no room waits; one that is larger than the buffer waits until it is empty. The
    /// limit is per response, and does not count what the connection and the system buffer.
    pub fn write_buffer(mut self, bytes: usize) -> Self {
        self.settings.part.write_buffer = Some(bytes);
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
        self.settings.served.detached_limit = Some(count);
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
        self.settings.part.ping_interval = Some(interval);
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
                    "`{address}` is not an address of a proxy: write `10.0.0.1`, `10.0.0.0/8`, or the like of IPv6"
                )),
            }
        }
        self.settings.served.proxies = Some(Proxies { header, ranges });
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
    #[cfg(feature = "compression")]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.problems.extend(compression.problems());
        self.settings.part.compression = Some(Arc::new(compression));
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
    #[cfg(feature = "compression")]
    pub fn decompression(mut self, decompression: Decompression) -> Self {
        self.settings.part.decompression = Some(decompression);
        self
    }

    /// Sets the [`Limits`] of the server. The size of bodies is limited by [`body_limit`](Self::body_limit), the
    /// number of detached commands by [`detached_limit`](Self::detached_limit).
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.served.limits = Some(limits);
        self
    }

    /// Sets which pages may send commands; those of the app itself unless set.
    ///
    /// A browser sends its cookies with every request, so a page of another site could act in its user's name.
    /// Such a request, of any method but GET, HEAD, OPTIONS, TRACE and QUERY, is refused with 403 before its
    /// handler runs. Where it comes from is in `sec-fetch-site` (`same-origin` and `none` pass), or else in
    /// `origin`, which is compared with `host`; a request with neither does not come from a browser's page, and
    /// passes. A part that was merged, nested or hosted may have a setting of its own, which holds for its routes and paths.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::SameOrigin;
    ///
    /// # stario::app!();
    /// #[app::command("/buy")]
    /// async fn buy() {}
    ///
    /// # fn main() {
    /// let ask = |app, site| TestClient::new(app).post("/buy").header("sec-fetch-site", site).send().status();
    /// assert_eq!(ask(app::new(), "same-origin"), 204);
    /// assert_eq!(ask(app::new(), "cross-site"), 403);
    /// assert_eq!(ask(app::new(), "same-site"), 403);
    /// assert_eq!(ask(app::new().same_origin(SameOrigin::new().allow_same_site()), "same-site"), 204);
    /// assert_eq!(ask(app::new().same_origin(SameOrigin::off()), "cross-site"), 204);
    /// # }
    /// ```
    pub fn same_origin(mut self, same_origin: SameOrigin) -> Self {
        self.problems.extend(same_origin.problems());
        self.settings.part.same_origin = Some(Arc::new(same_origin));
        self
    }

    /// Adds the [`SecurityHeaders`] to every response that does not set them itself; none are added by default.
    ///
    /// Their content security policy lets a page run only the app's own scripts and those with the [`Nonce`](crate::Nonce) of
    /// its response, and hands that nonce to Datastar's client by the [`DatastarScript`](crate::DatastarScript).
    /// Inline scripts of your own carry it themselves.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::{Nonce, SecurityHeaders};
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn page(datastar: DatastarScript, nonce: Nonce) -> Html {
    ///     html! {
    ///         <!DOCTYPE html>
    ///         <html lang="en">
    ///             <head><title>"Safe"</title>{datastar}</head>
    ///             <body><script nonce={nonce}>"console.log('mine')"</script></body>
    ///         </html>
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let res = TestClient::new(app::new().security_headers(SecurityHeaders::new())).get("/").send();
    /// assert_eq!(res.header("x-content-type-options"), "nosniff");
    /// let (_, nonce) = res.header("content-security-policy").split_once("'nonce-").unwrap();
    /// let (nonce, _) = nonce.split_once('\'').unwrap();
    /// assert!(res.text().contains(&format!(r#"<script nonce="{nonce}" type="module""#)));
    /// assert!(res.text().contains(&format!(r#"<script nonce="{nonce}">console.log('mine')"#)));
    /// # }
    /// ```
    pub fn security_headers(mut self, headers: SecurityHeaders) -> Self {
        match ReadyHeaders::new(headers) {
            Ok(headers) => self.settings.part.security_headers = Some(Arc::new(headers)),
            Err(problem) => self.problems.push(problem),
        }
        self
    }

    /// Answers only requests for these hosts; requests for others get 421. All hosts are answered for unless set.
    ///
    /// A host is a name or an address without a port, or `*.` and a domain for all names below it:
    /// `["shop.example", "*.shop.example", "localhost", "[::1]"]`. Anything else keeps the app from starting.
    ///
    /// Without it, a page of any site can reach an app on the user's own machine or network: its domain name need only be
    /// pointed to the app's address (DNS rebinding). Behind a proxy, name the hosts that the proxy passes on. The
    /// [probes](Self::liveness) answer for every host, because what asks them uses the address of the machine. So
    /// does everything for a request that names no host, which no browser sends.
    ///
    /// The app that is served decides; on another part it keeps the app from starting.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home() -> &'static str {
    ///     "home"
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().allowed_hosts(["shop.example", "*.shop.example"]));
    /// let ask = |host| client.get("/").header("host", host).send().status();
    /// assert_eq!(ask("shop.example:8000"), 200);
    /// assert_eq!(ask("www.shop.example"), 200);
    /// assert_eq!(ask("evil.example"), 421);
    /// # }
    /// ```
    pub fn allowed_hosts<H: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        let (allowed, problems) = AllowedHosts::new(hosts);
        self.problems.extend(problems);
        self.settings.served.allowed_hosts = Some(allowed);
        self
    }
}
