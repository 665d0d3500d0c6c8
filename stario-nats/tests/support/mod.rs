//! What the tests of this crate share: a broker of their own, a proxy that delays and cuts, and waiting for what must come.
#![allow(dead_code, reason = "not each test binary uses all of it")]

use std::fmt::Debug;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

pub(crate) use broker::Broker;
use stario::relay::{Payload, Update};
use stario::{Relay, Updates};
use stario_nats::{Nats, async_nats};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

mod broker;
pub(crate) mod logged;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

impl Broker {
    pub(crate) async fn connect(&self) -> Nats {
        stario_nats::connect(self.url()).await.unwrap()
    }
}

/// A relay with a connection of its own, as one process has it, that is ready.
pub(crate) async fn node<T: Payload>(broker: &Broker) -> (Nats, Relay<T>) {
    node_at(&broker.url()).await
}

pub(crate) async fn node_at<T: Payload>(url: &str) -> (Nats, Relay<T>) {
    let nats = stario_nats::connect(url).await.unwrap();
    let relay = Relay::over(nats.relay("shop"));
    soon(nats.ready()).await.unwrap();
    (nats, relay)
}

/// Waits until the server has taken all that this client has sent, a subscription for example. Its `flush` waits until the system has.
pub(crate) async fn taken_by_server(client: &async_nats::Client) {
    let nobody = soon(client.request("nobody.answers", "".into())).await;
    assert_eq!(nobody.unwrap_err().kind(), async_nats::RequestErrorKind::NoResponders);
}

/// What the future returns, which must not take long.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("what the test waits for did not come")
}

/// Waits until something holds that nothing reports, such as the state of the client library's connection: it is looked at again and again.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    soon(async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Waits until the relays know each other, so that the first value of each is the next one for all.
pub(crate) async fn acquainted<T: Payload>(relays: &[&Relay<T>]) {
    until(|| relays.iter().all(|relay| publishers(&relay.position()) == relays.len())).await;
}

fn publishers(position: &stario::relay::Position) -> usize {
    position.to_string().split('-').count()
}

/// The next update, where `None` is a gap.
pub(crate) async fn next<T: Clone + 'static>(updates: &mut Updates<T>) -> Option<T> {
    match soon(updates.next()).await.expect("the subscription has ended") {
        Update::Value(_, value) => Some(value),
        Update::Gap => None,
    }
}

/// The updates to the first that fits.
pub(crate) async fn next_until<T: Clone + Debug + 'static>(
    updates: &mut Updates<T>,
    is_last: impl Fn(&T) -> bool,
) -> Vec<Option<T>> {
    let mut found = Vec::new();
    loop {
        found.push(next(updates).await);
        if found.last().unwrap().as_ref().is_some_and(&is_last) {
            return found;
        }
    }
}

/// Passes connections on to a broker, and can delay and cut them.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    settings: watch::Sender<Settings>,
}

#[derive(Clone, Copy, Default)]
struct Settings {
    delay: Duration,
    /// Once a client has sent this text, nothing passes that the broker sends.
    unanswered: Option<&'static str>,
    /// That text, once a client has sent it.
    unanswered_said: Option<&'static str>,
    /// What a client must not say: all connections are cut before it arrives, once.
    unheard: Option<&'static str>,
    /// Before what a client says its messages are held.
    held: Option<&'static str>,
    is_holding: bool,
    /// Counts the cuts.
    cuts: u64,
    /// After how many more bytes of the client all connections are cut.
    cut_after: Option<usize>,
    /// Whether connections that are made after a cut are closed at once.
    is_last_cut: bool,
    /// Whether nothing passes, although the connections are open.
    is_held: bool,
}

