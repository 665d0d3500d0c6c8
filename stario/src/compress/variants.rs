//! The codings of content that is sent often and never changes: made once, at the best levels, by a thread of their own.
//!
//! The thread is none of the runtime's, because a runtime waits for its blocking tasks when it ends. It ends when it has
//! nothing to do.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use http::HeaderValue;

use super::encoder;
use super::settings::{Compression, ContentCoding, Effort};
use crate::body::Response;
use crate::panic::panic_message;

/// The best levels, by the coding's place in `ContentCoding::ALL`. Level 19 of zstd is the last that does not need tables
/// of hundreds of megabytes.
const BEST: [Effort; ContentCoding::ALL.len()] =
    [Effort { level: 19, window: 21 }, Effort { level: 11, window: 22 }, Effort { level: 9, window: 15 }];

/// The level of a coding. A build with debug assertions takes those of other responses, because encoders that are not
/// optimized would need seconds for a script.
fn effort(coding: ContentCoding) -> Effort {
    if cfg!(debug_assertions) { Compression::new().effort(coding) } else { BEST[coding as usize] }
}

/// The codings of one content. It is an extension of the responses that have this content.
#[derive(Clone)]
pub(crate) struct Variants(Arc<Inner>);

struct Inner {
    content: Bytes,
    /// Each by the coding's place in `ContentCoding::ALL`.
    encoded: [EncodedVariant; ContentCoding::ALL.len()],
}

#[derive(Default)]
struct EncodedVariant {
    is_wanted: AtomicBool,
    /// `None` inside, if the coding makes the content no shorter.
    bytes: OnceLock<Option<Bytes>>,
}

impl Variants {
    pub(crate) fn new(content: Bytes) -> Self {
        Self(Arc::new(Inner { content, encoded: Default::default() }))
    }

    /// Those of the response, if its body is the content.
    pub(super) fn of(response: &Response) -> Option<Self> {
        let variants: &Self = response.extensions().get()?;
        let (content, body) = (&variants.0.content, response.body().whole()?);
        (body.as_ptr() == content.as_ptr() && body.len() == content.len()).then(|| variants.clone())
    }

    /// The content in this coding, if it is there and shorter.
    pub(super) fn get(&self, coding: ContentCoding) -> Option<&Bytes> {
        self.0.encoded[coding as usize].bytes.get()?.as_ref()
    }

    /// Starts to make those of the codings that are neither made nor being made.
    pub(super) fn want(&self, codings: &[ContentCoding]) {
        let is_new = |coding: &ContentCoding| {
            !self.0.encoded[*coding as usize].is_wanted.swap(true, Ordering::Relaxed)
        };
        let codings: Vec<ContentCoding> = codings.iter().copied().filter(is_new).collect();
        if !codings.is_empty() {
            let inner = Arc::clone(&self.0);
            in_background(move || codings.into_iter().for_each(|coding| inner.encode(coding)));
        }
    }

    /// Makes the codings now, if these settings have content of this type and length compressed.
    pub(crate) fn encode(&self, settings: &Compression, content_type: &HeaderValue) {
        if self.0.content.len() < settings.least_bytes() || !settings.compresses(content_type) {
            return;
        }
        for coding in settings.preference() {
            if !self.0.encoded[*coding as usize].is_wanted.swap(true, Ordering::Relaxed) {
                self.0.encode(*coding);
            }
        }
    }
}

impl Inner {
    fn encode(&self, coding: ContentCoding) {
        let encoded = encoder::encode_whole(&self.content, coding, effort(coding));
        let encoded = encoded.inspect_err(|error| tracing::error!(%error, "a file cannot be compressed"));
        let shorter = encoded.ok().filter(|encoded| encoded.len() < self.content.len());
        let _ = self.encoded[coding as usize].bytes.set(shorter.map(|mut encoded| {
            encoded.shrink_to_fit();
            encoded.into()
        }));
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// The jobs that wait, and whether a thread does them.
static QUEUE: Mutex<(VecDeque<Job>, bool)> = Mutex::new((VecDeque::new(), false));

fn queue() -> MutexGuard<'static, (VecDeque<Job>, bool)> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has the thread do `job`, after those that wait.
pub(crate) fn in_background(job: impl FnOnce() + Send + 'static) {
    let mut queue = queue();
    queue.0.push_back(Box::new(job));
    if !queue.1 {
        let thread = std::thread::Builder::new().name("stario-compress".to_owned()).spawn(work);
        match thread {
            Ok(_) => queue.1 = true,
            Err(error) => tracing::error!(%error, "files stay uncompressed: there is no thread"),
        }
    }
}

/// Does all jobs that wait.
fn work() {
    loop {
        let mut queue = queue();
        let Some(job) = queue.0.pop_front() else {
            queue.1 = false;
            return;
        };
        drop(queue);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
            tracing::error!(panic = panic_message(&*panic), "the compression of a file panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_levels_are_better() {
        let rules = (0..400).map(|rule| format!(".rule-{rule} {{ margin: {}px; }}\n", rule * rule % 97));
        let css: String = rules.collect();
        for coding in ContentCoding::ALL {
            let length = |effort| encoder::encode_whole(css.as_bytes(), coding, effort).unwrap().len();
            let (best, usual) = (length(BEST[coding as usize]), length(Compression::new().effort(coding)));
            assert!(best < usual, "{coding}: {best}, {usual}");
        }
        // The tables of the largest window are allowed.
        let long = vec![b'x'; 3 * 1024 * 1024];
        assert!(encoder::encode_whole(&long, ContentCoding::Zstd, BEST[0]).is_ok());
    }

    #[test]
    fn what_does_not_become_shorter_is_not_kept() {
        let variants = Variants::new(Bytes::from_static(b"short"));
        variants.0.encode(ContentCoding::Gzip);
        assert_eq!(variants.get(ContentCoding::Gzip), None);
    }

    #[test]
    fn a_job_that_panics_stops_no_other() {
        let (sender, done) = std::sync::mpsc::channel();
        in_background(|| panic!("on purpose"));
        in_background(move || sender.send(()).unwrap());
        done.recv_timeout(std::time::Duration::from_secs(30)).unwrap();
    }
}
