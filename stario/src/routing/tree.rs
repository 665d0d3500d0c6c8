//! The tree of path segments.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use percent_encoding::percent_decode;

use super::bytes::position;
use super::escapes;
use super::pattern::Segment;
use super::segment_hasher::SegmentHasher;

/// The index of a route in its router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RouteId(pub(super) usize);

impl RouteId {
    /// Its position among the routes of the router, in the order in which they were added.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// The routes of one prefix, and of all paths that begin with it.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// By their decoded texts.
    literals: HashMap<Box<[u8]>, Node, BuildHasherDefault<SegmentHasher>>,
    capture: Option<Box<Node>>,
    /// The routes whose `{rest...}` begins here.
    rest: Vec<RouteId>,
    /// The routes that end here.
    routes: Vec<RouteId>,
    /// Whether paths that come here by literals are for the routes below this node alone.
    is_reserved: bool,
    /// Whether a node below is reserved.
    has_reserved: bool,
}

impl Node {
    /// The routes with this pattern, for one more to be added.
    pub(super) fn leaf_mut(&mut self, segments: &[Segment]) -> &mut Vec<RouteId> {
        let mut node = self;
        for segment in segments {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.as_bytes().into()).or_default(),
                Segment::Capture(_) => node.capture.get_or_insert_default(),
                Segment::Rest(_) => return &mut node.rest,
            };
        }
        &mut node.routes
    }

    /// Keeps the paths below these literal segments for the routes there.
    pub(super) fn reserve(&mut self, prefix: &[Segment]) {
        let mut node = self;
        for segment in prefix {
            let Segment::Literal(text) = segment else { return };
            node.has_reserved = true;
            node = node.literals.entry(text.as_bytes().into()).or_default();
        }
        node.is_reserved = true;
    }

    /// The reserved node that most segments of the path lead to, and the segments after it.
    fn reserved<'p>(&self, path: &'p [u8], is_escaped: bool) -> Option<(&Self, Option<&'p [u8]>)> {
        let (mut node, mut rest, mut found) = (self, Some(path), None);
        while let Some(segments) = rest.filter(|_| node.has_reserved) {
            let (segment, after) = match position(segments, b'/') {
                Some(slash) => (&segments[..slash], Some(&segments[slash + 1..])),
                None => (segments, None),
            };
            let Some(next) = node.literal(segment, is_escaped) else { break };
            (node, rest) = (next, after);
            if node.is_reserved {
                found = Some((node, rest));
            }
        }
        found
    }

    /// Shows `accept` the routes whose patterns match `path`, those of one pattern together and the most specific
    /// pattern first, until it takes one. `is_escaped` says whether the path has escapes.
    pub(super) fn search<'r, R>(
        &'r self,
        path: &str,
        is_escaped: bool,
        accept: &mut impl FnMut(&'r [RouteId]) -> Option<R>,
    ) -> Option<R> {
        // `*`, the target of `OPTIONS *`, is not a path. A path that ends in a slash ends in an empty segment.
        match path.as_bytes() {
            [b'/'] => self.end_here(accept),
            [b'/', .., b'/'] => None,
            [b'/', rest @ ..] if self.has_reserved => match self.reserved(rest, is_escaped) {
                Some((node, Some(after))) => node.descend(after, is_escaped, accept),
                Some((node, None)) => node.end_here(accept),
                None => self.descend(rest, is_escaped, accept),
            },
            [b'/', rest @ ..] => self.descend(rest, is_escaped, accept),
            _ => None,
        }
    }

    /// Searches below this node for the segments in `rest`, of which there is at least one.
    ///
    /// The recursion is at most as deep as the longest pattern, not as the path, and visits each node once.
    fn descend<'r, R>(
        &'r self,
        mut rest: &[u8],
        is_escaped: bool,
        accept: &mut impl FnMut(&'r [RouteId]) -> Option<R>,
    ) -> Option<R> {
        let mut node = self;
        loop {
            let (segment, after) = match position(rest, b'/') {
                Some(0) => return None,
                Some(slash) => (&rest[..slash], Some(&rest[slash + 1..])),
                None => (rest, None),
            };
            let next = match (node.literal(segment, is_escaped), node.capture.as_deref()) {
                // Where there is only one way, nothing is left to try after it.
                (Some(only), None) | (None, Some(only)) if node.rest.is_empty() => only,
                (literal, capture) => {
                    let found = literal.into_iter().chain(capture).find_map(|next| match after {
                        Some(after) => next.descend(after, is_escaped, accept),
                        None => next.end_here(accept),
                    });
                    return found.or_else(|| node.take_rest(rest, accept));
                }
            };
            match after {
                Some(after) => (node, rest) = (next, after),
                None => return next.end_here(accept),
            }
        }
    }

    fn end_here<'r, R>(&'r self, accept: &mut impl FnMut(&'r [RouteId]) -> Option<R>) -> Option<R> {
        if self.routes.is_empty() { None } else { accept(&self.routes) }
    }

    fn take_rest<'r, R>(
        &'r self,
        rest: &[u8],
        accept: &mut impl FnMut(&'r [RouteId]) -> Option<R>,
    ) -> Option<R> {
        let has_empty_segment = || rest.windows(2).any(|pair| pair == b"//");
        if self.rest.is_empty() || has_empty_segment() { None } else { accept(&self.rest) }
    }

    fn literal(&self, segment: &[u8], is_escaped: bool) -> Option<&Node> {
        if self.literals.is_empty() {
            None
        } else if is_escaped {
            self.literals.get(&*Cow::from(percent_decode(segment)))
        } else {
            self.literals.get(segment)
        }
    }

    /// The routes whose patterns match `path`, whatever their methods and headers.
    pub(super) fn at(&self, path: &str) -> Vec<RouteId> {
        let mut found = Vec::new();
        self.search(path, escapes::are_in(path), &mut |leaf| {
            found.extend(leaf);
            None::<()>
        });
        found
    }

    /// Every route at this node and below.
    pub(super) fn all(&self) -> Vec<RouteId> {
        let below = self.literals.values().chain(self.capture.as_deref());
        self.routes.iter().chain(&self.rest).copied().chain(below.flat_map(Node::all)).collect()
    }
}
