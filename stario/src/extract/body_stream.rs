//! `BodyStream`: the request's body as it arrives.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use super::FromRequest;
use crate::body::{Body, BodyError, HeldBytes};
use crate::error::{Error, Rejection};
use crate::parameter::{Parameter, Source};
use crate::scope::{Scope, unfinished_body};

/// Reads the request's body chunk by chunk as it arrives, and no further than the handler asks.
///
/// Each item is a [`stario::Result`](crate::Result): a body longer than
/// [`App::body_limit`](crate::App::body_limit) ends with an error that answers 413, and one that the client
/// stops sending with an error that answers 400. A `content-length` over the limit is refused before the handler
/// runs. It converts into a [`Body`], to be sent on.
///
/// A compressed body comes as it was sent, whatever its coding, unless the app decompresses bodies
/// ([`App::decompression`](crate::App::decompression)): then the limit applies to the decompressed size too, and a
/// body that cannot be decompressed ends with an error that answers 400. The headers stay as they were sent, so
/// `content-encoding` then no longer describes the chunks.
///
/// ```
/// use stario::prelude::*;
/// use stario::{Body, BodyStream};
///
/// # stario::app!();
/// #[app::command("/count")]
/// async fn count(mut body: BodyStream) -> stario::Result<usize> {
///     let mut length = 0;
///     while let Some(chunk) = body.chunk().await {
///         length += chunk?.len();
///     }
///     Ok(length)
/// }
///
/// #[app::command("/echo")]
/// async fn echo(body: BodyStream) -> Response {
///     Response::new(Body::from(body))
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.post("/count").body("hello").send().text(), "5");
/// assert_eq!(client.post("/echo").body("hello").send().text(), "hello");
/// # }
/// ```
pub struct BodyStream {
    body: Body,
    limit: usize,
    left: usize,
    /// The bytes of the body that the reader keeps.
    held: HeldBytes,
}

impl BodyStream {
    pub(super) fn new(scope: &Scope) -> Result<Self, Rejection> {
        let limit = scope.body_limit();
        Ok(Self {
            body: scope.take_body(limit, Rejection::too_large)?,
            limit,
            left: limit,
            held: scope.hold(),
        })
    }

    /// Reads the next chunk; `None` at the end.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Error>> {
        self.next().await.map(|chunk| chunk.map_err(Error::from))
    }

    pub(super) async fn next(&mut self) -> Option<Result<Bytes, Rejection>> {
        std::future::poll_fn(|ctx| self.poll_chunk(ctx)).await
    }

    /// The bytes of the body that the reader keeps.
    #[cfg(feature = "uploads")]
    pub(super) fn held(&mut self) -> &mut HeldBytes {
        &mut self.held
    }

    #[cfg(feature = "uploads")]
    pub(super) fn into_held(self) -> HeldBytes {
        self.held
    }

    fn poll_chunk(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Rejection>>> {
        let Self { body, held, .. } = self;
        loop {
            let data = match ready!(held.poll_frame(body, ctx)) {
                None => return Poll::Ready(None),
                // Trailers do not belong to the content.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => data,
                    Err(_) => continue,
                },
                Some(Err(error)) => {
                    let rejection = unfinished_body(&error);
                    return Poll::Ready(Some(Err(self.fail(rejection))));
                }
            };
            return Poll::Ready(Some(match self.left.checked_sub(data.len()) {
                Some(left) => {
                    self.left = left;
                    Ok(data)
                }
                None => Err(self.fail(Rejection::too_large(self.limit))),
            }));
        }
    }

    /// Ends the stream with an error.
    fn fail(&mut self, rejection: Rejection) -> Rejection {
        self.body = Body::empty();
        rejection
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(ctx).map(|chunk| chunk.map(|chunk| chunk.map_err(Error::from)))
    }
}

impl FromRequest for BodyStream {
    const SOURCE: Source = Source::Body;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Self::new(scope)
    }
}

impl From<BodyStream> for Body {
    fn from(body: BodyStream) -> Self {
        Body::stream(Forwarded(body))
    }
}

impl std::fmt::Debug for BodyStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BodyStream").field("left", &self.left).finish_non_exhaustive()
    }
}

/// A request's body as the body of a response. An error of the request cuts the response.
struct Forwarded(BodyStream);

impl Stream for Forwarded {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_chunk(ctx).map(|chunk| chunk.map(|chunk| chunk.map_err(|error| error.to_string().into())))
    }
}
