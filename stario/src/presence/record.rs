//! What a node writes of one person for the others: a record of JSON, and its key in the store.

use std::collections::hash_map::RandomState;
use std::fmt::Write;
use std::hash::BuildHasher;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The most bytes of a record.
pub(super) const MAX_BYTES: usize = 66 * 1024;

/// A person, as one node sees it.
pub(super) struct Record<T> {
    pub(super) topic: Arc<str>,
    pub(super) key: Arc<str>,
    /// Since when the person is here, in microseconds since 1970.
    pub(super) since: u64,
    /// When the value was given, in microseconds since 1970.
    pub(super) stamp: u64,
    pub(super) value: Arc<T>,
}

/// How a record is written.
#[derive(Serialize, Deserialize)]
struct Written<S, V> {
    topic: S,
    key: S,
    since: u64,
    stamp: u64,
    value: V,
}

/// How records with values of one type are written and read.
pub(super) struct Codec<T> {
    pub(super) encode: fn(&Record<T>) -> serde_json::Result<Vec<u8>>,
    pub(super) decode: fn(&[u8]) -> serde_json::Result<Record<T>>,
}

impl<T: Serialize + DeserializeOwned> Codec<T> {
    pub(super) fn json() -> Self {
        Self { encode, decode }
    }
}

fn encode<T: Serialize>(record: &Record<T>) -> serde_json::Result<Vec<u8>> {
    let Record { topic, key, since, stamp, value } = record;
    serde_json::to_vec(&Written::<&str, &T> { topic, key, since: *since, stamp: *stamp, value })
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<Record<T>> {
    let Written::<String, T> { topic, key, since, stamp, value } = serde_json::from_slice(bytes)?;
    Ok(Record { topic: topic.into(), key: key.into(), since, stamp, value: Arc::new(value) })
}

/// A name for this node: 64 random bits. The keys of a `RandomState` are the system's randomness.
pub(super) fn node_name() -> Arc<str> {
    format!("{:016x}", RandomState::new().hash_one(())).into()
}

/// The key of a record in the store. It begins with the node's, which is that of its heartbeat, and a dot.
pub(super) fn store_key(node: &str, topic: &str, key: &str) -> String {
    let mut name = format!("{node}.");
    push_escaped(&mut name, topic);
    name.push('.');
    push_escaped(&mut name, key);
    name
}

/// Pushes letters, digits and `-`, and all other bytes as `_` and two hexadecimal digits.
fn push_escaped(name: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            name.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(name, "_{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_three_parts_whatever_topic_and_key_are() {
        assert_eq!(store_key("0a", "room.7", "ada_l@x é"), "0a.room_2E7.ada_5Fl_40x_20_C3_A9");
        assert_ne!(node_name(), node_name());
    }

    #[test]
    fn what_is_written_is_read() {
        let record = Record {
            topic: "room".into(),
            key: "ada".into(),
            since: 1,
            stamp: 2,
            value: Arc::new(vec!["x".to_owned()]),
        };
        let codec = Codec::<Vec<String>>::json();
        let bytes = (codec.encode)(&record).unwrap();
        assert_eq!(bytes, br#"{"topic":"room","key":"ada","since":1,"stamp":2,"value":["x"]}"#);
        let read = (codec.decode)(&bytes).unwrap();
        assert_eq!((&*read.topic, &*read.key, read.since, read.stamp), ("room", "ada", 1, 2));
        assert_eq!(read.value, record.value);
        assert!((codec.decode)(b"{}").is_err());
    }
}
