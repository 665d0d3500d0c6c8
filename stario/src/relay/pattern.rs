//! Subjects, and the patterns that subscriptions have for them.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;

use http::StatusCode;

use crate::error::{ErrorRegistration, ErrorResponse, Registered};

/// What a subscription is for: a subject, all subjects below one (`room.*`), or all of them (`*`).
///
/// The segments of a subject are separated by dots; none is empty or contains a `*`. A `const` pattern is
/// checked by the compiler. For a pattern made from user input there is [`Pattern::segments`], so that nobody
/// can subscribe to more than one subject.
///
/// ```
/// use stario::relay::Pattern;
/// use stario::Relay;
///
/// const MOVES: Pattern = Pattern::new("room.*");
///
/// let relay = Relay::<u32>::new();
/// let moves = relay.subscribe(MOVES);
/// assert_eq!(relay.subscribers("room.7"), 1);
///
/// assert_eq!(Pattern::segments(["room", "7"]).unwrap().as_str(), "room.7");
/// assert!(Pattern::segments(["room", "*"]).is_err());
/// assert!("room.*.moves".parse::<Pattern>().is_err());
/// ```
///
/// ```compile_fail
/// const MOVES: stario::relay::Pattern = stario::relay::Pattern::new("room.*.moves");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(Cow<'static, str>);

impl Pattern {
    /// Makes a pattern from a literal; in a `const`, the compiler refuses an invalid one.
    ///
    /// # Panics
    ///
    /// When it is invalid. To check a pattern at run time, use [`str::parse`].
    pub const fn new(pattern: &'static str) -> Self {
        assert!(
            is_pattern(pattern.as_bytes()),
            "no pattern: expected segments with dots between them, of which the last may be `*`"
        );
        Self(Cow::Borrowed(pattern))
    }

    /// Makes the pattern for one subject from its segments.
    ///
    /// # Errors
    ///
    /// When there are none, or one is empty or contains a `.` or a `*`. With `?` in a handler that is a 422.
    pub fn segments<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Result<Self, InvalidPattern> {
        let mut subject = String::new();
        for segment in segments {
            let segment = segment.as_ref();
            if segment.is_empty() || segment.contains(['.', '*']) {
                // Without the text, which is the client's and would be sent back to it.
                return Err(InvalidPattern { text: String::new(), expected: Expected::Segment });
            }
            if !subject.is_empty() {
                subject.push('.');
            }
            subject.push_str(segment);
        }
        check_subject(&subject)?;
        Ok(Self(subject.into()))
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_wildcard(&self) -> bool {
        self.0.ends_with('*')
    }

    /// Whether values published under `subject` are among those that this is for.
    pub(super) fn fits(&self, subject: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => subject.starts_with(beginning),
            None => self.0 == subject,
        }
    }

    /// Whether every subject that `other` fits is one that this fits.
    fn covers(&self, other: &Self) -> bool {
        match self.0.strip_suffix('*') {
            // `room.*` fits `room.7` and all of `room.7.*`.
            Some(beginning) => other.0.starts_with(beginning),
            None => self == other,
        }
    }
}

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        if is_pattern(text.as_bytes()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidPattern { text, expected: Expected::Pattern })
        }
    }
}

impl AsRef<str> for Pattern {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Pattern {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// An invalid pattern or subject.
///
/// A handler that returns it with `?` answers 422 if it comes from [`Pattern::segments`], which is what user
/// input is for, and otherwise 500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPattern {
    text: String,
    expected: Expected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Expected {
    Pattern,
    Subject,
    Segment,
}

impl fmt::Display for InvalidPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, expected } = self;
        match expected {
            Expected::Pattern => {
                write!(
                    formatter,
                    "{text:?} is no pattern: expected `a.b`, `a.*` or `*`, without empty segments"
                )
            }
            Expected::Subject => {
                write!(formatter, "{text:?} is no subject: expected `a.b`, without empty segments and `*`")
            }
            Expected::Segment => {
                formatter.write_str("invalid segment of a subject: expected a text without `.` and `*`")
            }
        }
    }
}

impl std::error::Error for InvalidPattern {}

