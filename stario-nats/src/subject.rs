//! Subjects of a relay as subjects of NATS.
//!
//! NATS allows no white space in a subject, its tokens `*` and `>` are wildcards, and its clients recommend visible ASCII. So each byte of a
//! relay's subject that is something else is written as `%` and two hexadecimal digits, and so are `%`, `*` and `>`. The dots
//! are NATS's own.

/// The most bytes of a subject on the way. A server whose limit of a line is passed, 4096 bytes with what else stands there, closes the connection.
pub(crate) const MAX_BYTES: usize = 2048;

/// Asks all relays of a name to announce which value is their newest. No escaped subject has this token.
pub(crate) const HELLO: &str = "%.hello";

/// Announces it.
pub(crate) const NEWEST: &str = "%.newest";

/// Asks one relay for what it keeps.
pub(crate) const HISTORY: &str = "%.history";

/// Ends the answer.
pub(crate) const END: &str = "%.end";

/// What stands before each subject of the relay with this name: one token of its own, so that no name is the beginning of another.
pub(crate) fn prefix(relay: &str) -> String {
    let mut prefix = token(relay);
    prefix.push('.');
    prefix
}

/// The text as one token of a subject.
pub(crate) fn token(text: &str) -> String {
    let mut token = String::new();
    escape(text, false, &mut token);
    if token.is_empty() {
        token.push('%');
    }
    token
}

/// Appends the subject as NATS takes it.
pub(crate) fn write(subject: &str, text: &mut String) {
    escape(subject, true, text);
}

fn escape(text: &str, are_dots_kept: bool, escaped: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        let is_plain = byte.is_ascii_graphic() && !matches!(byte, b'%' | b'*' | b'>' | b'.');
        if is_plain || (are_dots_kept && byte == b'.') {
            escaped.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
            escaped.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// The subject as it was; `None` if it was not written by [`write`].
pub(crate) fn read(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(2)?;
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        bytes.push(digit(digits[0])? << 4 | digit(digits[1])?);
        rest = behind;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_is_one_of_nats_and_comes_back() {
        #[track_caller]
        fn check(subject: &str, expected: &str) {
            let mut escaped = String::new();
            write(subject, &mut escaped);
            assert_eq!((&*escaped, read(&escaped).as_deref()), (expected, Some(subject)));
        }
        check("room.7.moves", "room.7.moves");
        check("user.ada@shop.example", "user.ada@shop.example");
        check("room.Tea house", "room.Tea%20house");
        check("a.>.100%", "a.%3E.100%25");
        check("ö.\n", "%C3%B6.%0A");
        check("a*b", "a%2Ab");
        check("$SYS.x", "$SYS.x");
    }

    #[test]
    fn other_text_is_no_subject() {
        for text in ["%", "%2", "%2x", "a.%hello", "%C3", "%.hello", "%.newest", "%.history", "%.end"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn no_name_of_a_relay_is_the_beginning_of_another() {
        assert_eq!(prefix("shop"), "shop.");
        assert_eq!(prefix("shop.eu"), "shop%2Eeu.");
        assert_eq!(prefix("the shop"), "the%20shop.");
        assert_eq!(prefix(">"), "%3E.");
        assert_eq!(prefix(""), "%.");
    }
}
