//! One tab of a browser: the page in it, the requests that it waits for, and the streams that are open.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Method, StatusCode};
use http_body::Body as _;
use tokio::time::Instant;

use super::address::{ORIGIN, resolve, split_origin};
use super::document::{Document, Navigation};
use super::failure::Failure;
use super::fetch::{Content, Fetched, Pending, Request, Sender};
use super::outgoing::{Cancellation, Outgoing};
use super::patch::ElementPatch;
use super::script::Value;
use crate::body::Body;
use crate::testing::events::{Parser, ReceivedEvent};
use crate::testing::wait::PATIENCE;

/// How long the first event of a query's stream is waited for, before the stream counts as one that waits itself.
const FIRST_EVENT: Duration = Duration::from_millis(250);

/// How long such a stream may be silent before the test goes on.
const QUIET_QUERY: Duration = Duration::from_millis(25);

/// How long the stream of a command may be silent before the test goes on: it is expected to end.
const QUIET_COMMAND: Duration = Duration::from_secs(2);

/// The most answers and events that are applied at once.
const MOST_AT_ONCE: usize = 10_000;

pub(in crate::testing) struct Tab {
    pub(in crate::testing) sender: Sender,
    pub(in crate::testing) document: Document,
    pub(in crate::testing) status: StatusCode,
    pub(in crate::testing) flights: Vec<Flight>,
    /// What the app answered to actions: `POST /items 200`.
    pub(in crate::testing) answers: Vec<String>,
    pub(in crate::testing) patience: Duration,
    /// Where the page went, if that is another site.
    left: Option<String>,
    /// Counts what came from the app.
    pub(in crate::testing) news: usize,
}

/// A request on its way, or a stream that is open.
pub(in crate::testing) struct Flight {
    pub(in crate::testing) outgoing: Outgoing,
    pub(in crate::testing) state: State,
    begun: Instant,
    last_news: Instant,
    has_news: bool,
    /// Set once it is not waited for any more.
    is_lasting: bool,
}

pub(in crate::testing) enum State {
    Asked(Pending),
    Stream(Box<Body>, Parser),
}

enum Polled {
    Waiting,
    News,
    Over,
}

impl Tab {
    pub(in crate::testing) fn new(sender: Sender) -> Self {
        Self {
            sender,
            document: Document::new("", ORIGIN),
            status: StatusCode::OK,
            flights: Vec::new(),
            answers: Vec::new(),
            patience: PATIENCE,
            left: None,
            news: 0,
        }
    }

    /// Opens an address as if somebody had typed it.
    pub(in crate::testing) async fn open(&mut self, address: &str) -> Result<(), Failure> {
        let base = if self.document.address.is_empty() { ORIGIN } else { &self.document.address };
        let navigation = Navigation::get(resolve(base, address));
        self.navigate(navigation, false).await?;
        self.settle().await
    }

    pub(in crate::testing) async fn reload(&mut self) -> Result<(), Failure> {
        let address = self.document.address.clone();
        self.open(&address).await
    }

    /// Fails where the page has gone to another site.
    pub(in crate::testing) fn here(&self) -> Result<(), Failure> {
        match &self.left {
            Some(address) => Err(Failure(format!("the page went to another site, {address}"))),
            None => Ok(()),
        }
    }

    pub(in crate::testing) fn url(&self) -> &str {
        if let Some(address) = &self.left {
            return address;
        }
        let (origin, path) = split_origin(&self.document.address);
        if origin == ORIGIN { path } else { &self.document.address }
    }

