//! What `stream!` expands to: a future that sends its items to the stream that polls it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

/// Makes a stream of events from a block with `yield`.
///
/// It can yield whatever can be pushed to a browser: an element replaces the one with its id, JSON patches
/// signals, `(Mode, selector, element)` says where and how, and `event::…` builds the rest; see
/// [`IntoEvent`](crate::IntoEvent). Each event is sent as soon as the block waits for anything. A long
/// computation between two yields holds the first event back, as it holds up everything else on its thread: run
/// it in `tokio::task::spawn_blocking`, and wait for that.
///
/// The block owns what it uses, or borrows from the handler's parameters. The response ends when the block
/// ends, the browser leaves, or the server stops. When the server stops, the browser opens the stream of a query again after 0.25
/// to 1.75 seconds; after the end of the block it does so only if its action says [`Retry::Always`](crate::action::Retry::Always).
///
/// ```
/// use std::time::Duration;
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/stream")]
/// async fn count() -> impl Stream<Item = Event> {
///     stream! {
///         for i in 0..3 {
///             yield (Mode::Replace, "#counter", html! { <div id="counter">{i}</div> });
///             tokio::time::sleep(Duration::from_millis(1)).await;
///         }
///         yield json!({ "done": true });
///         yield event::remove("#spinner");
///     }
/// }
///
/// # fn main() {
/// let events = TestClient::new(app::new()).post("/stream").send().events();
/// assert_eq!(events.len(), 5);
/// # }
/// ```
#[macro_export]
macro_rules! stream {
    ($($body:tt)*) => {
        $crate::__private::stream_macro!(($crate::__private) $($body)*)
    };
}

/// Makes a stream of events from a block with `yield` and `?`.
///
/// It can yield what [`stream!`](crate::stream!) can. An error ends it: it is logged, and because the head of the
/// response is already sent, the response is cut off, which a browser takes for a lost connection.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/sum")]
/// async fn sum(numbers: QueryParam<String>) -> impl Stream<Item = Result<Event>> {
///     try_stream! {
///         let mut sum = 0;
///         for number in numbers.split(' ') {
///             sum += number.parse::<u32>()?;
///             yield html! { <p id="sum">{sum}</p> };
///         }
///     }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/sum?numbers=1+2").send().events().len(), 2);
/// let mut events = client.get("/sum?numbers=1+x").open().send();
/// assert_eq!(events.next().wait().unwrap().elements(), r#"<p id="sum">1</p>"#);
/// # }
/// ```
#[macro_export]
macro_rules! try_stream {
    ($($body:tt)*) => {
        $crate::__private::try_stream_macro!(($crate::__private) $($body)*)
    };
}

/// Runs `block` with a yielder; the stream is what it sends.
pub fn generate<T, F, B>(block: B) -> Generated<T, F>
where
    B: FnOnce(Yielder<T>) -> F,
    F: Future<Output = ()>,
{
    let slot = Arc::new(YieldSlot {
        is_full: AtomicBool::new(false),
        content: Mutex::new(YieldContent { item: None, sender: None }),
    });
    let block = block(Yielder { slot: Arc::clone(&slot) });
    Generated { block: Some(block), slot }
}

/// Where the block leaves one item for the stream to pick up. Both run in the same `poll`, so the lock is
/// never contended; it is there because a block may be moved between threads, and is `Send`.
struct YieldSlot<T> {
    /// Whether there is an item. It changes under the lock, and spares those that find nothing to do the lock.
    is_full: AtomicBool,
    content: Mutex<YieldContent<T>>,
}

struct YieldContent<T> {
    item: Option<T>,
    /// Wakes the block when the item is taken.
    sender: Option<Waker>,
}

impl<T> YieldSlot<T> {
    fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Acquire)
    }

    fn content(&self) -> MutexGuard<'_, YieldContent<T>> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves the item here if there is none, and waits with the task of `ctx` until it is taken.
    fn put(&self, item: &mut Option<T>, ctx: &Context<'_>) -> Poll<()> {
        let mut content = self.content();
        if content.item.is_none() {
            let Some(item) = item.take() else { return Poll::Ready(()) };
            content.item = Some(item);
            self.is_full.store(true, Ordering::Release);
        }
        if content.sender.as_ref().is_none_or(|sender| !sender.will_wake(ctx.waker())) {
            content.sender = Some(ctx.waker().clone());
        }
        Poll::Pending
    }

    /// Takes the item for the task of `ctx`.
    fn take(&self, ctx: &Context<'_>) -> Option<T> {
        let mut content = self.content();
        let item = content.item.take();
        self.is_full.store(false, Ordering::Release);
        // The task that polls the stream polls it again by itself; any other sender is woken.
        if let Some(sender) = content.sender.take_if(|sender| !sender.will_wake(ctx.waker())) {
            sender.wake();
        }
        item
    }
}

pin_project_lite::pin_project! {
    /// The stream that `stream!` makes.
    pub struct Generated<T, F> {
        #[pin]
        block: Option<F>,
        slot: Arc<YieldSlot<T>>,
    }
}

impl<T, F: Future<Output = ()>> Stream for Generated<T, F> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut this = self.project();
        let ended = match this.block.as_mut().as_pin_mut() {
            Some(block) => block.poll(ctx).is_ready(),
            None => return Poll::Ready(None),
        };
        if ended {
            this.block.set(None);
        }
        if this.slot.is_full()
            && let Some(item) = this.slot.take(ctx)
        {
            return Poll::Ready(Some(item));
        }
        if ended { Poll::Ready(None) } else { Poll::Pending }
    }
}

/// The block's end of the stream.
pub struct Yielder<T> {
    slot: Arc<YieldSlot<T>>,
}

impl<T> Yielder<T> {
    /// Resolves when the stream has taken the item.
    pub fn send(&mut self, item: T) -> Sending<'_, T> {
        Sending { slot: &self.slot, item: Some(item) }
    }
}

/// The future of [`Yielder::send`].
pub struct Sending<'y, T> {
    slot: &'y YieldSlot<T>,
    /// The item, until the slot is empty.
    item: Option<T>,
}

/// The item is moved, and never pinned.
impl<T> Unpin for Sending<'_, T> {}

impl<T> Future for Sending<'_, T> {
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        let Self { slot, item } = &mut *self;
        let is_taken = item.is_none() && !slot.is_full();
        if is_taken { Poll::Ready(()) } else { slot.put(item, ctx) }
    }
}
