//! Guards: what a request must have before a part of the app answers it.

use std::sync::Arc;

use super::App;
use super::parts::Effective;
use crate::handler::EndpointRoute;
use crate::route::{HandlerKind, RouteInfo};
use crate::settings::{Admission, Guard, PartSettings};

/// The route as lists show it.
pub(super) fn info(route: &EndpointRoute, settings: &PartSettings) -> RouteInfo {
    let guards = settings.guards().map(|guard| guard.name);
    RouteInfo::new(route, &route.target.endpoint.info, guards)
}

/// The problem of a handler whose responses shared caches may keep, though guards decide who gets them.
pub(super) fn passed_by_caches(route: &EndpointRoute, settings: &PartSettings) -> Option<String> {
    let endpoint = &route.target.endpoint.info;
    let cache = endpoint.caching?.cache?;
    let guard = settings.guards().next()?.name;
    let is_asked = |directive: &str| matches!(directive.trim(), "private" | "no-store" | "no-cache");
    (!cache.split(',').any(is_asked)).then(|| {
        format!(
            "{endpoint} has the guard `{guard}`, which a shared cache would not ask: add `private` to `cache = \"{cache}\"`"
        )
    })
}

/// The settings that hold for the route. The files of an app are no secret, so they have no guard.
pub(super) fn settings(route: &EndpointRoute, effective: &mut Effective) -> Arc<PartSettings> {
    let settings = effective.of(&route.target.settings);
    if route.target.endpoint.info.kind != HandlerKind::Files || settings.guards().next().is_none() {
        return settings;
    }
    let mut settings = PartSettings::clone(&settings);
    settings.admissions.retain(|admission| !matches!(admission, Admission::Guard(_)));
    Arc::new(settings)
}

impl App {
    /// Resolves this dependency before every handler of this app, and answers a request for which it fails with that
    /// failure: `admin::new().guard(app::require::<Admin>())`.
    ///
    /// `app::require` is made by [`app!`](crate::app!), and takes any type that has a provider in the crate. It is resolved
    /// before the parameters of the handler, and a handler that takes it, too, gets the same value. Of several
    /// guards, those of the outermost app come first, in the order in which they are given. Under a prefix or a host a guard
    /// holds for each path there, also where nothing is found, and for services that are mounted there. The probes, the
    /// Datastar client and the files of [`assets!`](crate::assets) have no guard.
    ///
    /// One line guards the handlers of a module, and of the modules in it: `app::require!(Admin);`. The routes that the server
    /// lists when it starts name their guards, and [`RouteInfo::guards`](crate::RouteInfo::guards) does: so a test can forbid
    /// handlers without one.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// stario::app!();
    /// stario::app!(admin);
    ///
    /// struct Admin;
    ///
    /// #[dependency]
    /// fn admin_of(token: Header<Option<String>>) -> stario::Result<Admin> {
    ///     match token.as_deref() {
    ///         Some("secret") => Ok(Admin),
    ///         _ => Err(stario::Error::new(StatusCode::UNAUTHORIZED, "sign in first")),
    ///     }
    /// }
    ///
    /// #[app::query("/users", app = admin)]
    /// async fn users() -> &'static str {
    ///     "users"
    /// }
    ///
    /// # fn main() {
    /// let app = app::new().nest("/admin", admin::new().guard(app::require::<Admin>()));
    /// assert!(app.routes().iter().all(|route| route.guards().any(|guard| guard.ends_with("::Admin"))));
    /// let client = TestClient::new(app);
    /// assert_eq!(client.get("/admin/users").send().status(), 401);
    /// assert_eq!(client.get("/admin/no-such-path").send().status(), 401);
    /// assert_eq!(client.get("/admin/users").header("token", "secret").send().text(), "users");
    /// # }
    /// ```
    pub fn guard(mut self, guard: Guard) -> Self {
        self.settings.part.admissions.push(Admission::Guard(guard));
        self
    }
}
