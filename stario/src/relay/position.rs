//! Where a subscription stands in what was published: one number per publisher.

use std::fmt;
use std::str::FromStr;

use smallvec::SmallVec;

use crate::extract::Header;

/// The most publishers that a position has numbers of. Beyond, the publisher that was silent for the longest time is left out.
pub(super) const PUBLISHERS: usize = 16;

/// The digits of a checksum.
const CHECKSUM_DIGITS: usize = 16;

/// The longest text of a position: two numbers, a dot and a hyphen for each publisher, and a checksum.
const TEXT_BYTES: usize = PUBLISHERS * (16 + 1 + 20 + 1) + CHECKSUM_DIGITS;

/// The number of a published value, and the relay that gave it.
///
/// Its text, by `Display`, is that of a [`Position`] with one publisher, and can be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The name of the publishing relay: random, and another one after a restart.
    pub epoch: u64,
    /// The first value of a publisher has 1, each that follows one more.
    pub number: u64,
}

impl fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}.{}", self.epoch, self.number)
    }
}

impl FromStr for Stamp {
    type Err = InvalidStamp;

    fn from_str(text: &str) -> Result<Self, InvalidStamp> {
        let (epoch, number) = text.split_once('.').ok_or(InvalidStamp)?;
        // The parsers of numbers accept a sign.
        if !epoch.bytes().chain(number.bytes()).all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(InvalidStamp);
        }
        let epoch = u64::from_str_radix(epoch, 16).map_err(|_| InvalidStamp)?;
        let number = number.parse().map_err(|_| InvalidStamp)?;
        Ok(Self { epoch, number })
    }
}

/// The text is no [`Stamp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidStamp;

impl fmt::Display for InvalidStamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("expected the stamp of a value: hexadecimal digits, a dot and a number")
    }
}

impl std::error::Error for InvalidStamp {}

/// What is known of publishers that have no place of their own: a sum over their stamps. So two processes, or one at two times, can compare
/// what they know of them. It is the same whatever the order, and empty as long as none of them has published anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct StampChecksum(u64);

impl StampChecksum {
    /// The checksum of no known publishers: none is equal to it, but by chance.
    const UNKNOWN: Self = Self(u64::MAX);

