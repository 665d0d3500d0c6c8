//! `Alive`: runs work only while the client is connected and the server is not stopping.
//!
//! Each poll looks for the end first, because a future that is always ready would hide it:
//!
//! ```text
//! alive --+-- the client has left, or the server stops --> ended: the work is dropped, and the channel notes it
//!         +-- else the work is polled -------------------> its result or next item, or the task waits for both
//! ```

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::channel::Channel;
use crate::error::Rejection;
use crate::extract::FromRequest;
use crate::parameter::Parameter;
use crate::scope::Scope;

/// Reports whether the client is still connected and the server is not stopping.
///
/// It ends when the client has left or has its whole response, and when the server begins to stop. Nothing needs to be
/// sent to notice that. A [`Writer`](crate::Writer) has methods of its own for the same.
///
/// | | |
/// |---|---|
/// | `alive.stream(source)` | the items of the source, until `alive` ends |
/// | `alive.run(async { loop { .. } }).await` | runs the block until `alive` ends, then drops it; `None` |
/// | `alive.run(operation()).await` | `Some(result)`, or `None` if `alive` ended before |
///
/// The code after each of them always runs: it is the place to clean up.
///
/// What there is to learn depends on the handler:
///
/// | handler | |
/// |---|---|
/// | command | runs to its end even if its client leaves, and learns of it here |
/// | with a [`Writer`](crate::Writer) | the same, queries included |
/// | query, stream | is dropped when its client leaves; learns here that the server stops |
/// | detached command | has answered before it runs; learns here that the server stops |
///
/// If a handler with a `Writer` has seen the server's stop here (or by [`Writer::alive`](crate::Writer::alive) and
/// [`Writer::while_alive`](crate::Writer::while_alive)) and has written only events, its response ends as that of
/// [`stream!`](crate::stream!) does then: the browser opens the stream of a query again.
/// [`Writer::end`](crate::Writer::end) ends it as a whole response.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/report")]
/// async fn report(alive: Alive) -> Result<String> {
///     let report = alive.run(async {
///         tokio::time::sleep(Duration::from_millis(1)).await;
///         "a long report".to_owned()
///     });
///     let Some(report) = report.await else {
///         // Nobody waits for it any more.
///         return Ok(String::new());
///     };
///     Ok(report)
/// }
///
/// # fn main() {
/// assert_eq!(TestClient::new(app::new()).post("/report").send().text(), "a long report");
/// # }
/// ```
#[derive(Clone)]
pub struct Alive(Arc<Channel>);

impl Alive {
    pub(super) fn of(channel: &Arc<Channel>) -> Self {
        channel.watch_client();
        Self(Arc::clone(channel))
    }

    fn until_ended(&self) -> AliveEnd {
        AliveEnd { channel: Arc::clone(&self.0), token: self.0.ended().clone().cancelled_owned() }
    }

    /// The items of `source` for as long as this is alive; then the wait for the next one ends at once.
    pub fn stream<S: Stream>(&self, source: S) -> WhileAlive<S> {
        WhileAlive(Box::pin(WatchedStream { source: Some(source), ended: self.until_ended() }))
    }

    /// Runs `future` for as long as this is alive: then it is dropped, and the result is `None`. If this is not
    /// alive to begin with, the future does not run.
    pub fn run<F: Future>(&self, future: F) -> impl Future<Output = Option<F::Output>> + use<F> {
        RunWhileAlive { future, ended: self.until_ended() }
    }

    /// Resolves when this is no longer alive.
    pub async fn ended(&self) {
        self.until_ended().await;
    }

    /// Whether this is no longer alive.
    pub fn has_ended(&self) -> bool {
        let has_ended = self.0.ended().is_cancelled();
        if has_ended {
            self.0.note_interrupted();
        }
        has_ended
    }
}

impl std::fmt::Debug for Alive {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Alive").field(self.0.ended()).finish()
    }
}

pin_project_lite::pin_project! {
    /// Resolves when the client has left or the server stops, and notes in the channel that the handler has seen it.
    struct AliveEnd {
        channel: Arc<Channel>,
        #[pin]
        token: WaitForCancellationFutureOwned,
    }
}

impl Future for AliveEnd {
    type Output = ();

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        ready!(this.token.poll(ctx));
        this.channel.note_interrupted();
        Poll::Ready(())
    }
}

impl FromRequest for Alive {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(Self::of(scope.exchange().open_channel()))
    }
}

pin_project_lite::pin_project! {
    struct RunWhileAlive<F> {
        #[pin]
        future: F,
        #[pin]
        ended: AliveEnd,
    }
}

impl<F: Future> Future for RunWhileAlive<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.ended.poll(ctx).is_ready() {
            return Poll::Ready(None);
        }
        this.future.poll(ctx).map(Some)
    }
}

/// The items of a source for as long as the client is there; made by
/// [`Writer::alive`](crate::Writer::alive) and [`Alive::stream`].
///
/// It is a [`Stream`], and [`next`](Self::next) needs no extension trait.
pub struct WhileAlive<S>(Pin<Box<WatchedStream<S>>>);

pin_project_lite::pin_project! {
    struct WatchedStream<S> {
        // Dropped when `ended` resolves, which ends a subscription.
        #[pin]
        source: Option<S>,
        #[pin]
        ended: AliveEnd,
    }
}

impl<S: Stream> WhileAlive<S> {
    /// The next item, or `None` when the source has ended, the client has left or the server stops.
    // Not an iterator: each item is waited for.
    #[allow(clippy::should_implement_trait)]
    pub async fn next(&mut self) -> Option<S::Item> {
        std::future::poll_fn(|ctx| Pin::new(&mut *self).poll_next(ctx)).await
    }
}

impl<S: Stream> Stream for WhileAlive<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.0.as_mut().project();
        let Some(source) = this.source.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let item = if this.ended.poll(ctx).is_ready() { None } else { ready!(source.poll_next(ctx)) };
        if item.is_none() {
            this.source.set(None);
        }
        Poll::Ready(item)
    }
}

impl<S> std::fmt::Debug for WhileAlive<S> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WhileAlive").finish_non_exhaustive()
    }
}
