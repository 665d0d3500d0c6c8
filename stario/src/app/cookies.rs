//! The method of `App` that sets how the cookies of sessions and messages go.

use super::App;

impl App {
    /// Sets whether the cookies of [`Session`](crate::Session) and [`Flash`](crate::Flash) go over HTTPS alone: `__Host-session` and
    /// `__Host-flash`, with `Secure`; `session` and `flash` without it.
    ///
    /// Unless set, they do, with one exception for those who develop: a build with debug assertions sends the plain ones to a browser on
    /// the same machine that asks for `http://localhost`. All of these must hold: the connection comes from a loopback address, the
    /// request is for `localhost` or a loopback address, and no header says that a proxy has passed it on, unless that is a
    /// [trusted](Self::trust_proxies) one whose `x-forwarded-proto` is `http`. A release build has no exception, because a
    /// proxy that adds no headers and asks for `localhost` looks like such a browser.
    ///
    /// `secure_cookies(false)` is for an app that is served by plain HTTP, as in a network at home: browsers drop a `Secure` cookie
    /// of such a page, so nobody could log in. On `http://localhost` Chrome and Firefox keep it, and Safari drops it.
    ///
    /// The app that is served decides; on another part it keeps the app from starting.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::Flash;
    ///
    /// # stario::app!();
    /// #[app::command("/save")]
    /// async fn save(flash: Flash) -> Result {
    ///     Ok(flash.push("Saved.")?)
    /// }
    ///
    /// # fn main() {
    /// let save = |app| TestClient::new(app).post("/save").header("host", "192.168.1.5:8000").send();
    /// assert!(save(app::new()).cookie("__Host-flash").is_some());
    /// assert!(save(app::new().secure_cookies(false)).cookie("flash").is_some());
    /// # }
    /// ```
    pub fn secure_cookies(mut self, are_secure: bool) -> Self {
        self.settings.served.secure_cookies = Some(are_secure);
        self
    }
}
