//! What an app is: its routes, its state, and the check that both fit, before it serves anything.

mod answers;
mod compose;
mod discover;
mod hooks;
mod layers;
mod limits;
mod mounts;
mod prefixes;
mod probes;
mod requirements;
mod same_origin;
mod security_headers;
mod settings;
mod states;
mod work;

use std::any::TypeId;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::datastar::ClientFile;
use crate::error::Result;
use crate::extract::RouteInfo;
use crate::handler::{Endpoint, Kind};
use crate::inject::{Cleanups, ProvideFn, Provider, Replacement, Slots};
use crate::layer::{Layers, Stage};
use crate::response::{self, Response};
use crate::routing::{Pattern, Route, Router};
use crate::server::Config;

pub(crate) use answers::Answers;
use compose::Part;
pub(crate) use compose::intern;
pub use discover::{Registration, inventory};
use hooks::{Hook, Hooks};
pub use limits::Limits;
pub(crate) use mounts::Mount;
pub use mounts::OriginalUri;
pub(crate) use prefixes::{Prefixes, prefix_of};
use probes::Probes;
use requirements::ProviderPlace;
pub(crate) use same_origin::CROSS_ORIGIN;
pub use same_origin::SameOrigin;
pub use security_headers::SecurityHeaders;
pub use settings::ProxyHeader;
pub(crate) use settings::{Proxies, Settings};
pub(crate) use states::States;
pub use work::Unfinished;
pub(crate) use work::{Work, until_cut};

/// Declares this crate's app. Write it once, in the crate's root.
///
/// It makes a module `app` with the attributes `app::query`, `app::command` and `app::detached_command`,
/// which register a function wherever in the crate it stands, and with `app::new()`, which returns the [`App`] of them all. In other
/// modules, `use crate::app;`.
///
/// What stands in an attribute says which requests the function answers:
///
/// | in the attribute | |
/// |---|---|
/// | `"/users/{id}"` | `{id}` is one segment of the path, for the parameter `id: PathParam<..>` |
/// | `"/files/{path...}"` | a last `{path...}` is the rest of the path, one segment or more |
/// | `method = DELETE` | a method other than GET or POST; quoted if it is not an identifier, `"X-PURGE"` |
/// | `headers("X-Mode" = "a")` | only requests whose first header of this name has exactly this value |
/// | `app = admin` | the app that it belongs to, see below |
/// | `layer = the_layer()` | a layer of `tower` around this handler alone, see [`App::layer`] |
/// | `body_limit = 64 * 1024` | the most bytes of a body, instead of [`App::body_limit`] |
///
/// Paths are matched as they are sent, segment by segment, and each segment is decoded once, so `%2F` is part
/// of its segment. A literal wins over `{name}`, and `{name}` over `{name...}`; where the more specific route
/// lacks the method or the headers, the next one answers. Of several routes with the same path and method, the
/// one with the most headers wins; a request with the headers of none of them is answered 400. HEAD and OPTIONS
/// are answered wherever there is a handler, any other method is 405 with `allow`, and a path with a trailing
/// slash is redirected (308) to the one without. Two handlers with the same method, path and headers do not
/// compile.
///
/// A crate with several apps declares the others by a name, `stario::app!(admin);`. This makes a module
/// `admin` with `admin::new()`; a handler of that app says so, `#[app::query("/users", app = admin)]`. See
/// [`App::nest`] and [`App::host`] for what they are good for.
///
/// Each handler brings `url(..)` and `action(..)`, which lead to it: `get_user::url(7)` is a
/// [`Url`](crate::Url), `get_user::action(7)` the Datastar [`Action`](crate::Action) that calls it. Their
/// arguments are the captures of the path; query parameters are set on the [`Link`](crate::Link) that they
/// return. A wrong name, number or type of arguments does not compile. The two are functions of a type with the
/// handler's name, so no other type or module next to the handler can have that name.
///
/// ```
/// use stario::prelude::*;
///
/// stario::app!();
///
/// #[app::query("/")]
/// async fn home() -> Html {
///     html! { <h1>"Welcome"</h1> }
/// }
///
/// fn main() {
///     let client = TestClient::new(app::new());
///     assert_eq!(client.get("/").send().text(), "<h1>Welcome</h1>");
/// }
/// ```
#[macro_export]
macro_rules! app {
    ($name:ident) => {
        /// Another app of this crate: handlers name it, `#[app::query("/", app = ..)]`.
        pub mod $name {
            #[doc(hidden)]
            pub use $crate::__private::{unnamed as command, unnamed as detached_command, unnamed as query};

            /// Tells this app's routes from those of others.
            #[doc(hidden)]
            #[derive(Debug)]
            pub struct Routes;

            /// The app of all handlers that name it.
            #[must_use]
            pub fn new() -> $crate::App {
                $crate::__private::discover::<Routes>(::core::module_path!())
            }
        }
    };
    () => {
        /// This crate's app: the attributes that register handlers, and `new()`.
        pub mod app {
            #[doc(hidden)]
            pub use $crate::__private as __stario;
            pub use $crate::__private::{command, detached_command, query};

            /// Tells this crate's routes from those of others.
            #[doc(hidden)]
            #[derive(Debug)]
            pub struct Routes;

            /// The app of all handlers that this crate registers.
            #[must_use]
            pub fn new() -> $crate::App {
                $crate::__private::discover::<Routes>(::core::module_path!())
            }
        }
    };
}

