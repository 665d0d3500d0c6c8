//! What a segment of a path must escape.

use percent_encoding::{AsciiSet, CONTROLS};

/// The characters of ASCII that cannot stand for themselves in a segment: all but `pchar` of RFC 3986 section 3.3.
pub(crate) const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
