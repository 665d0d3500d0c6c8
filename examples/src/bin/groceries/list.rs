//! The list itself, where another app would have its database.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most characters of an item's title.
const LONGEST_TITLE: usize = 60;

#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: u32,
    pub(crate) title: String,
    pub(crate) added_by: String,
    pub(crate) is_done: bool,
}

#[derive(Default)]
pub(crate) struct ShoppingList {
    /// Their ids count up, so the last has the highest.
    items: Mutex<Vec<Item>>,
    turn: Mutex<()>,
}

impl ShoppingList {
    /// What is still to be bought, then what is done.
    pub(crate) fn items(&self) -> Vec<Item> {
        let mut items = self.lock().clone();
        items.sort_by_key(|item| item.is_done);
        items
    }

    /// # Errors
    ///
    /// What is wrong with the title, for whoever wrote it.
    pub(crate) fn add(&self, title: &str, added_by: &str) -> Result<(), &'static str> {
        let title = title.trim();
        if title.is_empty() {
            return Err("Please say what it is.");
        }
        if title.chars().count() > LONGEST_TITLE {
            return Err("Please say it in 60 characters.");
        }
        let mut items = self.lock();
        let id = items.last().map_or(1, |last| last.id + 1);
        items.push(Item { id, title: title.to_owned(), added_by: added_by.to_owned(), is_done: false });
        Ok(())
    }

    /// Returns whether there is such an item.
    pub(crate) fn tick(&self, id: u32) -> bool {
        let mut items = self.lock();
        let Some(item) = items.iter_mut().find(|item| item.id == id) else { return false };
        item.is_done = !item.is_done;
        true
    }

    /// Keeps others from showing the list until this is dropped.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each change under the lock is one step, so a panic leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Vec<Item>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
