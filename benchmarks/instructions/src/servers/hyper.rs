//! The site by hand, on hyper alone: what no framework can do without.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Deserialize;
use tokio::sync::broadcast;

use super::content::{EVENTS, NEWS, PLAIN, PRODUCTS};

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

#[derive(Deserialize)]
struct Person {
    name: String,
    age: u32,
}

/// The body of a response.
enum Content {
    Whole(Full<Bytes>),
    /// The events from this number on.
    Events(u32),
    Live(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Content::Whole(body) => Pin::new(body).poll_frame(ctx),
            Content::Events(EVENTS) => Poll::Ready(None),
            Content::Events(next) => {
                let mut event = String::with_capacity(80);
                event.push_str("event: datastar-patch-elements\ndata: elements <p id=\"tick\">");
                push_number(&mut event, *next);
                event.push_str("</p>\n\n");
                *next += 1;
                Poll::Ready(Some(Ok(Frame::data(event.into()))))
            }
            Content::Live(events) => {
                events.as_mut().poll_next(ctx).map(|event| event.map(|event| Ok(Frame::data(event))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Content::Whole(body) if body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Content::Whole(body) => body.size_hint(),
            Content::Events(_) | Content::Live(_) => SizeHint::default(),
        }
    }
}

fn whole(body: impl Into<Bytes>, content_type: HeaderValue) -> Response<Content> {
    let mut response = Response::new(Content::Whole(Full::new(body.into())));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

fn event_stream(events: Content) -> Response<Content> {
    let mut response = Response::new(events);
    response.headers_mut().insert(CONTENT_TYPE, EVENT_STREAM);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Appends `text` to `page`, escaped.
fn escape(page: &mut String, text: &str) {
    let mut rest = text;
    while let Some(index) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>')) {
        page.push_str(&rest[..index]);
        page.push_str(match rest.as_bytes()[index] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            _ => "&gt;",
        });
        rest = &rest[index + 1..];
    }
    page.push_str(rest);
}

/// Appends `number` to `page`, faster than `write!` does.
fn push_number(page: &mut String, number: u32) {
    if number >= 10 {
        push_number(page, number / 10);
    }
    page.push((b'0' + (number % 10) as u8).into());
}

async fn answer(
    request: Request<Incoming>,
    news: &broadcast::Sender<Bytes>,
) -> Result<Response<Content>, Infallible> {
    Ok(match request.uri().path() {
        "/plain" => whole(PLAIN, TEXT),
        "/page" => whole(page(), HTML),
        "/echo" => {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let Person { name, age } = serde_json::from_slice(&body).unwrap();
            let mut page = String::with_capacity(64);
            page.push_str("<p id=\"person\">");
            escape(&mut page, &name);
            page.push_str(" is ");
            push_number(&mut page, age);
            page.push_str(" years old.</p>");
            whole(page, HTML)
        }
        "/events" => event_stream(Content::Events(0)),
        "/live" => event_stream(Content::Live(Box::pin(unfold(news.subscribe(), |mut news| async {
            let event = news.recv().await.ok()?;
            Some((event, news))
        })))),
        path => {
            let id = path.strip_prefix("/users/").and_then(|id| id.parse().ok());
            let tab = request.uri().query().and_then(|query| query.strip_prefix("tab="));
            if let (Some(id), Some(tab)) = (id, tab) {
                whole(user(id, tab), HTML)
            } else {
                let mut response = whole("Not found", TEXT);
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        }
    })
}

fn user(id: u32, tab: &str) -> String {
    let mut page = String::with_capacity(300);
    page.push_str("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>User ");
    push_number(&mut page, id);
    page.push_str(
        "</title></head><body><nav><a href=\"/\">Home</a><a href=\"/users\">All users</a></nav><h1>User ",
    );
    push_number(&mut page, id);
    page.push_str("</h1><p>Here is what this user has written so far.</p><p class=\"tab\">");
    escape(&mut page, tab);
    page.push_str("</p></body></html>");
    page
}

fn page() -> String {
    let mut page = String::with_capacity(16_000);
    page.push_str(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Products</title></head><body><table>",
    );
    for product in &*PRODUCTS {
        page.push_str("<tr id=\"product-");
        push_number(&mut page, product.number);
        page.push_str("\"><td>");
        push_number(&mut page, product.number);
        page.push_str("</td><td class=\"name\">");
        escape(&mut page, &product.name);
        page.push_str("</td><td>");
        escape(&mut page, &product.description);
        page.push_str("</td></tr>");
    }
    page.push_str("</table></body></html>");
    page
}

pub async fn serve(address: SocketAddr, with_timer: bool) {
    let news = broadcast::Sender::new(16);
    let publisher = news.clone();
    tokio::spawn(super::publish_on_datagrams(address, move || {
        let event =
            format!("event: datastar-patch-elements\ndata: elements <p id=\"news\">{}</p>\n\n", *NEWS);
        let _ = publisher.send(event.into());
    }));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        socket.set_nodelay(true).unwrap();
        let news = news.clone();
        tokio::spawn(async move {
            let mut connection = http1::Builder::new();
            if with_timer {
                connection.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(600));
            }
            let service = service_fn(|request| answer(request, &news));
            let _ = connection.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}