/// The handlers of one or more crates, with the state they share.
///
/// Made by `app::new()` (see [`app!`](crate::app!)); served by [`App::serve`], or called in tests by a
/// [`TestClient`](crate::TestClient).
#[must_use = "an app does nothing until it is served"]
pub struct App {
    routes: Vec<Route>,
    /// The apps it is made of, itself included.
    parts: Vec<Part>,
    states: States,
    datastar_file: Option<ClientFile>,
    probes: Probes,
    settings: Settings,
    answers: Answers,
    layers: Layers,
    mounts: Vec<Mount>,
    replacements: Replacements,
    /// In the order in which they were given.
    hooks: Vec<Hook>,
    problems: Vec<String>,
}

/// By the type of the provider that is replaced.
type Replacements = HashMap<TypeId, Replacement>;

/// Finds the handlers registered for the app whose routes are `R`.
pub fn discover<R: 'static>(module: &'static str) -> App {
    let routes = TypeId::of::<R>();
    App {
        routes: discover::endpoints(routes).into_iter().map(Route::new).collect(),
        parts: vec![Part { routes, module, prefix: "", host: None }],
        states: States::default(),
        datastar_file: None,
        probes: Probes::default(),
        settings: Settings::default(),
        answers: Answers::default(),
        layers: Layers::default(),
        mounts: Vec::new(),
        replacements: Replacements::new(),
        hooks: Vec::new(),
        problems: Vec::new(),
    }
}

