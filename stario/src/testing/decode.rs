//! Reads what an app answers as a client does: decompressed, and to the end of a stream that the server's stop has ended.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;

use crate::body::{Body, BodyError, Stopped};
use crate::compress::{self, Decompression};

/// The body of a response before it was compressed, if it was.
pub(super) fn decoded(headers: &HeaderMap, body: Body) -> Body {
    match compress::coding_of(headers) {
        Some(coding) => ended_plainly(compress::decoded(body, coding, Decompression::trusted())),
        None => ended_plainly(body),
    }
}

/// A body that ends where the server's stop has ended it.
pub(super) fn ended_plainly(body: Body) -> Body {
    Body::new(EndedPlainly(body))
}

struct EndedPlainly(Body);

impl http_body::Body for EndedPlainly {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.0).poll_frame(ctx) {
            Poll::Ready(Some(Err(error))) if error.is::<Stopped>() => Poll::Ready(None),
            polled => polled,
        }
    }
}
