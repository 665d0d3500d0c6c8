//! The tree of path segments.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::pattern::Segment;
use super::{Captures, RouteId, escapes};

/// The routes of one prefix, and of all paths that begin with it.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// By their decoded texts.
    literals: HashMap<Box<str>, Node, BuildHasherDefault<SegmentHasher>>,
    capture: Option<Box<Node>>,
    /// The routes whose `{rest...}` begins here.
    rest: Vec<RouteId>,
    /// The routes that end here.
    routes: Vec<RouteId>,
}

impl Node {
    /// The routes with this pattern, for one more to be added.
    pub(super) fn leaf_mut(&mut self, segments: &[Segment]) -> &mut Vec<RouteId> {
        let mut node = self;
        for segment in segments {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::Capture(_) => node.capture.get_or_insert_default(),
                Segment::Rest(_) => return &mut node.rest,
            };
        }
        &mut node.routes
    }

    /// Shows `accept` the routes whose patterns match `path`, those of one pattern together and the most specific
    /// pattern first, until it takes one.
    pub(super) fn search<'r, R>(
        &'r self,
        path: &str,
        captures: &mut Captures,
        accept: &mut impl FnMut(&'r [RouteId]) -> Option<R>,
    ) -> Option<R> {
        let bytes = path.as_bytes();
        // `*`, the target of `OPTIONS *`, is not a path. A path that ends in a slash ends in an empty segment.
        if bytes.first() != Some(&b'/') || (bytes.len() > 1 && bytes.last() == Some(&b'/')) {
            return None;
        }
        self.descend(path, 1, captures, accept)
    }

    /// Searches below this node, where the next segment begins at `start`.
    ///
    /// The recursion is as deep as the longest pattern, not as the path, and visits each node once.
    fn descend<'r, R>(
        &'r self,
        path: &str,
        start: usize,
        captures: &mut Captures,
        accept: &mut impl FnMut(&'r [RouteId]) -> Option<R>,
    ) -> Option<R> {
        let Some(rest) = path.get(start..).filter(|rest| !rest.is_empty()) else {
            return if self.routes.is_empty() { None } else { accept(&self.routes) };
        };
        let length = rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        if length == 0 {
            return None;
        }
        let end = start + length;
        if !self.literals.is_empty()
            && let Some(node) = self.literals.get(&*escapes::decode(&rest[..length]))
            && let Some(taken) = node.descend(path, end + 1, captures, accept)
        {
            return Some(taken);
        }
        if let Some(node) = &self.capture {
            captures.push(start, end);
            if let Some(taken) = node.descend(path, end + 1, captures, accept) {
                return Some(taken);
            }
            captures.0.pop();
        }
        if !self.rest.is_empty() && !rest.as_bytes().array_windows().any(|pair| pair == b"//") {
            captures.push(start, path.len());
            if let Some(taken) = accept(&self.rest) {
                return Some(taken);
            }
            captures.0.pop();
        }
        None
    }

    /// The routes whose patterns match `path`, whatever their methods and headers.
    pub(super) fn at(&self, path: &str) -> Vec<RouteId> {
        let mut found = Vec::new();
        self.search(path, &mut Captures::default(), &mut |leaf| {
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

impl Captures {
    fn push(&mut self, start: usize, end: usize) {
        let offset = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        self.0.push((offset(start), offset(end)));
    }
}

/// Hashes a segment by a multiplication for every eight bytes.
///
/// Clients choose the paths that are looked up, but not the literals that are stored: those are fixed when the app
/// starts. A table never grows, so a path that is chosen to collide costs at most a comparison with each literal
/// of one node, and the hash needs no secret key.
#[derive(Debug, Default)]
struct SegmentHasher(u64);

/// An odd number without a pattern in its bits: the golden ratio.
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

impl SegmentHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER);
    }
}

impl Hasher for SegmentHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, tail) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        // The tail is read as two numbers that may overlap; its length keeps `a` and `aa` apart.
        let (low, high) = match (tail.first_chunk::<4>(), tail.last_chunk::<4>(), tail) {
            (Some(first), Some(last), _) => (u32::from_le_bytes(*first), u32::from_le_bytes(*last)),
            (_, _, [first, .., last]) => {
                (u32::from(*first), u32::from(*last) << 8 | u32::from(tail[tail.len() / 2]))
            }
            (_, _, [only]) => (u32::from(*only), 0),
            (_, _, []) => (0, 0),
        };
        self.add(u64::from(low) | u64::from(high) << 32);
        self.add(bytes.len() as u64);
    }

    /// Ignores what ends a text in a sequence of texts: a key is one text.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        // The upper bits of a product are the best ones; the table takes the place of an entry from the lower.
        self.0.rotate_left(26)
    }
}