impl App {
    /// Gives the app a value that handlers take as [`State<T>`](crate::State), one per type.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        if !self.states.insert(value) {
            let name = std::any::type_name::<T>();
            self.problems
                .push(format!("state of type `{name}` is given twice; wrap one in a type of its own"));
        }
        self
    }

    /// Replaces one provider by another wherever its value is taken, as tests do with a database. The value is
    /// shared as before; the other provider has its own parameters.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// struct Clock(u64);
    ///
    /// #[dependency]
    /// fn clock() -> Clock {
    ///     Clock(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs())
    /// }
    ///
    /// #[app::query("/now")]
    /// async fn now(clock: &Clock) -> u64 {
    ///     clock.0
    /// }
    ///
    /// # fn main() {
    /// mod fixed {
    ///     # use stario::prelude::*;
    ///     #[dependency(by_name)]
    ///     pub(super) fn clock() -> super::Clock {
    ///         super::Clock(7)
    ///     }
    /// }
    ///
    /// let client = TestClient::new(app::new().replace(clock::with::<fixed::clock>()));
    /// assert_eq!(client.get("/now").send().text(), "7");
    /// # }
    /// ```
    pub fn replace(mut self, replacement: Replacement) -> Self {
        let [replaced, by] = replacement.infos.map(|info| info());
        if replaced.is_singleton && !by.is_singleton {
            let message = format!(
                "{} is a singleton, and {}, which replaces it, belongs to one request; make it one too",
                ProviderPlace(&replaced),
                ProviderPlace(&by)
            );
            self.problems.push(message);
        }
        self.replacements.insert(replacement.of, replacement);
        self
    }

    /// Serves the Datastar client from this file rather than from its CDN. The file is read now; its URL
    /// contains a hash of the content, so browsers can cache it forever.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn datastar_file(mut self, path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let content = std::fs::read(path).map_err(|error| {
            std::io::Error::new(error.kind(), format!("the Datastar client {}: {error}", path.display()))
        })?;
        self.datastar_file = Some(ClientFile::new(content));
        Ok(self)
    }

    /// Checks that the app can serve: no two handlers for the same method and path, all state and dependencies
    /// that handlers take, no dependency cycles, no layer without a route. A test can call it.
    ///
    /// # Errors
    ///
    /// All problems at once, each with file and line.
    pub fn check(self) -> Result<(), Problems> {
        self.assemble().map(drop)
    }

    /// Serves the app until SIGINT, SIGTERM or SIGHUP, then ends gracefully.
    ///
    /// It runs the hooks of [`on_start`](Self::on_start), then listens: on the sockets passed by systemd or by
    /// a program with the same protocol; else on `STARIO_UNIX_SOCKET` (with the octal mode
    /// `STARIO_UNIX_SOCKET_MODE`, by default 660); else on `STARIO_HOST`, one or more IP addresses separated by
    /// commas, and `STARIO_PORT`, where 0 is any free port; else where [`listen`](Self::listen) says; else on
    /// 127.0.0.1:8000. It speaks HTTP/1.1 and HTTP/2, prints its addresses and routes, and logs to standard
    /// error unless a `tracing` subscriber is installed. What clients may use is set by [`Limits`].
    ///
    /// At the signal it stops listening, ends event streams and closes idle connections at once; then requests
    /// have 5 seconds to finish and detached commands 20; then singletons are cleaned up, and the hooks of
    /// [`on_stop`](Self::on_stop) run. A second signal, at least 0.2 seconds later, cuts all of that short. A
    /// handler that blocks its thread cannot be cut off: the process exits without it, with status 1. SIGHUP
    /// reloads the certificate instead where TLS is used, and is left alone in a program that was started with
    /// `nohup` or listens to it already.
    ///
    /// # Errors
    ///
    /// The problems that [`App::check`] finds, environment variables that are invalid, a start hook that failed,
    /// an address that cannot be listened on; and [`Unfinished`], when something was cut off or a second signal
    /// came: with `?` in `main`, the exit status tells. A request never ends the server.
    pub async fn serve(mut self) -> Result {
        crate::telemetry::init()?;
        let _flush = crate::telemetry::FlushAtEnd;
        let config = Config::from_env(&mut self.settings)?;
        let app = self.assemble()?;
        crate::server::serve(Arc::new(app), config).await
    }

    /// Serves the connections of `listener` until `stop` resolves, then ends as [`App::serve`] does. It does not
    /// read the environment, print, or handle signals.
    ///
    /// ```
    /// use stario::prelude::*;
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    ///
    /// # #[tokio::main]
    /// # async fn main() -> stario::Result {
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let server = tokio::spawn(app::new().serve_on(listener, async { drop(stopped.await) }));
    /// drop(stop);
    /// server.await?
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The problems that [`App::check`] finds, the failure of a start hook, or [`Unfinished`].
    pub async fn serve_on(self, listener: TcpListener, stop: impl Future<Output = ()>) -> Result {
        let app = self.assemble()?;
        crate::server::serve_on(Arc::new(app), listener, stop).await
    }

    fn has_nothing_to_answer(&self) -> bool {
        self.routes.is_empty() && self.mounts.is_empty()
    }

    /// The app in the form that serves requests.
    pub(crate) fn assemble(mut self) -> Result<Assembled, Problems> {
        // Parts that have none say so themselves.
        if self.has_nothing_to_answer() && self.parts.len() == 1 {
            self.problems.push(without_handlers(&self.parts));
        }
        self.routes.sort_by_cached_key(Route::order);
        let stages = std::mem::take(&mut self.layers).into_stages();
        self.problems.extend(layers::idle(&stages, &self.patterns()));
        let followed = requirements::follow(&self.routes, &self.states, &self.replacements);
        self.problems.extend(followed.problems);
        if !self.settings.has_nonces() {
            self.problems.extend(followed.nonce_takers.iter().map(|taker| {
                format!(
                    "{taker} takes a `Nonce`, which no policy names; set one with `.security_headers(..)`"
                )
            }));
        }
        let mut router = Router::default();
        let routes: Vec<RouteInfo> = self.routes.iter().map(RouteInfo::new).collect();
        let hosts: BTreeSet<Option<&str>> =
            self.routes.iter().map(|route| route.host).chain([None]).collect();
        let client = self.datastar_file.iter().map(|file| (&DATASTAR_FILE, &*file.path));
        let built_in = client.chain(self.probes.endpoints()).flat_map(|(endpoint, path)| {
            let path = intern(path);
            let at = move |host| Route { path, host, pattern: Pattern::new(path), ..Route::new(endpoint) };
            hosts.iter().copied().map(at)
        });
        let built_in: Vec<Route> = built_in.collect();
        for mut route in self.routes.into_iter().chain(built_in) {
            route.stages.extend(route.endpoint.layer.map(Stage::of_handler).map(Arc::new));
            let info = RouteInfo::new(&route);
            if let Err(present) = router.insert(route)
                // An app that is there twice is reported by that.
                && !std::ptr::eq(present.endpoint, info.endpoint())
            {
                self.problems.push(format!(
                    "{info} is answered twice:\n    {}\n    {}",
                    Place(present.endpoint),
                    Place(info.endpoint()),
                ));
            }
        }
        if !self.problems.is_empty() {
            return Err(Problems(self.problems));
        }
        Ok(Assembled {
            prefixes: Prefixes::note(self.parts.iter().map(Part::place)),
            routes,
            router,
            states: self.states,
            datastar_file: self.datastar_file,
            probes: self.probes,
            work: Work::new(self.settings.detached_limit()),
            hooks: Hooks::new(self.hooks),
            settings: self.settings,
            answers: self.answers,
            stages: stages.into(),
            mounts: self.mounts.into_iter().map(Arc::new).collect(),
            replacements: self.replacements,
            body_readers: followed.body_readers,
            singletons: Slots::default(),
            cleanups: Cleanups::default(),
            stop: CancellationToken::new(),
        })
    }
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("App").field("routes", &self.routes).finish_non_exhaustive()
    }
}

