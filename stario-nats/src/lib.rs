//! Several processes of a [stario](https://docs.rs/stario) app over [NATS](https://nats.io): one relay, one store of sessions, one
//! list of [who is here](NatsPresence), and one store of [durable commands](NatsQueue).
//!
//! ```
//! use stario::prelude::*;
//! use stario::{Session, Sessions};
//!
//! #[derive(serde::Serialize, serde::Deserialize, Default)]
//! struct Visit {
//!     pages: u32,
//! }
//!
//! # stario::app!();
//! #[app::query("/live")]
//! async fn live(relay: State<Relay<Event>>, last_event_id: Header<Option<String>>) -> impl Stream<Item = Event> {
//!     let mut changes = relay.resume("list.*", last_event_id); // what was missed, then what comes
//!     stream! {
//!         while let Some(update) = changes.next().await {
//!             match update {
//!                 Update::Value(_, change) => yield change,
//!                 Update::Gap => yield list(), // something may be missing: render again
//!             }
//!         }
//!     }
//! }
//!
//! #[app::command("/add")]
//! async fn add(item: Signal<String>, relay: State<Relay<Event>>, session: Session<Visit>) -> Result {
//!     session.update(|visit| visit.pages += 1).await?;
//!     relay.publish("list.items", Event::new((Mode::Append, "#items", html! { <li>{&*item}</li> })));
//!     Ok(())
//! }
//!
//! fn list() -> Html {
//!     html! { <ul id="items"></ul> }
//! }
//!
//! # #[cfg(any())]
//! #[tokio::main]
//! async fn main() -> stario::Result {
//!     let nats = stario_nats::connect("nats://localhost:4222").await?;
//!     let relay = Relay::<Event>::over(nats.relay("shop")).history(1_000);
//!     nats.ready().await?; // from here on, nothing that others publish is missed
//!     app::new()
//!         .state(relay)
//!         .state(Sessions::<Visit>::new(nats.sessions("sessions").await?))
//!         .durable(nats.queue("shop").await?)
//!         .readiness("/health/ready", |_| async { Ok(()) })
//!         .ready_when(nats.readiness())
//!         .on_stop({
//!             let nats = nats.clone();
//!             move |_| async move { nats.flush().await }
//!         })
//!         .serve()
//!         .await
//! }
//! # fn main() {}
//! ```
//!
//! The client is `async-nats` 0.51, re-exported as [`async_nats`]. It was tried with `nats-server` 2.9.10.
//!
//! # What a relay promises
//!
//! | | |
//! |---|---|
//! | publishing | never waits. Subscriptions of the same process have the value before it is sent |
//! | order | that of each publisher |
//! | delivery | at most once, and never twice: each value has the name of its publisher and a number |
//! | what is lost | is an [`Update::Gap`](stario::Update::Gap), and [`has_lost`](stario::Subscription::has_lost), for all subscriptions of the processes that lack it: send the whole state again |
//! | a page that comes back | resumes at any process whose [history](stario::Relay::history) has what it missed; elsewhere it has a gap |
//! | a process that starts | takes over the history of the others before it is [ready](Nats::ready), so a page resumes there as it would have at the one that has ended |
//!
//! A lost connection is one gap, once the server has confirmed that it delivers again, and a second one if others take more than 0.1 seconds then to say what they have published. Values that wait for a connection are bounded
//! ([`NatsRelay::buffer`]), and so is what waits to be received ([`NatsRelay::receive_buffer`]). What a process had not sent when it ended is lost without a gap: what must not be lost is in a database before
//! it is published.
//!
//! # What a deploy promises
//!
//! A process that starts asks the others for what their relays keep, until its own history is full or they have no more. So a page has no gap after a deploy, however long nothing
//! was published in its room: a process was replaced, or all of them one after another. It needs
//!
//! - at least one process that is connected until the new one is [ready](Nats::ready), as with a hand-over, or where others serve beside it. If all of them end before the first new one
//!   starts, each page has one gap.
//! - a history that reaches back to the last event of the page; it counts the values of all rooms. Each process should have the same.
//! - fewer than 256 processes that have published since all of them were last down together: a restart is another process.
//! - a new process that waits for [`Nats::ready`] before it serves, and an old one that [flushes](Nats::flush) when it stops.
//!
//! It takes at most 3 seconds, and no time if nobody else is there. What is not taken over in this time, or cannot be read by the new release, is a gap for the pages that need it. After a lost
//! connection nothing is taken over: that is a gap for all.
//!
//! All processes receive all values of the relay, whether or not a page of theirs needs them: the history needs them. Apps of which each process
//! needs few of many values have several relays.
//!
//! # Clocks
//!
//! | what | depends on | clocks that differ |
//! |---|---|---|
//! | values of a relay, gaps, positions | numbers alone | change nothing |
//! | who is here, and for how long ([`Nats::presence`]) | the server's clock, and how long each process has waited | change nothing |
//! | the value of a person with tabs at several processes | what each process has heard; clocks for values that are given at the same time | change nothing else, up to an hour |
//! | the order of a list of people | the clock of the process where each came | change the order |
//! | when a session ends ([`Nats::sessions`]) | the clock of the process that asks | end it earlier or later by as much |
//! | leases, delays and schedules of durable commands ([`Nats::queue`]) | the clocks of the processes | let a command begin earlier or later by as much, or twice if it is more than a lease: keep them together |
//!
//! # What an acknowledgement is worth
//!
//! | what is stored | the process is killed | the server is killed (`kill -9`) | the server's machine loses power |
//! |---|---|---|---|
//! | a durable command ([`Nats::queue`]) | stays, and runs | stays, and runs | **may be lost** |
//! | a session ([`Nats::sessions`]) | stays | stays | **may be lost** |
//! | who is here ([`Nats::presence`]) | gone after the lease | joins again | joins again |
//! | a value of a relay | at most once | at most once | at most once |
//!
//! `JetStream` acknowledges when a message is in the memory of the system, and synchronizes its files later: `nats-server` 2.9 after a minute or two, and it has no setting for it. From 2.10 on
//! there is `sync_interval: always`, which was not tried here. In a cluster of three with `replicas(3)`, two servers have what is acknowledged.
//!
//! # Figures
//!
//! With the feature `metrics`, and [`App::metrics`](https://docs.rs/stario/latest/stario/struct.App.html), Prometheus is served with these, each with the label `relay`:
//!
//! | figure | |
//! |---|---|
//! | `stario_nats_connected` | 1 while values of other processes arrive, else 0 |
//! | `stario_nats_sent_total`, `stario_nats_received_total` | values |
//! | `stario_nats_unsent_total` | values that were published and not sent |
//! | `stario_nats_dropped_total` | values of other processes that were dropped because this one was too slow to receive them |

mod connection;
mod durable;
mod error;
#[cfg_attr(not(feature = "metrics"), path = "figures/absent.rs")]
mod figures;
mod presence;
mod queue;
mod relay;
mod sessions;
mod subject;

pub use async_nats;
pub use connection::{Nats, connect};
pub use durable::{NatsQueue, OpenQueue, OpenQueueError};
pub use error::{ConnectError, NotReady};
pub use presence::NatsPresence;
pub use relay::NatsRelay;
pub use sessions::{BucketError, NatsSessions, SessionBucket};
