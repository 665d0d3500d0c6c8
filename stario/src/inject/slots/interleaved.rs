//! The list in every order of the steps of several threads.
//!
//! It is the code of `list.rs`. What is not modelled: `OnceLock` itself, in whose place stands one with the same promise (the first
//! call makes the value, others wait for it), and the orderings of its memory accesses.

use std::any::TypeId;
use std::sync::Arc;

use loom::sync::Mutex;

// Compiled a second time, with the types of the model.
#[allow(clippy::duplicate_mod)]
#[path = "list.rs"]
mod list;

use list::Slots;

/// A cell whose waits are steps of the model.
struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    lock: Mutex<()>,
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> OnceLock<T> {
    fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), lock: Mutex::new(()) }
    }

    fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let _guard = self.lock.lock().unwrap();
        self.value.get_or_init(make)
    }

    fn take(&mut self) -> Option<T> {
        self.value.take()
    }
}

struct A;
struct B;

/// Runs `ask` in two threads and in this one, on one list. Returns the addresses that they got.
fn in_three_threads(ask: fn(&Slots, usize) -> usize) -> [usize; 3] {
    let slots = loom::sync::Arc::new(Slots::default());
    let threads = [0, 1].map(|thread| {
        let slots = loom::sync::Arc::clone(&slots);
        loom::thread::spawn(move || ask(&slots, thread))
    });
    let own = ask(&slots, 2);
    let [first, second] = threads.map(|thread| thread.join().unwrap());
    [first, second, own]
}

fn address<T>(value: &T) -> usize {
    std::ptr::from_ref(value) as usize
}

#[test]
fn one_value_is_made_for_one_provider_and_all_get_it() {
    loom::model(|| {
        let found = in_three_threads(|slots, thread| {
            // One of them puts another value in front of it, or after it.
            if thread == 0 {
                slots.get::<Arc<()>>(TypeId::of::<B>());
            }
            address(slots.get::<u8>(TypeId::of::<A>()))
        });
        assert!(found.iter().all(|address| *address == found[0]));
    });
}

#[test]
fn each_value_that_is_kept_has_a_slot_of_its_own() {
    loom::model(|| {
        let mut found = in_three_threads(|slots, thread| {
            let kept = slots.keep(thread);
            assert_eq!(*kept, thread);
            address(kept)
        });
        found.sort_unstable();
        assert!(found[0] < found[1] && found[1] < found[2]);
    });
}
