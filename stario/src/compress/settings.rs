//! The settings of compression: which responses are compressed, in which codings, at which level.

use std::fmt;
use std::ops::RangeInclusive;

use http::HeaderValue;

/// A content coding that stario writes and reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentCoding {
    /// `zstd` (RFC 8878).
    Zstd,
    /// `br` (RFC 7932).
    Brotli,
    /// `gzip` (RFC 1952).
    Gzip,
}

impl ContentCoding {
    /// In the order in which they are preferred unless an app says otherwise.
    pub(crate) const ALL: [ContentCoding; 3] =
        [ContentCoding::Zstd, ContentCoding::Brotli, ContentCoding::Gzip];

    /// As it stands in headers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            ContentCoding::Zstd => "zstd",
            ContentCoding::Brotli => "br",
            ContentCoding::Gzip => "gzip",
        }
    }

    pub(crate) fn from_name(name: &[u8]) -> Option<Self> {
        // What RFC 9110, section 8.4.1.3, calls its equal.
        if name.eq_ignore_ascii_case(b"x-gzip") {
            return Some(ContentCoding::Gzip);
        }
        Self::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name().as_bytes()))
    }

    pub(crate) const fn levels(self) -> RangeInclusive<u8> {
        match self {
            ContentCoding::Zstd => 1..=22,
            ContentCoding::Brotli => 0..=11,
            ContentCoding::Gzip => 1..=9,
        }
    }
}

impl fmt::Display for ContentCoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// How hard an encoder tries, and how far back it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Effort {
    pub(super) level: u8,
    /// The logarithm of the window's size in bytes.
    pub(super) window: u8,
}

impl Effort {
    /// The smallest window that encoders have.
    pub(super) const LEAST_WINDOW: u8 = 10;

    /// The window from which on zstd's tables are as large as its levels, from 3 on, have them at least.
    pub(super) const TABLES_WINDOW: u8 = 16;
}

