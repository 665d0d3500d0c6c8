//! Waits for the events of streams, and names what is missing when they do not come.

use std::fmt::Write;

use http::StatusCode;
use tokio::time::Instant;

use super::dom::Dom;
use super::failure::{Failure, shortened};
use super::tab::{State, Tab};

impl Tab {
    /// When a wait that begins now fails.
    pub(in crate::testing) fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Waits until `holds`; `what` and `seen` say what is waited for and what is there instead.
    pub(in crate::testing) async fn wait(
        &mut self,
        what: &str,
        deadline: Instant,
        holds: &mut (dyn FnMut(&mut Self) -> Result<bool, Failure> + Send),
    ) -> Result<(), Failure> {
        loop {
            self.catch_up().await?;
            if holds(self)? {
                return Ok(());
            }
            if self.flights.is_empty() {
                return Err(Failure(format!(
                    "{what} does not come: no stream is open and no request runs; {}",
                    self.seen_with_signals()
                )));
            }
            let news = self.news;
            if tokio::time::timeout_at(deadline, self.wait_for_news(news)).await.is_err() {
                return Err(Failure(format!(
                    "{what} did not come within {:?}; {}",
                    self.patience,
                    self.seen_with_signals()
                )));
            }
            if let Some(failure) = self.document.failure.take() {
                return Err(failure);
            }
        }
    }

    /// Waits until an open stream has brought something.
    pub(in crate::testing) async fn live(&mut self) -> Result<(), Failure> {
        self.news_until(self.deadline(), "a change").await
    }

    /// The same, for a test that waits for `what` and asks after each change.
    pub(in crate::testing) async fn news_until(
        &mut self,
        deadline: Instant,
        what: &str,
    ) -> Result<(), Failure> {
        let news = self.news;
        self.wait(what, deadline, &mut |tab: &mut Self| Ok(tab.news > news)).await
    }

    /// Opens all streams again, as after a network that failed.
    pub(in crate::testing) async fn reconnect(&mut self) -> Result<(), Failure> {
        for flight in std::mem::take(&mut self.flights) {
            let State::Stream(_, parser) = &flight.state else { continue };
            let request = self.document.request(flight.outgoing.action.clone());
            let mut outgoing = request.map_err(|fault| {
                Failure(format!("a stream cannot be opened again, {fault:?}: {}", flight.outgoing.label))
            })?;
            if let Some(id) = parser.last_id() {
                outgoing.headers.push(("last-event-id".to_owned(), id.to_owned()));
            }
            self.document.outgoing.push(outgoing);
        }
        self.settle().await
    }

    /// What there is instead of what a test waited for, which may be a signal.
    fn seen_with_signals(&self) -> String {
        match self.document.signals.all().to_json() {
            none if none == "{}" => self.seen(),
            signals => format!("{}; its signals are {}", self.seen(), shortened(&signals)),
        }
    }

    /// What there is instead of what a test looked for.
    pub(in crate::testing) fn seen(&self) -> String {
        let mut seen = format!("the page is {}", self.url());
        if self.status != StatusCode::OK {
            let _ = write!(seen, " ({})", self.status);
        }
        let failed: Vec<&str> = self
            .answers
            .iter()
            .filter(|it| !it.ends_with(" 200") && !it.ends_with(" 204"))
            .map(String::as_str)
            .collect();
        if !failed.is_empty() {
            let _ = write!(seen, "; answers were {}", failed.join(", "));
        }
        let open: Vec<&str> = self.flights.iter().map(|flight| &*flight.outgoing.name).collect();
        if !open.is_empty() {
            let _ = write!(seen, "; open are {}", open.join(", "));
        }
        let body = self.document.dom.body().unwrap_or(Dom::DOCUMENT);
        seen + &format!("; it says {:?}", shortened(&self.document.visible_text(body)))
    }
}
