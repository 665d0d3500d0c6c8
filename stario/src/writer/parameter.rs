//! `Writer` as a parameter of a handler.

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue, RANGE};
use http::request;

use super::Writer;
use crate::error::Rejection;
use crate::inject::{Argument, Dependencies};
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

/// The type is the response's writer.
pub struct AsWriter(());

/// A `Writer` until the handler's other parameters are resolved.
pub struct PendingWriter(Arc<Scope>);

// No `FromRequest`: then a struct of sources could hold one.
#[diagnostic::do_not_recommend]
impl<'s, R> Argument<'s, R, AsWriter> for Writer {
    type Taken = PendingWriter;

    const SOURCE: Source = Source::Writer;

    fn reads_body(_: &Scope) -> bool {
        false
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        None
    }

    async fn take(
        scope: &Arc<Scope>,
        _: &'s Dependencies,
        _: &'static Parameter,
    ) -> std::result::Result<PendingWriter, Rejection> {
        Ok(PendingWriter(Arc::clone(scope)))
    }
}

impl PendingWriter {
    /// The `Writer`, when the handler is about to run: from here on it runs on when its client leaves.
    pub fn by_value(self) -> Writer {
        let channel = self.0.exchange().open_channel();
        channel.expect_writer();
        Writer { channel: Arc::clone(channel), conditions: conditions(self.0.head()) }
    }
}

/// The head of a request that asks for a part of a file, or for a file under conditions: what it says of that, copied.
fn conditions(head: &request::Parts) -> Option<Box<request::Parts>> {
    let is_condition = |name: &HeaderName| *name == RANGE || name.as_str().starts_with("if-");
    if !head.headers.keys().any(is_condition) {
        return None;
    }
    let (mut copy, ()) = http::Request::new(()).into_parts();
    copy.method = head.method.clone();
    for (name, value) in head.headers.iter().filter(|(name, _)| is_condition(name)) {
        // The value is a part of the connection's read buffer, which the copy does not keep.
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            copy.headers.append(name, value);
        }
    }
    Some(Box::new(copy))
}
