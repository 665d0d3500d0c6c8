//! A list of values that only grows, so that each can be borrowed for as long as the list lives.

use std::any::{Any, TypeId};
use std::sync::OnceLock;

/// The values that were shared, each under the type of its provider.
#[derive(Default)]
pub(crate) struct Slots {
    first: Next,
}

type Next = OnceLock<Box<Slot>>;

struct Slot {
    provider: TypeId,
    value: Box<dyn Any + Send + Sync>,
    next: Next,
}

impl Slots {
    /// The value under `provider`; its default is put there if there is none. All who ask get the same one,
    /// also when they ask at the same time. One provider always goes with one type.
    pub(crate) fn get<T: Default + Send + Sync + 'static>(&self, provider: TypeId) -> &T {
        let mut next = &self.first;
        loop {
            let slot = next.get_or_init(|| Box::new(Slot::new(provider, T::default())));
            match slot.value.downcast_ref() {
                Some(value) if slot.provider == provider => return value,
                _ => next = &slot.next,
            }
        }
    }

    /// Keeps a value that nobody will ask for again.
    pub(crate) fn keep<T: Send + Sync + 'static>(&self, value: T) -> &T {
        let mut new = Some(value);
        let mut next = &self.first;
        loop {
            // The slot is this call's own exactly if making it took the value.
            let slot = next.get_or_init(|| Box::new(Slot::new(TypeId::of::<Slots>(), new.take())));
            match slot.value.downcast_ref::<Option<T>>() {
                Some(Some(value)) if new.is_none() => return value,
                _ => next = &slot.next,
            }
        }
    }
}

/// One after the other: dropped as they hang together, many would overflow the stack.
impl Drop for Slots {
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some(mut slot) = next {
            next = slot.next.take();
        }
    }
}

impl Slot {
    fn new(provider: TypeId, value: impl Any + Send + Sync) -> Self {
        Self { provider, value: Box::new(value), next: Next::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    struct A;
    struct B;

    #[test]
    fn each_provider_has_one_value() {
        let slots = Slots::default();
        let (a, b) = (TypeId::of::<A>(), TypeId::of::<B>());
        let first: &Mutex<u8> = slots.get(a);
        *first.lock().unwrap() = 1;
        let second: &Mutex<u8> = slots.get(b);
        *second.lock().unwrap() = 2;
        let kept = slots.keep(Mutex::new(3_u8));
        let other = slots.keep(Mutex::new(4_u8));
        assert_eq!(*slots.get::<Mutex<u8>>(a).lock().unwrap(), 1);
        assert_eq!(*slots.get::<Mutex<u8>>(b).lock().unwrap(), 2);
        assert_eq!((*kept.lock().unwrap(), *other.lock().unwrap()), (3, 4));
    }

    #[test]
    fn a_long_list_is_dropped_without_recursion() {
        let slots = Slots::default();
        let mut next = &slots.first;
        for number in 0..200_000_u32 {
            next = &next.get_or_init(|| Box::new(Slot::new(TypeId::of::<A>(), number))).next;
        }
        drop(slots);
    }

    #[test]
    fn threads_that_ask_at_once_get_the_same_value() {
        let slots = Slots::default();
        let barrier = std::sync::Barrier::new(8);
        let ask = || {
            barrier.wait();
            std::ptr::from_ref(slots.get::<Mutex<u8>>(TypeId::of::<A>())) as usize
        };
        let found: Vec<usize> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|address| *address == found[0]));
    }
}
