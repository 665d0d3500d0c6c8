//! Has the streams that send a relay's events share what they compress.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::pattern::Pattern;
use crate::compress::{Broadcast, Sequence};
use crate::datastar::Event;

pub(super) struct Sharing<T> {
    /// Made when the first event is published.
    broadcast: OnceLock<Arc<Broadcast>>,
    is_off: AtomicBool,
    /// The value as an event, if it is one.
    as_event: fn(&mut T) -> Option<&mut Event>,
}

impl<T: 'static> Sharing<T> {
    pub(super) fn of_events() -> Self {
        Self { as_event: |value| (value as &mut dyn Any).downcast_mut(), ..Self::none() }
    }
}

impl<T> Sharing<T> {
    /// Of values that are no events.
    pub(super) fn none() -> Self {
        Self { broadcast: OnceLock::new(), is_off: AtomicBool::new(false), as_event: |_| None }
    }

    pub(super) fn turn_off(&self) {
        self.is_off.store(true, Ordering::Relaxed);
    }

    /// Makes a value that is published one that streams share.
    pub(super) fn share(&self, mut value: T) -> T {
        if let Some(event) = (self.as_event)(&mut value)
            && !self.is_off.load(Ordering::Relaxed)
        {
            event.share(self.broadcast.get_or_init(Broadcast::new));
        }
        value
    }
}

/// The values that a subscription has received, by which streams know that they send the same.
#[derive(Default)]
pub(super) struct Received {
    /// Of the subscription's patterns, once an event has come.
    group: Option<u32>,
    /// How many values were received or skipped.
    count: u32,
}

impl Received {
    /// Notes that the subscription receives `value` after so many others were dropped.
    #[allow(clippy::cast_possible_truncation)] // Numbers are compared with their neighbours alone.
    pub(super) fn note<T>(
        &mut self,
        sharing: &Sharing<T>,
        patterns: &[Pattern],
        value: &mut T,
        dropped: u64,
    ) {
        self.note_gap();
        if let (Some(event), Some(broadcast)) = ((sharing.as_event)(value), sharing.broadcast.get()) {
            let group = *self.group.get_or_insert_with(|| broadcast.group(patterns));
            event.set_sequence(Sequence { group, number: self.count.wrapping_add(dropped as u32) });
        }
    }

    /// Notes that the subscription does not receive what others do.
    pub(super) fn note_gap(&mut self) {
        self.count = self.count.wrapping_add(1);
    }
}
