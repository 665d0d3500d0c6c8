//! The only unsafe code of this crate: it writes into the spare capacity of the buffer.
//!
//! Plain safe code (`push_str`, `write!`, escaping byte by byte) takes several times as long. Here a value and the static
//! markup around it share one capacity check, short numbers come from a table, and text is escaped sixteen bytes at a
//! time. `benchmarks/` measures it.
//!
//! Invariants, on which every block below relies:
//!
//! * **Room.** A routine reserves before it writes. It reserves [`SLACK`] bytes more than the text needs, so that a store
//!   of sixteen bytes may begin at any place where a byte may be written. The length of the buffer never includes the
//!   bytes that such a store writes after the text.
//! * **Text.** Only whole `&str`s, ASCII digits, and pieces of a `&str` with ASCII characters replaced by ASCII entities
//!   are written. An ASCII byte is never part of a longer character, so the buffer stays UTF-8.
//! * **No unwinding.** Functions that are not inlined are `extern "C"`, so that the caller needs no clean-up code for them
//!   and templates compile faster. They panic only when the buffer outgrows the address space.
//! * **Portable.** Other processors escape byte by byte. `RUSTFLAGS="--cfg stario_portable"` builds that on x86-64, too,
//!   so that all tests run with it.
//! * **Reading.** Text is only read inside of its bounds. Chunks of 32, 16 and 8 bytes are read where the text has that
//!   many; the last chunk may begin before the end of the one before it. Shorter text is read through slices.

use std::ptr;

use super::tables::{PAIRS, SHORT_NUMBERS};
use crate::escape::Quote;

/// Room kept beyond what is needed: two stores of sixteen bytes, and one entity of eight.
const SLACK: usize = 40;

/// Markup up to this length is copied where it is written rather than by a call.
const IN_PLACE: usize = 64;

/// The most digits a `u64` has.
const DIGITS: usize = 20;

/// Makes room for `need` bytes.
#[inline]
fn make_room(out: &mut String, need: usize) {
    if out.capacity() - out.len() < need {
        grow(out, need);
    }
}

#[cold]
#[inline(never)]
extern "C" fn grow(out: &mut String, need: usize) {
    out.reserve(need);
}

/// Appends `markup`.
#[inline]
pub(super) fn push_static(out: &mut String, markup: &'static str) {
    make_room(out, markup.len());
    // SAFETY: the room has just been reserved, and what is added is text.
    unsafe {
        let bytes = out.as_mut_vec();
        let before = bytes.len();
        copy(bytes.as_mut_ptr().add(before), markup);
        bytes.set_len(before + markup.len());
    }
}

/// Appends `head`, `n` in decimal with a minus sign if `is_negative`, and `tail`.
#[inline]
pub(super) fn integer(out: &mut String, head: &'static str, is_negative: bool, n: u64, tail: &'static str) {
    make_room(out, head.len() + 1 + DIGITS + tail.len() + SLACK);
    // SAFETY: room for everything written below has just been reserved. What is added is two strings and ASCII, so the
    // text stays UTF-8, and the length is set to what has been initialized.
    unsafe {
        let bytes = out.as_mut_vec();
        let before = bytes.len();
        let at = copy(bytes.as_mut_ptr().add(before), head);
        if is_negative {
            at.write(b'-');
        }
        let sign = usize::from(is_negative);
        let digits = match SHORT_NUMBERS.get(usize::try_from(n).unwrap_or(usize::MAX)) {
            Some(digits) => {
                ptr::copy_nonoverlapping(digits.as_ptr(), at.add(sign), 4);
                usize::from(digits[3])
            }
            None => long_integer(at.add(sign), n),
        };
        copy(at.add(sign + digits), tail);
        // A sum of lengths, not a difference of places: where the next value goes is known without waiting for this one.
        bytes.set_len(before + head.len() + sign + digits + tail.len());
    }
}

