//! The list itself. Its tests compile this file a second time, with an `OnceLock` whose steps are interleaved in every order.

use std::any::{Any, TypeId};

use super::OnceLock;

/// The values that were shared, each under the type of its provider.
#[derive(Default)]
pub(crate) struct Slots {
    pub(super) first: NextSlot,
}

type NextSlot = OnceLock<Box<Slot>>;

pub(super) struct Slot {
    provider: TypeId,
    value: Box<dyn Any + Send + Sync>,
    pub(super) next: NextSlot,
}

impl Slots {
    /// The value under `provider`; its default is put there if there is none. All callers get the same
    /// value, also when they call at the same time. A provider always has one type.
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

    /// Stores a value that is borrowed from here, and never looked up.
    pub(crate) fn keep<T: Send + Sync + 'static>(&self, value: T) -> &T {
        let mut new = Some(value);
        let mut next = &self.first;
        loop {
            // `new` is empty exactly if this call has filled the slot.
            let slot = next.get_or_init(|| Box::new(Slot::new(TypeId::of::<Slots>(), new.take())));
            match slot.value.downcast_ref::<Option<T>>() {
                Some(Some(value)) if new.is_none() => return value,
                _ => next = &slot.next,
            }
        }
    }
}

/// Drops the slots in a loop: a recursive drop of a long list would overflow the stack.
impl Drop for Slots {
    fn drop(&mut self) {
        let mut next = self.first.take();
        while let Some(mut slot) = next {
            next = slot.next.take();
        }
    }
}

impl Slot {
    pub(super) fn new(provider: TypeId, value: impl Any + Send + Sync) -> Self {
        Self { provider, value: Box::new(value), next: NextSlot::new() }
    }
}
