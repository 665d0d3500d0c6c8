//! The results that a handler's future yields to its caller before it ends: the head of a stream, each frame, or "accepted".

use crate::body::BodyError;
use crate::sse::Frame;

/// A result that a handler's future yields before it ends.
pub(crate) enum HandOver {
    /// An event stream begins. Frames follow.
    Head,
    Frame(Frame),
    /// The stream has failed, and must not look complete.
    Cut(BodyError),
    /// The parameters of a detached command are resolved; its body has not run.
    Accepted,
}

/// A call ended without a response: its handler panicked, which is in the log, or the call was dropped.
#[derive(Debug)]
pub(crate) struct NoResponse;
