//! `Nonce` as a parameter.

use super::FromRequest;
use crate::error::Rejection;
use crate::nonce::Nonce;
use crate::parameter::{Parameter, Requirement};
use crate::scope::Scope;

impl FromRequest for Nonce {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        scope.exchange().nonce().ok_or_else(|| {
            Rejection::internal(
                "a nonce is of no use to an app without a policy that names it; see `App::security_headers`",
            )
        })
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        Some(Requirement::Nonce)
    }
}