/// What an app that answers nothing says, with the usual causes.
fn without_handlers(parts: &[Part]) -> String {
    let modules: Vec<&str> = parts.iter().map(|part| part.module).collect();
    let attribute = match parts.first().and_then(|part| part.module.rsplit("::").next()) {
        Some(name) if name != "app" => format!("#[app::query(\"/\", app = {name})]"),
        _ => "#[app::query(\"/\")]".to_owned(),
    };
    format!(
        "`{}` has no handler; annotate one with {attribute}, or merge the app of the crate that has them",
        modules.join("`, `")
    )
}

/// Answers the client file that the app serves itself.
static DATASTAR_FILE: Endpoint = Endpoint {
    kind: Kind::Query,
    method: "GET",
    headers: &[],
    layer: None,
    path: "/datastar-{hash}.js",
    handler: "stario::datastar_file",
    file: file!(),
    line: line!(),
    is_checked: true,
    requirements: Vec::new,
    call: |scope| Box::pin(async move { datastar_response(scope.app().datastar_file()) }),
};

fn datastar_response(file: Option<&ClientFile>) -> Response {
    use http::header::{CACHE_CONTROL, HeaderValue};
    let content = file.map(|file| file.content.clone()).unwrap_or_default();
    let mut response =
        response::with_type(HeaderValue::from_static("text/javascript; charset=utf-8"), content);
    response::set(response.headers_mut(), CACHE_CONTROL, "public, max-age=31536000, immutable");
    response
}

