//! The task that receives, and finds when values may be missing.
//!
//! ```text
//!   disconnected --connected--> asking --answered--> settling --100 ms--> importing --at most 3 s--> confirmed
//!        ^                        | ^                   |  \-- refused       |                          |
//!        |                        | +---nothing heard---+                    |                          |
//!        +------------------------+---------------------+--------------------+--------------------------+   another connection
//! ```
//!
//! A server that has taken a connection does not yet deliver: its client subscribes anew. So the task asks all relays of the name to announce
//! their newest values. The answer comes on the same connection, behind the subscription: from then on, everything arrives. The
//! announcements follow within the time to settle, so one gap is enough for what was missed; one that comes later may make a second gap.
//!
//! The relay of a process that starts imports the history of those that have announced themselves (`history.rs`), once.
//!
//! A subscription that the server refuses is an event of the connection. One that was made elsewhere reports none: there, only a message
//! proves that the subscription is allowed, such as the question itself, which comes back.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::{RequestErrorKind, Subscriber};
use futures_util::StreamExt;
use stario::relay::Stamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::Context;
use super::history::{self, ANSWER_BYTES};
use super::incoming::{Incoming, IncomingQueue, Pushed};
use crate::connection::TICK;
use crate::figures::Figures;
use crate::queue::Item;
use crate::subject;

/// How long announcements may take once the server has answered.
const SETTLING: Duration = Duration::from_millis(100);

/// How many other relays are asked for what they keep, at most.
const MAX_PEERS: usize = 16;

/// How long the task waits before it asks again, or subscribes again.
const RETRY: Duration = Duration::from_secs(1);

pub(super) async fn run(context: Context) {
    let mut receiver = Receiver::new(context);
    // The log has each reason once.
    let mut has_failed = false;
    loop {
        match receiver.context.nats.client().subscribe(format!("{}>", receiver.context.prefix)).await {
            Ok(messages) => receiver.receive(messages).await,
            Err(error) if !has_failed => {
                let relay = &receiver.context.status.name;
                tracing::error!(relay, %error, "a relay cannot subscribe to what other processes publish");
                has_failed = true;
            }
            Err(_) => {}
        }
        receiver.disconnected();
        sleep(RETRY).await;
    }
}

/// Takes messages out of the client library's queue, which is bounded in their number alone.
async fn read(
    mut messages: Subscriber,
    queue: Arc<IncomingQueue>,
    prefix: Arc<str>,
    relay: String,
    figures: Figures,
) {
    let mut times = 0_u64;
    while let Some(message) = messages.next().await {
        let subject = message.subject.clone();
        let Some(message) = Incoming::read(message, &prefix) else {
            tracing::debug!(%subject, "a message of no relay is ignored");
            continue;
        };
        match queue.push(message) {
            Pushed::Kept => {}
            Pushed::Dropped => figures.dropped(),
            Pushed::DroppedFirst => {
                figures.dropped();
                times += 1;
                if times.is_power_of_two() {
                    tracing::warn!(
                        relay,
                        times,
                        "values of other processes come faster than they are received: some are dropped"
                    );
                }
            }
        }
    }
}

struct Receiver {
    context: Context,
    /// How often the connection was made when the state began.
    connects: u64,
    /// How many messages the client library had dropped when the relays were last asked.
    dropped: u64,
    /// Whether a message has come since the relays were last asked.
    has_heard: bool,
    /// Whether the log has that none came.
    has_warned: bool,
    /// The relays that have announced themselves since then, by their names.
    peers: Vec<u64>,
    state: State,
}

enum State {
    Disconnected,
    /// The relays are asked to announce their newest values.
    Asking(Answer),
    Settling(Instant),
    /// The relay takes over what others keep.
    Importing(Import),
    Confirmed,
    /// The server does not allow the subscription.
    Refused,
}

/// Whether the server has answered.
type Answer = Pin<Box<dyn Future<Output = bool> + Send>>;

type Import = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Clone, Copy)]
enum Step {
    Answered(bool),
    Settled,
    Imported,
}

impl Receiver {
    fn new(context: Context) -> Self {
        let (has_heard, has_warned) = (false, false);
        let (peers, state) = (Vec::new(), State::Disconnected);
        Self { context, connects: 0, dropped: 0, has_heard, has_warned, peers, state }
    }

