//! What is alike in the lines of all requests that a route answers.

use http::{Method, request};

use super::line::{self, Format};

/// A route as the lines of its requests name it: what is alike in all of them is written once, when the app is assembled.
#[derive(Debug, Clone)]
pub(crate) struct LoggedRoute {
    pub(super) template: &'static str,
    /// What stands in JSON behind the message, up to the method.
    pub(super) json: Box<[u8]>,
    pub(super) literal: Option<LiteralRoute>,
}

/// What is alike in the lines of JSON of a route whose path and method are always the same.
#[derive(Debug, Clone)]
pub(super) struct LiteralRoute {
    method: Method,
    /// A line up to method and path in its message.
    pub(super) beginning: Box<[u8]>,
    /// What stands behind the message, up to the end of the path.
    pub(super) json: Box<[u8]>,
}

/// What stands in JSON behind the message and the route, up to the method.
pub(super) const TARGET: &[u8] = b"\",\"target\":\"stario::request\",\"http.request.method\":\"";

/// The part of a line between the method and the path.
pub(super) const PATH: &[u8; 14] = b"\",\"url.path\":\"";

impl LoggedRoute {
    pub(crate) fn new(method: &Method, template: &'static str) -> Self {
        let mut json = b"\",\"http.route\":\"".to_vec();
        line::push_escaped(&mut json, Format::Json, template);
        json.extend_from_slice(TARGET);
        let is_literal = line::is_plain(template.as_bytes()) && !template.contains('{');
        let literal = is_literal.then(|| LiteralRoute {
            method: method.clone(),
            beginning: [line::INFO_HEAD, method.as_str().as_bytes(), b" ", template.as_bytes()]
                .concat()
                .into(),
            json: [&json, method.as_str().as_bytes(), PATH, template.as_bytes()].concat().into(),
        });
        Self { template, json: json.into(), literal }
    }

    /// Whether the route says method and path of this request, which it answers.
    pub(crate) fn is_of(&self, head: &request::Parts) -> bool {
        let literal = self.literal.as_ref();
        literal.is_some_and(|literal| literal.method == head.method && self.template == head.uri.path())
    }
}