/// Whether and how responses are compressed; see [`App::compression`](crate::App::compression).
///
/// # What is compressed
///
/// A response to a request that sends `accept-encoding` is compressed, unless
///
/// - its content type is none of [`types`](Self::types), or it has none;
/// - it is a whole body below the [`threshold`](Self::threshold), or would not become smaller;
/// - it has a `content-encoding`, or a `content-length` and is written piece by piece;
/// - it has `cache-control: no-transform`;
/// - its status is 204, 205, 206 or 304.
///
/// The client's weights (`q=`) decide which coding is used, then the order of [`codings`](Self::codings).
/// Malformed entries are skipped. A client that accepts none of the codings gets the body as it is, as does one
/// that gives `identity` at least the same weight. Every response that could have been compressed has
/// `vary: accept-encoding`; if one is compressed, its strong `etag` is made weak. A request without
/// `accept-encoding` is answered without any of this.
///
/// # Secrets
///
/// If a response contains a secret next to text that a client chose, its compressed length can reveal the secret
/// to someone who can request it many times (the BREACH attack): mask such secrets anew in each response, or set
/// `cache-control: no-transform` on it, which proxies obey too.
///
/// In a stream the same holds for all that it has sent: a later event refers to what is equal in earlier ones, so its length tells
/// who sees the connection whether text that he has brought in stands in them, too. Send an event with a secret by
/// [`Event::uncompressed`](crate::Event::uncompressed): it stays out of what is compressed. A relay's events are compressed
/// together; to whom a subject with secrets goes, nobody else should be able to bring in text. What a stream sends besides
/// them is compressed apart from them where the stream shares them with others.
///
/// # Streams
///
/// Each event, or whatever a handler writes at once, can be decoded as it arrives, with everything sent before as
/// its dictionary. For that, each open stream holds an encoder from its second event on:
///
/// | | level | memory per stream | an event of 942 bytes |
/// |---|---|---|---|
/// | zstd | 1 | 151 KiB | 113 bytes |
/// | gzip | 3 | 181 KiB | 121 bytes |
/// | br | 3 | 330 KiB | 117 bytes |
///
/// A stream that sends the events of a relay holds none; see below.
///
/// Measured on x86-64 Linux with glibc, in a release build, after 500 events of a table whose numbers change
/// (`benchmarks/compression`); after 50 events a stream holds as much. Because brotli holds the most, streams are sent in
/// brotli only if [`codings`](Self::codings) names it.
///
/// # Events of a relay
///
/// An [`Event`](crate::Event) that is published in a [`Relay<Event>`](crate::Relay) is compressed once for all streams that yield it in
/// zstd, and once for those in gzip. Streams whose subscriptions have the same patterns share a history, too: each sends the same
/// block, which refers to the events before. A stream that begins, or that has sent something else in between, sends the next
/// events without their history, each compressed once for all that need it. After some of them all streams begin a new
/// history: when as many events were sent so as there are streams with the history, or after 256 KiB.
///
/// | event | its own history | alone | shared, of 1000 streams none / 1 / 10 are replaced with each event |
/// |---|---|---|---|
/// | a board of 13 KB (`examples/tiles`) | 257 bytes in zstd | 870 | 257 / 289 / 336 |
/// | a list of 8 KB (as in `examples/groceries`) | 151 | 903 | 151 / 177 / 242 |
/// | a message of 196 bytes (the guide's chat) | 39 | 156 | 39 / 51 / 66 |
/// | the same in gzip | 35 | 147 | 35 / 42 / 55 |
///
/// - A stream that sends such events holds no encoder, but half a KiB. What it sends in between is compressed by itself; where more than eight such
///   events follow each other, with an encoder, up to the next event of a relay.
/// - For each list of patterns and each coding that streams use, a relay holds one encoder and at most 64 KiB of blocks, or one block, as long as a stream is
///   open: at most 64 of them, so 16 MiB. Streams beyond compress for themselves. An event that is kept, in a queue or in the
///   relay's history, keeps what it was compressed to.
/// - A stream that yields only some of the events, or those of several relays in turn, sends most of them without a history.
/// - If an event is changed, as by rendering it anew for each stream, it is not shared. Neither is an event inside of another type.
/// - Which process has published an event does not matter. A page that comes from another process has ids of its own until this one has
///   received what the other one had; until then its events are not shared.
/// - [`Relay::compress_per_stream`](crate::Relay::compress_per_stream) turns this off for a relay. Streams in brotli compress for themselves.
///
/// The stream stays one valid body, for whatever proxies do with it: in zstd it has many frames (RFC 8878, section 3.1), in gzip
/// one member.
///
/// # Variables
///
/// [`App::serve`](crate::App::serve) reads these from the environment; they come before what the code says:
///
/// | | |
/// |---|---|
/// | `STARIO_COMPRESS_MIN_SIZE` | [`threshold`](Self::threshold) |
/// | `STARIO_COMPRESS_PREFERENCE` | [`codings`](Self::codings), such as `br,gzip`; `none` for none |
/// | `STARIO_COMPRESS_ZSTD_LEVEL`, `_BROTLI_LEVEL`, `_GZIP_LEVEL` | [`level`](Self::level) |
///
/// # Whole bodies
///
/// The levels are 3 for zstd, 4 for brotli and 6 for gzip, each with its level's default window. Up to 64 KiB are
/// compressed in place; more on a thread for blocking work, so that other requests need not wait.
///
/// ```
/// use stario::prelude::*;
/// use stario::{ContentCoding, Compression};
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home() -> Html {
///     html! { <p>{"again and ".repeat(100)}</p> }
/// }
///
/// # fn main() {
/// let compression = Compression::new().codings([ContentCoding::Brotli, ContentCoding::Gzip]).level(ContentCoding::Brotli, 5);
/// let client = TestClient::new(app::new().compression(compression));
/// let res = client.get("/").header("accept-encoding", "gzip, br, zstd").send();
/// assert_eq!(res.header("content-encoding"), "br");
/// assert_eq!(res.header("vary"), "accept-encoding");
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "give it to an app with `App::compression`"]
pub struct Compression {
    threshold: usize,
    /// The preferred first; `None` for the usual order.
    codings: Option<Vec<ContentCoding>>,
    /// Each by its coding's place in `ContentCoding::ALL`.
    whole: [Effort; ContentCoding::ALL.len()],
    streams: [Effort; ContentCoding::ALL.len()],
    /// `None` for the usual ones.
    types: Option<Vec<String>>,
}

impl Compression {
    /// Makes the default settings.
    pub const fn new() -> Self {
        Self {
            threshold: 512,
            codings: None,
            whole: [
                Effort { level: 3, window: 21 },
                Effort { level: 4, window: 22 },
                Effort { level: 6, window: 15 },
            ],
            streams: [
                Effort { level: 1, window: 15 },
                Effort { level: 3, window: 14 },
                // A smaller window would save 16 KiB, and find nothing of an event of 4 KiB before.
                Effort { level: 3, window: 13 },
            ],
            types: None,
        }
    }

