//! A path template at run time. The macros have checked it.

/// A path template, split at its slashes; `/` alone has no segment.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Vec<Segment>);

#[derive(Debug, Clone)]
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

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    pub(crate) fn captures(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Capture(name) | Segment::Rest(name) => Some(&**name),
            Segment::Literal(_) => None,
        })
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
