//! The Datastar client, if the app serves it itself.

use http::header::{CACHE_CONTROL, HeaderValue};

use crate::datastar::ClientFile;
use crate::handler::Endpoint;
use crate::response::{self, Response};
use crate::route::{EndpointInfo, HandlerKind};

/// Answers the client file that the app serves itself.
pub(super) static DATASTAR_FILE: Endpoint = Endpoint {
    info: EndpointInfo {
        kind: HandlerKind::Query,
        method: "GET",
        path: "/datastar-{hash}.js",
        headers: &[],
        handler: "stario::datastar_file",
        file: file!(),
        line: line!(),
        is_checked: true,
        body_limit: None,
        timeout: None,
        rate_limits: &[],
        caching: None,
    },
    layer: None,
    requirements: Vec::new,
    call: |_, scope| Box::pin(async move { Ok(Box::new(respond(scope.app().datastar_file.as_ref()))) }),
};

fn respond(file: Option<&ClientFile>) -> Response {
    let content = file.map(|file| file.content.clone()).unwrap_or_default();
    let mut response =
        response::with_type(HeaderValue::from_static("text/javascript; charset=utf-8"), content);
    response::set(response.headers_mut(), CACHE_CONTROL, "public, max-age=31536000, immutable");
    response
}
