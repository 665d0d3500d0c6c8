//! Under which prefix each app's routes are, for the links to its handlers.
//!
//! A link is built anywhere, without a request at hand. So while a handler is polled, the app that runs it
//! is known to the thread; elsewhere, the app that was assembled last counts. A process in which no app is
//! nested pays for one load.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The prefix of each `Routes` type that an app is made of; empty for one that is not nested.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prefixes(Arc<HashMap<TypeId, &'static str>>);

/// Whether any app of this process was nested, ever.
static ARE_USED: AtomicBool = AtomicBool::new(false);

/// The prefixes of the apps that were assembled last.
static LAST: RwLock<Option<HashMap<TypeId, &'static str>>> = RwLock::new(None);

thread_local! {
    /// Those of the app whose handler is being polled.
    static CURRENT: RefCell<Option<Prefixes>> = const { RefCell::new(None) };
}

/// The prefix before the paths of the app whose routes are `routes`.
pub(crate) fn prefix_of(routes: TypeId) -> &'static str {
    if !ARE_USED.load(Ordering::Relaxed) {
        return "";
    }
    let current = CURRENT.with_borrow(|current| current.as_ref()?.0.get(&routes).copied());
    let last = || LAST.read().unwrap_or_else(PoisonError::into_inner).as_ref()?.get(&routes).copied();
    current.or_else(last).unwrap_or_default()
}

impl Prefixes {
    /// Those of an app that has just been assembled.
    pub(super) fn new(prefixes: impl Iterator<Item = (TypeId, &'static str)>) -> Self {
        let prefixes: HashMap<_, _> = prefixes.collect();
        if prefixes.values().any(|prefix| !prefix.is_empty()) {
            ARE_USED.store(true, Ordering::Relaxed);
        }
        let mut last = LAST.write().unwrap_or_else(PoisonError::into_inner);
        last.get_or_insert_default().extend(&prefixes);
        Self(Arc::new(prefixes))
    }

    /// Makes links on this thread those of this app, until what it returns is dropped.
    pub(crate) fn enter(&self) -> Option<Entered> {
        ARE_USED.load(Ordering::Relaxed).then(|| Entered { before: CURRENT.replace(Some(self.clone())) })
    }
}

/// While it lives, a thread builds the links of one app.
pub(crate) struct Entered {
    before: Option<Prefixes>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}
