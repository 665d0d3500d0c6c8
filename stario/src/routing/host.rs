//! The host that a request is for, and the choice among the hosts that an app names.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;

use http::header::HOST;
use http::request;
use http::uri::Authority;

/// A host as an app names it, in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Host<'a> {
    Exact(&'a str),
    /// `*.example.com`: every host that ends so, dot included, and has something before it.
    Below(&'a str),
}

impl<'a> Host<'a> {
    /// Reads a host in lower case, without a port.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence.
    pub(crate) fn parse(text: &'a str) -> Result<Self, &'static str> {
        let is_name = |name: &str| {
            name.split('.').all(|label| {
                !label.is_empty()
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            })
        };
        let is_address = |text: &str| {
            text.strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
        };
        match text.strip_prefix('*') {
            Some("") => Err("`*` is every host, for which the app itself answers"),
            Some(below) if below.strip_prefix('.').is_some_and(is_name) => Ok(Host::Below(below)),
            None if is_name(text) || is_address(text) => Ok(Host::Exact(text)),
            _ => Err("write it without a port, such as `api.example.com`, `*.example.com` or `[::1]`"),
        }
    }
}

/// A value for each of several hosts.
#[derive(Debug)]
pub(crate) struct Hosts<T> {
    exact: HashMap<Box<str>, T>,
    /// The values of `*.` hosts by their suffixes, the longest first.
    below: Vec<(Box<str>, T)>,
}

impl<T> Default for Hosts<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), below: Vec::new() }
    }
}

impl<T: Default> Hosts<T> {
    /// The value of a host that the app has checked, added where there is none yet.
    pub(crate) fn entry(&mut self, host: &str) -> &mut T {
        let Ok(Host::Below(suffix)) = Host::parse(host) else {
            return self.exact.entry(host.into()).or_default();
        };
        if !self.below.iter().any(|(present, _)| **present == *suffix) {
            self.below.push((suffix.into(), T::default()));
            self.below.sort_by_key(|(suffix, _)| Reverse(suffix.len()));
        }
        let position = self.below.iter().position(|(present, _)| **present == *suffix).unwrap_or_default();
        &mut self.below[position].1
    }
}

impl<T> Hosts<T> {
    /// The value of the host that the request is for, if it is one of these.
    pub(crate) fn find(&self, head: &request::Parts) -> Option<&T> {
        let host = host_of(head)?;
        self.exact.get(&*host).or_else(|| {
            let is_below = |suffix: &str| host.len() > suffix.len() && host.ends_with(suffix);
            self.below.iter().find(|(suffix, _)| is_below(suffix)).map(|(_, found)| found)
        })
    }
}

/// The host that a request is for, in lower case, without port and final dot: the host in its target, if there is
/// one (RFC 9112 section 3.2.2, and `:authority` of HTTP/2), else the header `host`.
fn host_of(head: &request::Parts) -> Option<String> {
    let authority = match head.uri.authority() {
        Some(authority) => Cow::Borrowed(authority),
        None => Cow::Owned(head.headers.get(HOST)?.to_str().ok()?.parse::<Authority>().ok()?),
    };
    let host = authority.host();
    Some(host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase())
}

/// Whether the request's host is `localhost`, a subdomain of it, or a loopback address. `None` if the request names no host.
#[cfg(any(debug_assertions, feature = "sessions"))]
pub(crate) fn is_of_this_machine(head: &request::Parts) -> Option<bool> {
    host_of(head).map(|host| is_this_machine(&host))
}

/// Whether a host, in lower case and without a port, is the machine itself.
#[cfg(any(debug_assertions, feature = "sessions"))]
pub(crate) fn is_this_machine(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost"
        || host.ends_with(".localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(uri: &str, host: Option<&str>) -> request::Parts {
        let request = http::Request::builder().uri(uri);
        let request = host.into_iter().fold(request, |request, host| request.header(HOST, host));
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_named_host_wins_over_the_longest_wildcard() {
        let mut hosts = Hosts::<&str>::default();
        for host in ["*.example.com", "api.example.com", "*.api.example.com", "[::1]", "localhost"] {
            *hosts.entry(host) = host;
        }
        let check = |uri, host, expected| {
            assert_eq!(hosts.find(&head(uri, host)).copied(), expected, "{uri} {host:?}");
        };
        check("/", Some("api.example.com"), Some("api.example.com"));
        check("/", Some("API.Example.com:8443"), Some("api.example.com"));
        check("/", Some("api.example.com."), Some("api.example.com"));
        check("/", Some("www.example.com"), Some("*.example.com"));
        check("/", Some("a.b.example.com"), Some("*.example.com"));
        check("/", Some("v1.api.example.com"), Some("*.api.example.com"));
        check("/", Some("example.com"), None);
        check("/", Some(".example.com"), None);
        check("/", Some("badexample.com"), None);
        check("/", Some("[::1]:8000"), Some("[::1]"));
        check("/", Some("localhost:8000"), Some("localhost"));
        check("/", Some("not a host"), None);
        check("/", None, None);
        // The target's own host counts.
        check("http://api.example.com/", Some("localhost"), Some("api.example.com"));
    }

    #[test]
    fn malformed_hosts_are_refused() {
        for text in
            ["", "*", "*.", "*example.com", "a.*.com", "example.com:80", "a..b", "a/b", "[::1", "ex ample"]
        {
            assert!(Host::parse(text).is_err(), "{text}");
        }
        assert_eq!(Host::parse("a.b"), Ok(Host::Exact("a.b")));
        assert_eq!(Host::parse("*.a.b"), Ok(Host::Below(".a.b")));
    }

    #[cfg(any(debug_assertions, feature = "sessions"))]
    #[test]
    fn a_request_for_localhost_is_for_the_machine_that_sends_it() {
        let check = |host, expected| assert_eq!(is_of_this_machine(&head("/", host)), expected, "{host:?}");
        check(None, None);
        check(Some("localhost:8000"), Some(true));
        check(Some("shop.LOCALHOST"), Some(true));
        check(Some("127.0.0.2:80"), Some(true));
        check(Some("[::1]:8000"), Some(true));
        check(Some("192.168.1.5"), Some(false));
        check(Some("localhost.example"), Some(false));
        check(Some("notlocalhost"), Some(false));
    }
}
