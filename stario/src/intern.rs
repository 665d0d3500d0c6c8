//! Texts that live as long as the process: the paths, prefixes and hosts of apps.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// The text for as long as the process runs. There are as many as the program has paths, however often its
/// apps are made.
pub(crate) fn intern(text: &str) -> &'static str {
    static TEXTS: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    let texts = texts.get_or_insert_default();
    if let Some(text) = texts.get(text) {
        return text;
    }
    let text: &'static str = Box::leak(text.into());
    texts.insert(text);
    text
}
