//! A path template at run time. The macros have checked those in attributes.

use std::fmt::{self, Write as _};

use percent_encoding::utf8_percent_encode;

use crate::path_segment;

use super::bytes::position;
use super::escapes;

/// What a name in a path template matched, as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capture<'p> {
    Segment(&'p str),
    /// One or more segments, with the slashes between them.
    Rest(&'p str),
}

/// A path template, split at its slashes; `/` alone has no segment. Two templates that differ in their escapes only
/// are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A text with its escapes decoded.
    Literal(Box<str>),
    /// `{name}`: one segment, which is not empty.
    Capture(Box<str>),
    /// `{name...}`: all segments that are left, one or more, none of them empty. The last of its pattern.
    Rest(Box<str>),
}

impl PathPattern {
    pub(crate) fn new(path: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        if path.is_empty() {
            return Self(Vec::new());
        }
        Self(path.split('/').map(Segment::new).collect())
    }

    /// Splits a template that no macro has seen.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence.
    pub(crate) fn checked(path: &str) -> Result<Self, String> {
        if !path.starts_with('/') {
            return Err("it does not begin with `/`".to_owned());
        }
        if path.contains("//") {
            return Err("it has an empty segment".to_owned());
        }
        if path.len() > 1 && path.ends_with('/') {
            return Err("it ends in `/`; requests that do are redirected".to_owned());
        }
        for segment in path.split('/').filter(|segment| !segment.starts_with('{') || !segment.ends_with('}'))
        {
            check_literal(segment)?;
        }
        let pattern = Self::new(path);
        for (position, segment) in pattern.0.iter().enumerate() {
            let is_last = position + 1 == pattern.0.len();
            match segment {
                Segment::Literal(_) => {}
                Segment::Capture(name) | Segment::Rest(name) => {
                    let is_start = |c: char| c.is_alphabetic() || c == '_';
                    if !name.starts_with(is_start) || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                        return Err(format!("`{name}` is not the name of a parameter"));
                    }
                    if pattern.captures().filter(|other| **other == **name).count() > 1 {
                        return Err(format!("`{name}` stands twice in it"));
                    }
                    if matches!(segment, Segment::Rest(_)) && !is_last {
                        return Err(format!("`{{{name}...}}` does not stand last"));
                    }
                }
            }
        }
        Ok(pattern)
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// What follows these segments in a path that begins with them: nothing, or a text that begins with a slash.
    pub(crate) fn strip<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut rest = path;
        for segment in &self.0 {
            let after_slash = rest.strip_prefix('/')?;
            let end = position(after_slash.as_bytes(), b'/').unwrap_or(after_slash.len());
            let (found, after) = after_slash.split_at(end);
            let fits = match segment {
                Segment::Literal(text) => **text == *escapes::decode(found),
                Segment::Capture(_) | Segment::Rest(_) => !found.is_empty(),
            };
            if !fits {
                return None;
            }
            rest = after;
        }
        // `*`, the target of `OPTIONS *`, is below no prefix.
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }

    /// What `{name}` matches in `path`, a path that this pattern matches.
    pub(super) fn capture<'p>(&self, path: &'p str, name: &str) -> Option<Capture<'p>> {
        let mut start = 1;
        for (index, segment) in self.0.iter().enumerate() {
            let rest = path.as_bytes().get(start..)?;
            let length = match segment {
                Segment::Rest(own) if **own == *name => return path.get(start..).map(Capture::Rest),
                _ if index + 1 == self.0.len() => rest.len(),
                // A segment is at least as long as the literal that it is, and longer only if it is escaped.
                Segment::Literal(text) if rest.get(text.len()) == Some(&b'/') => text.len(),
                _ => position(rest, b'/').unwrap_or(rest.len()),
            };
            let end = start + length;
            match segment {
                Segment::Capture(own) if **own == *name => {
                    return path.get(start..end).map(Capture::Segment);
                }
                _ => start = end + 1,
            }
        }
        None
    }

    /// Whether the path begins with these segments, of which none is a rest. Without segments, every target does.
    pub(crate) fn begins(&self, path: &str) -> bool {
        self.0.is_empty() || self.strip(path).is_some()
    }

    /// Whether the first `count` segments are literals.
    pub(crate) fn has_literals(&self, count: usize) -> bool {
        self.0.len() >= count && self.0[..count].iter().all(|segment| matches!(segment, Segment::Literal(_)))
    }

    /// Whether a path of `pattern` can begin with these segments.
    pub(crate) fn can_begin(&self, pattern: &PathPattern) -> bool {
        let mut others = pattern.0.iter();
        for segment in &self.0 {
            match (segment, others.next()) {
                (_, Some(Segment::Rest(_))) => return true,
                (Segment::Literal(text), Some(Segment::Literal(other))) if text != other => return false,
                (_, Some(_)) => {}
                (_, None) => return false,
            }
        }
        true
    }

    pub(crate) fn captures(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Capture(name) | Segment::Rest(name) => Some(&**name),
            Segment::Literal(_) => None,
        })
    }
}

fn check_literal(text: &str) -> Result<(), String> {
    if text.contains(['{', '}']) {
        return Err(format!("`{text}` mixes text and braces; a capture is a whole segment"));
    }
    let is_path_character = |c: char| {
        if c.is_ascii() {
            c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%".contains(c)
        } else {
            !c.is_whitespace() && !c.is_control()
        }
    };
    if let Some(bad) = text.chars().find(|c| !is_path_character(*c)) {
        return Err(format!(
            "`{}` does not belong in it; write it percent-encoded as a browser sends it",
            bad.escape_debug()
        ));
    }
    if escapes::problem(text).is_some() {
        return Err(format!("`{text}` has a `%` that begins no escape of a character"));
    }
    match &*escapes::decode(text) {
        "." | ".." => Err(format!("browsers resolve `{text}` before they ask")),
        _ => Ok(()),
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.0 {
            match segment {
                Segment::Literal(text) => write_literal(text, formatter)?,
                Segment::Capture(name) => write!(formatter, "/{{{name}}}")?,
                Segment::Rest(name) => write!(formatter, "/{{{name}...}}")?,
            }
        }
        Ok(())
    }
}

/// Writes a literal so that it is read as the same text again.
fn write_literal(text: &str, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_char('/')?;
    text.chars().try_for_each(|c| {
        if c.is_ascii() || c.is_whitespace() || c.is_control() {
            write!(formatter, "{}", utf8_percent_encode(c.encode_utf8(&mut [0; 4]), path_segment::ESCAPED))
        } else {
            formatter.write_char(c)
        }
    })
}

impl Segment {
    fn new(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => match name.strip_suffix("...") {
                Some(name) => Segment::Rest(name.into()),
                None => Segment::Capture(name.into()),
            },
            None => Segment::Literal(escapes::decode(text).into()),
        }
    }
}
