//! A path template at run time. The macros have checked those in attributes.

/// A path template, split at its slashes; `/` alone has no segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(Box<str>),
    /// `{name}`: one segment, which is not empty.
    Capture(Box<str>),
    /// `{name...}`: all segments that are left, one or more, none of them empty. The last of its pattern.
    Rest(Box<str>),
}

impl Pattern {
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
        let pattern = Self::new(path);
        for (position, segment) in pattern.0.iter().enumerate() {
            let is_last = position + 1 == pattern.0.len();
            match segment {
                Segment::Literal(text) => check_literal(text)?,
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

    /// Whether the path begins with these segments, of which none is a rest.
    pub(crate) fn begins(&self, path: &str) -> bool {
        let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
        self.0.iter().all(|segment| match (segment, segments.next()) {
            (Segment::Literal(text), Some(found)) => **text == *found,
            (Segment::Capture(_) | Segment::Rest(_), Some(found)) => !found.is_empty(),
            (_, None) => false,
        })
    }

    /// Whether a path of `pattern` can begin with these segments.
    pub(crate) fn can_begin(&self, pattern: &Pattern) -> bool {
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
    // `pchar` of RFC 3986 section 3.3.
    let is_path_character = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%".contains(c);
    if let Some(bad) = text.chars().find(|c| !is_path_character(*c)) {
        return Err(format!("`{bad}` does not belong in it; write it percent-encoded as a browser sends it"));
    }
    if matches!(text, "." | "..") {
        return Err(format!("browsers resolve `{text}` before they ask"));
    }
    match super::malformed(text) {
        Some(_) => Err(format!("`{text}` has a `%` that begins no escape of a character")),
        None => Ok(()),
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for segment in &self.0 {
            match segment {
                Segment::Literal(text) => write!(formatter, "/{text}")?,
                Segment::Capture(name) => write!(formatter, "/{{{name}}}")?,
                Segment::Rest(name) => write!(formatter, "/{{{name}...}}")?,
            }
        }
        Ok(())
    }
}

impl Segment {
    fn new(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => match name.strip_suffix("...") {
                Some(name) => Segment::Rest(name.into()),
                None => Segment::Capture(name.into()),
            },
            None => Segment::Literal(text.into()),
        }
    }
}
