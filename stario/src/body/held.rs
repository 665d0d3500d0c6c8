//! The memory of request bodies: how much all requests of an app may keep together, and how fast the rest of a body must arrive, so
//! that no client occupies it for long.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame};

use super::Body;
use super::error::{BodyError, MemoryFull, Stalled, TooLong};
use crate::memory;
use crate::stall::{LEAST_SPEED, StallTimer};

/// A request that holds fewer bytes is not counted: the buffers of its connection are larger.
const UNCOUNTED_BYTES: usize = 16 * 1024;

/// The body must come faster by one byte a second for each so many bytes that are held.
const BYTES_PER_SPEED: usize = 1024;

/// The most that is demanded, in bytes a second, however much is held.
const MOST_SPEED: usize = 10 * 1024;

/// The limit where the system does not say how much memory there is.
const UNKNOWN_LIMIT: usize = 256 << 20;

/// Counts the bytes that the request bodies of one app hold in memory.
#[derive(Debug)]
pub(crate) struct BodyMemory {
    limit: usize,
    held: AtomicUsize,
    timeout: Duration,
}

impl BodyMemory {
    /// `limit` bytes for all bodies together, or a quarter of the memory that the process may use; and the time that a
    /// client may pause.
    pub(crate) fn new(limit: Option<usize>, timeout: Duration) -> Arc<Self> {
        let limit = limit.unwrap_or_else(|| quarter_of(memory::limit()));
        Arc::new(Self { limit, held: AtomicUsize::new(0), timeout })
    }

    fn add(&self, bytes: usize) -> Result<(), MemoryFull> {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= self.limit {
            return Ok(());
        }
        self.remove(bytes);
        Err(MemoryFull)
    }

    fn remove(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

fn quarter_of(memory: Option<u64>) -> usize {
    memory.map_or(UNKNOWN_LIMIT, |bytes| usize::try_from(bytes / 4).unwrap_or(usize::MAX))
}

/// Counts the bytes that one request keeps of its body, until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldBytes {
    memory: Arc<BodyMemory>,
    counted: usize,
    /// The bytes of the body that are kept, in memory or on the disk.
    kept: usize,
    stall: StallTimer,
}

impl HeldBytes {
    pub(crate) fn new(memory: &Arc<BodyMemory>) -> Self {
        let stall = StallTimer::new(memory.timeout);
        Self { memory: Arc::clone(memory), counted: 0, kept: 0, stall }
    }

    /// Counts `in_memory` bytes, instead of those before, of a body of which `kept` bytes are kept there or on the disk.
    ///
    /// # Errors
    ///
    /// When all bodies together would hold more than they may. What was counted before is still counted.
    pub(crate) fn set(&mut self, in_memory: usize, kept: usize) -> Result<(), MemoryFull> {
        let counted = if in_memory < UNCOUNTED_BYTES { 0 } else { in_memory };
        match counted.checked_sub(self.counted) {
            Some(0) => {}
            Some(more) => self.memory.add(more)?,
            None => self.memory.remove(self.counted - counted),
        }
        self.counted = counted;
        self.kept = kept;
        Ok(())
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.counted == 0
    }

    /// Makes room in `whole` for `more` bytes of a body that has at most `most`, and counts it.
    pub(crate) fn grow(&mut self, whole: &mut Vec<u8>, more: usize, most: usize) -> Result<(), MemoryFull> {
        let needed = whole.len() + more;
        self.kept = needed;
        if needed > whole.capacity() {
            let capacity = (whole.capacity() * 2).min(most).max(needed);
            self.set(capacity, needed)?;
            whole.reserve_exact(capacity - whole.len());
        }
        Ok(())
    }

    /// Polls the next frame of `body`. It fails when the body comes too slowly for what is kept of it.
    pub(crate) fn poll_frame(
        &mut self,
        body: &mut Body,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(body).poll_frame(ctx);
        let speed = self.least_speed();
        // Up to this speed the connection itself demands as much of every body.
        if speed > LEAST_SPEED {
            match &polled {
                Poll::Ready(Some(Ok(frame))) => {
                    self.stall.note_progress_at(speed, frame.data_ref().map_or(0, Bytes::len));
                }
                Poll::Pending if self.stall.poll_stalled(ctx).is_ready() => {
                    return Poll::Ready(Some(Err(Stalled.into())));
                }
                Poll::Ready(_) | Poll::Pending => {}
            }
        }
        polled
    }

    /// The speed that is demanded now, in bytes a second.
    fn least_speed(&self) -> u32 {
        u32::try_from((self.kept / BYTES_PER_SPEED).min(MOST_SPEED)).unwrap_or(u32::MAX)
    }

    /// Collects the whole of `body`.
    ///
    /// # Errors
    ///
    /// [`TooLong`] for more than `limit` bytes, [`MemoryFull`] when all bodies together would hold too many, [`Stalled`]
    /// when it comes too slowly, and the errors of the body.
    pub(crate) async fn collect(&mut self, mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
        let mut whole = Vec::new();
        loop {
            let next = std::future::poll_fn(|ctx| self.poll_frame(&mut body, ctx)).await;
            let Some(frame) = next.transpose()? else { return Ok(whole.into()) };
            // Trailers do not belong to the content.
            let Ok(data) = frame.into_data() else { continue };
            if data.len() > limit - whole.len() {
                return Err(TooLong.into());
            }
            let is_end = body.is_end_stream();
            if is_end && whole.is_empty() {
                // Most bodies are one frame, which is taken as it is.
                self.set(data.len(), data.len())?;
                return Ok(data);
            }
            let left = body
                .size_hint()
                .upper()
                .map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
            let most = (whole.len() + data.len()).saturating_add(left).min(limit);
            self.grow(&mut whole, data.len(), most)?;
            whole.extend_from_slice(&data);
        }
    }

