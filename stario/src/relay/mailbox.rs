//! The queue of one subscription: the values that it has not received yet, and which are dropped when it is full.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use smallvec::{SmallVec, smallvec};

use super::position::{Position, Stamp};

/// How many values a queue holds unless the subscription says otherwise.
const CAPACITY: usize = 1024;

/// How many bytes of values a queue holds unless the subscription says otherwise: 1 MiB.
const CAPACITY_BYTES: usize = 1 << 20;

/// A published value, stored once for all subscriptions that receive it.
pub(super) struct Message<T> {
    pub(super) subject: Arc<str>,
    pub(super) value: T,
    /// The bytes that it counts for.
    pub(super) size: usize,
    /// Where it stands among the messages of all publishers, in the order of this relay: behind it, a subscription has received what
    /// the position says. Empty if the relay has no history.
    pub(super) position: Position,
}

impl<T> Message<T> {
    /// Its number, if the relay has a history.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        self.position.newest()
    }
}

impl<T: Clone> Message<T> {
    /// The subject and the value, which is cloned unless this is the last to receive it.
    pub(super) fn into_parts(this: Arc<Self>) -> (Arc<str>, T) {
        match Arc::try_unwrap(this) {
            Ok(Message { subject, value, .. }) => (subject, value),
            Err(shared) => (Arc::clone(&shared.subject), shared.value.clone()),
        }
    }
}

/// The messages that a subscription has missed before it began, the oldest first.
pub(super) struct Backlog<T> {
    pub(super) messages: VecDeque<Arc<Message<T>>>,
    /// The sizes of all messages together.
    bytes: usize,
}

impl<T> Backlog<T> {
    pub(super) fn new() -> Self {
        Self { messages: VecDeque::new(), bytes: 0 }
    }

    pub(super) fn push_front(&mut self, message: &Arc<Message<T>>) {
        self.bytes += message.size;
        self.messages.push_front(Arc::clone(message));
    }

    /// Puts other messages behind these.
    pub(super) fn append(&mut self, mut newer: Self) {
        self.bytes += newer.bytes;
        self.messages.append(&mut newer.messages);
    }
}

pub(super) struct Mailbox<T> {
    queue: Queue<T>,
    /// The sizes of all messages in the queue.
    bytes: usize,
    capacity: usize,
    capacity_bytes: usize,
    /// How many messages, and how many bytes of them, may wait beyond the capacity: what the reader missed before it began,
    /// until it asks for the first message. Only then is the capacity known.
    missed: (usize, usize),
    when_full: WhenFull,
    /// Nothing is delivered any more.
    is_closed: bool,
    /// How many values were dropped.
    dropped: u64,
    /// Whether values were dropped for want of room since the reader asked.
    has_lost: bool,
    /// Wakes the task that waits for the next message, if one does.
    reader: Option<Waker>,
}

#[derive(PartialEq, Eq)]
enum WhenFull {
    DropOldest,
    Close,
    /// Drop all values, and take no more until the reader has received the gap.
    Gap,
}

/// Messages for the caller to drop once the lock is released: the destructors of their values may use the relay.
pub(super) type Dropped<T> = SmallVec<[Arc<Message<T>>; 1]>;

impl<T> Mailbox<T> {
    /// An empty mailbox; with `is_closed`, one that never receives anything.
    pub(super) fn new(is_closed: bool) -> Self {
        Self {
            queue: Queue::All(VecDeque::new()),
            bytes: 0,
            capacity: CAPACITY,
            capacity_bytes: CAPACITY_BYTES,
            missed: (0, 0),
            when_full: WhenFull::DropOldest,
            is_closed,
            dropped: 0,
            has_lost: false,
            reader: None,
        }
    }

    /// A mailbox with the messages that its reader missed, which receives a gap in the place of values that were dropped. With
    /// `None`, the gap is the first that it receives.
    pub(super) fn with_gaps(is_closed: bool, missed: Option<Backlog<T>>) -> Self {
        let has_lost = missed.is_none() && !is_closed;
        let Backlog { messages, bytes } = missed.unwrap_or_else(Backlog::new);
        let missed = (messages.len(), bytes);
        let queue = Queue::All(messages);
        Self { queue, bytes, missed, when_full: WhenFull::Gap, has_lost, ..Self::new(is_closed) }
    }

    /// Applies the capacity to what the reader missed before it began, too: the reader now asks for the first message.
    pub(super) fn begin(&mut self) -> Dropped<T> {
        if self.missed == (0, 0) {
            return Dropped::new();
        }
        self.missed = (0, 0);
        self.apply_policy()
    }

    /// Whether the reader has to receive a gap before anything else.
    pub(super) fn has_gap(&self) -> bool {
        self.when_full == WhenFull::Gap && self.has_lost
    }

