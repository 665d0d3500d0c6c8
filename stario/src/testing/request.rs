//! A request of a test, and the two ways to send it.

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request};
use http_body_util::{BodyExt, Collected};
use serde::Serialize;

use super::{Events, TestResponse, block_on, decoded, patiently};
use crate::app::Assembled;
use crate::body::Body;
use crate::dispatch::dispatch;
use crate::response::{JSON, Response};

/// A request being built; send it with [`send`](Self::send) or `.await`.
#[must_use = "a request does nothing until it is sent"]
pub struct TestRequest {
    app: Arc<Assembled>,
    request: Request<Body>,
    peer: SocketAddr,
}

impl TestRequest {
    pub(super) fn new(app: Arc<Assembled>, method: Method, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        match request {
            Ok(request) => Self { app, request, peer: (Ipv4Addr::LOCALHOST, 0).into() },
            Err(error) => panic!("`{path}` cannot be requested: {error}"),
        }
    }

    /// Adds a header; its value is text, or bytes.
    ///
    /// # Panics
    ///
    /// When the name or the value is not one that HTTP can carry.
    pub fn header<V>(mut self, name: &str, value: V) -> Self
    where
        V: TryInto<HeaderValue, Error: Debug>,
    {
        let name: HeaderName = name.parse().expect("a header's name");
        let value: HeaderValue = value.try_into().expect("a header's value");
        self.request.headers_mut().append(name, value);
        self
    }

    /// Sends a cookie, as a browser would that has it.
    ///
    /// # Panics
    ///
    /// When HTTP cannot carry it.
    pub fn cookie(self, name: &str, value: &str) -> Self {
        self.header("cookie", format!("{name}={value}"))
    }

    /// Sets the address that the request comes from; 127.0.0.1 unless set.
    pub fn peer(mut self, address: impl Into<IpAddr>) -> Self {
        self.peer.set_ip(address.into());
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// Sends `value` as a JSON body.
    ///
    /// # Panics
    ///
    /// When it cannot be written as JSON.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        self.request.headers_mut().insert(CONTENT_TYPE, JSON);
        self.body(serde_json::to_vec(value).expect("a value that is JSON"))
    }

    /// Sends signals as Datastar does: in the query of GET and DELETE, else as the JSON body.
    ///
    /// # Panics
    ///
    /// When they cannot be written as JSON.
    pub fn signals(mut self, signals: &impl Serialize) -> Self {
        self = self.header("datastar-request", "true");
        if !matches!(*self.request.method(), Method::GET | Method::DELETE) {
            return self.json(signals);
        }
        let json = serde_json::to_string(signals).expect("signals that are JSON");
        let uri = self.request.uri();
        let mut query = form_urlencoded::Serializer::new(uri.query().unwrap_or_default().to_owned());
        let target = format!("{}?{}", uri.path(), query.append_pair("datastar", &json).finish());
        *self.request.uri_mut() = target.parse().expect("an encoded query");
        self
    }

    /// Sends the request and waits for the whole response.
    ///
    /// # Panics
    ///
    /// In an async test, where `.await` does the same; and when there is no response within ten seconds.
    pub fn send(self) -> TestResponse {
        block_on(self.into_future())
    }

    /// Prepares to read a stream that stays open, event by event, compressed or not.
    pub fn open(self) -> Opening {
        Opening(self)
    }

    async fn respond(self) -> Response {
        patiently("response", dispatch(self.app, self.request, Some(self.peer))).await
    }
}

impl IntoFuture for TestRequest {
    type Output = TestResponse;
    type IntoFuture = Pin<Box<dyn Future<Output = TestResponse> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let (head, body) = self.respond().await.into_parts();
            match patiently("end of the response", body.collect()).await {
                Ok(body) => {
                    let body = body.to_bytes();
                    let content = decoded(&head.headers, body.clone().into()).collect().await;
                    let content = content.map(Collected::to_bytes).map_err(|error| error.to_string());
                    TestResponse { status: head.status, headers: head.headers, body, content }
                }
                Err(error) => panic!("the response was cut: {error}"),
            }
        })
    }
}

/// A request for a stream that stays open; send it with [`send`](Self::send) or `.await`.
#[must_use = "a request does nothing until it is sent"]
pub struct Opening(TestRequest);

impl Opening {
    /// Sends the request and waits for the head of the response.
    ///
    /// # Panics
    ///
    /// In an async test, where `.await` does the same; when there is no response within ten seconds; and
    /// when the response is no event stream.
    pub fn send(self) -> Events {
        block_on(self.into_future())
    }
}

impl IntoFuture for Opening {
    type Output = Events;
    type IntoFuture = Pin<Box<dyn Future<Output = Events> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { Events::new(self.0.respond().await) })
    }
}
