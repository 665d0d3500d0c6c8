//! What an app is: its routes, its state, and the check that both fit, before it serves anything.

mod addresses;
mod answers;
mod assemble;
#[cfg(feature = "files")]
mod asset_check;
mod client_file;
mod component_check;
mod compose;
#[cfg(feature = "sessions")]
mod cookies;
mod declared_signals;
mod discover;
mod durable;
mod findings;
mod form_check;
mod guards;
mod hook;
mod hooks;
mod known;
mod layers;
mod literals;
mod mount;
mod mounts;
mod page_check;
mod parts;
mod probe;
mod probes;
mod requirements;
mod settings;
mod stop_sequence;

use std::any::TypeId;
use std::fmt;

use crate::datastar::ClientFile;
use crate::error::Result;
use crate::handler::EndpointRoute;
use crate::inject::{Replacement, Replacements};
use crate::layer::Layers;
use crate::settings::Settings;
use crate::states::States;

pub(crate) use assemble::Assembled;
pub use discover::{AppHook, HookKind, ModuleGuard, Registration, inventory};
pub use findings::{Problems, Warnings};
use hook::Hook;
use known::Known;
pub(crate) use mount::Mount;
pub use mount::OriginalUri;
use parts::Part;
use probe::Probes;
pub(crate) use stop_sequence::StopSequence;

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
/// | `body_limit = 64 * 1024` | the most bytes of a body, instead of [`App::body_limit`] and [`App::signals_limit`] |
/// | `timeout = "10s"` | how long it may take to answer, instead of [`App::timeout`] |
/// | `rate_limit = "5/minute"` | how often a client may ask, besides [`App::rate_limit`]; `"5/minute by user, 100/hour"` also limits by the parameter `user` |
/// | `etag = true` | a tag by which a client asks whether the page has changed; for queries |
/// | `cache = "public, max-age=60"` | the header `cache-control` of a success; for queries |
/// | `durable = "import"` | the name under which the work of a detached command is stored, see [`durable`](crate::durable) |
///
/// Paths are divided at their slashes as they are sent, then each segment is decoded once, so `%2F` is part of its
/// segment. Literals are compared decoded: `/caf%C3%A9`, `/caf%c3%a9` and `/café` are one path, also in an attribute.
/// A literal wins over `{name}`, and `{name}` over `{name...}`; where the more specific route
/// lacks the method or the headers, the next one answers. Of several routes with the same path and method, the
/// one with the most headers wins; a request with the headers of none of them is answered 400. HEAD and OPTIONS
/// are answered wherever there is a handler, any other method is 405 with `allow`, and a path with a trailing
/// slash is redirected (308) to the one without. Two handlers with the same method, path and headers do not
/// compile.
///
/// A **detached command** is answered with 204 when its parameters are resolved, and runs after that. It runs to its end
/// when its client leaves, and a stop waits for it ([`Limits::detached_stop_timeout`](crate::Limits::detached_stop_timeout)).
/// It lives in the memory of the process alone: if the process is killed (`kill -9`, out of memory), aborts, or the machine
/// loses power, all detached commands that were answered and have not ended are lost, and nothing repeats them. The
/// same holds for those that a stop cuts off at its deadline; they are named in the log. Where an answer
/// must be a promise, add `durable = "import"`: the command is stored before it is answered, and runs again after a crash. See
/// [`durable`](crate::durable) for this and for the options that go with it.
///
/// A function with `#[app::on_start]` runs before the app serves, and one with `#[app::on_stop]` when its requests have ended;
/// `app = admin` in the attribute names the app of a crate with several. Both take parameters as the provider of a singleton does:
/// `State`, `Logger`, [`AppHandle`](crate::AppHandle), [`Cleanup`](crate::Cleanup), whose work runs at the stop, and singletons. What needs a request does not compile. They return
/// nothing or a `Result`. See [`App::on_start`] for the order.
///
/// Background tasks have no parameters: `app::get::<Pool>(&handle).await?` is the singleton of a type, or why it cannot be made.
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
            pub use $crate::__private::{
                unnamed as command, unnamed as detached_command, unnamed as query, unnamed_hook as on_start,
                unnamed_hook as on_stop,
            };

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
            pub use $crate::__private::{command, detached_command, on_start, on_stop, query};
            pub use $crate::__provide as provide;
            pub use $crate::__require_in_module as require;

            /// Tells this crate's routes from those of others.
            #[doc(hidden)]
            #[derive(Debug)]
            pub struct Routes;

            /// The app of all handlers that this crate registers.
            #[must_use]
            pub fn new() -> $crate::App {
                $crate::__private::discover::<Routes>(::core::module_path!())
            }

            /// The guard of a type that has a provider in this crate, for `App::guard`.
            #[must_use]
            pub fn require<T: $crate::__private::OneProviderUnlessByName<Routes>>() -> $crate::Guard {
                $crate::__private::require::<T, Routes>()
            }

            /// The singleton of this type, where there is no request: in a background task. It is made now if the app does
            /// not have it yet.
            ///
            /// # Errors
            ///
            /// The error of its provider. The next call tries again.
            pub fn get<T: $crate::__private::SingletonOf<Routes>>(
                handle: &$crate::AppHandle,
            ) -> $crate::__private::Getting<'_, T> {
                $crate::__private::get::<T, Routes>(handle)
            }
        }
    };
}

