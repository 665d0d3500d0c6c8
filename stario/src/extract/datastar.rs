//! `DatastarScript` as a parameter: the client that the app chose.

use super::FromRequest;
use crate::datastar::DatastarScript;
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

impl FromRequest for DatastarScript {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(Self::new(scope.app().datastar_file.as_ref(), scope.exchange().nonce()))
    }
}
