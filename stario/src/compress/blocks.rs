//! The framing of zstd and gzip: head, end, and stored (uncompressed) blocks.
//!
//! A body in zstd is a sequence of frames (RFC 8878, section 3.1). A body in gzip is one head, one deflate stream whose
//! blocks end at whole bytes, and a trailer (RFC 1952, section 2.3): browsers do not read a second member.

use bytes::Bytes;
use zlib_rs::crc32::{crc32, crc32_combine_gen, crc32_combine_op};

use super::ContentCoding;

/// gzip's head: deflate, no optional fields, no time, an unknown system.
const GZIP_HEAD: &[u8] = &[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];

/// The last block of a deflate stream, which is empty.
const DEFLATE_END: [u8; 2] = [3, 0];

/// The head of a zstd frame that names neither its length nor a checksum, and a window of 128 KiB.
const ZSTD_HEAD: [u8; 6] = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x38];

/// The last block of a zstd frame, which is empty.
const ZSTD_END: [u8; 3] = [1, 0, 0];

/// The most bytes that a zstd block holds.
const ZSTD_BLOCK_BYTES: usize = 128 * 1024;

/// The most bytes that a deflate block holds if they are not compressed.
const STORED_BYTES: usize = 0xFFFF;

/// The blocks of one body, as they are written, and what its end has to say of them.
pub(super) struct BlockOutput {
    coding: ContentCoding,
    /// The first block since the last `take`: blocks that many bodies share are passed on without a copy.
    first: Bytes,
    /// The blocks since then, if there is more than one.
    joined: Vec<u8>,
    checksum: Checksum,
    has_begun: bool,
    /// Whether the last frame of zstd has no end yet. So a body that is cut never looks complete.
    is_in_frame: bool,
}

impl BlockOutput {
    pub(super) fn new(coding: ContentCoding) -> Self {
        let (first, joined) = (Bytes::new(), Vec::new());
        Self { coding, first, joined, checksum: Checksum::default(), has_begun: false, is_in_frame: false }
    }

    /// Writes the head of the body, before its first block.
    pub(super) fn begin(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) && self.coding == ContentCoding::Gzip {
            self.first = Bytes::from_static(GZIP_HEAD);
        }
    }

    /// Adds the content of blocks that are written, or will be next, to the checksum.
    pub(super) fn note(&mut self, content: impl FnOnce() -> Checksum) {
        if self.coding == ContentCoding::Gzip {
            self.checksum.append(content());
        }
    }

    /// Ends a sequence of blocks that refer to each other. The next block refers to nothing before it.
    pub(super) fn begin_sequence(&mut self) {
        if self.coding == ContentCoding::Zstd && std::mem::replace(&mut self.is_in_frame, true) {
            self.joined().extend_from_slice(&ZSTD_END);
        }
    }

    /// Writes a block that other bodies may share.
    pub(super) fn push(&mut self, block: Bytes) {
        if self.is_empty() {
            self.first = block;
        } else {
            self.joined().extend_from_slice(&block);
        }
    }

    /// Writes `bytes` in blocks that hold them as they are.
    pub(super) fn store(&mut self, bytes: &[u8]) {
        self.begin_sequence();
        let coding = self.coding;
        let joined = self.joined();
        if coding == ContentCoding::Gzip {
            for piece in bytes.chunks(STORED_BYTES) {
                let length = u16::try_from(piece.len()).unwrap_or(u16::MAX);
                joined.push(0);
                joined.extend_from_slice(&length.to_le_bytes());
                joined.extend_from_slice(&(!length).to_le_bytes());
                joined.extend_from_slice(piece);
            }
            return;
        }
        joined.extend_from_slice(&ZSTD_HEAD);
        for piece in bytes.chunks(ZSTD_BLOCK_BYTES) {
            // Of the three bytes, the lowest bit marks the last block, which this is not, and two bits the kind, which is 0.
            let length = u32::try_from(piece.len() << 3).unwrap_or(u32::MAX);
            joined.extend_from_slice(&length.to_le_bytes()[..3]);
            joined.extend_from_slice(piece);
        }
    }

    /// Writes the end of the body.
    pub(super) fn finish(&mut self) {
        if self.coding == ContentCoding::Gzip {
            self.begin();
            let Checksum { crc, length, .. } = self.checksum;
            let joined = self.joined();
            joined.extend_from_slice(&DEFLATE_END);
            joined.extend_from_slice(&crc.to_le_bytes());
            joined.extend_from_slice(&length.to_le_bytes());
            return;
        }
        if !self.has_begun {
            // A body without any frame would be no zstd.
            self.store(&[]);
        }
        self.joined().extend_from_slice(&ZSTD_END);
    }

    /// Where a block may be written that no other body shares.
    pub(super) fn joined(&mut self) -> &mut Vec<u8> {
        if !self.first.is_empty() {
            self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        }
        &mut self.joined
    }

    fn is_empty(&self) -> bool {
        self.first.is_empty() && self.joined.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    /// The bytes that were written since the last call.
    pub(super) fn take(&mut self) -> Bytes {
        if self.joined.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            std::mem::take(&mut self.joined).into()
        }
    }
}

/// What gzip's trailer says of bytes: their CRC-32 and their number, modulo 2^32. That of two pieces follows from those of
/// each, so that what many bodies share is read once for all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Checksum {
    crc: u32,
    length: u32,
    /// By which the CRC of what comes before is multiplied.
    shift: u32,
}

impl Checksum {
    #[allow(clippy::cast_possible_truncation)] // The format has the lower bits alone.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let length = bytes.len();
        Self { crc: crc32(0, bytes), length: length as u32, shift: crc32_combine_gen(length as u64) }
    }

    fn append(&mut self, next: Self) {
        if next.length == 0 {
            return;
        }
        self.crc = crc32_combine_op(self.crc, next.crc, next.shift);
        self.length = self.length.wrapping_add(next.length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_pieces_is_that_of_the_whole() {
        let bytes: Vec<u8> = (0..2000_u32).map(|number| (number * number % 251) as u8).collect();
        for at in [0, 1, 63, 64, 1000, 2000] {
            let (first, second) = bytes.split_at(at);
            let mut checksum = Checksum::default();
            checksum.append(Checksum::of(first));
            checksum.append(Checksum::of(second));
            let whole = Checksum::of(&bytes);
            assert_eq!((checksum.crc, checksum.length), (whole.crc, whole.length), "{at}");
        }
    }
}
