//! `RequestId` as a parameter.

use super::FromRequest;
use crate::error::Rejection;
use crate::parameter::{Parameter, Source};
use crate::request_id::RequestId;
use crate::scope::Scope;

impl FromRequest for RequestId {
    const SOURCE: Source = Source::Run;

    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(scope.exchange().id())
    }
}
