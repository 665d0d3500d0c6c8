//! The paths without captures, by which a route is found at once.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::pattern::{PathPattern, Segment};
use super::segment_hasher::SegmentHasher;
use super::tree::RouteId;

/// The routes of each path that has no captures, by the path as clients send it. The tree holds the same routes, and finds them by
/// paths that are escaped needlessly, too.
#[derive(Debug, Default)]
pub(super) struct LiteralPaths {
    routes: HashMap<Box<[u8]>, Vec<RouteId>, BuildHasherDefault<SegmentHasher>>,
    /// A bit for each length of these paths, the last for all from 63 bytes on: a path of another length need not be hashed.
    lengths: u64,
}

impl LiteralPaths {
    /// Sets the routes of a pattern, unless it has a capture, or a character that is escaped in all paths that it matches.
    pub(super) fn set(&mut self, pattern: &PathPattern, routes: &[RouteId]) {
        let mut path = String::new();
        for segment in pattern.segments() {
            match segment {
                Segment::Literal(text) if !text.contains(['/', '%']) => path.extend(["/", text]),
                _ => return,
            }
        }
        if path.is_empty() {
            path.push('/');
        }
        self.lengths |= length_bit(&path);
        self.routes.insert(path.into_bytes().into(), routes.into());
    }

    /// The routes of a path.
    #[inline(always)]
    pub(super) fn get(&self, path: &str) -> Option<&[RouteId]> {
        if self.lengths & length_bit(path) == 0 {
            return None;
        }
        self.routes.get(path.as_bytes()).map(Vec::as_slice)
    }
}

fn length_bit(path: &str) -> u64 {
    1 << path.len().min(63)
}
