//! Stands in for the file of a 304 where the feature `files` is off: there is none.

use super::settings::Compression;
use crate::body::Response;

/// The file that a 304 stands for; there is none.
pub(super) enum UnmodifiedFile {}

impl UnmodifiedFile {
    pub(super) fn take(_: &mut Response) -> Option<Self> {
        None
    }

    pub(super) fn qualifies(&self, _: &Compression) -> bool {
        match *self {}
    }
}
