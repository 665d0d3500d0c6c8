//! The Datastar events of a stream, as a client receives them.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::decode::decoded;
use super::wait::{block_on, patiently};
use crate::body::BodyError;
use crate::error_text::Chain;
use crate::response::Response;

/// A stream that stays open. Drop it to leave, as a browser does when its tab is closed.
#[derive(Debug)]
pub struct Events {
    chunks: mpsc::UnboundedReceiver<Result<Bytes, BodyError>>,
    parser: Parser,
    reader: JoinHandle<()>,
}

impl Events {
    pub(super) fn new(response: Response) -> Self {
        assert_event_stream(response.status(), response.headers());
        let (sender, chunks) = mpsc::unbounded_channel();
        // Read on as a client does, whether or not the test is waiting for an event.
        let reader = tokio::spawn(async move {
            let (head, body) = response.into_parts();
            let mut body = decoded(&head.headers, body);
            while let Some(frame) = body.frame().await {
                // A frame that is no data is trailers, which event streams have none of.
                let _ = sender.send(frame.map(|frame| frame.into_data().unwrap_or_default()));
            }
        });
        Self { chunks, parser: Parser::default(), reader }
    }

    /// The next event, or `None` when the stream has ended; wait for it with `.wait()` or `.await`, which
    /// panic when the stream is cut, as by a handler that panics.
    // Not an iterator: the test chooses how it waits.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> NextEvent<'_> {
        NextEvent(self)
    }

    async fn receive(&mut self) -> Option<ReceivedEvent> {
        loop {
            if let Some(event) = self.parser.next() {
                return Some(event);
            }
            match patiently("event", self.chunks.recv()).await? {
                Ok(chunk) => self.parser.push(&chunk),
                Err(error) => {
                    // Made before the panic: a text that panics within one would end the process.
                    let error = Chain(&*error).to_string();
                    panic!("the stream was cut: {error}")
                }
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// The wait for an event: `.wait()` in a plain test, `.await` in an async one.
#[must_use = "an event is waited for by `.wait()` or `.await`"]
#[derive(Debug)]
pub struct NextEvent<'a>(&'a mut Events);

impl NextEvent<'_> {
    /// Waits for the event.
    ///
    /// # Panics
    ///
    /// In an async test; and when there is no event within thirty seconds.
    pub fn wait(self) -> Option<ReceivedEvent> {
        block_on(self.0.receive())
    }
}

impl<'a> IntoFuture for NextEvent<'a> {
    type Output = Option<ReceivedEvent>;
    type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Option<ReceivedEvent>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.0.receive())
    }
}

/// One parsed event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceivedEvent {
    name: String,
    id: Option<String>,
    retry: Option<Duration>,
    /// `data:` lines as pairs of key and line, in their order.
    lines: Vec<(String, String)>,
}

impl ReceivedEvent {
    /// The event's name: `datastar-patch-elements` or `datastar-patch-signals`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The event's id, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// How long the browser has to wait before it connects again, if an event says so.
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// The patched HTML; `""` when the event has none.
    pub fn elements(&self) -> String {
        self.data("elements").unwrap_or_default()
    }

    /// The selector, if the event has one.
    pub fn selector(&self) -> Option<String> {
        self.data("selector")
    }

    /// The patch mode, if the event has one; without it the client's is `outer`.
    pub fn mode(&self) -> Option<String> {
        self.data("mode")
    }

    /// The patched signals, if the event has any.
    ///
    /// # Panics
    ///
    /// When they are not JSON.
    pub fn signals(&self) -> Option<serde_json::Value> {
        let json = self.data("signals")?;
        Some(serde_json::from_str(&json).expect("signals are JSON"))
    }

    /// All lines of one key, joined as the client joins them.
    pub fn data(&self, key: &str) -> Option<String> {
        let lines = self.lines.iter().filter(|(line_key, _)| line_key == key);
        lines.map(|(_, line)| line.clone()).reduce(|joined, line| joined + "\n" + &line)
    }
}

pub(super) fn assert_event_stream(status: StatusCode, headers: &HeaderMap) {
    let content_type = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or("none");
    assert!(
        status == StatusCode::OK && content_type == "text/event-stream",
        "not an event stream: status {status}, content-type {content_type}"
    );
}

/// Takes an event stream apart: whole events from chunks that end anywhere.
#[derive(Debug, Default)]
pub(super) struct Parser {
    /// The bytes of the line that has not ended yet.
    line: Vec<u8>,
    event: Option<ReceivedEvent>,
    /// The last id, which a client sends back when it connects again.
    last_id: Option<String>,
    complete: VecDeque<ReceivedEvent>,
}

impl Parser {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        for byte in chunk {
            if *byte == b'\n' {
                let line =
                    String::from_utf8(std::mem::take(&mut self.line)).expect("an event stream is UTF-8");
                self.end_line(&line);
            } else {
                self.line.push(*byte);
            }
        }
    }

    pub(super) fn next(&mut self) -> Option<ReceivedEvent> {
        self.complete.pop_front()
    }

    #[cfg(feature = "testing")]
    pub(super) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref().filter(|id| !id.is_empty())
    }

    fn end_line(&mut self, line: &str) {
        if line.is_empty() {
            // Without any data it is no event, to a browser neither.
            self.complete.extend(self.event.take().filter(|event| !event.lines.is_empty()));
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        let event = self.event.get_or_insert_default();
        match field {
            "event" => value.clone_into(&mut event.name),
            "id" => {
                event.id = Some(value.to_owned());
                self.last_id = Some(value.to_owned());
            }
            "retry" => event.retry = value.parse().ok().map(Duration::from_millis),
            "data" => {
                let (key, line) = value.split_once(' ').unwrap_or((value, ""));
                event.lines.push((key.to_owned(), line.to_owned()));
            }
            _ => {}
        }
    }
}