/// Says which provider of another crate makes a type: `app::provide!(PgPool = shared::pool);`.
#[doc(hidden)]
#[macro_export]
// The routes are those of the crate that writes the line.
#[allow(clippy::crate_in_macro_def)]
macro_rules! __provide {
    ($value:ty = $provider:path) => {
        const _: () = {
            use crate::app::{__stario, Routes as __Routes};

            impl __stario::OneProviderUnlessByName<__Routes> for $value {
                type Provider = $provider;
            }
        };
    };
    ($($tokens:tt)*) => {
        ::core::compile_error!("write the type and its provider: `app::provide!(PgPool = shared::pool);`");
    };
}

/// Guards the handlers of the module in which it stands: `app::require!(Admin);`.
#[doc(hidden)]
#[macro_export]
// The routes are those of the crate that writes the line.
#[allow(clippy::crate_in_macro_def)]
macro_rules! __require_in_module {
    ($guard:ty) => {
        const _: () = {
            use crate::app::{__stario, Routes as __Routes};

            __stario::inventory::submit! {
                __stario::ModuleGuard {
                    module: ::core::module_path!(),
                    guard: __stario::require::<$guard, __Routes>,
                }
            }
        };
    };
}

/// The handlers of one or more crates, with the state they share.
///
/// Made by `app::new()` (see [`app!`](crate::app!)); served by [`App::serve`], or called in tests by a
/// [`TestClient`](crate::testing::TestClient).
#[must_use = "an app does nothing until it is served"]
pub struct App {
    routes: Vec<EndpointRoute>,
    /// The apps it is made of, itself included.
    parts: Vec<Part>,
    states: States,
    datastar_file: Option<ClientFile>,
    probes: Probes,
    pub(crate) settings: Settings,
    layers: Layers,
    mounts: Vec<Mount>,
    replacements: Replacements,
    /// In the order in which they were given.
    hooks: Vec<Hook>,
    /// What is made where no macro sees it.
    known: Known,
    problems: Vec<String>,
}

