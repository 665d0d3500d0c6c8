//! A request's way through layers: those around the routing, then those around what was found.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use http::{Request, request};

use super::{Found, answer, route};
use crate::app::Assembled;
use crate::body::{Body, BodyError};
use crate::error::{Error, catch_panic, panic_message};
use crate::layer::{Passage, Stage};
use crate::response::Response;
use crate::scope::Arrival;

/// One request, where it is.
#[derive(Clone)]
pub(super) struct Way {
    app: Arc<Assembled>,
    arrival: Arrival,
    /// As it was before the first of these layers.
    head: Arc<request::Parts>,
    stages: Arc<[Arc<Stage>]>,
    /// How many of the stages lie behind it.
    position: usize,
    /// What comes after the last stage; nothing is to be found yet.
    found: Option<Found>,
}

impl Way {
    /// Sends the request through layers.
    pub(super) fn through(
        stages: &Arc<[Arc<Stage>]>,
        app: &Arc<Assembled>,
        arrival: Arrival,
        request: Request<Body>,
        found: Option<Found>,
    ) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let (mut head, body) = request.into_parts();
        head.extensions.insert(arrival.id);
        if let Some(peer) = arrival.connection.peer() {
            head.extensions.insert::<SocketAddr>(peer);
        }
        // For layers around the routing this is a look ahead: they may still change the path.
        let matched_path = match &found {
            Some(found) => found.matched_path(),
            None => Found::by(app, &head).matched_path(),
        };
        if let Some(matched_path) = matched_path {
            head.extensions.insert(matched_path);
        }
        let way = Self {
            app: Arc::clone(app),
            arrival,
            head: Arc::new(head.clone()),
            stages: Arc::clone(stages),
            position: 0,
            found,
        };
        way.go_on(Request::from_parts(head, body))
    }

    /// The next layer that the request passes, and the way behind it.
    fn next(&self, path: &str) -> Option<(Arc<Stage>, Self)> {
        let left = &self.stages[self.position..];
        let skipped = left.iter().position(|stage| stage.covers(path))?;
        let position = self.position + skipped + 1;
        Some((Arc::clone(&left[skipped]), Self { position, ..self.clone() }))
    }

    async fn arrive(self, mut request: Request<Body>) -> Response {
        let Some(found) = self.found else {
            return route(&self.app, request, self.arrival).wait(&self.app).await;
        };
        // Behind the routing, the path is no longer a layer's to change: what it captures was found in this.
        if request.uri().path() != self.head.uri.path() {
            *request.uri_mut() = self.head.uri.clone();
        }
        answer(&self.app, request, self.arrival, found).wait(&self.app).await
    }
}

impl Passage for Way {
    fn go_on(&self, request: Request<Body>) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let Some((stage, behind)) = self.next(request.uri().path()) else {
            return Box::pin(self.clone().arrive(request));
        };
        let way = self.clone();
        Box::pin(async move {
            match catch_panic(stage.pass(request, Arc::new(behind))).await {
                Ok(response) => response,
                Err(panic) => {
                    let request_id = way.arrival.id;
                    tracing::error!(%request_id, panic = panic_message(&*panic), "a layer panicked");
                    way.app.answers().panicked(Some(&way.head), request_id)
                }
            }
        })
    }

    fn fail(&self, error: BodyError) -> Response {
        self.app.answers().answer(Error::from(error), &self.head, self.arrival.id)
    }
}
