//! What nobody can do without: the same by hand, on hyper alone.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

#[derive(Deserialize)]
struct Signals {
    name: String,
    count: u32,
    is_open: bool,
}

/// An enum, as the fastest have it.
enum Answer {
    Whole(Full<Bytes>),
    Events { next: u32, count: u32 },
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Answer::Whole(body) => Pin::new(body).poll_frame(ctx),
            Answer::Events { next, count } if *next < *count => {
                let event = format!(
                    "event: datastar-patch-elements\ndata: elements <div id=\"counter\">{next}</div>\n\n"
                );
                *next += 1;
                Poll::Ready(Some(Ok(Frame::data(event.into()))))
            }
            Answer::Events { .. } => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Answer::Whole(body) if body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Answer::Whole(body) => body.size_hint(),
            Answer::Events { .. } => SizeHint::default(),
        }
    }
}

fn html(text: String) -> Response<Answer> {
    let mut response = Response::new(Answer::Whole(Full::new(text.into())));
    response.headers_mut().insert(CONTENT_TYPE, HTML);
    response
}

async fn answer(request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
    let query = request.uri().query().unwrap_or_default();
    Ok(match request.uri().path() {
        "/" => {
            let name = query.strip_prefix("name=").unwrap_or("world");
            html(format!("<h1>Hello, {name}!</h1>"))
        }
        "/rename" => {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let Signals { name, count, is_open } = serde_json::from_slice(&body).unwrap();
            html(format!("<p id=\"user\">{name} {count} {}</p>", if is_open { "open" } else { "closed" }))
        }
        _ => {
            let count = query.strip_prefix("count=").and_then(|count| count.parse().ok()).unwrap_or(0);
            let mut response = Response::new(Answer::Events { next: 0, count });
            response.headers_mut().insert(CONTENT_TYPE, EVENTS);
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
    })
}

pub async fn serve(address: SocketAddr) {
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new();
            let _ = connection.serve_connection(TokioIo::new(socket), service_fn(answer)).await;
        });
    }
}