/// Copies `markup` to `at` and returns where it ends there.
///
/// Its length is known wherever this stands, so the copy is a few moves, or a call when it would be many.
///
/// # Safety
///
/// There must be room for `markup` at `at`.
#[inline(always)]
#[allow(clippy::inline_always)]
unsafe fn copy(at: *mut u8, markup: &'static str) -> *mut u8 {
    // SAFETY: the caller has made room, and the buffer does not overlap a static string.
    unsafe {
        if markup.len() > IN_PLACE {
            copy_long(at, markup.as_ptr(), markup.len());
        } else {
            ptr::copy_nonoverlapping(markup.as_ptr(), at, markup.len());
        }
        at.add(markup.len())
    }
}

/// Copies `length` bytes.
///
/// # Safety
///
/// They must be readable at `from` and writable at `at`.
#[inline(never)]
unsafe extern "C" fn copy_long(at: *mut u8, from: *const u8, length: usize) {
    // SAFETY: the caller's promise.
    unsafe { ptr::copy_nonoverlapping(from, at, length) };
}

/// Writes a number that [`SHORT_NUMBERS`] lacks to `at` and returns how many digits it has.
///
/// # Safety
///
/// There must be room for [`DIGITS`] bytes at `at`.
#[inline(never)]
#[allow(clippy::cast_possible_truncation)]
unsafe extern "C" fn long_integer(at: *mut u8, mut n: u64) -> usize {
    if n < 10_000 {
        // SAFETY: four of the bytes that the caller has made room for. Both indices are below 100.
        unsafe {
            ptr::copy_nonoverlapping(PAIRS[(n / 100) as usize].as_ptr(), at, 2);
            ptr::copy_nonoverlapping(PAIRS[(n % 100) as usize].as_ptr(), at.add(2), 2);
        }
        return 4;
    }
    let digits = n.ilog10() as usize + 1;
    // SAFETY: each of the digits is written once, from the last to the first, and the caller has made room for as many
    // as a `u64` can have. An index into `PAIRS` is a remainder by 100.
    unsafe {
        let mut at = at.add(digits);
        while n >= 100 {
            at = at.sub(2);
            ptr::copy_nonoverlapping(PAIRS[(n % 100) as usize].as_ptr(), at, 2);
            n /= 100;
        }
        if n >= 10 {
            ptr::copy_nonoverlapping(PAIRS[n as usize].as_ptr(), at.sub(2), 2);
        } else {
            at.sub(1).write(b'0' + n as u8);
        }
    }
    digits
}

/// Appends `head` and `text`, escaped, and `tail`.
#[cfg(all(target_arch = "x86_64", not(stario_portable)))]
#[inline]
pub(super) fn escaped_between(out: &mut String, head: &'static str, text: &str, tail: &'static str) {
    make_room(out, head.len() + text.len() + tail.len() + SLACK);
    // SAFETY: room for all three has just been reserved, and `escape` keeps room for the tail after the text. Only text
    // is added, so the whole stays UTF-8. Every x86-64 processor has SSE2.
    unsafe {
        let bytes = out.as_mut_vec();
        let at = copy(bytes.as_mut_ptr().add(bytes.len()), head);
        let at = sse2::escape::<true>(bytes, at, text.as_ptr(), text.len(), tail.len());
        let end = copy(at, tail);
        bytes.set_len(end.offset_from_unsigned(bytes.as_ptr()));
    }
}

/// Appends `text`, escaped for the quote in question.
#[cfg(all(target_arch = "x86_64", not(stario_portable)))]
pub(super) fn push_escaped(out: &mut String, text: &str, quote: Quote) {
    make_room(out, text.len() + SLACK);
    // SAFETY: the room has just been reserved, and what is added is text. Every x86-64 processor has SSE2.
    unsafe {
        let bytes = out.as_mut_vec();
        let at = bytes.as_mut_ptr().add(bytes.len());
        let end = match quote {
            Quote::Double => sse2::escape::<true>(bytes, at, text.as_ptr(), text.len(), 0),
            Quote::Single => sse2::escape::<false>(bytes, at, text.as_ptr(), text.len(), 0),
        };
        bytes.set_len(end.offset_from_unsigned(bytes.as_ptr()));
    }
}

