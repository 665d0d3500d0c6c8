//! The variables that set how responses are compressed.

use std::env::VarError;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::Variables;
use crate::compress::{Compression, ContentCoding};

impl<F: Fn(&str) -> Result<String, VarError>> Variables<F> {
    /// Sets what the environment says, and leaves the rest as the app has it.
    pub(super) fn compression(&mut self, settings: &mut Option<Arc<Compression>>) {
        let mut compression = settings.take().map(|shared| (*shared).clone()).unwrap_or_default();
        if let Some(bytes) = self.read("STARIO_COMPRESS_MIN_SIZE", "a number of bytes") {
            compression = compression.threshold(bytes);
        }
        let preference = self.read_with(
            "STARIO_COMPRESS_PREFERENCE",
            "`zstd`, `br` and `gzip` in some order, or some of them, with commas between; or `none`",
            |value| match value {
                "none" => Some(Vec::new()),
                _ => value.split(',').map(|name| ContentCoding::from_name(name.trim().as_bytes())).collect(),
            },
        );
        if let Some(codings) = preference {
            compression = compression.codings(codings);
        }
        for (coding, name) in
            [(ContentCoding::Zstd, "ZSTD"), (ContentCoding::Brotli, "BROTLI"), (ContentCoding::Gzip, "GZIP")]
        {
            let level = self.within(&format!("STARIO_COMPRESS_{name}_LEVEL"), coding.levels());
            if let Some(level) = level {
                compression = compression.level(coding, level);
            }
        }
        *settings = Some(Arc::new(compression));
    }

    fn within(&mut self, name: &str, range: RangeInclusive<u8>) -> Option<u8> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.read_with(name, &expected, |value| value.parse().ok().filter(|value| range.contains(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::config;
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn the_environment_says_how_to_compress() {
        let variables = [
            ("STARIO_COMPRESS_MIN_SIZE", "100"),
            ("STARIO_COMPRESS_PREFERENCE", "gzip, br"),
            ("STARIO_COMPRESS_GZIP_LEVEL", "9"),
        ];
        let configured = || Compression::new().types(["text/*"]).level(ContentCoding::Brotli, 5);
        let mut settings = Settings::default();
        settings.part.compression = Some(Arc::new(configured()));
        config(&variables, &mut settings).unwrap();
        let expected = configured()
            .threshold(100)
            .codings([ContentCoding::Gzip, ContentCoding::Brotli])
            .level(ContentCoding::Gzip, 9);
        assert_eq!(settings.part.compression.as_deref(), Some(&expected));
        config(&[("STARIO_COMPRESS_PREFERENCE", "none")], &mut settings).unwrap();
        assert!(settings.part.compression().is_off());
    }

    #[test]
    fn every_bad_variable_is_named_at_once() {
        let bad = [
            ("STARIO_COMPRESS_MIN_SIZE", "-1"),
            ("STARIO_COMPRESS_PREFERENCE", "br, deflate"),
            ("STARIO_COMPRESS_ZSTD_LEVEL", "23"),
            ("STARIO_COMPRESS_BROTLI_LEVEL", "x"),
        ];
        let message = config(&bad, &mut Settings::default()).unwrap_err();
        assert_eq!(message.lines().count(), bad.len(), "{message}");
        for (name, _) in bad {
            assert!(message.contains(name), "{name} in {message}");
        }
    }
}
