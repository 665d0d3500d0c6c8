//! Sends the requests of a page to the app, with what a browser adds, and follows redirects.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;

use super::address::{ORIGIN, resolve, split_origin, without_fragment};
use crate::app::Assembled;
use crate::body::Body;
use crate::testing::cookie_jar::CookieJar;
use crate::testing::decode::decoded;
use crate::testing::request::TestRequest;

/// After so many redirects a browser gives up.
const MOST_REDIRECTS: usize = 20;

/// A request to be sent.
pub(in crate::testing) struct Request {
    pub(in crate::testing) method: Method,
    pub(in crate::testing) address: String,
    pub(in crate::testing) headers: Vec<(String, String)>,
    pub(in crate::testing) body: Option<Bytes>,
    /// The page that sends it; `None` where somebody typed the address.
    pub(in crate::testing) page: Option<String>,
    pub(in crate::testing) is_navigation: bool,
}

/// The answer behind all redirects.
pub(in crate::testing) struct Fetched {
    pub(in crate::testing) status: StatusCode,
    pub(in crate::testing) headers: HeaderMap,
    pub(in crate::testing) address: String,
    pub(in crate::testing) content: Content,
}

pub(in crate::testing) enum Content {
    Whole(Bytes),
    Stream(Body),
    /// A redirect to another site, which is not followed.
    Elsewhere,
}

impl Fetched {
    pub(in crate::testing) fn content_type(&self) -> &str {
        self.header("content-type").unwrap_or_default()
    }

    pub(in crate::testing) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The way to the app, and the cookies of one browser.
#[derive(Clone)]
pub(in crate::testing) struct Sender {
    pub(in crate::testing) app: Arc<Assembled>,
    pub(in crate::testing) jar: Arc<CookieJar>,
}

/// The answer to be, or why there is none.
pub(in crate::testing) type Pending = Pin<Box<dyn Future<Output = Result<Fetched, String>> + Send>>;

impl Sender {
    pub(in crate::testing) fn fetch(&self, request: Request) -> Pending {
        Box::pin(self.clone().follow(request))
    }

    async fn follow(self, mut request: Request) -> Result<Fetched, String> {
        for _ in 0..=MOST_REDIRECTS {
            let response = self.send(&request).dispatched().await;
            let (head, body) = response.into_parts();
            let location = head.headers.get(LOCATION).and_then(|location| location.to_str().ok());
            let is_redirect = matches!(head.status.as_u16(), 301 | 302 | 303 | 307 | 308);
            let Some(location) = location.filter(|_| is_redirect) else {
                let content = read(head.status, &head.headers, body, request.is_navigation).await;
                let content = content.map_err(|error| format!("the response was cut: {error}"))?;
                let address = request.address;
                return Ok(Fetched { status: head.status, headers: head.headers, address, content });
            };
            let next = resolve(&request.address, location);
            if split_origin(&next).0 != split_origin(&request.address).0 {
                let content = Content::Elsewhere;
                return Ok(Fetched { status: head.status, headers: head.headers, address: next, content });
            }
            let is_get = match head.status.as_u16() {
                303 => true,
                301 | 302 => request.method == Method::POST,
                _ => false,
            };
            if is_get {
                request.method = Method::GET;
                request.body = None;
                request
                    .headers
                    .retain(|(name, _)| *name != CONTENT_TYPE.as_str() && *name != CONTENT_LENGTH.as_str());
            }
            request.address = next;
        }
        Err(format!("the app redirects without an end, at last to {}", request.address))
    }

    fn send(&self, request: &Request) -> TestRequest {
        let (origin, path) = split_origin(&request.address);
        let path = without_fragment(path);
        let app = Arc::clone(&self.app);
        let mut sent = TestRequest::new(app, request.method.clone(), path, Some(Arc::clone(&self.jar)));
        if origin != ORIGIN {
            sent = sent.header("host", origin.split("//").nth(1).unwrap_or_default());
        }
        let (mode, destination) =
            if request.is_navigation { ("navigate", "document") } else { ("cors", "empty") };
        let site = if request.page.is_some() { "same-origin" } else { "none" };
        sent = sent.header("sec-fetch-site", site);
        sent = sent.header("sec-fetch-mode", mode).header("sec-fetch-dest", destination);
        if request.is_navigation {
            sent = sent.header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        }
        if let Some(page) = &request.page {
            sent = sent.header("referer", without_fragment(page));
            if !matches!(request.method, Method::GET | Method::HEAD) {
                sent = sent.header("origin", origin);
            }
        }
        for (name, value) in &request.headers {
            sent = sent.header(name, value.as_bytes());
        }
        match &request.body {
            Some(body) => sent.body(body.clone()),
            None => sent,
        }
    }
}

/// Reads a whole body, but for what the client takes as an event stream.
async fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: Body,
    is_navigation: bool,
) -> Result<Content, crate::body::BodyError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_whole =
        ["text/html", "application/json", "text/javascript"].iter().any(|it| content_type.contains(it));
    let body = decoded(headers, body);
    if is_navigation || is_whole || status != StatusCode::OK {
        return Ok(Content::Whole(body.collect().await?.to_bytes()));
    }
    Ok(Content::Stream(body))
}