/// Appends `head` and `text`, escaped, and `tail`.
#[cfg(not(all(target_arch = "x86_64", not(stario_portable))))]
pub(super) fn escaped_between(out: &mut String, head: &'static str, text: &str, tail: &'static str) {
    out.reserve(head.len() + text.len() + tail.len());
    out.push_str(head);
    push_escaped(out, text, Quote::Double);
    out.push_str(tail);
}

/// Appends `text`, escaped for the quote in question.
#[cfg(not(all(target_arch = "x86_64", not(stario_portable))))]
pub(super) fn push_escaped(out: &mut String, text: &str, quote: Quote) {
    crate::escape::escape_into(text, quote, out);
}

/// Escaping on processors with SSE2: bytes are stored first and looked through then.
#[cfg(all(target_arch = "x86_64", not(stario_portable)))]
mod sse2 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
        _mm_set1_epi8, _mm_storeu_si128,
    };
    use std::ptr;

    use super::super::tables::entities::{DOUBLE_ENTITIES, SINGLE_ENTITIES};
    use super::SLACK;

    /// Writes `source` to `at`, escaped, and returns where it ends. The buffer may move.
    ///
    /// # Safety
    ///
    /// `at` must be a place in the buffer of `bytes`, everything before it written, with room for `source`, `extra` and
    /// `SLACK`. After the place returned there is room for `extra` and `SLACK`. `source` and `length` must be those of a
    /// slice outside of the buffer.
    #[target_feature(enable = "sse2")]
    #[inline(never)]
    pub(super) unsafe extern "C" fn escape<const DOUBLE: bool>(
        bytes: &mut Vec<u8>,
        at: *mut u8,
        source: *const u8,
        length: usize,
        extra: usize,
    ) -> *mut u8 {
        // SAFETY: the source is what the caller says, and each read is inside of it. The stores go into the room for
        // `source` and `SLACK`; the rest is the caller's promise.
        unsafe {
            if length > 32 {
                return escape_long::<DOUBLE>(bytes, at, source, length, extra);
            }
            // Two halves that overlap, whatever the length; the store of the second one repeats bytes of the first.
            if length >= 16 {
                let second = length - 16;
                let low = _mm_loadu_si128(source.cast());
                let high = _mm_loadu_si128(source.add(second).cast());
                if special_in_either::<DOUBLE>(low, high) == 0 {
                    _mm_storeu_si128(at.cast(), low);
                    _mm_storeu_si128(at.add(second).cast(), high);
                    return at.add(length);
                }
            } else if length >= 8 {
                let second = length - 8;
                let low = source.cast::<u64>().read_unaligned();
                let high = source.add(second).cast::<u64>().read_unaligned();
                if special::<DOUBLE>(_mm_set_epi64x(high.cast_signed(), low.cast_signed())) == 0 {
                    at.cast::<u64>().write_unaligned(low);
                    at.add(second).cast::<u64>().write_unaligned(high);
                    return at.add(length);
                }
            } else {
                let chunk = short(std::slice::from_raw_parts(source, length));
                if special::<DOUBLE>(_mm_set_epi64x(0, chunk.cast_signed())) == 0 {
                    at.cast::<u64>().write_unaligned(chunk);
                    return at.add(length);
                }
            }
            escape_long::<DOUBLE>(bytes, at, source, length, extra)
        }
    }

    /// Escapes text that is long or not clean, which most is not.
    ///
    /// # Safety
    ///
    /// As for [`escape`].
    #[target_feature(enable = "sse2")]
    #[inline(never)]
    unsafe extern "C" fn escape_long<const DOUBLE: bool>(
        bytes: &mut Vec<u8>,
        mut at: *mut u8,
        mut from: *const u8,
        length: usize,
        extra: usize,
    ) -> *mut u8 {
        let mut left = length;
        // SAFETY: at the head of each step there are `left` bytes to read at `from`, and room for as many, for `extra`
        // and for `SLACK` at `at`. Whole chunks are only read and stored while that many bytes are left, but for the
        // chunk of the last sixteen bytes, which begins before `from`: it is only read when the text has that many, and
        // only stored when it is clean, so that all of it stands unchanged before its end. What is left otherwise is
        // put together by `short`, and its sixteen bytes go into `SLACK`. `entities` keeps the same promise and returns
        // the new end.
        unsafe {
            while left >= 32 {
                let (low, high) = (_mm_loadu_si128(from.cast()), _mm_loadu_si128(from.add(16).cast()));
                _mm_storeu_si128(at.cast(), low);
                _mm_storeu_si128(at.add(16).cast(), high);
                left -= 32;
                at = if special_in_either::<DOUBLE>(low, high) == 0 {
                    at.add(32)
                } else {
                    let hits = special::<DOUBLE>(low) | special::<DOUBLE>(high) << 16;
                    entities::<DOUBLE>(bytes, at, [low, high], hits, 32, left + extra)
                };
                from = from.add(32);
            }
            if left >= 16 {
                let chunk = _mm_loadu_si128(from.cast());
                _mm_storeu_si128(at.cast(), chunk);
                let hits = special::<DOUBLE>(chunk);
                left -= 16;
                at = if hits == 0 {
                    at.add(16)
                } else {
                    entities::<DOUBLE>(bytes, at, [chunk, chunk], hits, 16, left + extra)
                };
                from = from.add(16);
            }
            if left == 0 {
                return at;
            }
            if length >= 16 {
                let back = 16 - left;
                let chunk = _mm_loadu_si128(from.sub(back).cast());
                if special::<DOUBLE>(chunk) == 0 {
                    _mm_storeu_si128(at.sub(back).cast(), chunk);
                    return at.add(left);
                }
            }
            let chunk = last(std::slice::from_raw_parts(from, left));
            _mm_storeu_si128(at.cast(), chunk);
            let hits = special::<DOUBLE>(chunk);
            if hits == 0 {
                at.add(left)
            } else {
                entities::<DOUBLE>(bytes, at, [chunk, chunk], hits, left, extra)
            }
        }
    }

    /// Writes the first `length` bytes of `chunk` to `at`, those at the set bits of `hits` as entities, and returns
    /// where they end. The buffer may move.
    ///
    /// # Safety
    ///
    /// `at` must be a place inside the buffer of `bytes`, all before it written. Afterwards there is room for `after`
    /// and `SLACK` after the place returned.
    #[target_feature(enable = "sse2")]
    #[inline(never)]
    unsafe fn entities<const DOUBLE: bool>(
        bytes: &mut Vec<u8>,
        at: *mut u8,
        chunk: [__m128i; 2],
        mut hits: u32,
        length: usize,
        after: usize,
    ) -> *mut u8 {
        let names = if DOUBLE { &DOUBLE_ENTITIES } else { &SINGLE_ENTITIES };
        let mut source = [0_u8; 64];
        // SAFETY: `source` has room for four vectors, so sixteen bytes may be read at each of its first 48. Each of the
        // `length` bytes, of which there are at most 32, becomes six at most; stores of sixteen and eight overshoot
        // what they mean by less than `SLACK`, for which room has been reserved.
        unsafe {
            _mm_storeu_si128(source.as_mut_ptr().cast(), chunk[0]);
            _mm_storeu_si128(source.as_mut_ptr().add(16).cast(), chunk[1]);
            let written = at.offset_from_unsigned(bytes.as_ptr());
            bytes.set_len(written);
            bytes.reserve(6 * length + after + SLACK);
            let mut at = bytes.as_mut_ptr().add(written);
            let mut clean_from = 0;
            while hits != 0 {
                let hit = hits.trailing_zeros() as usize;
                at = run(source.as_ptr().add(clean_from), at, hit - clean_from);
                let (name, length) = &names[usize::from(source[hit] % 64)];
                ptr::copy_nonoverlapping(name.as_ptr(), at, 8);
                at = at.add(usize::from(*length));
                clean_from = hit + 1;
                hits &= hits - 1;
            }
            run(source.as_ptr().add(clean_from), at, length - clean_from)
        }
    }

    /// Copies `length` bytes, at most 32, in stores of sixteen, and returns where they end.
    ///
    /// # Safety
    ///
    /// 32 bytes must be readable at `from` and writable at `at`.
    #[target_feature(enable = "sse2")]
    #[inline]
    unsafe fn run(from: *const u8, at: *mut u8, length: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe {
            _mm_storeu_si128(at.cast(), _mm_loadu_si128(from.cast()));
            if length > 16 {
                _mm_storeu_si128(at.add(16).cast(), _mm_loadu_si128(from.add(16).cast()));
            }
            at.add(length)
        }
    }

    /// Fewer than sixteen bytes as a vector, the rest zero. Overlapping reads, so that no length needs a loop.
    #[target_feature(enable = "sse2")]
    #[inline]
    fn last(bytes: &[u8]) -> __m128i {
        let n = bytes.len();
        if n < 8 {
            return _mm_set_epi64x(0, short(bytes).cast_signed());
        }
        let half = |at: usize| bytes[at..at + 8].try_into().map_or(0, u64::from_le_bytes);
        let all = u128::from(half(0)) | u128::from(half(n - 8)) << (8 * (n - 8));
        #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
        return _mm_set_epi64x((all >> 64) as i64, all as i64);
    }

    /// Fewer than eight bytes as a number, the rest zero.
    #[inline]
    fn short(bytes: &[u8]) -> u64 {
        let n = bytes.len();
        if n >= 4 {
            let half = |at: usize| bytes[at..at + 4].try_into().map_or(0, u32::from_le_bytes);
            u64::from(half(0)) | u64::from(half(n - 4)) << (8 * (n - 4))
        } else if n > 0 {
            let byte = |at: usize| u64::from(bytes[at]) << (8 * at);
            byte(0) | byte(n / 2) | byte(n - 1)
        } else {
            0
        }
    }

    /// A bit for each byte that needs an entity.
    #[target_feature(enable = "sse2")]
    #[inline]
    fn special<const DOUBLE: bool>(chunk: __m128i) -> u32 {
        _mm_movemask_epi8(marked::<DOUBLE>(chunk)).cast_unsigned()
    }

    /// Whether any byte of two chunks needs an entity: not zero if one does.
    #[target_feature(enable = "sse2")]
    #[inline]
    fn special_in_either<const DOUBLE: bool>(low: __m128i, high: __m128i) -> u32 {
        _mm_movemask_epi8(_mm_or_si128(marked::<DOUBLE>(low), marked::<DOUBLE>(high))).cast_unsigned()
    }

    /// All bits set in each byte that needs an entity. Two comparisons find all four characters exactly.
    #[target_feature(enable = "sse2")]
    #[inline]
    fn marked<const DOUBLE: bool>(chunk: __m128i) -> __m128i {
        let is = |bit: u8, value: u8| {
            _mm_cmpeq_epi8(
                _mm_or_si128(chunk, _mm_set1_epi8(bit.cast_signed())),
                _mm_set1_epi8(value.cast_signed()),
            )
        };
        // `<` and `>` differ in bit 1, `&` and `"` in bit 2, `&` and `'` in bit 0.
        let angles = is(2, b'>');
        let others = if DOUBLE { is(4, b'&') } else { is(1, b'\'') };
        _mm_or_si128(angles, others)
    }
}

#[cfg(test)]
mod tests;
