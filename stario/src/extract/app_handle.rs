//! `AppHandle`: the app itself.

use std::fmt;
use std::sync::Arc;

use http::Method;

use super::{FromRequest, Parameter, Rejection, Source, State};
use crate::app::Assembled;
use crate::handler::{Endpoint, Kind};
use crate::routing::Route;
use crate::scope::Scope;

/// The app that answers the request: its routes, its state, and whether it is stopping.
///
/// ```
/// use stario::prelude::*;
/// use stario::AppHandle;
///
/// # stario::app!();
/// #[app::query("/sitemap")]
/// async fn sitemap(app: AppHandle) -> Html {
///     html! {
///         for route in app.routes() {
///             <li>{route.method().as_str()}" "{route.path()}</li>
///         }
///     }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/sitemap").send().text(), "<li>GET /sitemap</li>");
/// # }
/// ```
#[derive(Clone)]
pub struct AppHandle(Arc<Assembled>);

impl AppHandle {
    pub(crate) fn new(app: Arc<Assembled>) -> Self {
        Self(app)
    }

    /// The routes of the app, ordered by path.
    pub fn routes(&self) -> impl Iterator<Item = RouteInfo> + '_ {
        self.0.routes().iter().copied()
    }

    /// The app's state of this type, if it was given one.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        self.0.states().get().map(State)
    }

    /// Calls a function in which links to handlers have the prefixes of this app; see [`App::nest`](crate::App::nest).
    ///
    /// It is for spawned tasks, in a process with several apps that nest the same handlers under different
    /// prefixes. What the app itself runs does not need it.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::AppHandle;
    ///
    /// # stario::app!();
    /// # stario::app!(admin);
    /// #[app::query("/users/{id}", app = admin)]
    /// async fn user(id: PathParam<u32>, app: AppHandle) -> Result<Html> {
    ///     let background = tokio::spawn(async move {
    ///         app.links(|| html! { <a href={user::url(*id + 1)}>"Next"</a> })
    ///     });
    ///     Ok(background.await?)
    /// }
    /// # #[app::query("/")]
    /// # async fn home() {}
    ///
    /// # fn main() {
    /// let [a, b] = ["/a", "/b"].map(|prefix| TestClient::new(app::new().nest(prefix, admin::new())));
    /// assert_eq!(a.get("/a/users/7").send().text(), r#"<a href="/a/users/8">Next</a>"#);
    /// assert_eq!(b.get("/b/users/7").send().text(), r#"<a href="/b/users/8">Next</a>"#);
    /// # }
    /// ```
    pub fn links<T>(&self, build: impl FnOnce() -> T) -> T {
        let _links = self.0.prefixes().enter();
        build()
    }

    /// Runs something of the app's own that belongs to no request.
    pub(crate) async fn run<F: Future>(&self, begin: impl FnOnce() -> F) -> F::Output {
        let future = self.links(begin);
        self.0.prefixes().around(future).await
    }

    /// Resolves when the server is told to stop. Streams end without asking; a detached command that takes long
    /// should ask.
    pub async fn stopping(&self) {
        self.0.stop().stopped().await;
    }

    /// Whether the server was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.0.stop().is_stopped()
    }
}

impl fmt::Debug for AppHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.routes()).finish()
    }
}

impl FromRequest for AppHandle {
    const SOURCE: Source = Source::App;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(Self::new(scope.shared_app()))
    }
}

/// One route of an app.
///
/// Its `Display` form is `GET /users/{user_id}`, with the host before the path and the headers after it if the
/// route has any.
#[derive(Debug, Clone, Copy)]
pub struct RouteInfo {
    endpoint: &'static Endpoint,
    path: &'static str,
    host: Option<&'static str>,
}

impl RouteInfo {
    pub(crate) fn new(route: &Route) -> Self {
        Self { endpoint: route.endpoint, path: route.path, host: route.host }
    }

    pub(crate) fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// The method it answers.
    pub fn method(&self) -> Method {
        // The macros have checked that it is one.
        Method::from_bytes(self.endpoint.method.as_bytes()).unwrap_or_default()
    }

    /// The kind of its handler.
    pub fn kind(&self) -> Kind {
        self.endpoint.kind
    }

    /// The path template with the prefix of its app, such as `/users/{user_id}`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The host it answers for, such as `api.example.com` or `*.example.com`; `None` for any that no other
    /// route names.
    pub fn host(&self) -> Option<&'static str> {
        self.host
    }

    /// The headers that a request must have, ordered by name; names are in lower case.
    pub fn headers(&self) -> &'static [(&'static str, &'static str)] {
        self.endpoint.headers
    }

    /// The handler's path, such as `shop::users::get_user`.
    pub fn handler(&self) -> &'static str {
        self.endpoint.handler
    }

    /// The file the handler's attribute stands in, and its line.
    pub fn place(&self) -> (&'static str, u32) {
        (self.endpoint.file, self.endpoint.line)
    }
}

impl fmt::Display for RouteInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.endpoint.method, Target(self))
    }
}

/// What a route answers, besides the method.
pub(crate) struct Target<'a>(pub(crate) &'a RouteInfo);

impl fmt::Display for Target<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.0.host.unwrap_or_default(), self.0.path)?;
        self.0.headers().iter().try_for_each(|(name, value)| write!(formatter, " [{name}: {value}]"))
    }
}
