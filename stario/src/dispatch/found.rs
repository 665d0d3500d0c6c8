//! What answers a request: a route, a mounted service, or why there is none.

use std::sync::Arc;

use http::request;

use crate::app::{Assembled, Mount};
use crate::exchange::Destination;
use crate::extract::MatchedPath;
use crate::layer::Stage;
use crate::routing::{Lookup, Match, RouteId};
use crate::settings::PartSettings;

/// What answers a request.
#[derive(Debug, Clone)]
pub(super) enum Found {
    Route {
        id: RouteId,
        /// Whether headers of the request decided that it is this one.
        is_by_headers: bool,
    },
    Mount(Arc<Mount>),
    /// Why there is no route. In a box, because it is large.
    NoRoute(Box<Lookup>),
}

impl Found {
    #[inline(always)]
    pub(super) fn by(app: &Assembled, head: &request::Parts) -> Self {
        let lookup = app.router().find(head);
        match app.mount(head, &lookup) {
            Some(mount) => Found::Mount(Arc::clone(mount)),
            None => match lookup {
                Lookup { result: Match::Found(id), is_by_headers, .. } => Found::Route { id, is_by_headers },
                lookup => Found::NoRoute(Box::new(lookup)),
            },
        }
    }

    /// Whether headers of the request decided what was found.
    pub(super) fn is_by_headers(&self) -> bool {
        match self {
            Found::Route { is_by_headers, .. } => *is_by_headers,
            Found::Mount(_) => false,
            Found::NoRoute(lookup) => lookup.is_by_headers,
        }
    }

    pub(super) fn is_handler(&self) -> bool {
        matches!(self, Found::Route { .. })
    }

    /// The route, if one was found, and the settings that hold.
    #[inline(always)]
    pub(super) fn destination(&self, app: &Assembled, head: &request::Parts) -> Destination {
        let route = match self {
            Found::Route { id, .. } => Some(*id),
            Found::Mount(_) | Found::NoRoute(_) => None,
        };
        Destination { route, settings: Arc::clone(self.settings(app, head)) }
    }

    /// The settings that hold for it: those of its route, else those of the part whose prefix or host it is for.
    #[inline(always)]
    pub(super) fn settings<'a>(&'a self, app: &'a Assembled, head: &request::Parts) -> &'a Arc<PartSettings> {
        match self {
            Found::Route { id, .. } => &app.router().route(*id).target.settings,
            Found::Mount(mount) => mount.settings(),
            Found::NoRoute(_) => app.settings_at(head),
        }
    }

    /// The layers around it, if it has some of its own.
    #[inline(always)]
    pub(super) fn stages(&self, app: &Assembled) -> Option<Arc<[Arc<Stage>]>> {
        let stages_of = |route| &app.target(route).stages;
        let stages: Arc<[Arc<Stage>]> = match self {
            Found::Route { id, .. } => {
                let stages = stages_of(*id);
                return (!stages.is_empty()).then(|| Arc::clone(stages));
            }
            Found::Mount(mount) => mount.stages().into(),
            // A layer may answer what the handlers at this path do not, such as a preflight request of CORS. Routes of
            // different apps can be at one path; then the layers of the first count.
            Found::NoRoute(lookup) => match **lookup {
                Lookup {
                    result: Match::MethodNotAllowed { .. } | Match::Options { .. },
                    nearest: Some(nearest),
                    ..
                } => stages_of(nearest).iter().filter(|stage| !stage.is_of_handler).cloned().collect(),
                _ => return None,
            },
        };
        (!stages.is_empty()).then_some(stages)
    }

    pub(super) fn matched_path(&self, app: &Assembled) -> Option<MatchedPath> {
        match self {
            Found::Route { id, .. } => Some(MatchedPath(app.router().route(*id).path)),
            Found::Mount(_) | Found::NoRoute(_) => None,
        }
    }
}
