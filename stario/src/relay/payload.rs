//! What can travel to other processes, and as which bytes.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::datastar::Event;

/// Why a value could not be written as bytes, or read from them.
pub type PayloadError = Box<dyn std::error::Error + Send + Sync>;

/// A value that a [relay over a transport](super::Relay::over) sends to other processes.
///
/// Each value that serde writes and reads is one, and travels as JSON. An [`Event`] travels as its own bytes. Processes of two releases
/// of an app may run at the same time, so let the new one read what the old one sends: give new fields `#[serde(default)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent to other processes",
    label = "not the value of a relay over a transport",
    note = "derive `Clone`, `serde::Serialize` and `serde::Deserialize` for it; it must also be `Send`, `Sync` and own all that it holds"
)]
pub trait Payload: Clone + Send + Sync + Sized + 'static {
    /// The value as bytes.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    fn encode(&self) -> Result<Bytes, PayloadError>;

    /// Reads what [`encode`](Self::encode) has written, in this or another process.
    ///
    /// # Errors
    ///
    /// When the bytes are those of no such value.
    fn decode(bytes: Bytes) -> Result<Self, PayloadError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Payload for T {
    fn encode(&self) -> Result<Bytes, PayloadError> {
        Ok(serde_json::to_vec(self)?.into())
    }

    fn decode(bytes: Bytes) -> Result<Self, PayloadError> {
        Ok(serde_json::from_slice(&bytes)?)
    }
}

/// Stands before the bytes of an event that is never compressed. A release that does not know it reads it as a comment.
const UNCOMPRESSED: &[u8] = b":uncompressed\n";

impl Payload for Event {
    fn encode(&self) -> Result<Bytes, PayloadError> {
        let bytes = self.clone().into_bytes()?;
        match self.shared() {
            Some(event) if event.is_uncompressed() => Ok([UNCOMPRESSED, &bytes].concat().into()),
            _ => Ok(bytes),
        }
    }

    fn decode(bytes: Bytes) -> Result<Self, PayloadError> {
        if bytes.starts_with(UNCOMPRESSED) {
            return Ok(Self::from_bytes(bytes.slice(UNCOMPRESSED.len()..))?.uncompressed());
        }
        Ok(Self::from_bytes(bytes)?)
    }
}

#[cfg(all(test, feature = "compression"))]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_is_never_compressed_is_not_compressed_by_other_processes() {
        let travelled = |event: &Event| Event::decode(event.encode().unwrap()).unwrap();
        let bytes =
            Bytes::from_static(b"event: datastar-patch-elements\ndata: elements <p id=\"a\">secret</p>\n\n");
        let secret = Event::from_bytes(bytes).unwrap();
        let plain = travelled(&secret);
        assert!(plain.shared().is_none());
        assert_eq!(plain.into_bytes().unwrap(), secret.clone().into_bytes().unwrap());
        let uncompressed = travelled(&secret.clone().uncompressed());
        assert!(uncompressed.shared().is_some_and(crate::compress::SharedEvent::is_uncompressed));
        assert_eq!(uncompressed.into_bytes().unwrap(), secret.into_bytes().unwrap());
    }
}
