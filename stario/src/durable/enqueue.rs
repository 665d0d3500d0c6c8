//! Stores a command: of a request, whose client is answered then, or of code.

use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::attempt::IdempotencyKey;
use super::clock::milliseconds;
use super::command::{CommandId, NewCommand};
use super::info::DurableInfo;
use super::lift;
use super::payload::HEAD;
use super::queue::Queue;
use super::values::{StoredValues, ValuesWriter};
use crate::error::{Error, Rejection, Result};
use crate::exchange::Exchange;
use crate::request_id::RequestId;

/// A command with its values, not stored yet: [`Durable::enqueue`](super::Durable::enqueue) takes it.
///
/// Beside each durable handler there is a function that makes one, as there are `url` and `action`. Its arguments are the values of the
/// parameters that are stored, in their order; a wrong one does not compile.
///
/// | parameter | argument |
/// |---|---|
/// | `PathParam<T>`, `JsonBody<T>`, `Header<T>`, `RawBody<T>`, and all others that hold a value of the request | what they hold: a `T`, a `Vec<T>` for `QueryParams<T>` and `Headers<T>` |
/// | a dependency of the request, `User` or `&User` | a `User` |
/// | [`UploadedFile`](crate::UploadedFile), an `Option` or a `Vec` of it | the same; [`UploadedFile::new`](crate::UploadedFile::new) makes a file |
/// | [`ClientAddress`](crate::ClientAddress), and sources of your own | the same |
/// | `State`, `Logger`, `AppHandle`, `RequestId`, `Attempt`, [`IdempotencyKey`](crate::IdempotencyKey), a singleton | none: they are resolved in each run |
///
/// A `#[default(..)]` is for requests, and so are guards and rate limits: code passes them. A handler with more than 16 parameters has no such
/// function, and a call of it does not compile; singletons count, and the others of the last row do not.
///
/// ```
/// use stario::prelude::*;
/// use stario::{AppHandle, IdempotencyKey, MemoryQueue};
///
/// # stario::app!();
/// #[app::detached_command("/mails/{address}", durable = "mail", attempts = 5)]
/// async fn mail(address: PathParam<String>, text: FormField<String>, key: IdempotencyKey, log: Logger) {
///     log.with("to", &**address).with("text", &**text).with("key", &*key).info("sent");
/// }
///
/// #[app::command("/orders/{number}")]
/// async fn order(number: PathParam<u32>, app: AppHandle) -> Result {
///     let thanks = mail::command("ada@example.com".to_owned(), format!("We have your order {number}."));
///     app.durable().enqueue(thanks.key(format!("thanks-{number}"))).await?;
///     let question = mail::command("ada@example.com".to_owned(), "How do you like it?".to_owned());
///     app.durable().enqueue(question.after(Duration::from_secs(14 * 24 * 3600))).await?;
///     Ok(())
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new().durable(MemoryQueue::new()));
/// assert_eq!(client.post("/orders/7").send().status(), 204);
/// client.drain_blocking();                        // The first mail is sent.
/// client.advance_clock(Duration::from_secs(14 * 24 * 3600));
/// client.drain_blocking();                        // And now the second.
/// # }
/// ```
#[must_use = "a command is stored, and runs, only if it is enqueued: `app.durable().enqueue(..)`"]
pub struct DurableCommand {
    pub(super) info: &'static DurableInfo,
    /// Why its values cannot be stored is said where it is enqueued.
    values: Result<GroupedValues, Rejection>,
    key: Option<String>,
    delay: Duration,
}

/// The values of a command, and the value by which it is put into a group.
pub(super) struct GroupedValues {
    pub(super) values: ValuesWriter,
    pub(super) group: Option<String>,
}

impl DurableCommand {
    pub(super) fn new(info: &'static DurableInfo, values: Result<GroupedValues, Rejection>) -> Self {
        Self { info, values, key: None, delay: info.delay }
    }

