//! The encoders, all behind one trait object: bytes in, bytes out, and no waiting.

use std::io;

use async_compression::Level;
use async_compression::brotli::EncoderParams;
use async_compression::codecs::{BrotliEncoder, EncodeV2, ZstdEncoder};
use async_compression::core::util::{PartialBuffer, WriteBuffer};
use async_compression::zstd::CParameter;
use bytes::Bytes;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status};

use super::ContentCoding;
use super::settings::Effort;

/// One body's encoder. What it wrote is its window: later bytes refer to earlier ones.
pub(super) struct Encoder(Box<dyn EncodeV2 + Send>);

impl Encoder {
    pub(super) fn new(coding: ContentCoding, effort: Effort) -> Self {
        let Effort { level, window } = effort;
        Self(match coding {
            ContentCoding::Zstd => {
                let log = u32::from(window);
                let mut params = vec![CParameter::window_log(log)];
                // What zstd does by itself where it knows the length of the body. The tables of the lower levels
                // are no larger than those of the largest window that this concerns.
                if level >= 3 && window < Effort::TABLES_WINDOW {
                    params.extend([CParameter::hash_log(log + 1), CParameter::chain_log(log)]);
                } else if level > 12 {
                    // Their tables are trees, which take two places for each byte of the window.
                    params.extend([CParameter::hash_log(log + 1), CParameter::chain_log(log + 1)]);
                }
                Box::new(ZstdEncoder::new_with_params(i32::from(level), &params))
            }
            ContentCoding::Brotli => {
                let quality = Level::Precise(i32::from(level));
                let params = EncoderParams::default().quality(quality).window_size(i32::from(window));
                Box::new(BrotliEncoder::new(params))
            }
            // 16 stands for gzip's head and end.
            ContentCoding::Gzip => Box::new(Gzip::new(effort, 16 + i32::from(window))),
        })
    }

    /// The encoder of blocks that stand in a body with others: without gzip's head and end, and with that of zstd's frame alone.
    pub(super) fn of_blocks(coding: ContentCoding, effort: Effort) -> Self {
        match coding {
            ContentCoding::Gzip => Self(Box::new(Gzip::new(effort, -i32::from(effort.window)))),
            ContentCoding::Zstd | ContentCoding::Brotli => Self::new(coding, effort),
        }
    }

    /// Takes in all of `input`; what comes out of it, now or later, is appended to `output`.
    pub(super) fn encode(&mut self, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
        let mut input = PartialBuffer::new(input);
        while !input.unwritten().is_empty() {
            append(output, |space| self.0.encode(&mut input, space))?;
        }
        Ok(())
    }

    /// Writes all that is needed to decode what was taken in.
    pub(super) fn flush(&mut self, output: &mut Vec<u8>) -> io::Result<()> {
        while !append(output, |space| self.0.flush(space))? {}
        Ok(())
    }

    /// Writes the end of the body.
    pub(super) fn finish(mut self, output: &mut Vec<u8>) -> io::Result<()> {
        while !append(output, |space| self.0.finish(space))? {}
        Ok(())
    }
}

/// That of `async-compression` has the largest window and buffers, and no others.
struct Gzip(Deflate);

impl Gzip {
    fn new(Effort { level, window }: Effort, window_bits: i32) -> Self {
        Self(Deflate::new_with_config(DeflateConfig {
            level: i32::from(level),
            window_bits,
            // The buffer of what waits to be written follows the window: it would be 64 KiB, and is 16 for streams.
            mem_level: (i32::from(window) - 7).clamp(6, 8),
            ..DeflateConfig::default()
        }))
    }

    #[allow(clippy::cast_possible_truncation)] // Differences within a buffer.
    fn compress(
        &mut self,
        input: &mut PartialBuffer<&[u8]>,
        output: &mut WriteBuffer<'_>,
        flush: DeflateFlush,
    ) -> io::Result<Status> {
        let (taken, written) = (self.0.total_in(), self.0.total_out());
        let status = self
            .0
            .compress(input.unwritten(), output.initialize_unwritten(), flush)
            .map_err(|error| io::Error::other(error.as_str()))?;
        input.advance((self.0.total_in() - taken) as usize);
        output.advance((self.0.total_out() - written) as usize);
        Ok(status)
    }
}

