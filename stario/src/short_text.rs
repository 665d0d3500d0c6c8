//! `ShortText`: a text that is kept where it stands if it is short, because an allocation costs more than such a copy.

/// How many bytes are kept without an allocation: the paths of most requests.
const INLINE_BYTES: usize = 54;

/// A text that never changes.
pub(crate) enum ShortText {
    /// The first `length` of these bytes.
    Inline {
        length: u8,
        bytes: [u8; INLINE_BYTES],
    },
    Boxed(Box<str>),
}

impl ShortText {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            ShortText::Inline { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            ShortText::Boxed(text) => text.as_bytes(),
        }
    }
}

impl From<&str> for ShortText {
    fn from(text: &str) -> Self {
        let mut bytes = [0; INLINE_BYTES];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(room), Ok(length)) => {
                room.copy_from_slice(text.as_bytes());
                ShortText::Inline { length, bytes }
            }
            _ => ShortText::Boxed(text.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_text_that_it_was_made_of() {
        let texts =
            ["", "/", "/é", &"x".repeat(INLINE_BYTES), &"x".repeat(INLINE_BYTES + 1), &"é".repeat(300)];
        for expected in texts {
            let short = ShortText::from(expected);
            assert_eq!(matches!(short, ShortText::Inline { .. }), expected.len() <= INLINE_BYTES);
            assert_eq!(short.as_bytes(), expected.as_bytes());
        }
    }
}
