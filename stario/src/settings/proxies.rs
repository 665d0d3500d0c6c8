//! Which proxies may name the client that they forward for.

use std::net::{IpAddr, Ipv6Addr};

/// The header in which a proxy names the client it forwards for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyHeader {
    /// `x-forwarded-for: 203.0.113.7, 10.0.0.1`, which most proxies send.
    XForwardedFor,
    /// `forwarded: for=203.0.113.7, for="[2001:db8::1]:443"` (RFC 7239).
    Forwarded,
}

/// The proxies whose header counts for the client's address.
pub(crate) struct Proxies {
    pub(crate) header: ProxyHeader,
    pub(crate) ranges: Vec<Range>,
}

impl Proxies {
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address))
    }
}

/// The addresses that begin with the same bits; IPv4 as the mapped IPv6.
pub(crate) struct Range {
    base: u128,
    bits: u32,
}

impl Range {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Some(width), |length| length.parse().ok())?;
        (length <= width).then(|| Self { base: mapped(address), bits: 128 - width + length })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let differing = self.base ^ mapped(address);
        differing.checked_shr(128 - self.bits).unwrap_or(0) == 0
    }
}

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => Ipv6Addr::from(address.octets()),
    }
    .to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_begins_alike() {
        let check = |range: &str, address: &str, expected: bool| {
            let found = Range::parse(range).unwrap().contains(address.parse().unwrap());
            assert_eq!(found, expected, "{address} in {range}");
        };
        check("10.0.0.0/8", "10.255.1.2", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("10.0.0.1", "10.0.0.1", true);
        check("10.0.0.1", "10.0.0.2", false);
        check("10.0.0.1", "::ffff:10.0.0.1", true);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("0.0.0.0/0", "2001:db8::1", false);
        check("2001:db8::/32", "2001:db8:1::", true);
        check("2001:db8::/32", "2001:db9::", false);
        check("::/0", "2001:db8::1", true);
    }

    #[test]
    fn what_is_no_range_is_none() {
        for text in ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0.0/-1", "proxy", "[::1]"] {
            assert!(Range::parse(text).is_none(), "{text}");
        }
    }
}