/// Everything that keeps an app from serving, each problem with its file and line where it has one.
#[derive(Clone, PartialEq, Eq)]
pub struct Problems(Vec<String>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the app cannot start:")?;
        self.0.iter().try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}

impl fmt::Debug for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Where a handler stands.
pub(crate) struct Place<'a>(pub(crate) &'a Endpoint);

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Endpoint { handler, file, line, .. } = self.0;
        write!(formatter, "{handler} at {file}:{line}")
    }
}

/// A checked app, shared by all its connections.
pub(crate) struct Assembled {
    /// In the order of their paths.
    routes: Vec<RouteInfo>,
    prefixes: Prefixes,
    router: Router,
    states: States,
    datastar_file: Option<ClientFile>,
    probes: Probes,
    settings: Settings,
    answers: Answers,
    /// Around all that is answered.
    stages: Arc<[Arc<Stage>]>,
    mounts: Vec<Arc<Mount>>,
    replacements: Replacements,
    /// Providers whose value is made of the request's body.
    body_readers: HashSet<TypeId>,
    singletons: Slots,
    /// The singletons'.
    cleanups: Cleanups,
    /// Cancelled when the server is told to stop.
    stop: CancellationToken,
    work: Work,
    hooks: Hooks,
}

impl Assembled {
    /// In the order of their paths.
    pub(crate) fn routes(&self) -> &[RouteInfo] {
        &self.routes
    }

    pub(crate) fn prefixes(&self) -> &Prefixes {
        &self.prefixes
    }

    pub(crate) fn router(&self) -> &Router {
        &self.router
    }

    pub(crate) fn states(&self) -> &States {
        &self.states
    }

    pub(crate) fn datastar_file(&self) -> Option<&ClientFile> {
        self.datastar_file.as_ref()
    }

    pub(crate) fn probes(&self) -> &Probes {
        &self.probes
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The layers around all that is answered, the outermost first.
    pub(crate) fn stages(&self) -> &Arc<[Arc<Stage>]> {
        &self.stages
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.answers
    }

    pub(crate) fn replacement<P, V>(&self) -> Option<ProvideFn<V>>
    where
        P: Provider<V>,
        V: Send + Sync + 'static,
    {
        if self.replacements.is_empty() {
            return None;
        }
        self.replacements.get(&TypeId::of::<P>())?.call.downcast_ref().copied()
    }

    pub(crate) fn reads_body(&self, provider: TypeId) -> bool {
        // An empty set is not hashed for.
        self.body_readers.contains(&provider)
    }

    pub(crate) fn singletons(&self) -> &Slots {
        &self.singletons
    }

    pub(crate) fn cleanups(&self) -> &Cleanups {
        &self.cleanups
    }

    pub(crate) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Work that goes on without its request.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        self.work.tasks()
    }

    pub(crate) fn work(&self) -> &Work {
        &self.work
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.hooks
    }
}