impl EncodeV2 for Gzip {
    fn encode(&mut self, input: &mut PartialBuffer<&[u8]>, output: &mut WriteBuffer<'_>) -> io::Result<()> {
        self.compress(input, output, DeflateFlush::NoFlush).map(drop)
    }

    fn flush(&mut self, output: &mut WriteBuffer<'_>) -> io::Result<bool> {
        self.compress(&mut PartialBuffer::new(&[]), output, DeflateFlush::SyncFlush)?;
        Ok(!output.has_no_spare_space())
    }

    fn finish(&mut self, output: &mut WriteBuffer<'_>) -> io::Result<bool> {
        let status = self.compress(&mut PartialBuffer::new(&[]), output, DeflateFlush::Finish)?;
        Ok(status == Status::StreamEnd)
    }
}

/// A whole body in one go.
pub(super) fn encode_whole(input: &[u8], coding: ContentCoding, effort: Effort) -> io::Result<Vec<u8>> {
    let mut encoder = Encoder::new(coding, fitting(effort, coding, input.len()));
    let mut output = Vec::with_capacity(input.len() / 3);
    encoder.encode(input, &mut output)?;
    encoder.finish(&mut output)?;
    Ok(output)
}

/// A piece of a body whose blocks refer to nothing before, and to which nothing behind refers. In zstd it is a frame without
/// its end.
pub(super) fn encode_alone(input: &[u8], coding: ContentCoding, effort: Effort) -> io::Result<Bytes> {
    let mut encoder = Encoder::of_blocks(coding, fitting(effort, coding, input.len()));
    let mut output = Vec::with_capacity(input.len() / 3);
    encoder.encode(input, &mut output)?;
    encoder.flush(&mut output)?;
    output.shrink_to_fit();
    Ok(output.into())
}

/// The effort for a body of so many bytes.
fn fitting(effort: Effort, coding: ContentCoding, length: usize) -> Effort {
    let window = match coding {
        // An encoder takes memory for its whole window, and a body has no use for one that it does not fill.
        ContentCoding::Zstd => effort.window.min(bits(length)),
        // Its matches reach back to the window's length less this.
        ContentCoding::Gzip => effort.window.min(bits(length + 262)),
        ContentCoding::Brotli => effort.window,
    };
    Effort { window, ..effort }
}

/// The logarithm of a window that holds `length` bytes.
fn bits(length: usize) -> u8 {
    let bits = usize::BITS - length.saturating_sub(1).leading_zeros();
    u8::try_from(bits).unwrap_or(u8::MAX).max(Effort::LEAST_WINDOW)
}

/// Has `write` fill some space after `output`.
fn append<T>(
    output: &mut Vec<u8>,
    write: impl FnOnce(&mut WriteBuffer<'_>) -> io::Result<T>,
) -> io::Result<T> {
    const LEAST_SPACE: usize = 1024;
    let start = output.len();
    // Memory that is allocated anyway is used.
    let space = (output.capacity() - start).max(LEAST_SPACE);
    output.resize(start + space, 0);
    let mut buffer = WriteBuffer::new_initialized(&mut output[start..]);
    let written = write(&mut buffer);
    let length = start + buffer.written_len();
    output.truncate(length);
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoder_looks_back_as_far_as_its_window() {
        let mut seed = 1_u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed.to_be_bytes()[0]
        };
        let noise: Vec<u8> = (0..8192).map(|_| noise()).collect();
        let twice = noise.repeat(2);
        for (coding, small) in
            [(ContentCoding::Zstd, 10), (ContentCoding::Brotli, 10), (ContentCoding::Gzip, 9)]
        {
            let length = |window| encode_whole(&twice, coding, Effort { level: 6, window }).unwrap().len();
            assert!(length(small) > 2 * 8192, "{coding}");
            assert!(length(15) < 9000, "{coding}");
        }
    }
}