    /// Takes over the count of `other`.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.counted += std::mem::take(&mut other.counted);
    }
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        if self.counted > 0 {
            self.memory.remove(self.counted);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::stream;
    use tokio::time::Instant;

    use super::*;

    const KIB: usize = 1024;

    fn memory(limit: usize) -> Arc<BodyMemory> {
        BodyMemory::new(Some(limit), Duration::from_secs(30))
    }

    fn held(memory: &BodyMemory) -> usize {
        memory.held.load(Ordering::Relaxed)
    }

    /// A body of `count` frames with so many bytes each, which come after a pause each.
    fn frames(count: usize, bytes: usize, pause: Duration) -> Body {
        Body::stream(stream::unfold(0, move |index| async move {
            if index == count {
                return None;
            }
            tokio::time::sleep(pause).await;
            Some((Ok::<_, BodyError>(Bytes::from(vec![b'x'; bytes])), index + 1))
        }))
    }

    #[test]
    fn a_quarter_of_the_memory_is_for_bodies() {
        assert_eq!(quarter_of(Some(4 << 30)), 1 << 30);
        assert_eq!(quarter_of(None), 256 << 20);
    }

    #[tokio::test]
    async fn all_bodies_together_hold_what_the_limit_allows() {
        let memory = memory(64 * KIB);
        let collect = |bytes: usize| {
            let mut held = HeldBytes::new(&memory);
            async move {
                held.collect(Bytes::from(vec![0; bytes]).into(), 1 << 20).await.map(|whole| (whole, held))
            }
        };
        let (whole, first) = collect(40 * KIB).await.unwrap();
        assert_eq!((whole.len(), held(&memory)), (40 * KIB, 40 * KIB));
        assert!(collect(30 * KIB).await.unwrap_err().is::<MemoryFull>());
        assert_eq!(held(&memory), 40 * KIB);
        let (_, mut second) = collect(24 * KIB).await.unwrap();
        second.absorb(first);
        assert_eq!(held(&memory), 64 * KIB);
        // Small ones pass at any time.
        let (_, small) = collect(10 * KIB).await.unwrap();
        assert!(small.is_nothing());
        drop(second);
        assert_eq!(held(&memory), 0);
    }

    #[tokio::test]
    async fn a_body_of_many_frames_is_counted_with_its_spare_room() {
        let memory = memory(KIB * KIB);
        let mut bytes = HeldBytes::new(&memory);
        let whole = bytes.collect(frames(5, 16 * KIB, Duration::ZERO), KIB * KIB).await.unwrap();
        assert_eq!((whole.len(), held(&memory)), (80 * KIB, 128 * KIB));
        let error = HeldBytes::new(&memory).collect(frames(5, 16 * KIB, Duration::ZERO), 70 * KIB).await;
        assert!(error.unwrap_err().is::<TooLong>());
        assert_eq!(held(&memory), 128 * KIB);
        let error =
            HeldBytes::new(&memory).collect(frames(65, 16 * KIB, Duration::ZERO), KIB * KIB * 2).await;
        assert!(error.unwrap_err().is::<MemoryFull>());
        drop(bytes);
        assert_eq!(held(&memory), 0);
    }

    /// After how many seconds a body ends that has sent `first` bytes, then sends `bytes` each second until it has sent
    /// `length`; and whether it was too slow.
    async fn seconds(first: usize, bytes: usize, length: usize) -> (u64, bool) {
        let begin = Bytes::from(vec![0; first]);
        let rest = frames((length - first) / bytes, bytes, Duration::from_secs(1));
        let rest = http_body_util::BodyExt::into_data_stream(rest);
        let body = Body::stream(futures_util::StreamExt::chain(stream::iter([Ok(begin)]), rest));
        let began = Instant::now();
        let collected = HeldBytes::new(&memory(1 << 30)).collect(body, length).await;
        (began.elapsed().as_secs(), collected.is_err_and(|error| error.is::<Stalled>()))
    }

    #[tokio::test(start_paused = true)]
    async fn what_holds_much_must_go_on_fast() {
        // As fast as every body must be.
        assert_eq!(seconds(200 * KIB, 256, 256 * KIB).await, (56 * 4, false));
        assert_eq!(seconds(9_900_000, 300, 10_000_000).await, (30, true));
        assert_eq!(seconds(MIB, 512, 2 * MIB).await, (58, true));
        // A phone with a bad connection.
        assert_eq!(seconds(50_000, 50_000, 10_000_000).await, (199, false));
        // A large upload with a raised limit.
        assert_eq!(seconds(100 * MIB, 10 * KIB, 110 * MIB).await, (1024, false));
    }

    const MIB: usize = KIB * KIB;
}
