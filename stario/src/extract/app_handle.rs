//! `AppHandle`: the app itself.

use std::fmt;
use std::sync::Arc;

use super::{FromRequest, State};
use crate::current::{self, Current};
use crate::error::Rejection;
use crate::parameter::{Parameter, Source};
use crate::route::RouteInfo;
use crate::scope::Scope;
use crate::shared::Shared;

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
pub struct AppHandle(Arc<Shared>);

impl AppHandle {
    pub(crate) fn new(app: Arc<Shared>) -> Self {
        Self(app)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// The routes of the app, ordered by path.
    pub fn routes(&self) -> impl Iterator<Item = RouteInfo> + '_ {
        self.0.routes.iter().copied()
    }

    /// The app's state of this type, if it was given one.
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        self.0.states.get().map(State)
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
        let _current = current::enter(Current { links: Some(self.0.links), ..current::get() });
        build()
    }

    /// Runs something of the app's own that belongs to no request.
    pub(crate) async fn run<F: Future>(&self, begin: impl FnOnce() -> F) -> F::Output {
        let future = self.links(begin);
        current::within(Current { links: Some(self.0.links), ..Current::default() }, future).await
    }

    /// Resolves when the server begins to stop. Streams end by themselves; a detached command that takes long should
    /// await this, to end in time.
    pub async fn stopping(&self) {
        self.0.stop.stopped().await;
    }

    /// Whether the server has begun to stop.
    pub fn is_stopping(&self) -> bool {
        self.0.stop.is_stopped()
    }
}

impl fmt::Debug for AppHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.routes()).finish()
    }
}

impl FromRequest for AppHandle {
    const SOURCE: Source = Source::App;

    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(Self::new(Arc::clone(scope.exchange().app())))
    }
}
