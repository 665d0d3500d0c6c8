//! A path template at run time. The macros have checked it.

/// A path template, split at its slashes.
#[derive(Debug)]
pub(crate) struct Pattern(Vec<Segment>);

#[derive(Debug)]
pub(crate) enum Segment {
    Literal(Box<str>),
    Capture(Box<str>),
}

impl Pattern {
    pub(crate) fn new(path: &str) -> Self {
        let segments = path.strip_prefix('/').unwrap_or(path).split('/');
        Self(
            segments
                .map(|text| match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                    Some(name) => Segment::Capture(name.into()),
                    None => Segment::Literal(text.into()),
                })
                .collect(),
        )
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    pub(crate) fn captures(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Capture(name) => Some(&**name),
            Segment::Literal(_) => None,
        })
    }
}
