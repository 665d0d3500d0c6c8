//! The task that receives, and finds when values may be missing.
//!
//! ```text
//!   disconnected --connected--> asking --answered--> settling --100 ms--> confirmed
//!        ^                        |                     |  \-- refused       |
//!        +------------------------+---------------------+--------------------+   another connection
//! ```
//!
//! A server that has taken a connection does not yet deliver: its client subscribes anew. So the task asks all relays of the name to announce
//! their newest values. The answer comes on the same connection, behind the subscription: from then on, everything arrives. The
//! announcements follow within the time to settle. So one gap is enough for what was missed.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::{Message, RequestErrorKind, Subscriber};
use futures_util::StreamExt;
use stario::relay::{Packet, Stamp};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::{Context, STAMP};
use crate::connection::TICK;
use crate::queue::Item;
use crate::subject;

/// How long announcements may take once the server has answered.
const SETTLING: Duration = Duration::from_millis(100);

/// How long the task waits before it asks again, or subscribes again.
const RETRY: Duration = Duration::from_secs(1);

pub(super) async fn run(context: Context) {
    let mut receiver = Receiver { context, connects: 0, dropped: 0, state: State::Disconnected };
    // Nobody is told twice that something fails for the same reason.
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

struct Receiver {
    context: Context,
    /// How often the connection was made when the state began.
    connects: u64,
    /// How many messages the client library had dropped when the relays were last asked.
    dropped: u64,
    state: State,
}

enum State {
    Disconnected,
    /// The relays are asked to announce their newest values.
    Asking(Answer),
    Settling(Instant),
    Confirmed,
    /// The server does not allow the subscription.
    Refused,
}

/// Whether the server has answered.
type Answer = Pin<Box<dyn Future<Output = bool> + Send>>;

#[derive(Clone, Copy)]
enum Step {
    Answered(bool),
    Settled,
}

impl Receiver {
    /// Receives until the client has ended.
    async fn receive(&mut self, mut messages: Subscriber) {
        let mut changes = self.context.nats.changes().watch();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.look();
            tokio::select! {
                message = messages.next() => {
                    let Some(message) = message else { return };
                    self.deliver(message);
                }
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
        self.context.status.is_confirmed.store(false, Ordering::Release);
        self.context.figures.connected(false);
        self.context.inbox.disconnected();
    }

    /// Asks for announcements. Whoever is there answers; if nobody is, the server says so. Both prove that it has taken
    /// what this connection sent before, which is the subscription.
    fn ask(&self, after: Duration) -> Answer {
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
            Step::Answered(false) => self.state = State::Asking(self.ask(RETRY)),
            Step::Settled if self.context.nats.changes().is_refused(&format!("{}>", self.context.prefix)) => {
                let relay = &self.context.status.name;
                tracing::error!(relay, "NATS does not allow a relay to receive what other processes publish");
                self.state = State::Refused;
            }
            Step::Settled => {
                self.state = State::Confirmed;
                self.context.inbox.connected();
                self.announce();
                self.context.status.is_confirmed.store(true, Ordering::Release);
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

    fn deliver(&self, message: Message) {
        let Some(subject) = message.subject.strip_prefix(&*self.context.prefix) else { return };
        if subject == subject::HELLO {
            self.announce();
            if let Some(reply) = message.reply {
                self.context.status.queue.push(Item::Answer(reply));
            }
            return;
        }
        let Some(stamp) = stamp(&message) else {
            tracing::debug!(subject = %message.subject, "a message of no relay is ignored");
            return;
        };
        if subject == subject::NEWEST {
            self.context.inbox.announced(stamp);
            return;
        }
        let Some(subject) = subject::read(subject) else {
            tracing::debug!(subject = %message.subject, "a message of no relay is ignored");
            return;
        };
        self.context.figures.received();
        self.context.inbox.receive(Packet { subject: subject.into(), stamp, payload: message.payload });
    }
}

fn stamp(message: &Message) -> Option<Stamp> {
    message.headers.as_ref()?.get(STAMP)?.as_str().parse().ok()
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
        }
    }
}
