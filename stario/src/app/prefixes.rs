//! Under which prefix each app's routes are, for the links to its handlers.
//!
//! A link is built anywhere, without a request at hand. So while something is polled that an app runs, the
//! app is known to the thread; elsewhere, what was put together last counts: on this thread, so that tests
//! side by side do not see each other's, else in the process. A process in which no app is nested pays for
//! one load.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::{Context, Poll};

/// The prefix of each `Routes` type that an app is made of; empty for one that is not nested.
#[derive(Debug, Clone, Default)]
pub(crate) struct LinkScope(Arc<Map>);

type Map = HashMap<TypeId, &'static str>;

/// Whether any app of this process was nested, ever.
static ARE_USED: AtomicBool = AtomicBool::new(false);

/// Where each app was put last.
static LAST: RwLock<Option<Map>> = RwLock::new(None);

thread_local! {
    /// Those of the app that runs what is being polled.
    static CURRENT: RefCell<Option<LinkScope>> = const { RefCell::new(None) };

    /// Where each app was put last on this thread.
    static LAST_HERE: RefCell<Option<Map>> = const { RefCell::new(None) };
}

/// The prefix before the paths of the app whose routes are `routes`.
pub(crate) fn prefix_of(routes: TypeId) -> &'static str {
    if !ARE_USED.load(Ordering::Relaxed) {
        return "";
    }
    let in_map = |map: &Map| map.get(&routes).copied();
    let current = CURRENT.with_borrow(|current| in_map(&current.as_ref()?.0));
    let here = || LAST_HERE.with_borrow(|last| in_map(last.as_ref()?));
    let anywhere = || in_map(LAST.read().unwrap_or_else(PoisonError::into_inner).as_ref()?);
    current.or_else(here).or_else(anywhere).unwrap_or_default()
}

impl LinkScope {
    /// Notes where apps are put: the links that nothing runs lead there from now on.
    pub(super) fn note(prefixes: impl Iterator<Item = (TypeId, &'static str)>) -> Self {
        let prefixes: Map = prefixes.collect();
        if prefixes.values().any(|prefix| !prefix.is_empty()) {
            ARE_USED.store(true, Ordering::Relaxed);
        }
        LAST_HERE.with_borrow_mut(|last| last.get_or_insert_default().extend(&prefixes));
        LAST.write().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().extend(&prefixes);
        Self(Arc::new(prefixes))
    }

    /// Makes links on this thread those of this app, until what it returns is dropped.
    pub(crate) fn enter(&self) -> Option<EnteredLinks> {
        if !ARE_USED.load(Ordering::Relaxed) || self.is_entered() {
            return None;
        }
        Some(EnteredLinks { before: CURRENT.replace(Some(self.clone())) })
    }

    fn is_entered(&self) -> bool {
        CURRENT
            .with_borrow(|current| current.as_ref().is_some_and(|current| Arc::ptr_eq(&current.0, &self.0)))
    }

    /// Makes the links that a future builds those of this app.
    pub(crate) fn around<F>(&self, future: F) -> Linking<'_, F> {
        Linking { prefixes: self, future }
    }
}

/// While it lives, a thread builds the links of one app.
pub(crate) struct EnteredLinks {
    before: Option<LinkScope>,
}

impl Drop for EnteredLinks {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}

pin_project_lite::pin_project! {
    /// A future that builds the links of one app.
    pub(crate) struct Linking<'a, F> {
        prefixes: &'a LinkScope,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Linking<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _links = this.prefixes.enter();
        this.future.poll(ctx)
    }
}
