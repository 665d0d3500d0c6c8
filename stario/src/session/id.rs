//! Ids of sessions: a random secret in the browser's cookie, and its hash everywhere else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

use super::SessionError;

/// The secret that a browser has in its cookie. Nobody else keeps it.
pub(super) struct Secret([u8; 32]);

impl Secret {
    pub(super) fn random() -> Result<Self, SessionError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| SessionError::Store(error.to_string().into()))?;
        Ok(Self(bytes))
    }

    /// Reads what a cookie holds.
    pub(super) fn parse(text: &str) -> Option<Self> {
        parse(text).map(Self)
    }

    pub(super) fn text(&self) -> String {
        Hex(&self.0).to_string()
    }

    /// The id under which the session is stored.
    pub(super) fn id(&self) -> SessionId {
        SessionId(Sha256::digest(self.0).into())
    }
}

/// Names a session in its store: the SHA-256 hash of what the browser's cookie holds. Who knows it cannot make the cookie.
///
/// Its text is 64 hexadecimal digits, which a form can send back to say which session is to end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// The id of these bytes, as a store has kept them.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(formatter)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SessionId({self})")
    }
}

/// The text is not an id of a session: it has other than 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSessionId;

impl fmt::Display for InvalidSessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("expected the 64 hexadecimal digits of a session's id")
    }
}

impl std::error::Error for InvalidSessionId {}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        parse(text).map(Self).ok_or(InvalidSessionId)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

struct Hex<'b>(&'b [u8; 32]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

fn parse(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        *byte = digit(digits[0])? << 4 | digit(digits[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_hash_of_the_secret() {
        let secret = Secret::random().unwrap();
        let read = Secret::parse(&secret.text()).unwrap();
        assert_eq!(read.id(), secret.id());
        assert_ne!(secret.id().to_string(), secret.text());
        assert_ne!(Secret::random().unwrap().text(), secret.text());
        assert_eq!(secret.id().to_string().parse(), Ok(secret.id()));
    }

    #[test]
    fn other_text_is_no_id() {
        for text in ["", "0", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert_eq!(text.parse::<SessionId>(), Err(InvalidSessionId), "{text}");
        }
    }
}
