//! A list of values that only grows, so that each can be borrowed for as long as the list lives.

use std::sync::OnceLock;

mod list;

pub(crate) use list::Slots;

#[cfg(test)]
mod interleaved;

#[cfg(test)]
mod tests {
    use std::any::TypeId;
    use std::sync::Mutex;

    use super::list::Slot;
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