impl Proxy {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = watch::Sender::new(Settings::default());
        let changed = settings.clone();
        tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { return };
                let is_refused = changed.borrow().is_last_cut && changed.borrow().cuts > 0;
                if is_refused {
                    continue;
                }
                let Ok(server) = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
                    continue;
                };
                client.set_nodelay(true).ok();
                server.set_nodelay(true).ok();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, changed.clone(), Direction::ToBroker));
                tokio::spawn(pass(from_server, to_client, changed.clone(), Direction::ToClient));
            }
        });
        Self { address, settings }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Ends all connections, whatever is on the way.
    pub(crate) fn cut(&self) {
        self.settings.send_modify(Settings::cut);
    }

    /// Ends all connections when so many more bytes have come from the client: within a message, whatever the messages are.
    pub(crate) fn cut_after(&self, bytes: usize) {
        self.settings.send_modify(|settings| settings.cut_after = Some(bytes));
    }

    /// The same, and no connection is made any more.
    pub(crate) fn cut_for_good_after(&self, bytes: usize) {
        self.settings.send_modify(|settings| settings.is_last_cut = true);
        self.cut_after(bytes);
    }

    /// Waits until all connections have been cut so many times.
    pub(crate) async fn wait_for_cuts(&self, times: u64) {
        soon(self.settings.subscribe().wait_for(|settings| settings.cuts >= times)).await.unwrap();
    }

    /// How often all connections have been cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.settings.borrow().cuts
    }

    pub(crate) fn delay(&self, delay: Duration) {
        self.settings.send_modify(|settings| settings.delay = delay);
    }

    /// Lets nothing pass from now on, or what waits and all that follows: neither side learns that the other one is away.
    pub(crate) fn hold(&self, is_held: bool) {
        self.settings.send_modify(|settings| settings.is_held = is_held);
    }

    /// Cuts when a client says this, before the broker hears it.
    pub(crate) fn cut_before(&self, text: &'static str) {
        self.settings.send_modify(|settings| settings.unheard = Some(text));
    }

    /// Holds what a client says from this on, until [`release`](Self::release).
    pub(crate) fn hold_before(&self, text: &'static str) {
        self.settings.send_modify(|settings| settings.held = Some(text));
    }

    /// Waits until it holds something.
    pub(crate) async fn is_holding(&self) {
        soon(self.settings.subscribe().wait_for(|settings| settings.is_holding)).await.unwrap();
    }

    pub(crate) fn release(&self) {
        self.settings.send_modify(|settings| settings.held = None);
    }

    /// Whether it has cut so.
    pub(crate) fn has_cut(&self) -> bool {
        self.settings.borrow().unheard.is_none()
    }

    /// Withholds what the broker says, once a client has said this and the broker has heard it, until [`cut`](Self::cut).
    pub(crate) fn withhold_answers_to(&self, text: &'static str) {
        self.settings.send_modify(|settings| settings.unanswered = Some(text));
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    ToBroker,
    ToClient,
}

impl Settings {
    fn cut(&mut self) {
        self.cuts += 1;
        self.cut_after = None;
        self.unanswered_said = None;
    }

    /// Counts bytes of the client; returns how many of them may pass.
    fn count(&mut self, bytes: usize) -> usize {
        match &mut self.cut_after {
            Some(left) if *left <= bytes => {
                let left = *left;
                self.cut();
                left
            }
            Some(left) => {
                *left -= bytes;
                bytes
            }
            None => bytes,
        }
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    settings: watch::Sender<Settings>,
    direction: Direction,
) {
    let mut changes = settings.subscribe();
    let cuts = settings.borrow().cuts;
    let mut bytes = vec![0; 16 * 1024];
    loop {
        tokio::select! {
            read = from.read(&mut bytes) => {
                let Ok(mut length @ 1..) = read else { return };
                let now = *settings.borrow();
                let says = |text: &str| bytes[..length].windows(text.len()).any(|part| part == text.as_bytes());
                if direction == Direction::ToBroker && now.unheard.is_some_and(says) {
                    settings.send_modify(|settings| {
                        settings.unheard = None;
                        settings.cut();
                    });
                    return;
                }
                if direction == Direction::ToBroker && now.unanswered.is_some_and(says) {
                    settings.send_modify(|settings| settings.unanswered_said = settings.unanswered.take());
                }
                if direction == Direction::ToBroker && now.held.is_some_and(says) {
                    settings.send_modify(|settings| settings.is_holding = true);
                    let _ = settings.subscribe().wait_for(|settings| settings.held.is_none()).await;
                    settings.send_modify(|settings| settings.is_holding = false);
                }
                if !now.delay.is_zero() {
                    tokio::time::sleep(now.delay).await;
                }
                let is_held = |settings: &Settings| {
                    settings.is_held || settings.unanswered_said.is_some() && direction == Direction::ToClient
                };
                let passes = changes.wait_for(|settings| !is_held(settings) || settings.cuts != cuts).await;
                if !passes.is_ok_and(|settings| settings.cuts == cuts) {
                    return;
                }
                if direction == Direction::ToBroker {
                    settings.send_modify(|settings| length = settings.count(length));
                }
                if to.write_all(&bytes[..length]).await.is_err() || settings.borrow().cuts != cuts {
                    return;
                }
            }
            changed = changes.changed() => {
                if changed.is_err() || settings.borrow().cuts != cuts {
                    return;
                }
            }
        }
    }
}
