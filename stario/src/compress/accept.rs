//! The header `accept-encoding` (RFC 9110, section 12.5.3).

use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, HeaderValue};

use super::ContentCoding;

/// How much a client wants each coding, in thousandths; `None` is not named.
///
/// A member that is malformed by RFC 9110 is skipped: the client then gets what every client can
/// read. A coding that is named twice counts as it is named last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    codings: [Option<u16>; ContentCoding::ALL.len()],
    identity: Option<u16>,
    /// `*`: what is not named.
    others: Option<u16>,
}

impl Accepted {
    /// `None` if the request says nothing of codings.
    #[inline(always)]
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        // To compare the names one after another takes less than to look one up, as long as they are not many.
        let (_, line) = headers.iter().find(|(name, _)| **name == ACCEPT_ENCODING)?;
        Some(Self::read_lines(headers, line))
    }

    /// Reads all lines of the header, of which `line` is the first.
    fn read_lines(headers: &HeaderMap, line: &HeaderValue) -> Self {
        let mut accepted = Self::default();
        if headers.len() == headers.keys_len() {
            accepted.read_line(line);
        } else {
            headers.get_all(ACCEPT_ENCODING).iter().for_each(|line| accepted.read_line(line));
        }
        accepted
    }

    fn read_line(&mut self, line: &HeaderValue) {
        for member in line.as_bytes().split(|byte| *byte == b',') {
            self.read(member);
        }
    }

    fn read(&mut self, member: &[u8]) {
        let mut parts = member.splitn(2, |byte| *byte == b';');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let Some(weight) = parts.next().map_or(Some(1000), weight) else {
            return;
        };
        if name == b"*" {
            self.others = Some(weight);
        } else if name.eq_ignore_ascii_case(b"identity") {
            self.identity = Some(weight);
        } else if let Some(coding) = ContentCoding::from_name(name) {
            self.codings[coding as usize] = Some(weight);
        }
    }

    fn weight(self, coding: ContentCoding) -> u16 {
        self.codings[coding as usize].or(self.others).unwrap_or(0)
    }

    /// The coding that the client wants most, the first of `codings` where it wants several alike; `None`
    /// if it accepts none of them, or gives `identity` the same weight or more.
    pub(super) fn choose(self, codings: impl Iterator<Item = ContentCoding>) -> Option<ContentCoding> {
        let mut best = None;
        let mut best_weight = 0;
        for coding in codings {
            let weight = self.weight(coding);
            if weight > best_weight {
                (best, best_weight) = (Some(coding), weight);
            }
        }
        best.filter(|_| self.identity.is_none_or(|identity| identity < best_weight))
    }

    /// Whether the client refuses a body without a coding.
    pub(super) fn refuses_identity(self) -> bool {
        self.identity.or(self.others) == Some(0)
    }
}