    /// No compression at all.
    pub fn off() -> Self {
        Self::new().codings([])
    }

    /// Sends whole bodies of fewer bytes as they are; 512 unless set. A client that refuses uncompressed bodies
    /// gets them compressed all the same.
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// Uses only these codings; of those that a client weighs equally, the first. Unless set: zstd,
    /// brotli, gzip; for streams zstd, gzip.
    pub fn codings(mut self, codings: impl IntoIterator<Item = ContentCoding>) -> Self {
        let mut chosen = Vec::new();
        for coding in codings {
            if !chosen.contains(&coding) {
                chosen.push(coding);
            }
        }
        self.codings = Some(chosen);
        self
    }

    /// Sets a coding's level for whole bodies: 1 to 22 for zstd (3 unless set), 0 to 11 for brotli (4),
    /// 1 to 9 for gzip (6).
    pub fn level(mut self, coding: ContentCoding, level: u8) -> Self {
        self.whole[coding as usize].level = level;
        self
    }

    /// Sets a coding's level for streams, in the range of [`level`](Self::level): zstd 1, brotli 3 and gzip 3
    /// unless set.
    pub fn stream_level(mut self, coding: ContentCoding, level: u8) -> Self {
        self.streams[coding as usize].level = level;
        self
    }

    /// Compresses only these content types: one (`application/json`), all of a kind (`text/*`), or all with a
    /// suffix (`+json`).
    ///
    /// Unless set: `text/*`, `+json`, `+xml`, `+text`, `font/otf`, `font/ttf`, `image/bmp`, `image/x-icon`
    /// and, of `application/`, `json`, `javascript`, `xml`, `wasm`, `x-ndjson`, `jsonl`, `yaml`, `toml`,
    /// `sql`, `rtf` and `graphql`. Others are already compressed, as images and archives are, or unknown.
    pub fn types<T: Into<String>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        self.types = Some(types.into_iter().map(Into::into).collect());
        self
    }

    pub(crate) fn is_off(&self) -> bool {
        self.codings.as_ref().is_some_and(Vec::is_empty)
    }

    /// The contradictions in these settings, in sentences.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (of, efforts) in [("", &self.whole), (" for streams", &self.streams)] {
            for (coding, effort) in ContentCoding::ALL.into_iter().zip(efforts) {
                let level = effort.level;
                if !coding.levels().contains(&level) {
                    let (least, most) = coding.levels().into_inner();
                    problems.push(format!("{coding} has no level {level}{of}: expected {least} to {most}"));
                }
            }
        }
        let types = self.types.iter().flatten().filter(|pattern| !is_pattern(pattern));
        problems.extend(types.map(|pattern| {
            format!("`{pattern}` is not a content type to compress: expected the like of `application/json`, `text/*` or `+json`")
        }));
        problems
    }

    pub(super) fn least_bytes(&self) -> usize {
        self.threshold.max(1)
    }

    pub(super) fn preference(&self) -> &[ContentCoding] {
        self.codings.as_deref().unwrap_or(&ContentCoding::ALL)
    }

    /// The preference for streams. Unless the app says otherwise, each holds at most 200 KiB.
    pub(super) fn stream_preference(&self) -> &[ContentCoding] {
        self.codings.as_deref().unwrap_or(&[ContentCoding::Zstd, ContentCoding::Gzip])
    }

    pub(super) fn effort(&self, coding: ContentCoding) -> Effort {
        self.whole[coding as usize]
    }

    pub(super) fn stream_effort(&self, coding: ContentCoding) -> Effort {
        self.streams[coding as usize]
    }

    /// Whether bodies of this type are compressed, whatever its parameters.
    pub(super) fn compresses(&self, content_type: &HeaderValue) -> bool {
        let bytes = content_type.as_bytes();
        let end = bytes.iter().position(|byte| *byte == b';').unwrap_or(bytes.len());
        let essence = bytes[..end].trim_ascii();
        match &self.types {
            Some(types) => types.iter().any(|pattern| matches(pattern, essence)),
            None => TYPES.iter().any(|pattern| matches(pattern, essence)),
        }
    }
}

impl Default for Compression {
    fn default() -> Self {
        Self::new()
    }
}

