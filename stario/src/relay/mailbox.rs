//! What waits for one subscriber, and what is dropped when that is too much.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use smallvec::SmallVec;

/// How many values wait, unless the subscription says otherwise.
const CAPACITY: usize = 1024;

/// A published value, stored once for all who wait for it.
pub(super) struct Message<T> {
    pub(super) subject: Arc<str>,
    pub(super) value: T,
}

pub(super) struct Mailbox<T> {
    waiting: Waiting<T>,
    capacity: usize,
    when_full: WhenFull,
    is_closed: bool,
    dropped: u64,
    reader: Option<Waker>,
}

enum WhenFull {
    DropOldest,
    Close,
}

/// Messages to be dropped by the caller, once the lock is released: their values may use the relay.
pub(super) type Dropped<T> = SmallVec<[Arc<Message<T>>; 1]>;

impl<T> Mailbox<T> {
    /// `is_closed` when nothing will ever come.
    pub(super) fn new(is_closed: bool) -> Self {
        Self {
            waiting: Waiting::All(VecDeque::new()),
            capacity: CAPACITY,
            when_full: WhenFull::DropOldest,
            is_closed,
            dropped: 0,
            reader: None,
        }
    }

    /// Adds a message. Who waits for it is the caller's to wake, once the lock is released.
    pub(super) fn deliver(&mut self, message: Arc<Message<T>>) -> (Dropped<T>, Option<Waker>) {
        if self.is_closed {
            return (Dropped::new(), None);
        }
        let mut dropped = match self.waiting.take(&message.subject) {
            Some(older) => Dropped::from([older]),
            // Room is made before, so that the queue never grows past its capacity.
            None => self.shrink_to(self.capacity - 1),
        };
        if self.is_closed {
            dropped.push(message);
        } else {
            self.waiting.push(message);
        }
        self.dropped += dropped.len() as u64;
        (dropped, self.reader.take())
    }

    fn shrink_to(&mut self, most: usize) -> Dropped<T> {
        let over = self.waiting.len().saturating_sub(most);
        if over == 0 {
            return Dropped::new();
        }
        let taken = match self.when_full {
            WhenFull::DropOldest => over,
            WhenFull::Close => {
                self.is_closed = true;
                usize::MAX
            }
        };
        std::iter::from_fn(|| self.waiting.pop()).take(taken).collect()
    }

    pub(super) fn set_capacity(&mut self, capacity: usize) -> Dropped<T> {
        self.capacity = capacity.max(1);
        self.apply_policy()
    }

    pub(super) fn close_when_full(&mut self) -> Dropped<T> {
        self.when_full = WhenFull::Close;
        self.apply_policy()
    }

    fn apply_policy(&mut self) -> Dropped<T> {
        let dropped = self.shrink_to(self.capacity);
        self.dropped += dropped.len() as u64;
        dropped
    }

    pub(super) fn keep_latest(&mut self) -> Dropped<T> {
        let mut before = std::mem::replace(&mut self.waiting, Waiting::Latest(Latest::default()));
        let mut dropped = Dropped::new();
        while let Some(message) = before.pop() {
            dropped.extend(self.waiting.take(&message.subject));
            self.waiting.push(message);
        }
        self.dropped += dropped.len() as u64;
        dropped
    }

    /// The next message; `None` when there will be none. A waker that is no longer needed is handed back,
    /// for the caller to drop once the lock is released.
    pub(super) fn poll(
        &mut self,
        ctx: &mut Context<'_>,
        unused: &mut Option<Waker>,
    ) -> Poll<Option<Arc<Message<T>>>> {
        if let Some(message) = self.waiting.pop() {
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
        self.waiting.len()
    }
}

/// Messages in the order in which they are received.
enum Waiting<T> {
    All(VecDeque<Arc<Message<T>>>),
    Latest(Latest<T>),
}

impl<T> Waiting<T> {
    fn len(&self) -> usize {
        match self {
            Self::All(messages) => messages.len(),
            Self::Latest(latest) => latest.messages.len(),
        }
    }

    /// Takes out the message that a new one with this subject stands in the place of.
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

/// The newest message of each subject, by the number of its arrival.
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
