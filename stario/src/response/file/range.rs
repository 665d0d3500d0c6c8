//! The `range` header (RFC 9110 section 14): which bytes of a file were asked for.

use std::ops::RangeInclusive;

/// Which bytes are sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// All: nothing else was asked for, or nothing that can be understood.
    Whole,
    /// The one range that was asked for, cut to the file.
    Range(RangeInclusive<u64>),
    /// None: the range that was asked for is outside of the file.
    Nothing,
}

/// What a `range` header selects from a file of `length` bytes.
///
/// Another unit, a range that is not well-formed and several ranges are no reason to refuse: the header is ignored, as
/// RFC 9110 section 14.2 allows.
pub(super) fn select(header: &[u8], length: u64) -> Selection {
    select_from(header, length).unwrap_or(Selection::Whole)
}

/// Why a header is ignored: it does not say what RFC 9110 lets it say, or asks for several ranges.
struct Ignored;

fn select_from(header: &[u8], length: u64) -> Result<Selection, Ignored> {
    let header = std::str::from_utf8(header).map_err(|_| Ignored)?;
    let (unit, set) = header.split_once('=').ok_or(Ignored)?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Err(Ignored);
    }
    // A list of several ranges is ignored too: its comma is in no number.
    let range = resolve(set.trim_matches([' ', '\t']), length)?;
    Ok(range.map_or(Selection::Nothing, Selection::Range))
}

/// The part of one range that lies within the file, if any.
fn resolve(spec: &str, length: u64) -> Result<Option<RangeInclusive<u64>>, Ignored> {
    let (first, last) = spec.split_once('-').ok_or(Ignored)?;
    if first.is_empty() {
        let suffix = number(last)?.min(length);
        return Ok((suffix > 0).then(|| length - suffix..=length - 1));
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < first {
        return Err(Ignored);
    }
    Ok((first < length).then(|| first..=last.min(length - 1)))
}

/// A number, or the largest one if it is larger.
fn number(digits: &str) -> Result<u64, Ignored> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Ignored);
    }
    Ok(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Selection, select};

    #[track_caller]
    fn check(header: &str, (first, last): (u64, u64)) {
        assert_eq!(select(header.as_bytes(), 100), Selection::Range(first..=last), "{header}");
    }

    #[test]
    fn a_range_is_cut_to_the_file() {
        check("bytes=0-0", (0, 0));
        check("bytes=0-99", (0, 99));
        check("bytes=10-", (10, 99));
        check("bytes=99-", (99, 99));
        check("bytes=90-1000", (90, 99));
        check("bytes=-1", (99, 99));
        check("bytes=-100", (0, 99));
        check("bytes=-1000", (0, 99));
        check("bytes=90-99999999999999999999999", (90, 99));
        check("bytes=-99999999999999999999999", (0, 99));
        check("BYTES=1-2", (1, 2));
        check("bytes = \t-3 ", (97, 99));
    }

    #[test]
    fn none_that_is_there() {
        for header in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(select(header.as_bytes(), 100), Selection::Nothing, "{header}");
        }
        for header in ["bytes=0-", "bytes=0-0", "bytes=-5"] {
            assert_eq!(select(header.as_bytes(), 0), Selection::Nothing, "{header}");
        }
    }

    #[test]
    fn what_is_not_understood_selects_all() {
        let malformed = [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-2",
            "bytes=1",
            "bytes=1-2-3",
            "bytes=--1",
            "bytes=+1-2",
            "bytes=1 - 2",
            "bytes=0-1,",
            "bytes=0-1,x",
            "bytes=0-1;2-3",
            "items=0-1",
            "bytes:0-1",
            "bytes=0x1-2",
            "bytes=\u{663}-4",
        ];
        for header in malformed {
            assert_eq!(select(header.as_bytes(), 100), Selection::Whole, "{header}");
        }
        assert_eq!(select(b"bytes=\xff-", 100), Selection::Whole);
    }

    #[test]
    fn several_ranges_select_all() {
        for header in ["bytes=0-1,5-6", "bytes=0-1, -2", "bytes=0-1,200-300", "bytes=100-,-0", "bytes=0-,0-"]
        {
            assert_eq!(select(header.as_bytes(), 100), Selection::Whole, "{header}");
        }
    }
}