    /// Empties the queue, for a reader that receives the gap or does not need the values that wait.
    pub(super) fn skip(&mut self) -> Dropped<T> {
        self.has_lost = false;
        std::iter::from_fn(|| self.pop()).collect()
    }

    /// Whether values were dropped for want of room since the last call.
    pub(super) fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.has_lost)
    }

    /// Notes that unknown values may be missing. The caller wakes the reader once the lock is released.
    pub(super) fn note_loss(&mut self) -> (Dropped<T>, Option<Waker>) {
        if self.is_closed || self.has_gap() {
            return (Dropped::new(), None);
        }
        self.has_lost = true;
        if self.when_full == WhenFull::DropOldest {
            return (Dropped::new(), None);
        }
        self.is_closed = self.when_full == WhenFull::Close;
        let dropped: Dropped<T> = std::iter::from_fn(|| self.pop()).collect();
        self.dropped += dropped.len() as u64;
        (dropped, self.reader.take())
    }

    /// Adds a message. The caller wakes the reader once the lock is released.
    pub(super) fn deliver(&mut self, message: Arc<Message<T>>) -> (Dropped<T>, Option<Waker>) {
        if self.is_closed {
            return (Dropped::new(), None);
        }
        if self.has_gap() {
            self.dropped += 1;
            return (smallvec![message], None);
        }
        let replaced = self.take(&message.subject);
        // Room is made before, so that the queue never grows past its capacity.
        let mut dropped = self.shrink_to((self.capacity - 1).saturating_add(self.missed.0), message.size);
        if let Some(replaced) = replaced {
            dropped.push(replaced);
        }
        if self.is_closed || self.has_gap() {
            dropped.push(message);
        } else {
            self.push(message);
        }
        self.dropped += dropped.len() as u64;
        (dropped, self.reader.take())
    }

    /// Drops messages until at most `most` are left, and there is room for so many `more` bytes.
    fn shrink_to(&mut self, most: usize, more: usize) -> Dropped<T> {
        let mut dropped = Dropped::new();
        while let Some(oldest) = self.queue.oldest() {
            // The oldest does not count: one large message may wait with others behind it.
            let bytes = (self.bytes - oldest.size).saturating_add(more);
            let most_bytes = self.capacity_bytes.saturating_add(self.missed.1);
            let has_room = self.queue.len() <= most && bytes <= most_bytes;
            if has_room && !self.is_closed && !self.has_gap() {
                break;
            }
            dropped.extend(self.pop());
            self.has_lost = true;
            if self.when_full == WhenFull::Close {
                self.is_closed = true;
            }
        }
        dropped
    }

    fn push(&mut self, message: Arc<Message<T>>) {
        self.bytes += message.size;
        self.queue.push(message);
    }

    fn pop(&mut self) -> Option<Arc<Message<T>>> {
        let message = self.queue.pop()?;
        self.bytes -= message.size;
        Some(message)
    }

    /// Removes the message that a new one with this subject replaces.
    fn take(&mut self, subject: &str) -> Option<Arc<Message<T>>> {
        let message = self.queue.take(subject)?;
        self.bytes -= message.size;
        Some(message)
    }

    pub(super) fn set_capacity(&mut self, capacity: usize) -> Dropped<T> {
        self.capacity = capacity.max(1);
        self.apply_policy()
    }

    pub(super) fn set_capacity_bytes(&mut self, bytes: usize) -> Dropped<T> {
        self.capacity_bytes = bytes;
        self.apply_policy()
    }

    pub(super) fn close_when_full(&mut self) -> Dropped<T> {
        self.when_full = WhenFull::Close;
        self.apply_policy()
    }

    fn apply_policy(&mut self) -> Dropped<T> {
        let dropped = self.shrink_to(self.capacity.saturating_add(self.missed.0), 0);
        self.dropped += dropped.len() as u64;
        dropped
    }

    pub(super) fn keep_latest(&mut self) -> Dropped<T> {
        let mut before = std::mem::replace(&mut self.queue, Queue::Latest(Latest::default()));
        self.bytes = 0;
        let mut dropped = Dropped::new();
        while let Some(message) = before.pop() {
            dropped.extend(self.take(&message.subject));
            self.push(message);
        }
        self.dropped += dropped.len() as u64;
        dropped
    }

    /// Takes the next message; `None` when there will be none. The waker that this call replaces is put into
    /// `unused`, for the caller to drop once the lock is released.
    pub(super) fn poll(
        &mut self,
        ctx: &mut Context<'_>,
        unused: &mut Option<Waker>,
    ) -> Poll<Option<Arc<Message<T>>>> {
        if let Some(message) = self.pop() {
            return Poll::Ready(Some(message));
        }
        if self.is_closed {
            return Poll::Ready(None);
        }
        *unused = self.reader.replace(ctx.waker().clone());
        Poll::Pending
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}