impl ErrorResponse for InvalidPattern {
    fn status(&self) -> StatusCode {
        match self.expected {
            Expected::Segment => StatusCode::UNPROCESSABLE_ENTITY,
            Expected::Pattern | Expected::Subject => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

// By hand, because `#[error_response]` is for crates that have an app.
#[diagnostic::do_not_recommend]
impl Registered for InvalidPattern {}

inventory::submit! {
    ErrorRegistration { downcast: |error| Some(error.downcast_ref::<InvalidPattern>()?) }
}

/// What can be subscribed to: a string, a [`Pattern`], or several of them.
pub trait Patterns {
    /// The patterns.
    ///
    /// # Errors
    ///
    /// The first that is invalid.
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern>;
}

impl Patterns for &str {
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern> {
        Ok(vec![self.parse()?])
    }
}

impl Patterns for String {
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern> {
        Ok(vec![self.try_into()?])
    }
}

impl Patterns for &String {
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern> {
        self.as_str().patterns()
    }
}

impl Patterns for Pattern {
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern> {
        Ok(vec![self])
    }
}

impl Patterns for &Pattern {
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern> {
        Ok(vec![self.clone()])
    }
}

impl<P: Patterns, const N: usize> Patterns for [P; N] {
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern> {
        all(self)
    }
}

impl<P: Patterns> Patterns for Vec<P> {
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern> {
        all(self)
    }
}

impl<'a, P> Patterns for &'a [P]
where
    &'a P: Patterns,
{
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern> {
        all(self)
    }
}

impl Patterns for &&str {
    fn patterns(self) -> Result<Vec<Pattern>, InvalidPattern> {
        (*self).patterns()
    }
}

fn all<P: Patterns>(several: impl IntoIterator<Item = P>) -> Result<Vec<Pattern>, InvalidPattern> {
    let mut patterns = Vec::new();
    for one in several {
        patterns.append(&mut one.patterns()?);
    }
    Ok(patterns)
}

/// Drops each pattern that another covers. Of two that are left no subject fits both: patterns are equal,
/// one inside the other, or apart.
pub(super) fn without_overlap(patterns: Vec<Pattern>) -> Vec<Pattern> {
    let mut apart: Vec<Pattern> = Vec::with_capacity(patterns.len());
    for pattern in patterns {
        if apart.iter().any(|other| other.covers(&pattern)) {
            continue;
        }
        apart.retain(|other| !pattern.covers(other));
        apart.push(pattern);
    }
    apart
}

/// # Errors
///
/// When it has an empty segment or a `*`.
pub(super) fn check_subject(text: &str) -> Result<(), InvalidPattern> {
    if is_pattern(text.as_bytes()) && !text.ends_with('*') {
        return Ok(());
    }
    Err(InvalidPattern { text: text.to_owned(), expected: Expected::Subject })
}

/// Segments with dots between them: none is empty, and `*` stands alone, as the last.
const fn is_pattern(text: &[u8]) -> bool {
    let mut at = 0;
    let mut segment_start = 0;
    while at < text.len() {
        match text[at] {
            b'.' if at == segment_start => return false,
            b'.' => segment_start = at + 1,
            b'*' if at != segment_start || at + 1 != text.len() => return false,
            _ => {}
        }
        at += 1;
    }
    segment_start < text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_segments_of_which_the_last_may_be_a_star() {
        for text in ["a", "a.b", "a.b.c", "a.*", "a.b.*", "*", "ä.ö", "a b", "-"] {
            assert_eq!(text.parse::<Pattern>().unwrap().as_str(), text);
        }
        for text in ["", ".", "a.", ".a", "a..b", "a*", "*a", "a.*.b", "*.a", ".*", "**", "a.**", "a..*"] {
            let expected =
                format!("{text:?} is no pattern: expected `a.b`, `a.*` or `*`, without empty segments");
            assert_eq!(text.parse::<Pattern>().unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn subjects_have_no_star() {
        assert_eq!(check_subject("a.b"), Ok(()));
        for text in ["", "a.*", "*", "a..b", "a."] {
            let expected = format!("{text:?} is no subject: expected `a.b`, without empty segments and `*`");
            assert_eq!(check_subject(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn a_segment_is_one() {
        assert_eq!(Pattern::segments(["a", "b c"]).unwrap().as_str(), "a.b c");
        for segment in ["", "*", "a.b", "a*"] {
            let expected = "invalid segment of a subject: expected a text without `.` and `*`";
            assert_eq!(Pattern::segments(["room", segment]).unwrap_err().to_string(), expected);
        }
        assert!(Pattern::segments(Vec::<&str>::new()).is_err());
    }

    #[test]
    fn what_another_covers_is_left_out() {
        let check = |patterns: &[&str], expected: &[&str]| {
            let apart = without_overlap(patterns.patterns().unwrap());
            assert_eq!(apart.iter().map(Pattern::as_str).collect::<Vec<_>>(), expected);
        };
        check(&["a", "a"], &["a"]);
        check(&["a", "a.*"], &["a", "a.*"]);
        check(&["a.b", "a.b.c", "a.b.*", "a.*", "ab.c"], &["a.*", "ab.c"]);
        check(&["a.*", "a.b.*", "a.b"], &["a.*"]);
        check(&["a", "b.*", "*", "c"], &["*"]);
    }
}