    /// Receives until the client has ended.
    async fn receive(&mut self, messages: Subscriber) {
        let queue = Arc::new(IncomingQueue::new(self.context.max_incoming_bytes));
        let mut reader = JoinSet::new();
        let (prefix, relay) = (Arc::clone(&self.context.prefix), self.context.status.name.clone());
        reader.spawn(read(messages, Arc::clone(&queue), prefix, relay, self.context.figures.clone()));
        let mut changes = self.context.nats.changes().watch();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.look();
            tokio::select! {
                message = queue.next() => self.deliver(message),
                _ = reader.join_next() => return,
                step = self.state.next() => self.advance(step),
                // An error: nobody will note a change, as of a connection that was made elsewhere.
                Ok(()) = changes.changed() => {}
                _ = tick.tick() => self.ask_if_dropped().await,
            }
        }
    }

    /// Looks whether the connection is another one, or lost.
    fn look(&mut self) {
        let connects = self.context.nats.connects();
        if connects == self.connects && self.context.nats.is_connected() {
            return;
        }
        if !matches!(self.state, State::Disconnected) {
            self.disconnected();
        }
        if self.context.nats.is_connected() {
            self.connects = connects;
            self.state = State::Asking(self.ask(Duration::ZERO));
        }
    }

    fn disconnected(&mut self) {
        // Another number than any: the connection is looked at again.
        self.connects = 0;
        self.state = State::Disconnected;
        self.context.status.confirmed.store(0, Ordering::Release);
        self.context.figures.connected(false);
        self.context.inbox.disconnected();
    }

    /// Asks for announcements. The processes that are there answer; if there are none, the server says so. Both prove that it has taken
    /// what this connection sent before, which is the subscription.
    fn ask(&mut self, after: Duration) -> Answer {
        self.has_heard = false;
        self.peers.clear();
        let client = self.context.nats.client().clone();
        let subject = format!("{}{}", self.context.prefix, subject::HELLO);
        let relay = self.context.status.name.clone();
        Box::pin(async move {
            sleep(after).await;
            let Err(error) = client.request(subject, "".into()).await else { return true };
            if error.kind() == RequestErrorKind::NoResponders {
                return true;
            }
            tracing::warn!(relay, %error, "NATS does not confirm a subscription");
            false
        })
    }

    fn advance(&mut self, step: Step) {
        match step {
            Step::Answered(true) => self.state = State::Settling(Instant::now() + SETTLING),
            // One that may not ask either has no answer.
            Step::Answered(false) | Step::Settled
                if self.context.nats.changes().is_refused(&format!("{}>", self.context.prefix)) =>
            {
                let relay = &self.context.status.name;
                tracing::error!(relay, "NATS does not allow a relay to receive what other processes publish");
                self.context.status.refused.store(self.connects, Ordering::Release);
                self.context.nats.changes().note();
                self.state = State::Refused;
            }
            Step::Answered(false) => self.state = State::Asking(self.ask(RETRY)),
            Step::Settled if !self.has_heard && !self.context.nats.changes().are_reported() => {
                if !std::mem::replace(&mut self.has_warned, true) {
                    let relay = &self.context.status.name;
                    tracing::warn!(
                        relay,
                        "nothing proves that NATS allows a relay to receive what other processes publish: \
                         connect its client without `no_echo`, and let it subscribe to the subjects of the relay"
                    );
                }
                self.state = State::Asking(self.ask(RETRY));
            }
            Step::Settled if self.context.inbox.earliest().is_some() && !self.peers.is_empty() => {
                let (client, inbox) = (self.context.nats.client().clone(), self.context.inbox.clone());
                let (prefix, peers) = (self.context.prefix.to_string(), std::mem::take(&mut self.peers));
                self.state = State::Importing(Box::pin(history::import(client, prefix, inbox, peers)));
            }
            Step::Settled | Step::Imported => {
                self.state = State::Confirmed;
                self.context.inbox.connected();
                self.announce();
                self.context.status.confirmed.store(self.connects, Ordering::Release);
                self.context.figures.connected(true);
                self.context.nats.changes().note();
            }
        }
    }

    /// Has the newest value announced, behind all that waits to be sent.
    fn announce(&self) {
        if let Some(newest) = self.context.inbox.newest() {
            self.context.status.queue.push(Item::Announcement(newest));
        }
    }

    /// Asks for announcements if the client library has dropped messages: those behind which nothing came would not be missed.
    async fn ask_if_dropped(&mut self) {
        let dropped = self.context.nats.changes().dropped();
        if dropped == self.dropped || !matches!(self.state, State::Confirmed) {
            return;
        }
        let relay = &self.context.status.name;
        tracing::warn!(
            relay,
            count = dropped - self.dropped,
            "values of other processes come faster than they are read"
        );
        self.dropped = dropped;
        let subject = format!("{}{}", self.context.prefix, subject::HELLO);
        // An error: the client has ended, which the stream of messages says, too.
        self.context.nats.client().publish(subject, "".into()).await.ok();
    }

    fn deliver(&mut self, message: Incoming) {
        self.has_heard = true;
        match message {
            Incoming::Value(packet) => {
                self.context.figures.received();
                self.context.inbox.receive(packet);
            }
            Incoming::Newest(stamp) => {
                self.note_peer(stamp.epoch);
                self.context.inbox.announced(stamp);
            }
            Incoming::Hello(reply) => {
                self.announce();
                if let Some(reply) = reply {
                    self.context.status.queue.push(Item::Answer(reply));
                }
            }
            Incoming::Question(asked, before, address) => {
                let inbox = &self.context.inbox;
                if inbox.newest().is_some_and(|own| own.epoch == asked)
                    && let Some(kept) = inbox.export(&before, ANSWER_BYTES)
                {
                    self.context.status.queue.push(Item::History(address, kept));
                }
            }
            Incoming::End => {}
            Incoming::Dropped(newest) => {
                for (epoch, number) in newest {
                    self.context.inbox.announced(Stamp { epoch, number });
                }
            }
        }
    }
}

impl Receiver {
    /// Notes a relay that has announced itself, to be asked for what it keeps.
    fn note_peer(&mut self, epoch: u64) {
        let is_own = self.context.inbox.newest().is_none_or(|own| own.epoch == epoch);
        let is_early = matches!(self.state, State::Asking(_) | State::Settling(_));
        if is_early && !is_own && self.peers.len() < MAX_PEERS && !self.peers.contains(&epoch) {
            self.peers.push(epoch);
        }
    }
}

impl State {
    /// What leads to the next state, if time or an answer does.
    async fn next(&mut self) -> Step {
        match self {
            Self::Disconnected | Self::Confirmed | Self::Refused => pending().await,
            Self::Asking(answer) => Step::Answered(answer.await),
            Self::Settling(until) => {
                sleep_until(*until).await;
                Step::Settled
            }
            Self::Importing(import) => {
                import.await;
                Step::Imported
            }
        }
    }
}
