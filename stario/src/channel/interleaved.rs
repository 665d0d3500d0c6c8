//! The writing and the reading end in every order of their steps.
//!
//! The state with all its rules is the channel's own. What is not modelled: tokio's `Notify`, in whose place stands one with the same
//! promise (`notify_waiters` ends the waits that began before it), and the token that says that the client has left.

use std::future::poll_fn;
use std::task::{Poll, Waker};

use bytes::Bytes;
use loom::future::block_on;
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::*;

#[derive(Default)]
struct Model {
    state: Mutex<ChannelState>,
    room: Mutex<Room>,
}

/// Waits for room.
#[derive(Default)]
struct Room {
    notifications: u32,
    waiters: Vec<Waker>,
}

impl Model {
    /// As `Notify::notify_waiters`.
    fn notify(&self) {
        let waiters = {
            let mut room = self.room.lock().unwrap();
            room.notifications += 1;
            std::mem::take(&mut room.waiters)
        };
        waiters.into_iter().for_each(Waker::wake);
    }

    /// As `Channel::update`.
    fn update<T>(&self, change: impl FnOnce(&mut ChannelState) -> T) -> T {
        let mut state = self.state.lock().unwrap();
        let changed = change(&mut state);
        let released = std::mem::take(&mut state.released);
        drop(state);
        released.wake();
        changed
    }

    /// As `Channel::write`, with a buffer of one byte.
    fn write(&self, data: &'static [u8]) -> Result<(), WriteError> {
        loop {
            let before = self.room.lock().unwrap().notifications;
            if self.update(|state| state.write(&Bytes::from_static(data), WriteKind::Bytes, Some(1)))? {
                return Ok(());
            }
            block_on(poll_fn(|ctx| {
                let mut room = self.room.lock().unwrap();
                if room.notifications != before {
                    return Poll::Ready(());
                }
                room.waiters.push(ctx.waker().clone());
                Poll::Pending
            }));
        }
    }

    /// As `Channel::end`.
    fn end(&self) -> Result<(), WriteError> {
        self.update(|state| if state.has_no_client()? { Ok(()) } else { state.end() })
    }

    /// As `Reader::poll_frame`.
    fn next(&self) -> Option<Bytes> {
        block_on(poll_fn(|ctx| {
            let polled = self.update(|state| state.poll_frame(ctx));
            if let Poll::Ready(Some(Ok(_))) = polled {
                self.notify();
            }
            polled.map(|frame| frame.map(|frame| frame.unwrap().bytes))
        }))
    }

    /// As `Channel::leave`.
    fn leave(&self) {
        let unread = self.state.lock().unwrap().leave();
        drop(unread);
        self.notify();
    }
}

/// Runs every order of the steps of both ends in which at most three are interrupted. A wake-up that is lost in one of them is
/// a deadlock, which fails the test.
fn in_every_order(write: fn(&Model), read: fn(&Model)) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let ends = Arc::new(Model::default());
        let writer = {
            let ends = Arc::clone(&ends);
            thread::spawn(move || write(&ends))
        };
        read(&ends);
        writer.join().unwrap();
    });
}

#[test]
fn what_waits_for_room_is_read_in_its_order_and_then_the_end() {
    in_every_order(
        |ends| {
            for data in [b"1", b"2"] {
                ends.write(data).unwrap();
            }
            ends.end().unwrap();
        },
        |ends| {
            let mut read = Vec::new();
            while let Some(bytes) = ends.next() {
                read.extend_from_slice(&bytes);
            }
            assert_eq!(read, b"12");
        },
    );
}

#[test]
fn a_write_that_waits_for_room_ends_when_the_client_leaves() {
    in_every_order(
        |ends| {
            for data in [b"1", b"2"] {
                ends.write(data).unwrap();
            }
            ends.end().unwrap();
        },
        Model::leave,
    );
}

#[test]
fn a_client_may_leave_behind_the_first_frame() {
    in_every_order(
        |ends| {
            for data in [b"1", b"2", b"3"] {
                ends.write(data).unwrap();
            }
        },
        |ends| {
            assert_eq!(ends.next().unwrap(), "1");
            ends.leave();
        },
    );
}
