//! The `range` header (RFC 9110 section 14): which bytes of a file were asked for.

use std::ops::RangeInclusive;

/// How many ranges one request may ask for; with more it gets the whole file.
const MAX_RANGES: usize = 16;

/// Which bytes are sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selection {
    /// All: nothing else was asked for, or nothing that can be understood.
    Whole,
    /// These, in the order of the request; never empty.
    Ranges(Vec<RangeInclusive<u64>>),
    /// None that were asked for are there.
    Nothing,
}

/// What a `range` header selects from a file of `length` bytes.
///
/// Another unit, ranges that are not well-formed, too many of them, and ranges that together are longer than
/// the file, are no reason to refuse: the header is ignored, as RFC 9110 section 14.2 allows.
pub(super) fn select(header: &[u8], length: u64) -> Selection {
    select_from(header, length).unwrap_or(Selection::Whole)
}

/// Why a header is ignored: it does not say what RFC 9110 lets it say, or says too much.
struct Ignored;

fn select_from(header: &[u8], length: u64) -> Result<Selection, Ignored> {
    let header = std::str::from_utf8(header).map_err(|_| Ignored)?;
    let (unit, set) = header.split_once('=').ok_or(Ignored)?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Err(Ignored);
    }
    let mut ranges = Vec::new();
    let mut total = 0_u64;
    for (count, spec) in set.split(',').enumerate() {
        if count == MAX_RANGES {
            return Err(Ignored);
        }
        let Some(range) = resolve(spec.trim_matches([' ', '\t']), length)? else {
            continue;
        };
        total = total.saturating_add(range.end() - range.start() + 1);
        ranges.push(range);
    }
    if ranges.is_empty() {
        return Ok(Selection::Nothing);
    }
    if total > length {
        return Err(Ignored);
    }
    Ok(Selection::Ranges(ranges))
}

/// What is there of one range, if anything is.
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
    fn check(header: &str, expected: &[(u64, u64)]) {
        let expected = expected.iter().map(|(first, last)| *first..=*last).collect();
        assert_eq!(select(header.as_bytes(), 100), Selection::Ranges(expected), "{header}");
    }

    #[test]
    fn ranges_are_cut_to_the_file() {
        check("bytes=0-0", &[(0, 0)]);
        check("bytes=0-99", &[(0, 99)]);
        check("bytes=10-", &[(10, 99)]);
        check("bytes=99-", &[(99, 99)]);
        check("bytes=90-1000", &[(90, 99)]);
        check("bytes=-1", &[(99, 99)]);
        check("bytes=-100", &[(0, 99)]);
        check("bytes=-1000", &[(0, 99)]);
        check("bytes=90-99999999999999999999999", &[(90, 99)]);
        check("bytes=-99999999999999999999999", &[(0, 99)]);
        check("BYTES=1-2", &[(1, 2)]);
        check("bytes = 1-2 ,\t-3", &[(1, 2), (97, 99)]);
        check("bytes=0-1,200-300,5-6", &[(0, 1), (5, 6)]);
    }

    #[test]
    fn none_that_is_there() {
        for header in
            ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-", "bytes=100-,-0"]
        {
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
    fn many_and_overlapping_ranges_select_all() {
        let some: Vec<String> = (0..16).map(|first| format!("{first}-{first}")).collect();
        check(&format!("bytes={}", some.join(",")), &(0..16).map(|at| (at, at)).collect::<Vec<_>>());
        assert_eq!(select(format!("bytes={},-1", some.join(",")).as_bytes(), 100), Selection::Whole);
        assert_eq!(select(format!("bytes={}", "0-,".repeat(1500)).as_bytes(), 100), Selection::Whole);
        assert_eq!(select(b"bytes=0-99,0-0", 100), Selection::Whole);
        check("bytes=0-49,0-49", &[(0, 49), (0, 49)]);
    }
}