    async fn navigate(&mut self, navigation: Navigation, is_from_page: bool) -> Result<(), Failure> {
        let Navigation { method, address, body } = navigation;
        let name = format!("{method} {}", split_origin(&address).1);
        // A page that goes away gives up its requests.
        self.flights.clear();
        let own_origin = split_origin(&self.document.address).0;
        if is_from_page && split_origin(&address).0 != own_origin {
            self.leave(address);
            return Ok(());
        }
        let (headers, body) = match body {
            Some((content_type, body)) => (vec![("content-type".to_owned(), content_type)], Some(body)),
            None => (Vec::new(), None),
        };
        let page = is_from_page.then(|| self.document.address.clone());
        let request = Request { method, address, headers, body, page, is_navigation: true };
        let fetched = tokio::time::timeout(self.patience, self.sender.fetch(request)).await;
        let fetched = match fetched {
            Ok(fetched) => fetched.map_err(|reason| Failure(format!("{name}: {reason}")))?,
            Err(_) => return Err(Failure(format!("{name} is not answered within {:?}", self.patience))),
        };
        if is_from_page {
            self.answers.push(format!("{name} {}", fetched.status.as_u16()));
        }
        self.load(fetched, &name)
    }

    fn leave(&mut self, address: String) {
        self.document = Document::new("", &address);
        self.left = Some(address);
    }

    fn load(&mut self, fetched: Fetched, name: &str) -> Result<(), Failure> {
        let content_type = fetched.content_type().to_owned();
        let is_download =
            fetched.header("content-disposition").is_some_and(|it| it.starts_with("attachment"));
        let content = match fetched.content {
            Content::Elsewhere => {
                self.leave(fetched.address);
                return Ok(());
            }
            Content::Whole(content) => content,
            Content::Stream(_) => return Err(Failure(format!("{name} answered a stream, which is no page"))),
        };
        if is_download || fetched.status == StatusCode::NO_CONTENT {
            // The browser stays where it is.
            return Ok(());
        }
        let text = String::from_utf8_lossy(&content);
        let html = if content_type.starts_with("text/html") {
            text.into_owned()
        } else if content_type.starts_with("text/") || matches!(&*content_type, "" | "application/json") {
            format!("<pre>{}</pre>", text.replace('&', "&amp;").replace('<', "&lt;"))
        } else {
            return Err(Failure(format!("{name} answered `{content_type}`, which is no page")));
        };
        let allows_missing_targets = self.document.allows_missing_targets;
        self.status = fetched.status;
        self.left = None;
        self.document = Document::new(&html, &fetched.address);
        self.document.allows_missing_targets = allows_missing_targets;
        self.document.start()?;
        self.document.react()
    }

    /// Follows the URL that an event leads the page to, and waits for what it started, as far as it can be expected.
    pub(in crate::testing) async fn settle(&mut self) -> Result<(), Failure> {
        self.document.react()?;
        loop {
            self.progress().await?;
            if let Some(navigation) = self.document.navigation.take() {
                self.navigate(navigation, true).await?;
                continue;
            }
            let Some(until) = self.expected_until() else { return Ok(()) };
            let news = self.news;
            let _ = tokio::time::timeout_at(until, self.wait_for_news(news)).await;
            if self.news == news && !self.document.has_work() && Instant::now() >= until {
                self.give_up_waiting()?;
            }
            if let Some(failure) = self.document.failure.take() {
                return Err(failure);
            }
        }
    }

    /// Applies all that is ready.
    pub(in crate::testing) async fn catch_up(&mut self) -> Result<(), Failure> {
        loop {
            self.progress().await?;
            match self.document.navigation.take() {
                Some(navigation) => {
                    self.navigate(navigation, true).await?;
                    self.settle().await?;
                }
                None => return Ok(()),
            }
        }
    }

    async fn progress(&mut self) -> Result<(), Failure> {
        let step = std::future::poll_fn(|context| Poll::Ready(self.poll(context)));
        tokio::task::unconstrained(step).await
    }

    /// Waits until something came from the app after `news`. A failure is kept in the document.
    pub(in crate::testing) async fn wait_for_news(&mut self, news: usize) {
        let step = std::future::poll_fn(|context| {
            if let Err(failure) = self.poll(context) {
                self.document.failure.get_or_insert(failure);
                return Poll::Ready(());
            }
            let is_over = self.news > news || self.document.navigation.is_some();
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        });
        tokio::task::unconstrained(step).await;
    }