/// The content types that are worth it.
const TYPES: &[&str] = &[
    "text/*",
    "application/json",
    "application/javascript",
    "application/xml",
    "application/wasm",
    "+json",
    "+xml",
    "+text",
    "application/x-ndjson",
    "application/jsonl",
    "application/yaml",
    "application/toml",
    "application/sql",
    "application/rtf",
    "application/graphql",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/x-icon",
];

fn is_pattern(pattern: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"/*+;,".contains(&byte))
    };
    match (pattern.split_once('/'), pattern.strip_prefix('+')) {
        (Some((kind, "*")), _) => is_name(kind),
        (Some((kind, subtype)), _) => is_name(kind) && subtype.split('+').all(is_name),
        (None, Some(ending)) => is_name(ending),
        (None, None) => false,
    }
}

fn matches(pattern: &str, essence: &[u8]) -> bool {
    let pattern = pattern.as_bytes();
    if pattern.starts_with(b"+") {
        return essence.len() > pattern.len()
            && essence[essence.len() - pattern.len()..].eq_ignore_ascii_case(pattern);
    }
    match pattern.strip_suffix(b"*") {
        Some(kind) => essence.len() > kind.len() && essence[..kind.len()].eq_ignore_ascii_case(kind),
        None => essence.eq_ignore_ascii_case(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_compressed_by_kind_name_and_ending() {
        let check = |content_type: &'static str, expected: bool| {
            let compresses = Compression::new().compresses(&HeaderValue::from_static(content_type));
            assert_eq!(compresses, expected, "{content_type}");
        };
        check("text/html; charset=utf-8", true);
        check("TEXT/Plain", true);
        check("text/event-stream", true);
        check("text/css ; charset=x", true);
        check("application/json", true);
        check("application/problem+json", true);
        check("application/ld+JSON;profile=x", true);
        check("image/svg+xml", true);
        check("application/wasm", true);
        check("text/javascript", true);
        check("image/png", false);
        check("video/mp4", false);
        check("application/zip", false);
        check("application/octet-stream", false);
        check("application/jsonx", false);
        check("font/woff2", false);
        check("text/", false);
        check("+json", false);
        check("", false);
        check(";", false);
    }

    #[test]
    fn types_can_be_chosen() {
        let compression = Compression::new().types(["application/x-own", "image/*"]);
        assert_eq!(compression.problems(), [""; 0]);
        for (content_type, expected) in
            [("application/x-own", true), ("image/png", true), ("text/html", false)]
        {
            assert_eq!(compression.compresses(&HeaderValue::from_static(content_type)), expected);
        }
    }

    #[test]
    fn a_coding_is_used_once() {
        let compression = Compression::new().codings([
            ContentCoding::Gzip,
            ContentCoding::Zstd,
            ContentCoding::Gzip,
            ContentCoding::Brotli,
        ]);
        assert_eq!(
            compression.preference(),
            [ContentCoding::Gzip, ContentCoding::Zstd, ContentCoding::Brotli]
        );
        assert!(Compression::off().is_off());
    }

    #[test]
    fn streams_are_in_brotli_only_if_the_app_says_so() {
        let usual = [ContentCoding::Zstd, ContentCoding::Gzip];
        assert_eq!(Compression::new().stream_preference(), usual);
        let chosen = [ContentCoding::Brotli, ContentCoding::Gzip];
        assert_eq!(Compression::new().codings(chosen).stream_preference(), chosen);
    }

    #[test]
    fn what_no_encoder_has_is_a_problem() {
        let check = |compression: Compression, expected: &str| {
            assert_eq!(compression.problems(), [expected]);
        };
        let new = Compression::new;
        assert_eq!(new().problems(), [""; 0]);
        check(new().level(ContentCoding::Zstd, 23), "zstd has no level 23: expected 1 to 22");
        check(new().level(ContentCoding::Zstd, 0), "zstd has no level 0: expected 1 to 22");
        check(new().level(ContentCoding::Brotli, 12), "br has no level 12: expected 0 to 11");
        check(new().level(ContentCoding::Gzip, 10), "gzip has no level 10: expected 1 to 9");
        check(new().stream_level(ContentCoding::Gzip, 0), "gzip has no level 0 for streams: expected 1 to 9");
        for pattern in ["", "text", "*/*", "text/", "/json", "+", "text/html; charset=utf-8", "*", "a/b/c"] {
            let problems = new().types([pattern]).problems();
            assert_eq!(problems.len(), 1, "{pattern}");
            assert!(problems[0].starts_with(&format!("`{pattern}` is not a content type")), "{problems:?}");
        }
    }
}