    /// Runs it this long after it is enqueued, whatever its attribute says by `delay`.
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Stores it only if no command of this handler is stored under this key, whatever the state of that one is.
    ///
    /// A key holds as long as its command is stored: until a day after the command has ended, or for as long as
    /// [`App::durable_retention`](crate::App::durable_retention) says; that of a dead letter until somebody prunes it. After that, a command of the
    /// same key is stored and runs again. So work that must never be done twice needs a mark of its own, for example in your database.
    ///
    /// The same key with other values is refused with 422. So make the key of all that the values are made of, or of a version that changes with
    /// them: else a start hook that enqueues changed values under an old key fails.
    ///
    /// Code and requests share the keys of a handler, and the handler need not take the [`IdempotencyKey`] for this. In a run that may be repeated,
    /// make the key from the run's own: `.key(format!("mail-{key}"))`. A key has 1 to 255 visible characters of ASCII. Unlike values, keys are shown
    /// in lists of commands, so put no personal data in them: use the number of an account and not its address.
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Refuses a key that no request could have.
    pub(super) fn check_key(&self) -> Result {
        match &self.key {
            Some(key) if !IdempotencyKey::is_key(key) => {
                let name = self.info.name;
                let rule = "a key has 1 to 255 visible characters of ASCII";
                Err(format!("a command of `{name}` cannot have this key: {rule}").into())
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for DurableCommand {
    /// Its values may be personal data.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, key, delay, .. } = self;
        let mut debug = formatter.debug_struct("DurableCommand");
        debug.field("name", &info.name).field("key", key).field("delay", delay).finish_non_exhaustive()
    }
}

/// Stores the command of a request.
///
/// # Errors
///
/// 413 if the values are larger than the store takes, 422 if the request's idempotency key is that of another command, 503 if
/// the store fails: then the command may be stored all the same.
pub async fn enqueue(
    exchange: &Exchange,
    info: &'static DurableInfo,
    values: ValuesWriter,
    group: Option<String>,
) -> Result<(), Rejection> {
    let Some(queue) = &exchange.app().durable else {
        return Err(Rejection::internal("the app was assembled without a store of durable commands"));
    };
    let mut command = DurableCommand::new(info, Ok(GroupedValues { values, group }));
    command.key = exchange.idempotency_key().map(str::to_owned);
    store(queue, exchange.id(), command).await.map(drop)
}

/// Stores a command under the id of the request for which it is. Returns the id of the command, or of the one that was stored
/// under its key.
///
/// # Errors
///
/// As [`enqueue`].
pub(super) async fn store(
    queue: &Queue,
    request: RequestId,
    command: DurableCommand,
) -> Result<CommandId, Rejection> {
    let DurableCommand { info, values, key, delay } = command;
    let GroupedValues { values, group } = values?;
    let now = queue.clock.now();
    let payload = values.into_payload(request, queue.store.payload_limit()).await?;
    let Some(id) = CommandId::new(now) else {
        return Err(Error::from("no randomness for the id of a durable command").into_rejection());
    };
    let command = NewCommand {
        id,
        name: info.name.to_owned(),
        version: info.version,
        key,
        group: if info.is_one_group { Some(String::new()) } else { group },
        payload,
        created: now,
        due: now.saturating_add(milliseconds(delay)),
    };
    match queue.store.enqueue(&command).await {
        Ok(None) => {
            queue.wake.notify_one();
            Ok(id)
        }
        Ok(Some(present)) if has_same_values(info, &present.command, &command.payload) => {
            Ok(present.command.id)
        }
        Ok(Some(_)) => Err(Rejection::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the idempotency key is that of another command: use a new key for other values",
        )),
        Err(error) => {
            tracing::error!(command = info.name, %error, "a durable command cannot be stored");
            Err(Rejection::overloaded("the command cannot be stored now: try again"))
        }
    }
}

/// Whether a command of the same key is the same command. Where its values cannot be compared, because it is of a newer version or
/// cannot be read, the key alone says so.
fn has_same_values(info: &DurableInfo, present: &NewCommand, payload: &[u8]) -> bool {
    // In front of them is the id of the request, which differs.
    if present.version > info.version || present.payload.get(HEAD..) == payload.get(HEAD..) {
        return true;
    }
    let present = lift::read(info, present.version, present.payload.clone());
    let (Ok(present), Ok(new)) = (present, StoredValues::read(payload.to_vec())) else { return true };
    present.is_same(&new)
}