    /// Applies what is ready, from a place that cannot wait.
    pub(in crate::testing) fn poll_once(&mut self) -> Result<(), Failure> {
        let mut step = std::pin::pin!(self.progress());
        match step.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    /// How long to wait for what is on its way; `None` if nothing is expected.
    fn expected_until(&self) -> Option<Instant> {
        self.flights.iter().filter_map(|flight| flight.expected_until(self.patience)).max()
    }

    /// Stops waiting for streams that are silent.
    ///
    /// # Errors
    ///
    /// A request that has no answer.
    fn give_up_waiting(&mut self) -> Result<(), Failure> {
        for flight in &mut self.flights {
            match flight.state {
                State::Asked(_) => {
                    let patience = self.patience;
                    return Err(Failure(format!("no answer within {patience:?}: {}", flight.outgoing.label)));
                }
                State::Stream(..) => flight.is_lasting = true,
            }
        }
        Ok(())
    }

    /// Sends what is to be sent and applies what is ready.
    fn poll(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        for _ in 0..MOST_AT_ONCE {
            self.launch()?;
            let mut has_moved = false;
            let mut index = 0;
            while index < self.flights.len() && self.document.navigation.is_none() {
                let mut flight = self.flights.remove(index);
                match self.poll_flight(&mut flight, context)? {
                    Polled::Over => {
                        has_moved = true;
                        self.document.fetch_event(flight.outgoing.element, "finished", Value::Undefined)?;
                        self.document.react()?;
                    }
                    polled => {
                        has_moved |= matches!(polled, Polled::News);
                        self.flights.insert(index, flight);
                        index += 1;
                    }
                }
            }
            self.news += usize::from(has_moved);
            let is_done = !has_moved && self.document.outgoing.is_empty();
            if is_done || self.document.navigation.is_some() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Starts the requests that actions asked for; each aborts those that it takes the place of.
    fn launch(&mut self) -> Result<(), Failure> {
        let document = &self.document;
        let is_over = |flight: &mut Flight| {
            let Outgoing { cancellation, element, action, .. } = &flight.outgoing;
            *cancellation == Cancellation::Cleanup && !document.is_applied(*element, action.scope.key)
        };
        let mut aborted: Vec<Flight> = self.flights.extract_if(.., is_over).collect();
        for outgoing in std::mem::take(&mut self.document.outgoing) {
            aborted.extend(self.flights.extract_if(.., |flight| outgoing.aborts(&flight.outgoing)));
            let request = Request {
                method: outgoing.method.clone(),
                address: outgoing.address.clone(),
                headers: outgoing.headers.clone(),
                body: outgoing.body.clone(),
                page: Some(self.document.address.clone()),
                is_navigation: false,
            };
            let now = Instant::now();
            self.flights.push(Flight {
                state: State::Asked(self.sender.fetch(request)),
                outgoing,
                begun: now,
                last_news: now,
                has_news: false,
                is_lasting: false,
            });
        }
        for flight in aborted {
            self.document.fetch_event(flight.outgoing.element, "finished", Value::Undefined)?;
            self.document.react()?;
        }
        Ok(())
    }

    fn poll_flight(&mut self, flight: &mut Flight, context: &mut Context<'_>) -> Result<Polled, Failure> {
        let events = match &mut flight.state {
            State::Asked(pending) => match pending.as_mut().poll(context) {
                Poll::Pending => return Ok(Polled::Waiting),
                Poll::Ready(Ok(fetched)) => return self.answered(flight, fetched),
                Poll::Ready(Err(reason)) => {
                    return Err(Failure(format!("{reason}: {}", flight.outgoing.label)));
                }
            },
            // The comments of a quiet stream are no news: a test that waits would wait for ever.
            State::Stream(body, parser) => loop {
                match std::pin::Pin::new(&mut **body).poll_frame(context) {
                    Poll::Pending => return Ok(Polled::Waiting),
                    Poll::Ready(None) => return Ok(Polled::Over),
                    Poll::Ready(Some(Ok(frame))) => {
                        parser.push(&frame.into_data().unwrap_or_default());
                        let events: Vec<ReceivedEvent> = std::iter::from_fn(|| parser.next()).collect();
                        if !events.is_empty() {
                            break events;
                        }
                    }
                    Poll::Ready(Some(Err(error))) => {
                        return Err(Failure(format!("a stream was cut, {error}: {}", flight.outgoing.label)));
                    }
                }
            },
        };
        flight.last_news = Instant::now();
        flight.has_news = true;
        for event in events {
            let is_cleanup = flight.outgoing.cancellation == Cancellation::Cleanup;
            if is_cleanup && !self.document.dom.is_connected(flight.outgoing.element) {
                break;
            }
            self.apply(&event, &flight.outgoing.label)?;
        }
        Ok(Polled::News)
    }

    fn apply(&mut self, event: &ReceivedEvent, origin: &str) -> Result<(), Failure> {
        match event.name() {
            "datastar-patch-elements" => {
                let patch = ElementPatch {
                    selector: event.selector(),
                    mode: event.mode(),
                    namespace: event.data("namespace"),
                    elements: event.data("elements"),
                };
                self.document.patch_elements(&patch, origin)
            }
            "datastar-patch-signals" => {
                let is_missing = event.data("onlyIfMissing").is_some_and(|value| value.trim() == "true");
                self.document.patch_signals(&event.data("signals").unwrap_or_default(), is_missing, origin)
            }
            _ => Ok(()),
        }
    }

    fn answered(&mut self, flight: &mut Flight, fetched: Fetched) -> Result<Polled, Failure> {
        let (status, label) = (fetched.status, flight.outgoing.label.clone());
        let method = &flight.outgoing.method;
        let path = split_origin(&flight.outgoing.address).1.split('?').next().unwrap_or_default();
        self.answers.push(format!("{method} {path} {}", status.as_u16()));
        if status != StatusCode::OK {
            if status.as_u16() >= 400 {
                let arguments = Value::Object(vec![("status".to_owned(), Value::text(status.as_str()))]);
                self.document.fetch_event(flight.outgoing.element, "error", arguments)?;
            }
            return Ok(Polled::Over);
        }
        let content_type = fetched.content_type().to_owned();
        let header = |name: &str| fetched.header(name).map(str::to_owned);
        let patch = ElementPatch {
            selector: header("datastar-selector"),
            mode: header("datastar-mode"),
            namespace: header("datastar-namespace"),
            elements: None,
        };
        let is_missing = header("datastar-only-if-missing").is_some_and(|value| value.trim() == "true");
        let content = match fetched.content {
            Content::Whole(content) => String::from_utf8_lossy(&content).into_owned(),
            Content::Stream(body) => {
                flight.state = State::Stream(Box::new(body), Parser::default());
                flight.last_news = Instant::now();
                return Ok(Polled::News);
            }
            Content::Elsewhere => {
                return Err(Failure(format!(
                    "an action is redirected to another site, {}: {label}",
                    fetched.address
                )));
            }
        };
        if content_type.contains("text/html") {
            self.document.patch_elements(&ElementPatch { elements: Some(content), ..patch }, &label)?;
        } else if content_type.contains("application/json") {
            self.document.patch_signals(&content, is_missing, &label)?;
        } else {
            self.document.run_script(&content);
        }
        Ok(Polled::Over)
    }
}

impl Flight {
    fn expected_until(&self, patience: Duration) -> Option<Instant> {
        let is_query =
            matches!(self.outgoing.method, Method::GET) || self.outgoing.method.as_str() == "QUERY";
        match self.state {
            State::Asked(_) => Some(self.begun + patience),
            State::Stream(..) if self.is_lasting => None,
            State::Stream(..) if !is_query => Some(self.last_news + QUIET_COMMAND),
            State::Stream(..) if self.has_news => Some(self.last_news + QUIET_QUERY),
            State::Stream(..) => Some(self.begun + FIRST_EVENT),
        }
    }
}
