//! `AppHandle`: the app itself.

use std::fmt;
use std::sync::Arc;

use http::Method;

use super::{FromRequest, Parameter, Rejection, Source, State};
use crate::app::Assembled;
use crate::handler::{Endpoint, Kind};
use crate::scope::Scope;

/// The app that answers the request: what it answers, and whether it is about to stop.
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

    /// What the app answers, in the order of the paths.
    pub fn routes(&self) -> impl Iterator<Item = RouteInfo> + '_ {
        self.0.endpoints().iter().copied().map(RouteInfo)
    }

    /// The app's state of this type, if it was given one.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        self.0.states().get().map(State)
    }

    /// Resolves when the server is told to stop. Streams need not ask, they end by themselves; a detached
    /// command that takes long does.
    pub async fn stopping(&self) {
        self.0.stop().cancelled().await;
    }

    /// Whether the server was told to stop.
    pub fn is_stopping(&self) -> bool {
        self.0.stop().is_cancelled()
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
#[derive(Debug, Clone, Copy)]
pub struct RouteInfo(&'static Endpoint);

impl RouteInfo {
    /// The method it answers.
    pub fn method(&self) -> Method {
        // The macros have checked that it is one.
        Method::from_bytes(self.0.method.as_bytes()).unwrap_or_default()
    }

    /// What its handler is for.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The path template, such as `/users/{user_id}`.
    pub fn path(&self) -> &'static str {
        self.0.path
    }

    /// The handler's path, such as `shop::users::get_user`.
    pub fn handler(&self) -> &'static str {
        self.0.handler
    }

    /// The file the handler's attribute stands in, and its line.
    pub fn place(&self) -> (&'static str, u32) {
        (self.0.file, self.0.line)
    }
}
