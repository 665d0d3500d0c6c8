//! The methods of `App` that set where it is served, and how it comes by its sockets.

use std::path::PathBuf;

use super::App;
use crate::settings::parse_address;

impl App {
    /// Listens on this address unless the environment names one: `0.0.0.0:8080`, `[::]:80`, or `unix:` and the
    /// path of a socket. Call it once per address; by default it is 127.0.0.1:8000. An invalid address keeps the
    /// app from starting.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # fn main() {
    /// app::new().listen("0.0.0.0:8080").listen("unix:/run/shop.sock").check().unwrap();
    /// let problems = app::new().listen("everywhere").check().unwrap_err();
    /// assert!(problems.to_string().contains("`everywhere` is not an address"));
    /// # }
    /// ```
    pub fn listen(mut self, address: impl AsRef<str>) -> Self {
        let address = address.as_ref();
        match parse_address(address) {
            Some(address) => self.settings.served.listen.push(address),
            None => self.problems.push(format!(
                "`{address}` is not an address to listen on: write `0.0.0.0:8000`, `[::]:8000` or `unix:/run/app.sock`"
            )),
        }
        self
    }

    /// Takes over the listening sockets of the process that serves the app so far, and hands them over to the next one, by a
    /// Unix socket at this path. So a new version takes the place of the old one, and no connection is refused. None
    /// unless set. `STARIO_HAND_OVER_SOCKET`
    ///
    /// [`serve`](Self::serve) connects to the path first. If another process answers, it passes its listening sockets. This process
    /// then makes its start: eager singletons and the hooks of [`on_start`](Self::on_start). When it is ready, the other process
    /// stops accepting connections, this one begins, and the other one ends as at SIGTERM. If this process fails before it is ready, or
    /// takes longer than 5 minutes, the other one goes on. If no process answers, this one opens its own sockets.
    ///
    /// Sockets are matched by address: one that the other process does not have is opened, and one that only
    /// the other process had is closed. Port 0 takes any port of the other process. No requests, connections or certificates are
    /// passed.
    ///
    /// The folder has to belong to the user of the process or to root, and others may not write in it; both processes have to run as
    /// the same user. The path is ignored by [`serve_on`](Self::serve_on). On systems other than Unix, `serve` fails.
    ///
    /// The page on deployment shows the units for systemd: `docs/deployment.md`.
    ///
    /// ```no_run
    /// use stario::prelude::*;
    ///
    /// stario::app!();
    ///
    /// #[app::query("/")]
    /// async fn home() -> &'static str {
    ///     "Welcome"
    /// }
    ///
    /// #[tokio::main]
    /// async fn main() -> stario::Result {
    ///     app::new().listen("0.0.0.0:8000").hand_over("/run/shop/hand-over.sock").serve().await
    /// }
    /// ```
    pub fn hand_over(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.served.hand_over = Some(path.into());
        self
    }

    /// Speaks TLS, with the certificate chain and the private key of these PEM files, unless the environment
    /// names others in `STARIO_SSL_CERTFILE` and `STARIO_SSL_KEYFILE`. On Unix sockets there is no TLS.
    ///
    /// Versions are 1.2 and 1.3, and HTTP/2 is negotiated. The files are read when the server starts, and
    /// again within a minute of a change and on SIGHUP; new connections then get the new certificate. If the
    /// files cannot be read, the old one stays.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.settings.served.tls = Some((certificate.into(), key.into()));
        self
    }
}
