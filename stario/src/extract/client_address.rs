//! `ClientAddress`: the address from which a request comes.

use std::fmt;
use std::net::IpAddr;

use super::FromRequest;
use crate::client::client_behind;
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

/// The IP address of the client.
///
/// It is the address that the connection comes from. If that is a proxy which the app trusts
/// ([`App::trust_proxies`](crate::App::trust_proxies)), it is the address that the proxy names in its header; of
/// several, the last one that is not a trusted proxy itself. A client could make up the addresses before that
/// one, so they are ignored, and so is the header if it does not come from a trusted proxy.
///
/// ```
/// use stario::prelude::*;
/// use stario::{ClientAddress, ProxyHeader};
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home(ClientAddress(address): ClientAddress) -> String {
///     address.to_string()
/// }
///
/// # fn main() {
/// // The test client asks from 127.0.0.1.
/// let ask = |app| TestClient::new(app).get("/").header("x-forwarded-for", "1.1.1.1, 203.0.113.7").send();
/// assert_eq!(ask(app::new()).text(), "127.0.0.1");
/// let trusting = app::new().trust_proxies(ProxyHeader::XForwardedFor, ["127.0.0.1", "10.0.0.0/8"]);
/// assert_eq!(ask(trusting).text(), "203.0.113.7");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientAddress(pub IpAddr);

impl FromRequest for ClientAddress {
    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        let Some(peer) = scope.exchange().peer() else {
            return Err(Rejection::internal(
                "the server does not say where the connection comes from; where it is not stario's, add a \
                 `SocketAddr` to the request's extensions",
            ));
        };
        let peer = peer.ip();
        Ok(Self(client_behind(peer, scope.headers(), scope.app().served.proxies())))
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
