//! `ClientAddress`: who asks.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use super::{FromRequest, Parameter, Rejection};
use crate::app::{Proxies, ProxyHeader};
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
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        let Some(peer) = scope.exchange().peer() else {
            return Err(Rejection::internal(
                "the server does not say where the connection comes from; where it is not stario's, add a \
                 `SocketAddr` to the request's extensions",
            ));
        };
        let peer = peer.ip();
        Ok(Self(client_behind(peer, scope.headers(), scope.app().settings().proxies())))
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The address that `peer` asks for, if it is believed, or that this one asks for, if it is, and so on.
pub(crate) fn client_behind(peer: IpAddr, headers: &HeaderMap, proxies: Option<&Proxies>) -> IpAddr {
    let peer = peer.to_canonical();
    let Some(proxies) = proxies else {
        return peer;
    };
    let (name, address): (&str, fn(&str) -> Option<IpAddr>) = match proxies.header {
        ProxyHeader::XForwardedFor => ("x-forwarded-for", node_address),
        ProxyHeader::Forwarded => ("forwarded", forwarded_for),
    };
    let mut client = peer;
    let mut hops = headers.get_all(name).into_iter().rev().flat_map(|line| {
        // What is no text names nobody.
        line.to_str().unwrap_or_default().rsplit(',')
    });
    while proxies.trusts(client) {
        match hops.next().and_then(address) {
            Some(next) => client = next,
            None => break,
        }
    }
    client
}

/// `for=` in one element of `forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let node = node.trim();
    node_address(node.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(node))
}

/// An address with or without a port, IPv6 in brackets or not.
fn node_address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    let address = node
        .parse::<IpAddr>()
        .or_else(|_| node.parse::<SocketAddr>().map(|address| address.ip()))
        .ok()
        .or_else(|| node.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_form_of_the_headers() {
        let check = |node: &str, expected: Option<&str>| {
            assert_eq!(node_address(node), expected.map(|address| address.parse().unwrap()), "{node}");
        };
        check(" 203.0.113.7 ", Some("203.0.113.7"));
        check("203.0.113.7:80", Some("203.0.113.7"));
        check("2001:db8::1", Some("2001:db8::1"));
        check("[2001:db8::1]", Some("2001:db8::1"));
        check("[2001:db8::1]:443", Some("2001:db8::1"));
        check("::ffff:10.0.0.1", Some("10.0.0.1"));
        check("unknown", None);
        check("_hidden", None);
        check("", None);
        assert_eq!(
            forwarded_for("proto=http; For=\"[2001:db8::1]:80\""),
            Some("2001:db8::1".parse().unwrap())
        );
        assert_eq!(forwarded_for("for=10.0.0.1;by=x"), Some("10.0.0.1".parse().unwrap()));
        assert_eq!(forwarded_for("by=10.0.0.1"), None);
    }
}
