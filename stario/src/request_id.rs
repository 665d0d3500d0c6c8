//! `RequestId`: one request's name, in logs and for the client.

use std::cell::RefCell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU128;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use http::header::{HeaderName, HeaderValue};

/// A name that no other request has: 32 hexadecimal digits.
///
/// Every response carries it as `x-request-id`, unless the handler sets that header itself. The header of the
/// request is ignored, because a client could send the id of another request. The digits have no meaning, and are
/// not a secret; the first 16 are the same for all requests of one process.
///
/// ```
/// use stario::prelude::*;
/// use stario::RequestId;
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home(id: RequestId) -> String {
///     id.to_string()
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.get("/").send();
/// assert_eq!(res.text(), res.header("x-request-id"));
/// assert_eq!(client.get("/nowhere").send().header("x-request-id").len(), 32);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(NonZeroU128);

/// The header of a response that holds the request's id.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl RequestId {
    /// A new one: a number that the process drew at random, and a count that is mixed with another.
    pub(crate) fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let Keys { high, low, .. } = &*KEYS;
        let number = u128::from(*high) << 64 | u128::from(mix(low.wrapping_add(count)));
        // Zero comes as seldom as two processes draw the same numbers.
        Self(NonZeroU128::new(number).unwrap_or(NonZeroU128::MIN))
    }

    /// The id of this text, as another process has written it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| u128::from_str_radix(text, 16).ok()).flatten().and_then(NonZeroU128::new).map(Self)
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // These are the two halves.
    pub(crate) fn digits(self) -> Digits {
        let (high, low) = ((self.0.get() >> 64) as u64, self.0.get() as u64);
        let keys = &*KEYS;
        let mut text = [0; 32];
        text[..16].copy_from_slice(&if high == keys.high { keys.digits } else { sixteen_digits(high) });
        text[16..].copy_from_slice(&sixteen_digits(low));
        Digits(text)
    }
}

/// What the process drew at random.
struct Keys {
    high: u64,
    /// The digits of `high`, which all ids of the process begin with.
    digits: [u8; 16],
    low: u64,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let [high, low] = [0, 1].map(|n: u64| RandomState::new().hash_one(n));
    Keys { high, digits: sixteen_digits(high), low }
});

/// The finalizer of `SplitMix64` (Steele, Lea and Flood, 2014): different numbers stay different, and look random.
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn sixteen_digits(number: u64) -> [u8; 16] {
    let mut text = [0; 16];
    for (text, word) in text.chunks_exact_mut(8).zip(number.to_be_bytes().chunks_exact(4)) {
        // Hidden from the compiler, which would do both at once with twice as many instructions.
        let word = std::hint::black_box(word.try_into().map_or(0, u32::from_be_bytes));
        text.copy_from_slice(&eight_digits(word).to_be_bytes());
    }
    text
}

/// The eight digits of a number, one in each byte: without a table and without a loop.
fn eight_digits(number: u32) -> u64 {
    let number = u64::from(number);
    let pairs = (number | number << 16) & 0x0000_ffff_0000_ffff;
    let bytes = (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff;
    let values = (bytes | bytes << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let is_letter = (values + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    values + 0x3030_3030_3030_3030 + is_letter * u64::from(b'a' - b'0' - 10)
}

/// How many bytes of ids a thread has room for at once.
const ROOM_BYTES: usize = 1024;

/// A request's id as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits([u8; 32]);

impl Digits {
    pub(crate) fn header(&self) -> HeaderValue {
        thread_local! {
            /// Memory for the next values of this thread: one allocation is for many of them.
            static ROOM: RefCell<BytesMut> = RefCell::default();
        }
        let cut = |room: &mut BytesMut| {
            if room.capacity() < self.0.len() {
                room.reserve(ROOM_BYTES);
            }
            room.extend_from_slice(&self.0);
            room.split().freeze()
        };
        // A thread that ends has no memory for its next values.
        let digits = ROOM
            .try_with(|room| cut(&mut room.borrow_mut()))
            .unwrap_or_else(|_| Bytes::copy_from_slice(&self.0));
        // Hexadecimal digits are a header's value.
        HeaderValue::from_maybe_shared(digits).unwrap_or(HeaderValue::from_static(""))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.digits().as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::RequestId;

    #[test]
    fn it_is_32_digits() {
        let id = RequestId::parse("00000000000000000123456789abcdef").unwrap();
        assert_eq!(id.to_string(), "00000000000000000123456789abcdef");
        assert_eq!(id.digits().header(), id.to_string());
    }

    #[test]
    fn no_two_are_alike() {
        let ids: HashSet<RequestId> = (0..10_000).map(|_| RequestId::next()).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
