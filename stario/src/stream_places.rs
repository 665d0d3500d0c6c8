//! The limit of streams that are open at once, on all connections together.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits for open streams.
pub(crate) struct StreamPlaces(Arc<Semaphore>);

/// Counts one stream against the limit until it is dropped. A command's stream beyond the limit has no permit, and is not
/// counted.
pub(crate) struct StreamPlace {
    _permit: Option<OwnedSemaphorePermit>,
}

impl StreamPlaces {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))))
    }

    /// A permit for one more stream. At the limit, a stream that may be refused gets `None`, because its client can ask
    /// again; any other stream gets one that is not counted.
    pub(crate) fn take(&self, may_be_refused: bool) -> Option<StreamPlace> {
        match Arc::clone(&self.0).try_acquire_owned() {
            Ok(permit) => Some(StreamPlace { _permit: Some(permit) }),
            Err(_) if may_be_refused => None,
            Err(_) => Some(StreamPlace { _permit: None }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StreamPlaces;

    #[test]
    fn a_stream_that_may_be_refused_is_beyond_the_limit() {
        let places = StreamPlaces::new(1);
        let first = places.take(true);
        assert!(first.is_some());
        assert!(places.take(true).is_none());
        assert!(places.take(false).is_some());
        drop(first);
        assert!(places.take(true).is_some());
    }
}
