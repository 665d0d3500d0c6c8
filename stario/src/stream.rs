//! What `stream!` expands to: a future that sends its items to the stream that polls it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
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
    let slot = Arc::new(Mutex::new(YieldSlot { item: None, sender: None }));
    let block = block(Yielder { slot: Arc::clone(&slot) });
    Generated { block: Some(block), slot }
}

/// Where the block leaves one item for the stream to pick up. Both run in the same `poll`, so the lock is
/// never contended; it is there because a block may be moved between threads, and is `Send`.
struct YieldSlot<T> {
    item: Option<T>,
    /// Wakes the block when the item is taken.
    sender: Option<Waker>,
}

pin_project_lite::pin_project! {
    /// The stream that `stream!` makes.
    pub struct Generated<T, F> {
        #[pin]
        block: Option<F>,
        slot: Arc<Mutex<YieldSlot<T>>>,
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
        let mut slot = this.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(item) = slot.item.take() {
            // The task that polls this stream polls it again by itself; any other sender is woken.
            if let Some(sender) = slot.sender.take_if(|sender| !sender.will_wake(ctx.waker())) {
                sender.wake();
            }
            return Poll::Ready(Some(item));
        }
        if ended { Poll::Ready(None) } else { Poll::Pending }
    }
}

/// The block's end of the stream.
pub struct Yielder<T> {
    slot: Arc<Mutex<YieldSlot<T>>>,
}

impl<T> Yielder<T> {
    /// Resolves when the stream has taken the item.
    pub fn send(&mut self, item: T) -> impl Future<Output = ()> + use<'_, T> {
        let mut item = Some(item);
        std::future::poll_fn(move |ctx| {
            let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
            if slot.item.is_none() {
                match item.take() {
                    Some(item) => slot.item = Some(item),
                    None => return Poll::Ready(()),
                }
            }
            if slot.sender.as_ref().is_none_or(|sender| !sender.will_wake(ctx.waker())) {
                slot.sender = Some(ctx.waker().clone());
            }
            Poll::Pending
        })
    }
}
