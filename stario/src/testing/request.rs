//! A request of a test, and the two ways to send it.

use std::fmt::{Debug, Display};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request};
use http_body_util::{BodyExt, Collected};
use serde::Serialize;

use super::cookie_jar::{CookieJar, host_of};
use super::decode::{decoded, ended_plainly};
use super::events::Events;
use super::response::TestResponse;
use super::wait::{block_on, patiently};
use crate::app::Assembled;
use crate::body::Body;
use crate::connection::Connection;
use crate::datastar::encode_form;
use crate::dispatch::dispatch;
use crate::error_text::Chain;
use crate::response::{JSON, Response};

/// A request being built; send it with [`send`](Self::send) or `.await`.
#[must_use = "a request does nothing until it is sent"]
pub struct TestRequest {
    app: Arc<Assembled>,
    request: Request<Body>,
    peer: SocketAddr,
    /// Becomes the body when the request is sent, if there are any.
    fields: Vec<SentField>,
    /// Where its cookies come from, and those of the response go to.
    jar: Option<Arc<CookieJar>>,
}

/// A field of a form.
struct SentField {
    name: String,
    content: Bytes,
    /// A file has one.
    file_name: Option<String>,
}

impl TestRequest {
    pub(super) fn new(app: Arc<Assembled>, method: Method, path: &str, jar: Option<Arc<CookieJar>>) -> Self {
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        match request {
            Ok(request) => {
                Self { app, request, peer: (Ipv4Addr::LOCALHOST, 0).into(), fields: Vec::new(), jar }
            }
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

    /// Sends a cookie.
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
        self.request.headers_mut().insert(CONTENT_TYPE, JSON.clone());
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
        let mut target = uri.path().to_owned() + "?";
        if let Some(query) = uri.query().filter(|query| !query.is_empty()) {
            target.extend([query, "&"]);
        }
        target.push_str("datastar=");
        target.extend(encode_form(&json));
        *self.request.uri_mut() = target.parse().expect("an encoded query");
        self
    }

    /// Adds a field to the form that is sent as the body: `application/x-www-form-urlencoded`, or
    /// `multipart/form-data` if there is a [`file`](Self::file) as well.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::command("/greet")]
    /// async fn greet(name: FormField<String>) -> String {
    ///     format!("Hello, {name}!")
    /// }
    ///
    /// # fn main() {
    /// let res = TestClient::new(app::new()).post("/greet").field("name", "Ada & Co").send();
    /// assert_eq!(res.text(), "Hello, Ada &amp; Co!");
    /// # }
    /// ```
    #[allow(clippy::needless_pass_by_value)] // As numbers and literals are given.
    pub fn field(mut self, name: &str, value: impl Display) -> Self {
        self.fields.push(SentField {
            name: name.to_owned(),
            content: value.to_string().into(),
            file_name: None,
        });
        self
    }

    /// Adds a file to the form that is sent as the body; see [`field`](Self::field).
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::command("/import")]
    /// async fn import(rows: UploadedFile, #[default(',')] separator: FormField<char>) -> Result<usize> {
    ///     let content = rows.bytes().await?;
    ///     Ok(std::str::from_utf8(&content)?.split(*separator).count())
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new());
    /// let res = client.post("/import").file("rows", "rows.csv", "1;2;3").field("separator", ';').send();
    /// assert_eq!(res.text(), "3");
    /// # }
    /// ```
    pub fn file(mut self, name: &str, file_name: &str, content: impl Into<Bytes>) -> Self {
        self.fields.push(SentField {
            name: name.to_owned(),
            content: content.into(),
            file_name: Some(file_name.to_owned()),
        });
        self
    }

    /// Sends the request and waits for the whole response.
    ///
    /// # Panics
    ///
    /// In an async test, where `.await` does the same; and when there is no response within thirty seconds.
    pub fn send(self) -> TestResponse {
        block_on(self.into_future())
    }

    /// Prepares to read a stream that stays open, event by event, compressed or not.
    pub fn open(self) -> OpenStream {
        OpenStream(self)
    }

    async fn respond(mut self) -> Response {
        if !self.fields.is_empty() {
            let (content_type, body) = encode_fields(&self.fields);
            let content_type = HeaderValue::from_static(content_type);
            self.request.headers_mut().entry(CONTENT_TYPE).or_insert(content_type);
            *self.request.body_mut() = body;
        }
        patiently("response", self.dispatched()).await
    }

    /// Sends the request, however long its response takes.
    pub(super) async fn dispatched(self) -> Response {
        let (mut head, body) = self.request.into_parts();
        if let Some(jar) = &self.jar {
            jar.add_to(&mut head);
        }
        let (host, path) = (host_of(&head), head.uri.path().to_owned());
        let response = dispatch(&self.app, head, Some(body), Connection::new(Some(self.peer))).await;
        if let Some(jar) = &self.jar {
            jar.keep(&host, &path, response.headers());
        }
        response
    }
}

/// A form as browsers send it, with its content type.
fn encode_fields(fields: &[SentField]) -> (&'static str, Body) {
    if fields.iter().all(|field| field.file_name.is_none()) {
        let mut form = String::new();
        for field in fields {
            if !form.is_empty() {
                form.push('&');
            }
            form.extend(encode_form(&field.name));
            form.push('=');
            form.extend(encode_form(&String::from_utf8_lossy(&field.content)));
        }
        return ("application/x-www-form-urlencoded", form.into());
    }
    let mut body = Vec::new();
    for field in fields {
        let name = escape_quoted(&field.name);
        let head = match &field.file_name {
            Some(file_name) => format!("name=\"{name}\"; filename=\"{}\"", escape_quoted(file_name)),
            None => format!("name=\"{name}\""),
        };
        body.extend_from_slice(
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; {head}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(&field.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    ("multipart/form-data; boundary=end-of-one-part-of-a-test", body.into())
}

/// The one in the content type.
const BOUNDARY: &str = "end-of-one-part-of-a-test";

/// As browsers do (HTML, section 4.10.21.8).
fn escape_quoted(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

impl IntoFuture for TestRequest {
    type Output = TestResponse;
    type IntoFuture = Pin<Box<dyn Future<Output = TestResponse> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async {
            let (head, body) = self.respond().await.into_parts();
            match patiently("end of the response", ended_plainly(body).collect()).await {
                Ok(body) => {
                    let body = body.to_bytes();
                    let content = decoded(&head.headers, body.clone().into()).collect().await;
                    let content =
                        content.map(Collected::to_bytes).map_err(|error| Chain(&*error).to_string());
                    TestResponse { status: head.status, headers: head.headers, body, content }
                }
                Err(error) => {
                    // Made before the panic: a text that panics within one would end the process.
                    let error = Chain(&*error).to_string();
                    panic!("the response was cut: {error}")
                }
            }
        })
    }
}

/// A request for a stream that stays open; send it with [`send`](Self::send) or `.await`.
#[must_use = "a request does nothing until it is sent"]
pub struct OpenStream(TestRequest);

impl OpenStream {
    /// Sends the request and waits for the head of the response.
    ///
    /// # Panics
    ///
    /// In an async test, where `.await` does the same; when there is no response within thirty seconds; and
    /// when the response is not an event stream.
    pub fn send(self) -> Events {
        block_on(self.into_future())
    }
}

impl IntoFuture for OpenStream {
    type Output = Events;
    type IntoFuture = Pin<Box<dyn Future<Output = Events> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { Events::new(self.0.respond().await) })
    }
}
