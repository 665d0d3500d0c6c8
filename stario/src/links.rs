//! Under which prefix each app's routes are, for the links to its handlers.
//!
//! A link is built anywhere, without a request at hand. While an app runs something, the app is what the thread works
//! for ([`current`](crate::current)); elsewhere, the app that was put together last counts: on this thread, so that tests
//! side by side do not see each other's apps, else in the process. A process in which no app is nested pays for
//! one load.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

/// The prefix of each `Routes` type that an app is made of; empty for one that is not nested.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkScope(&'static Map);

type Map = HashMap<TypeId, &'static str>;

/// Whether any app of this process was nested, ever.
static ARE_USED: AtomicBool = AtomicBool::new(false);

/// Where each app was put last.
static LAST_ANYWHERE: RwLock<Option<Map>> = RwLock::new(None);

thread_local! {
    /// Where each app was put last on this thread.
    static LAST_HERE: RefCell<Option<Map>> = const { RefCell::new(None) };
}

/// The prefix before the paths of the app whose routes are `routes`; `current` is what the thread works for.
pub(crate) fn prefix_of(routes: TypeId, current: Option<LinkScope>) -> &'static str {
    if !ARE_USED.load(Ordering::Relaxed) {
        return "";
    }
    let in_map = |map: &Map| map.get(&routes).copied();
    let here = || LAST_HERE.with_borrow(|last| in_map(last.as_ref()?));
    let anywhere = || in_map(LAST_ANYWHERE.read().unwrap_or_else(PoisonError::into_inner).as_ref()?);
    current.and_then(|links| in_map(links.0)).or_else(here).or_else(anywhere).unwrap_or_default()
}

impl LinkScope {
    /// Notes where apps are put: links that are built outside of apps lead there from now on.
    pub(crate) fn note(prefixes: impl Iterator<Item = (TypeId, &'static str)>) -> Self {
        let prefixes: Map = prefixes.collect();
        if prefixes.values().any(|prefix| !prefix.is_empty()) {
            ARE_USED.store(true, Ordering::Relaxed);
        }
        LAST_HERE.with_borrow_mut(|last| last.get_or_insert_default().extend(&prefixes));
        LAST_ANYWHERE
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_default()
            .extend(&prefixes);
        Self(interned(prefixes))
    }
}

/// The map for as long as the process runs. There are as many as the program puts apps together differently, however
/// often it does.
fn interned(map: Map) -> &'static Map {
    static MAPS: Mutex<Vec<&'static Map>> = Mutex::new(Vec::new());
    let mut maps = MAPS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(present) = maps.iter().find(|present| ***present == map) {
        return present;
    }
    let map: &'static Map = Box::leak(Box::new(map));
    maps.push(map);
    map
}
