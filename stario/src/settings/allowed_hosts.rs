//! The hosts that an app answers for.

use http::header::HOST;
use http::request;

use crate::routing::{Host, Hosts};

/// The answer to a request for another host.
pub(crate) const WRONG_HOST: &str = "Misdirected request: this server does not answer for this host";

/// The hosts that [`App::allowed_hosts`](crate::App::allowed_hosts) names.
pub(crate) struct AllowedHosts(Hosts<()>);

impl AllowedHosts {
    /// Reads the hosts; what is not a host is a problem.
    pub(crate) fn new<H: AsRef<str>>(hosts: impl IntoIterator<Item = H>) -> (Self, Vec<String>) {
        let (mut allowed, mut problems) = (Hosts::default(), Vec::new());
        for host in hosts {
            let host = host.as_ref().to_ascii_lowercase();
            match Host::parse(&host) {
                Ok(_) => *allowed.entry(&host) = (),
                Err(problem) => {
                    problems.push(format!("`{host}` is not a host for `allowed_hosts`: {problem}"));
                }
            }
        }
        (Self(allowed), problems)
    }

    /// Whether the request is for a host that the app does not answer for.
    pub(crate) fn refuse(&self, head: &request::Parts) -> bool {
        let names_host = head.uri.authority().is_some() || head.headers.contains_key(HOST);
        names_host && self.0.find(head).is_none()
    }
}
