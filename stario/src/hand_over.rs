//! What a handler's future comes to besides its one result.

use crate::body::BodyError;
use crate::sse::Frame;

/// What a handler's future comes to before it ends.
pub(crate) enum HandOver {
    /// An event stream begins. Frames follow.
    Head,
    Frame(Frame),
    /// The stream has failed, and must not look complete.
    Cut(BodyError),
    /// The parameters of a detached command are resolved; its body has not run.
    Accepted,
}

/// The handler panicked before its response began; the log has it.
#[derive(Debug)]
pub(crate) struct Panicked;
