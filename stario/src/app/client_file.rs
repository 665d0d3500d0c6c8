//! The Datastar client, if the app serves it itself.

use http::StatusCode;

use crate::datastar::ClientFile;
use crate::handler::Endpoint;
use crate::response::{IntoResponse, Response};
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
    call: |_, scope| Box::pin(async move { Ok(respond(scope.app().datastar_file.as_ref()).into()) }),
};

fn respond(file: Option<&ClientFile>) -> Response {
    match file {
        Some(ClientFile::Read { content, .. }) => content.respond(),
        // The route is there only for a file that was read.
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