/// Finds the handlers registered for the app whose routes are `R`.
pub fn discover<R: 'static>(module: &'static str) -> App {
    let app = TypeId::of::<R>();
    App {
        routes: discover::routes(app),
        parts: vec![Part::new(app, module)],
        states: States::default(),
        datastar_file: None,
        probes: Probes::default(),
        settings: Settings::default(),
        layers: Layers::default(),
        mounts: Vec::new(),
        replacements: Replacements::new(),
        hooks: discover::hooks(app).map(Hook::Registered).collect(),
        known: Known::default(),
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
                "{replaced} is a singleton, and {by}, which replaces it, belongs to one request; make it one too"
            );
            self.problems.push(message);
        }
        self.replacements.insert(replacement.of, replacement);
        self
    }

    /// Checks that the app can serve: no two handlers for the same method and path, all state and dependencies
    /// that handlers take, no dependency cycles, no layer without a route. A test can call it.
    ///
    /// In a build with debug assertions it also checks what only meets in a browser. The macros collect the literals of
    /// all templates, handlers and streams of the program, and those in the modules of the app are compared:
    ///
    /// | reported, with file and line | |
    /// |---|---|
    /// | an event needs an id that no template has | `(Mode::Append, "#itmes", ..)`, `event::remove("#itmes")`, `.selector("#itmes")`, a [`failure_region`](Self::failure_region), and a template that is itself yielded, `yield html! { <p id="itmes"> }` |
    /// | an expression reads a signal that no page declares, binds or patches | `data-text="$nmae"`, `js("$nmae")`, `"$user.nmae"` of a `user` whose signals are known, and `{Search::q()}` where no page declares a `Search` |
    /// | a handler takes such a signal | `nmae: Signal<String>`; `search: Signals<Search>` where no page declares a `Search` |
    /// | a handler takes a signal as something that no declaration fits | `data-signals="{open: true}"` and `open: Signal<u32>` |
    /// | a signal is set or patched that nobody declares or reads | `yield json!({ "nmae": "" })` |
    /// | a signal that stays in the page is declared, and nothing reads it | `data-signals:_opne="false"`, `#[signals(local)] opne: bool` |
    /// | a form has a field that no handler takes to which it is sent | `<input name="nmae">` in a form whose handler takes `name: FormField<String>`, a [`Form`](struct@crate::Form), a [`FormBody`](crate::FormBody) or an [`UploadedFile`](crate::UploadedFile) |
    /// | an id stands twice in what one template shows | not in two arms of an `if` or `match`; also the id of a [`component`](macro@crate::component) that stands there twice, or beside another element of that id |
    /// | two elements of a template, or of its components, send the same request at the same moment | `data-init={list::action()}` on both: Datastar aborts a request when another one of the same method and URL begins |
    ///
    /// A fault is one of the [`Problems`] where it is certain: a template of the app, or of a library, is a whole page (it has a
    /// `<body>`), and nothing is out of sight. What a macro cannot see makes it a [warning](Warnings): ids that are made at run time without a
    /// literal beginning (`id={("row-", id)}` has one), attributes in `{..attrs}`, [`Raw`](crate::Raw), signals from a value
    /// whose names are not literal. A handler's signal is a problem only if it must be there and a template holds the handler's
    /// action. A signal that is set and not read, a struct of which no page declares signals, an id in a loop, under two conditions
    /// or of a component, and the field of a form are always warnings. Starting the app logs them.
    ///
    /// A form's field is reported if all that the form is sent to is known, and if a handler takes another field, which the form
    /// does not have as a literal. Forms that are sent with GET, names in `{..attrs}` and those that a component writes are not seen.
    ///
    /// Events and markup that are made in plain functions, outside of these macros, are not seen. They are never reported; if they
    /// bring an id or a signal that others need, say so with [`known_ids`](Self::known_ids) and
    /// [`known_signals`](Self::known_signals).
    ///
    /// ```standalone_crate
    /// use stario::prelude::*;
    ///
    /// stario::app!();
    ///
    /// #[app::query("/")]
    /// async fn home() -> Html {
    ///     html! { <body><ul id="items"></ul><button data-on:click={add::action()}>"Add"</button></body> }
    /// }
    ///
    /// #[app::command("/items")]
    /// async fn add() -> impl Stream<Item = Event> {
    ///     stream! {
    ///         yield (Mode::Append, "#itmes", html! { <li>"Tea"</li> });
    ///     }
    /// }
    ///
    /// # fn main() {
    /// # if cfg!(debug_assertions) {
    /// let problems = app::new().check().unwrap_err().to_string();
    /// assert!(problems.contains("no template has the id `itmes`"), "{problems}");
    /// assert!(problems.contains("did you mean `items`"), "{problems}");
    /// # }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// All problems at once, each with file and line.
    pub fn check(self) -> Result<Warnings, Problems> {
        self.examine().map(|(_, warnings)| warnings)
    }

    /// Says that the page has elements with these ids, though no template has them as literals: a script, another
    /// template engine or a plain function makes them. A `*` at the end stands for any rest: `"legacy-*"`.
    ///
    /// [`check`](Self::check) does not report events that need them.
    pub fn known_ids<I: Into<String>>(mut self, ids: impl IntoIterator<Item = I>) -> Self {
        self.known.add_ids(ids.into_iter().map(Into::into));
        self
    }

    /// Says that pages have these signals, though no template declares them: a script, another template engine or a
    /// plain function does, or the client is a program. A `*` at the end stands for any rest. A nested signal is known by the
    /// one that it is part of.
    ///
    /// [`check`](Self::check) does not report what reads, sets or takes them.
    pub fn known_signals<I: Into<String>>(mut self, signals: impl IntoIterator<Item = I>) -> Self {
        self.known.add_signals(signals.into_iter().map(Into::into));
        self
    }

    /// Says that forms have these fields on purpose, though no handler takes them: a script reads them, or they only
    /// catch programs that fill in everything. A `*` at the end stands for any rest.
    ///
    /// [`check`](Self::check) does not report them.
    pub fn known_form_fields<I: Into<String>>(mut self, names: impl IntoIterator<Item = I>) -> Self {
        self.known.form_fields.extend(names.into_iter().map(Into::into));
        self
    }

    fn has_nothing_to_answer(&self) -> bool {
        self.routes.is_empty() && self.mounts.is_empty()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("App").field("routes", &self.routes).finish_non_exhaustive()
    }
}