/// `q=0.5` in thousandths: `0` or `1`, and at most three digits after the point.
fn weight(parameter: &[u8]) -> Option<u16> {
    let mut halves = parameter.splitn(2, |byte| *byte == b'=');
    let (name, value) = (halves.next()?, halves.next()?);
    if !name.trim_ascii().eq_ignore_ascii_case(b"q") {
        return None;
    }
    let (whole, fraction) = match value.trim_ascii() {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return None,
    };
    let mut thousandths = u16::from(whole - b'0');
    for place in 0..3 {
        let digit = fraction.get(place).copied().unwrap_or(b'0');
        thousandths = thousandths * 10 + u16::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    (thousandths <= 1000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn accepted(lines: &[&[u8]]) -> Option<Accepted> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(ACCEPT_ENCODING, HeaderValue::from_bytes(line).unwrap());
        }
        Accepted::of(&headers)
    }

    fn chosen(line: &[u8]) -> &'static str {
        let coding = accepted(&[line]).unwrap().choose(ContentCoding::ALL.into_iter());
        coding.map_or("identity", ContentCoding::name)
    }

    #[test]
    fn the_weight_counts_first_and_the_order_of_codings_then() {
        let check = |line: &str, expected: &str| assert_eq!(chosen(line.as_bytes()), expected, "{line}");
        check("gzip", "gzip");
        check("x-gzip", "gzip");
        check("br", "br");
        check("zstd", "zstd");
        check("gzip, deflate, br, zstd", "zstd");
        check("gzip, br", "br");
        check("GZIP, Br;Q=0.5", "gzip");
        check("gzip;q=0.9, br;q=0.8, zstd;q=0.7", "gzip");
        check("gzip;q=0.5,zstd;q=0.5,br;q=0.501", "br");
        check("gzip;q=1.000, br;q=0.999", "gzip");
        check("gzip ; q=0.1 , br ; q = 0.2", "br");
        check("gzip;q=0", "identity");
        check("gzip;q=0.000", "identity");
        check("gzip;q=0.001", "gzip");
        check("deflate, compress, snappy", "identity");
        check("", "identity");
        check(",, ,", "identity");
        check(";q=1", "identity");
    }

    #[test]
    fn a_star_stands_for_what_is_not_named() {
        let check = |line: &str, expected: &str| assert_eq!(chosen(line.as_bytes()), expected, "{line}");
        check("*", "zstd");
        check("*;q=0.1", "zstd");
        check("zstd;q=0, *", "br");
        check("gzip, *;q=0.5", "gzip");
        check("*;q=0, gzip", "gzip");
        check("*;q=0", "identity");
        check("gzip;q=0.5, *;q=0", "gzip");
    }

    #[test]
    fn identity_is_a_wish_where_it_is_named() {
        let check = |line: &str, expected: &str| assert_eq!(chosen(line.as_bytes()), expected, "{line}");
        check("identity", "identity");
        check("gzip;q=0, identity", "identity");
        check("gzip;q=0.5, identity", "identity");
        check("gzip, identity", "identity");
        check("gzip, identity;q=0.5", "gzip");
        check("identity;q=0.5, *;q=0.9", "zstd");
        check("identity;q=0, gzip;q=0.1", "gzip");
        let refuses = |line: &str| accepted(&[line.as_bytes()]).unwrap().refuses_identity();
        for line in ["identity;q=0", "*;q=0", "gzip, identity;q=0.000", "identity;q=0, *"] {
            assert!(refuses(line), "{line}");
        }
        for line in ["gzip", "*", "identity", "identity;q=0.1, *;q=0", "gzip;q=0"] {
            assert!(!refuses(line), "{line}");
        }
    }

    #[test]
    fn what_is_malformed_is_passed_over() {
        for weight in [
            "q=foo", "q=-1", "q=1e9", "q=2", "q=1.001", "q=0.1234", "q=", "q", "", "q=.5", "q=0,5",
            "q=\"1\"", "q=0.5.5", "q==1", "x=1", "q=1;x=1", "q=0.x", "q=NaN", "q=1.", "q=0x1", "q=+1",
        ] {
            let line = format!("gzip;{weight}");
            let expected = if weight == "q=1." { "gzip" } else { "identity" };
            assert_eq!(chosen(line.as_bytes()), expected, "{line}");
            let line = format!("zstd;{weight}, br;q=0.1");
            let expected = if weight == "q=1." { "zstd" } else { "br" };
            assert_eq!(chosen(line.as_bytes()), expected, "{line}");
        }
        assert_eq!(chosen(b"\"gzip\", br"), "br");
        assert_eq!(chosen(b"gz\xffip, br"), "br");
        assert_eq!(chosen(b"gzip;q=\xff"), "identity");
    }

    #[test]
    fn long_lists_are_read_to_their_end() {
        let list = "x-nothing;q=0.5, ".repeat(8192 / 17) + "gzip";
        assert_eq!(chosen(list.as_bytes()), "gzip");
        assert_eq!(chosen(&b",".repeat(8192)), "identity");
        assert_eq!(chosen(&b"gzip;".repeat(8192 / 5)), "identity");
    }

    #[test]
    fn lines_are_one_list_and_the_last_word_counts() {
        assert_eq!(accepted(&[]), None);
        let both = accepted(&[b"gzip;q=0.5", b"br"]).unwrap();
        assert_eq!(both.choose(ContentCoding::ALL.into_iter()), Some(ContentCoding::Brotli));
        assert_eq!(chosen(b"gzip, gzip;q=0"), "identity");
    }
}
