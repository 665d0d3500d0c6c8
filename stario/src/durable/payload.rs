//! The bytes in which the values of a command are stored: the id of the request, a space, a line of JSON, and the bytes of
//! files.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The bytes before the JSON: an id's digits and a space.
pub(super) const HEAD: usize = 33;

/// The JSON, and where the files begin.
pub(super) fn split(payload: &[u8]) -> Option<(&[u8], usize)> {
    let rest = payload.get(HEAD..)?;
    let end = memchr::memchr(b'\n', rest)?;
    Some((&rest[..end], HEAD + end + 1))
}

/// The values, as JSON.
pub(super) fn json_of(payload: &[u8]) -> Option<&str> {
    #[derive(Deserialize)]
    struct Values<'a> {
        #[serde(borrow)]
        values: &'a RawValue,
    }
    let (json, _) = split(payload)?;
    serde_json::from_slice::<Values<'_>>(json).ok().map(|line| line.values.get())
}
