//! `Nonce`: the nonce of a content security policy.

use stario_html::{AttrValue, AttrWriter};

/// The nonce in the content security policy of this response: 32 random hexadecimal digits, different for each
/// response.
///
/// Write it into the page's inline scripts, `<script nonce={nonce}>`. A page that loads Datastar's client otherwise
/// than by a [`DatastarScript`](crate::DatastarScript) also needs `<html data-nonce={nonce}>`. The app must have a
/// policy with a nonce: [`App::security_headers`](crate::App::security_headers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nonce([u8; 32]);

impl Nonce {
    /// A new one; `None` where the system has no randomness.
    pub(crate) fn random() -> Option<Self> {
        let mut bytes = [0; 16];
        if let Err(error) = getrandom::fill(&mut bytes) {
            tracing::error!(%error, "no randomness for a nonce");
            return None;
        }
        let mut text = [0; 32];
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Some(Self(text))
    }

    /// The digits.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::fmt::Display for Nonce {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.text())
    }
}

impl AttrValue for Nonce {
    fn write_attr(&self, out: &mut AttrWriter<'_>) {
        out.write_str(self.text());
    }
}