/// Messages in the order in which they will be received.
enum Queue<T> {
    All(VecDeque<Arc<Message<T>>>),
    Latest(Latest<T>),
}

impl<T> Queue<T> {
    fn len(&self) -> usize {
        match self {
            Self::All(messages) => messages.len(),
            Self::Latest(latest) => latest.messages.len(),
        }
    }

    fn oldest(&self) -> Option<&Message<T>> {
        match self {
            Self::All(messages) => messages.front().map(|message| &**message),
            Self::Latest(latest) => latest.messages.first_key_value().map(|(_, message)| &**message),
        }
    }

    /// Removes the message that a new one with this subject replaces.
    fn take(&mut self, subject: &str) -> Option<Arc<Message<T>>> {
        match self {
            Self::All(_) => None,
            Self::Latest(latest) => latest.take(subject),
        }
    }

    fn push(&mut self, message: Arc<Message<T>>) {
        match self {
            Self::All(messages) => messages.push_back(message),
            Self::Latest(latest) => latest.push(message),
        }
    }

    fn pop(&mut self) -> Option<Arc<Message<T>>> {
        match self {
            Self::All(messages) => messages.pop_front(),
            Self::Latest(latest) => latest.pop(),
        }
    }
}

/// The newest message of each subject, numbered in the order of arrival.
struct Latest<T> {
    messages: BTreeMap<u64, Arc<Message<T>>>,
    numbers: HashMap<Arc<str>, u64>,
    next_number: u64,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self { messages: BTreeMap::new(), numbers: HashMap::new(), next_number: 0 }
    }
}

impl<T> Latest<T> {
    fn take(&mut self, subject: &str) -> Option<Arc<Message<T>>> {
        let number = self.numbers.remove(subject)?;
        self.messages.remove(&number)
    }

    fn push(&mut self, message: Arc<Message<T>>) {
        self.numbers.insert(Arc::clone(&message.subject), self.next_number);
        self.messages.insert(self.next_number, message);
        self.next_number += 1;
    }

    fn pop(&mut self) -> Option<Arc<Message<T>>> {
        let (_, message) = self.messages.pop_first()?;
        self.numbers.remove(&message.subject);
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use loom::future::block_on;
    use loom::sync::{Arc as Shared, Mutex};
    use loom::thread;

    use super::*;

    /// Delivers as `Relay::publish` does: the reader is woken when the lock is released.
    fn publish(mailbox: &Mutex<Mailbox<u8>>, value: u8) {
        let message =
            Arc::new(Message { subject: "subject".into(), value, size: 1, position: Position::default() });
        let (dropped, reader) = mailbox.lock().unwrap().deliver(message);
        drop(dropped);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Waits as a `Subscription` does.
    fn next(mailbox: &Mutex<Mailbox<u8>>) -> Option<u8> {
        block_on(std::future::poll_fn(|ctx| {
            let mut unused = None;
            let polled = mailbox.lock().unwrap().poll(ctx, &mut unused);
            polled.map(|message| message.map(|message| message.value))
        }))
    }

    /// Runs every order of the steps of all threads in which at most two threads are interrupted. A wake-up that is
    /// lost in one of them is a deadlock, which fails the test.
    fn in_every_order(steps: impl Fn() + Send + Sync + 'static) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(steps);
    }

    #[test]
    fn a_reader_receives_what_two_threads_publish() {
        in_every_order(|| {
            let mailbox = Shared::new(Mutex::new(Mailbox::new(false)));
            let publishers = [1, 2].map(|value| {
                let mailbox = Shared::clone(&mailbox);
                thread::spawn(move || publish(&mailbox, value))
            });
            let mut received = [next(&mailbox), next(&mailbox)];
            received.sort_unstable();
            assert_eq!(received, [Some(1), Some(2)]);
            for publisher in publishers {
                publisher.join().unwrap();
            }
        });
    }

    #[test]
    fn a_mailbox_that_closes_wakes_its_reader() {
        in_every_order(|| {
            let mut mailbox = Mailbox::new(false);
            mailbox.set_capacity(1);
            mailbox.close_when_full();
            let mailbox = Shared::new(Mutex::new(mailbox));
            let publisher = {
                let mailbox = Shared::clone(&mailbox);
                thread::spawn(move || [1, 2].iter().for_each(|value| publish(&mailbox, *value)))
            };
            let received: Vec<u8> = std::iter::from_fn(|| next(&mailbox)).take(2).collect();
            publisher.join().unwrap();
            // The first is received before the second comes, or both are lost.
            let dropped = mailbox.lock().unwrap().dropped();
            assert!(matches!((&*received, dropped), ([1, 2], 0) | ([], 2)), "{received:?} {dropped}");
        });
    }
}
