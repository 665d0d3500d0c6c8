//! Which client a request comes from: the address of the connection, or what trusted proxies say; whether a proxy has passed it on;
//! and which clients count as one.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;

use crate::settings::{Proxies, ProxyHeader};

/// The address of the client. It is `peer`, unless that is a trusted proxy: then it is the address that the proxy names, unless that is
/// a trusted proxy, too, and so on.
#[inline(always)]
pub(crate) fn client_behind(peer: IpAddr, headers: &HeaderMap, proxies: Option<&Proxies>) -> IpAddr {
    let peer = peer.to_canonical();
    match proxies {
        Some(proxies) => client_behind_proxies(peer, headers, proxies),
        None => peer,
    }
}

fn client_behind_proxies(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    let (name, address): (&str, fn(&str) -> Option<IpAddr>) = match proxies.header {
        ProxyHeader::XForwardedFor => ("x-forwarded-for", node_address),
        ProxyHeader::Forwarded => ("forwarded", forwarded_for),
    };
    let mut client = peer;
    let mut hops = headers.get_all(name).into_iter().rev().flat_map(|line| {
        // A value that is no text names no client.
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

/// Whether a header says that a proxy has passed the request on. A proxy may add none.
#[cfg(any(debug_assertions, feature = "sessions"))]
pub(crate) fn is_passed_on(headers: &HeaderMap) -> bool {
    const NAMES: [&str; 6] =
        ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];
    NAMES.iter().any(|name| headers.contains_key(*name))
}

/// What tells clients apart: an address of IPv4, or the first 64 bits of one of IPv6, of which a client has all the rest.
pub(crate) fn prefix(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address) & (u128::MAX << 64),
    }
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

    #[test]
    fn a_client_of_ipv6_is_a_prefix_of_64_bits() {
        let is_one =
            |left: &str, right: &str| prefix(left.parse().unwrap()) == prefix(right.parse().unwrap());
        assert!(is_one("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!is_one("2001:db8::1", "2001:db8:0:1::1"));
        assert!(is_one("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!is_one("192.0.2.1", "192.0.2.2"));
        assert!(!is_one("192.0.2.1", "::1"));
    }
}
