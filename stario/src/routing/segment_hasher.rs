//! A hash for the tables of literals.

use std::hash::Hasher;

/// Hashes a segment, or a whole path, by a multiplication for every eight bytes.
///
/// Clients choose the paths that are looked up, but not the literals that are stored: those are fixed when the app
/// starts. A table never grows, so a path that is chosen to collide costs at most a comparison with each literal
/// of one table, and the hash needs no secret key.
#[derive(Debug, Default)]
pub(super) struct SegmentHasher(u64);

/// An odd number without a pattern in its bits: the golden ratio.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

impl SegmentHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER);
    }
}

impl Hasher for SegmentHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, tail) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        // The tail is read as two numbers that may overlap; its length keeps `a` and `aa` apart.
        let (low, high) = match (tail.first_chunk::<4>(), tail.last_chunk::<4>(), tail) {
            (Some(first), Some(last), _) => (u32::from_le_bytes(*first), u32::from_le_bytes(*last)),
            (_, _, [first, .., last]) => {
                (u32::from(*first), u32::from(*last) << 8 | u32::from(tail[tail.len() / 2]))
            }
            (_, _, [only]) => (u32::from(*only), 0),
            (_, _, []) => (0, 0),
        };
        self.add(u64::from(low) | u64::from(high) << 32);
        self.add(bytes.len() as u64);
    }

    /// Ignores the length that is written before each key: `write` adds it.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        // The upper bits of a product are the best ones; the table takes the place of an entry from the lower.
        self.0.rotate_left(26)
    }
}
