//! What a run of a durable command knows of itself: `Attempt` and `IdempotencyKey`.

use std::fmt;
use std::ops::Deref;

use crate::error::Rejection;
use crate::extract::FromRequest;
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

/// Which attempt of a durable command this is: 1 for the first.
///
/// ```
/// use stario::prelude::*;
/// use stario::{Attempt, MemoryQueue};
///
/// # stario::app!();
/// #[app::detached_command("/import", durable = "import", attempts = 3)]
/// async fn import(attempt: Attempt, log: Logger) -> Result {
///     if attempt.is_last() {
///         log.warn("the last attempt");
///     }
///     Err("the warehouse does not answer".into())
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new().durable(MemoryQueue::new()));
/// assert_eq!(client.post("/import").send().status(), 204);
/// for _ in 0..3 {
///     client.drain_blocking();
///     client.advance_clock(Duration::from_secs(60));
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    pub(super) number: u32,
    pub(super) limit: u32,
}

impl Attempt {
    /// Its number, from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many attempts there are at most.
    pub fn limit(self) -> u32 {
        self.limit
    }

    /// Whether the command becomes a dead letter if this attempt fails.
    pub fn is_last(self) -> bool {
        self.number >= self.limit
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(formatter)
    }
}

impl FromRequest for Attempt {
    const SOURCE: Source = Source::Run;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        // Of the request that stores the command nobody sees it.
        let facts = scope.exchange().run_facts();
        Ok(facts.map_or(Self { number: 1, limit: 1 }, |facts| Self {
            number: facts.attempt,
            limit: facts.attempts,
        }))
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        Some(Requirement::Durable("Attempt"))
    }
}

/// A text that all attempts of one durable command share, and no other command has: give it to what you call, so that it does
/// nothing twice.
///
/// It is what the request says in the header `idempotency-key`, or code by [`DurableCommand::key`](crate::durable::DurableCommand::key), else an id of the stored command. Where a handler takes it, a second
/// request with the key of a command that is still stored, also as a dead letter, is answered 204 and stores nothing; if its values are others, it is
/// refused with 422. Values are compared as JSON, those of dependencies too, so a `HashMap` is the same in any order of its entries; a `HashSet`
/// is written as a list, whose order differs each time: take a `BTreeSet`. A key has 1 to 255 visible characters of ASCII; another one is refused with 400. Finished commands are stored for
/// [`App::durable_retention`](crate::App::durable_retention).
///
/// All clients of a handler share its keys, so a client chooses one that no other guesses: a random UUID.
///
/// ```
/// use stario::prelude::*;
/// use stario::{IdempotencyKey, MemoryQueue};
///
/// # stario::app!();
/// #[app::detached_command("/pay", durable = "pay")]
/// async fn pay(amount: QueryParam<u32>, key: IdempotencyKey, log: Logger) {
///     log.with("key", &*key).with("amount", *amount).info("paid");
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new().durable(MemoryQueue::new()));
/// let pay = |amount| client.post(format!("/pay?amount={amount}")).header("idempotency-key", "7d3f").send();
/// assert_eq!([pay(5), pay(5), pay(6)].map(|res| res.status().as_u16()), [204, 204, 422]);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(pub(super) Box<str>);

const HEADER: &str = "idempotency-key";

impl IdempotencyKey {
    const MOST_BYTES: usize = 255;

    /// Whether a text can be a key.
    pub(super) fn is_key(text: &str) -> bool {
        (1..=Self::MOST_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }
}

impl Deref for IdempotencyKey {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl FromRequest for IdempotencyKey {
    const SOURCE: Source = Source::Run;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        let exchange = scope.exchange();
        if let Some(facts) = exchange.run_facts() {
            return Ok(Self(facts.key.as_str().into()));
        }
        let Some(value) = scope.headers().get(HEADER) else { return Ok(Self("".into())) };
        let Some(key) = value.to_str().ok().filter(|text| Self::is_key(text)) else {
            let what = "no key: write 1 to 255 visible characters of ASCII";
            return Err(Rejection::malformed("header", HEADER, what));
        };
        exchange.note_idempotency_key(key);
        Ok(Self(key.into()))
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        Some(Requirement::Durable("IdempotencyKey"))
    }
}