    pub(super) fn add(&mut self, stamp: Stamp) {
        if stamp.number > 0 {
            // The steps by which the generator SplitMix64 mixes the bits of a number.
            let mut mixed = stamp.epoch.wrapping_add(stamp.number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            self.0 = self.0.wrapping_add(mixed ^ (mixed >> 31));
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// A place in what a relay has published, behind which [`Relay::resume`](super::Relay::resume) continues.
///
/// Its text, by `Display`, is an event's id: at most 624 bytes of letters, digits, `.` and `-`, and 18 to 37 bytes as
/// long as one process publishes. It holds the number of the last value of each publisher; so a
/// client that compares two can tell how many values were published in between, for all subjects together. Of more than 16 publishers, it
/// holds the numbers of those that have published last, and one checksum of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// One stamp for each publisher; the publisher of the newest message stands last.
    stamps: SmallVec<[Stamp; 1]>,
    /// What is known of the publishers without a stamp. If it is empty, nothing of them was received.
    others: StampChecksum,
}

impl Position {
    /// A position with these stamps, the newest last, and what is known of other publishers.
    pub(super) fn new(stamps: impl Iterator<Item = Stamp>, others: StampChecksum) -> Self {
        Self { stamps: stamps.collect(), others }
    }

    /// Reads what `Display` has written; `None` for any other text.
    fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_BYTES {
            return None;
        }
        let mut position = Self::default();
        for part in text.split('-') {
            if !position.others.is_empty() {
                return None;
            }
            if !position.stamps.is_empty() && is_checksum(part) {
                position.others = StampChecksum(u64::from_str_radix(part, 16).ok()?);
                continue;
            }
            let stamp: Stamp = part.parse().ok()?;
            if position.stamps.len() == PUBLISHERS || position.number(stamp.epoch).is_some() {
                return None;
            }
            position.stamps.push(stamp);
        }
        Some(position)
    }

    pub(super) fn stamps(&self) -> &[Stamp] {
        &self.stamps
    }

    /// What is known of the publishers without a stamp.
    pub(super) fn others(&self) -> StampChecksum {
        self.others
    }

    /// The number of the last message of a publisher.
    pub(super) fn number(&self, epoch: u64) -> Option<u64> {
        self.stamps.iter().find(|stamp| stamp.epoch == epoch).map(|stamp| stamp.number)
    }

    /// The stamp of the newest message.
    pub(super) fn newest(&self) -> Option<Stamp> {
        self.stamps.last().copied()
    }

    /// Moves behind all messages up to a position in the relay's own order. Returns whether this position is the same then: not if it was
    /// beyond for one of the publishers, as that of a client which comes from another process.
    pub(super) fn advance_to(&mut self, position: &Self) -> bool {
        // A publisher that the relay's position leaves out is part of the checksum there. One that the relay did not know yet is not.
        let leaves_out = !position.others.is_empty();
        let is_reached = |stamp: &Stamp| match position.number(stamp.epoch) {
            Some(number) => stamp.number <= number,
            None => leaves_out || stamp.number == 0,
        };
        if self.stamps.iter().all(is_reached) {
            self.clone_from(position);
            return true;
        }
        if !self.others.is_empty() || !position.others.is_empty() {
            // Of the publishers without a stamp, this position and that of the relay may know different ones.
            self.others = StampChecksum::UNKNOWN;
        }
        for stamp in position.stamps() {
            let number = self.number(stamp.epoch).unwrap_or_default().max(stamp.number);
            self.advance(Stamp { epoch: stamp.epoch, number });
        }
        false
    }

    /// Moves behind the message with this stamp.
    pub(super) fn advance(&mut self, stamp: Stamp) {
        match self.stamps.iter().position(|known| known.epoch == stamp.epoch) {
            Some(at) => drop(self.stamps.remove(at)),
            None if self.stamps.len() == PUBLISHERS => {
                let left_out = self.stamps.remove(0);
                self.others.add(left_out);
            }
            None => {}
        }
        self.stamps.push(stamp);
    }
}

/// Whether a part of the text of a position is the checksum of other publishers.
fn is_checksum(part: &str) -> bool {
    part.len() == CHECKSUM_DIGITS && part.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl FromIterator<Stamp> for Position {
    fn from_iter<I: IntoIterator<Item = Stamp>>(stamps: I) -> Self {
        let mut position = Self::default();
        stamps.into_iter().for_each(|stamp| position.advance(stamp));
        position
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, stamp) in self.stamps.iter().enumerate() {
            let hyphen = if index == 0 { "" } else { "-" };
            write!(formatter, "{hyphen}{stamp}")?;
        }
        if !self.others.is_empty() {
            write!(formatter, "-{:016x}", self.others.0)?;
        }
        Ok(())
    }
}

/// What [`Relay::resume`](super::Relay::resume) takes as a position: a [`Position`], the text of one, which may come from
/// a client, or an `Option` or a [`Header`] of those.
pub trait IntoPosition {
    /// The position; `None` if there is none, or the text is not one's.
    fn into_position(self) -> Option<Position>;
}

impl IntoPosition for Position {
    fn into_position(self) -> Option<Position> {
        Some(self)
    }
}

impl IntoPosition for &Position {
    fn into_position(self) -> Option<Position> {
        Some(self.clone())
    }
}

impl IntoPosition for &str {
    fn into_position(self) -> Option<Position> {
        Position::parse(self)
    }
}

impl IntoPosition for &String {
    fn into_position(self) -> Option<Position> {
        Position::parse(self)
    }
}

impl IntoPosition for String {
    fn into_position(self) -> Option<Position> {
        Position::parse(&self)
    }
}

impl<P: IntoPosition> IntoPosition for Option<P> {
    fn into_position(self) -> Option<Position> {
        self?.into_position()
    }
}

impl<P: IntoPosition> IntoPosition for Header<P> {
    fn into_position(self) -> Option<Position> {
        self.0.into_position()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(epoch: u64, number: u64) -> Stamp {
        Stamp { epoch, number }
    }

    #[test]
    fn a_position_is_a_short_text_that_can_be_read_back() {
        let check = |stamps: &[Stamp], text: &str| {
            let position: Position = stamps.iter().copied().collect();
            assert_eq!((position.to_string(), Some(position)), (text.to_owned(), Position::parse(text)));
        };
        check(&[stamp(0xab, 0)], "00000000000000ab.0");
        check(&[stamp(u64::MAX, u64::MAX)], "ffffffffffffffff.18446744073709551615");
        check(&[stamp(1, 2), stamp(3, 4)], "0000000000000001.2-0000000000000003.4");
        let mut full: Position =
            (0..PUBLISHERS as u64).map(|epoch| stamp(u64::MAX - epoch, u64::MAX)).collect();
        assert_eq!(full.to_string().into_position(), Some(full.clone()));
        full.advance(stamp(1, u64::MAX));
        assert!(!full.others().is_empty());
        let text = full.to_string();
        assert!(text.len() <= TEXT_BYTES && TEXT_BYTES == 624, "{text}");
        assert_eq!(text.into_position(), Some(full));
    }

    #[test]
    fn other_texts_are_no_position() {
        let long = "1.1-".repeat(1000);
        let many: Vec<String> = (0..=PUBLISHERS).map(|epoch| format!("{epoch:x}.1")).collect();
        for text in [
            "",
            "1",
            ".",
            "1.",
            ".1",
            "g.1",
            "+1.1",
            "1.+1",
            "1.1 ",
            " 1.1",
            "1.1-",
            "-1.1",
            "1.1-1.2",
            "1.1.1",
            "00000000000000ab",
            "1.1-ab",
            "1.1-+0000000000000ab",
            "1.1-00000000000000ab-2.1",
            "1.1-00000000000000ab-00000000000000ab",
            "ä.1",
            "1.18446744073709551616",
            "10000000000000000.1",
            "1.a",
            "None",
            &long,
            &many.join("-"),
        ] {
            assert_eq!(text.into_position(), None, "{text}");
        }
        assert_eq!(None::<&str>.into_position(), None);
        assert_eq!(Header(Some("1.2".to_owned())).into_position(), Some(Position::from_iter([stamp(1, 2)])));
    }

    #[test]
    fn a_position_moves_to_that_of_a_message_but_never_back() {
        let check = |from: &[Stamp], to: &[Stamp], is_same: bool, expected: &[Stamp]| {
            let [mut position, to] = [from, to].map(|stamps| stamps.iter().copied().collect::<Position>());
            assert_eq!((position.advance_to(&to), position.stamps()), (is_same, expected));
        };
        check(&[], &[stamp(1, 1)], true, &[stamp(1, 1)]);
        check(&[stamp(1, 1)], &[stamp(2, 4), stamp(1, 2)], true, &[stamp(2, 4), stamp(1, 2)]);
        check(&[stamp(2, 5), stamp(1, 1)], &[stamp(2, 4), stamp(1, 2)], false, &[stamp(2, 5), stamp(1, 2)]);
        check(&[stamp(3, 0), stamp(1, 1)], &[stamp(1, 2)], true, &[stamp(1, 2)]);
        check(&[stamp(3, 9), stamp(1, 1)], &[stamp(1, 2)], false, &[stamp(3, 9), stamp(1, 2)]);
        let full: Vec<_> = (10..).map(|epoch| stamp(epoch, 2)).take(PUBLISHERS).collect();
        let longer: Vec<_> = [stamp(9, 2)].into_iter().chain(full.iter().copied()).collect();
        check(&[stamp(3, 9), stamp(10, 1)], &longer, true, &full);
    }

    #[test]
    fn what_a_position_leaves_out_counts_in_any_order_once_something_was_published() {
        let sum = |stamps: &[Stamp]| {
            let mut sum = StampChecksum::default();
            for stamp in stamps {
                sum.add(*stamp);
            }
            sum
        };
        assert!(sum(&[stamp(1, 0), stamp(2, 0)]).is_empty());
        assert_eq!(sum(&[stamp(1, 2), stamp(2, 3)]), sum(&[stamp(2, 3), stamp(1, 2), stamp(3, 0)]));
        assert_ne!(sum(&[stamp(1, 2), stamp(2, 3)]), sum(&[stamp(1, 3), stamp(2, 2)]));
        assert_ne!(sum(&[stamp(1, 1)]), sum(&[stamp(1, 1), stamp(1, 1)]));
    }

    #[test]
    fn a_position_that_is_ahead_fits_nowhere_if_publishers_are_left_out() {
        let [mut position, mut to]: [Position; 2] = [[stamp(1, 5)], [stamp(1, 4)]].map(Position::from_iter);
        to.others.add(stamp(2, 1));
        assert!(!position.advance_to(&to));
        assert_eq!((position.stamps(), position.others), (&[stamp(1, 5)][..], StampChecksum::UNKNOWN));
        to.advance(stamp(1, 5));
        assert!(position.advance_to(&to));
        assert_eq!(position, to);
    }

    #[test]
    fn a_position_forgets_who_was_silent_the_longest() {
        let mut position: Position = (0..PUBLISHERS as u64).map(|epoch| stamp(epoch, 1)).collect();
        position.advance(stamp(0, 2));
        position.advance(stamp(99, 7));
        assert_eq!(position.stamps().len(), PUBLISHERS);
        assert_eq!((position.number(0), position.number(1), position.number(99)), (Some(2), None, Some(7)));
    }
}
