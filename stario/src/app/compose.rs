//! Apps made of apps: merged, under a prefix, by host.

use std::sync::Arc;

use super::parts::{Effective, Part, without_handlers};
use super::{App, guards};
use crate::handler::{EndpointRoute, HandlerRoute};
use crate::intern::intern;
use crate::links::LinkScope;
use crate::route::RouteInfo;
use crate::routing::{Host, PathPattern};

impl App {
    /// Adds another app's handlers and state to this one, usually those of a library crate.
    ///
    /// The settings of the other app hold for its routes, and where it sets nothing, this one's do: body limit, error
    /// pages and rejections, [`same_origin`](Self::same_origin), security headers, compression, pings and write buffer. What
    /// belongs to the server, such as [`limits`](Self::limits) and [`trust_proxies`](Self::trust_proxies), is set on the app
    /// that is served; on the other app it keeps the app from starting.
    pub fn merge(mut self, mut other: App) -> Self {
        other.wrap_routes();
        self.absorb(other);
        self
    }

    /// Adds another app under a prefix: its `/users/{id}` is answered at `/admin/users/{id}`, its `/` at
    /// `/admin`. Everything below the prefix is the other app's: its settings hold for each path there, found or not,
    /// and captures of this app's routes do not match there. All else is as with [`merge`](Self::merge).
    ///
    /// The prefix is made of literal segments; any other prefix, and an app that was added before, keep the app
    /// from starting. Links and actions of nested handlers include the prefix. In whatever an app runs (handlers,
    /// streams, layers, error pages, hooks) and in [`AppHandle::links`](crate::AppHandle::links), it is the prefix in
    /// that app. Elsewhere, such as in `main`, in a test or in a spawned task, it is the prefix given last, by this
    /// method or by assembling an app: on the same thread or, if there was none, in the process. With one app in a
    /// process, all of these are the same; only a link that is built before the app is nested has no prefix.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// stario::app!();
    /// stario::app!(admin);
    ///
    /// #[app::query("/")]
    /// async fn home() -> Html {
    ///     html! { <a href={get_user::url(7)}>"User 7"</a> }
    /// }
    ///
    /// #[app::query("/users/{id}", app = admin)]
    /// async fn get_user(id: PathParam<u32>) -> u32 {
    ///     id.0
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().nest("/admin", admin::new()));
    /// assert_eq!(client.get("/").send().text(), r#"<a href="/admin/users/7">User 7</a>"#);
    /// assert_eq!(client.get("/admin/users/7").send().text(), "7");
    /// # }
    /// ```
    pub fn nest(mut self, prefix: &str, mut other: App) -> Self {
        if let Err(problem) = check_prefix(prefix) {
            self.problems.push(format!("`{prefix}` is not a prefix for an app: {problem}"));
        }
        if let Some(host) = other.hosts().next() {
            self.problems.push(format!(
                "the app under `{prefix}` answers for `{host}`: hosts are given to the app that is served"
            ));
        }
        other.wrap_routes();
        for mount in &mut other.mounts {
            mount.move_under(prefix);
        }
        for route in &mut other.routes {
            route.target.stages.iter_mut().for_each(|stage| *stage = Arc::new(stage.under(prefix)));
            route.path =
                if route.path == "/" { intern(prefix) } else { intern(&format!("{prefix}{}", route.path)) };
            route.pattern = PathPattern::new(route.path);
            route.target.prefix = intern(&format!("{prefix}{}", route.target.prefix));
        }
        for part in &mut other.parts {
            part.prefix = intern(&format!("{prefix}{}", part.prefix));
        }
        LinkScope::note(other.parts.iter().map(Part::place));
        self.absorb(other);
        self
    }

    /// Adds another app for the requests to one host, `api.example.com`, or to all hosts below one,
    /// `*.example.com`. All else is as with [`merge`](Self::merge).
    ///
    /// An exact host wins over `*.`, and a longer `*.` over a shorter one. The app itself answers for all other
    /// hosts, and for none of these. Case and port are ignored. Several hosts can have the same app. A link to a
    /// handler is only a path, so it works on the same host only.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// stario::app!();
    /// stario::app!(api);
    ///
    /// #[app::query("/")]
    /// async fn home() -> &'static str {
    ///     "home"
    /// }
    ///
    /// #[app::query("/", app = api)]
    /// async fn index() -> &'static str {
    ///     "index"
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().host("api.example.com", api::new()));
    /// assert_eq!(client.get("/").send().text(), "home");
    /// assert_eq!(client.get("/").header("host", "API.example.com:8000").send().text(), "index");
    /// # }
    /// ```
    pub fn host(mut self, host: &str, mut other: App) -> Self {
        match Host::parse(&host.to_ascii_lowercase()) {
            Ok(_) => {}
            Err(problem) => self.problems.push(format!("`{host}` is not a host for an app: {problem}")),
        }
        if let Some(inner) = other.hosts().next() {
            self.problems.push(format!(
                "the app of `{host}` answers for `{inner}`: hosts are given to the app that is served"
            ));
        }
        let host = intern(&host.to_ascii_lowercase());
        other.wrap_routes();
        for route in &mut other.routes {
            route.host = Some(host);
        }
        other.mounts.iter_mut().for_each(|mount| mount.set_host(host));
        for part in &mut other.parts {
            part.host = Some(host);
        }
        self.absorb(other);
        self
    }

    /// Adds a handler made by [`#[handler]`](macro@crate::handler), with its path and kind.
    pub fn route(mut self, route: HandlerRoute) -> Self {
        match route.into_route() {
            Ok(route) => self.routes.push(route),
            Err(problem) => self.problems.push(problem),
        }
        self
    }

    /// The routes of the app, ordered by path.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/users/{id}")]
    /// async fn get_user(id: PathParam<u32>) -> u32 {
    ///     id.0
    /// }
    ///
    /// # fn main() {
    /// let routes = app::new().routes();
    /// assert_eq!(routes[0].to_string(), "GET /users/{id}");
    /// assert!(routes[0].handler().ends_with("::get_user"));
    /// # }
    /// ```
    pub fn routes(&self) -> Vec<RouteInfo> {
        let mut routes: Vec<&EndpointRoute> = self.routes.iter().collect();
        routes.sort_by_key(|route| route.order());
        let mut effective = Effective::new(Arc::new(self.settings.part.clone()));
        routes
            .into_iter()
            .map(|route| guards::info(route, &guards::settings(route, &mut effective)))
            .collect()
    }

    /// The hosts that parts of this app answer for.
    fn hosts(&self) -> impl Iterator<Item = &'static str> {
        self.parts.iter().filter_map(|part| part.host)
    }

    fn absorb(&mut self, other: App) {
        // One that is made of others may have none of its own.
        if other.has_nothing_to_answer() && other.parts.len() == 1 {
            self.problems.push(without_handlers(&other.parts));
        }
        for part in &other.parts {
            // Several hosts can have the same app: its links lead to the same path on each.
            let is_same = |present: &&Part| {
                present.routes == part.routes && (present.host == part.host || present.prefix != part.prefix)
            };
            if let Some(present) = self.parts.iter().find(is_same) {
                let place = |part: &Part| match part.prefix {
                    "" => "`/`".to_owned(),
                    prefix => format!("`{prefix}`"),
                };
                let Part { module, .. } = part;
                self.problems.push(format!(
                    "`{module}` is part of this app twice, at {} and at {}: its links could lead to one only",
                    place(present),
                    place(part)
                ));
            }
        }
        self.problems.extend(other.settings.served.given().into_iter().map(|setting| {
            let module = other.parts.first().map(|part| part.module).unwrap_or_default();
            format!(
                "`{setting}` of the app of `{module}` belongs to the app that is served: give it to that one"
            )
        }));
        // The other app's settings hold for its routes, and below its prefix or host.
        let settings = Arc::new(other.settings.part);
        for mut mount in other.mounts {
            mount.settings.push(Arc::clone(&settings));
            self.add_mount(mount);
        }
        self.routes.extend(other.routes.into_iter().map(|mut route| {
            route.target.settings.push(Arc::clone(&settings));
            route
        }));
        self.parts.extend(other.parts.into_iter().map(|mut part| {
            part.settings.push(Arc::clone(&settings));
            part
        }));
        self.problems.extend(other.problems);
        for name in self.states.merge(other.states) {
            self.problems.push(format!("both apps bring state of type `{name}`"));
        }
        if self.datastar_file.is_some() && other.datastar_file.is_some() {
            self.problems
                .push("both apps bring a Datastar client; give it to the one that is served".to_owned());
        }
        self.datastar_file = self.datastar_file.take().or(other.datastar_file);
        self.probes = std::mem::take(&mut self.probes).or(other.probes);
        self.replacements.extend(other.replacements);
        self.hooks.extend(other.hooks);
        self.known.merge(other.known);
    }
}

fn check_prefix(prefix: &str) -> Result<(), String> {
    let pattern = PathPattern::checked(prefix)?;
    if pattern.captures().next().is_some() {
        return Err("links could not fill its captures; write literal segments".to_owned());
    }
    if pattern.segments().is_empty() {
        return Err("it adds nothing; use `merge`".to_owned());
    }
    Ok(())
}
