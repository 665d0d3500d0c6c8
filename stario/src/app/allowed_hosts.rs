//! The hosts that an app answers for.

use http::header::HOST;
use http::request;

use super::{App, Assembled};
use crate::routing::{Host, Hosts};

/// What a request for another host is told.
pub(crate) const WRONG_HOST: &str = "Misdirected request: this server does not answer for this host";

/// The hosts that [`App::allowed_hosts`] names.
pub(crate) struct AllowedHosts(Hosts<()>);

impl App {
    /// Answers only requests for these hosts; requests for others get 421. All hosts are answered for unless set.
    ///
    /// A host is a name or an address without a port, or `*.` and a domain for all names below it:
    /// `["shop.example", "*.shop.example", "localhost", "[::1]"]`. Anything else keeps the app from starting.
    ///
    /// Without it, a page of any site can reach an app on the user's own machine or network: its domain name need only be
    /// pointed to the app's address (DNS rebinding). Behind a proxy, name the hosts that the proxy passes on. The
    /// [probes](Self::liveness) answer for every host, because what asks them uses the address of the machine. So
    /// does everything for a request that names no host, which no browser sends.
    ///
    /// The app that is served decides: those of nested and merged apps do not count.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home() -> &'static str {
    ///     "home"
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().allowed_hosts(["shop.example", "*.shop.example"]));
    /// let ask = |host| client.get("/").header("host", host).send().status();
    /// assert_eq!(ask("shop.example:8000"), 200);
    /// assert_eq!(ask("www.shop.example"), 200);
    /// assert_eq!(ask("evil.example"), 421);
    /// # }
    /// ```
    pub fn allowed_hosts<H: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        let mut allowed = Hosts::default();
        for host in hosts {
            let host = host.as_ref().to_ascii_lowercase();
            match Host::parse(&host) {
                Ok(_) => *allowed.entry(&host) = (),
                Err(problem) => {
                    self.problems.push(format!("`{host}` is no host for `allowed_hosts`: {problem}"));
                }
            }
        }
        self.settings.allowed_hosts = Some(AllowedHosts(allowed));
        self
    }
}

impl Assembled {
    /// Whether the request is for a host that the app does not answer for.
    pub(crate) fn refuses_host(&self, head: &request::Parts) -> bool {
        let Some(AllowedHosts(hosts)) = &self.settings.allowed_hosts else { return false };
        let names_host = head.uri.authority().is_some() || head.headers.contains_key(HOST);
        names_host
            && hosts.find(head).is_none()
            && !self.probes.endpoints().any(|(_, path)| path == head.uri.path())
    }
}
