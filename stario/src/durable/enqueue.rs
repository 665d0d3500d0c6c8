//! Stores a command, after which its client is answered.

use http::StatusCode;

use super::clock::milliseconds;
use super::command::{CommandId, NewCommand};
use super::info::DurableInfo;
use super::lift;
use super::payload::HEAD;
use super::values::{StoredValues, ValuesWriter};
use crate::error::Rejection;
use crate::exchange::Exchange;

/// Stores a command with the values of its parameters.
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
    let now = queue.clock.now();
    let payload = values.into_payload(exchange.id(), queue.store.payload_limit()).await?;
    let Some(id) = CommandId::new(now) else {
        return Err(Rejection::internal("no randomness for the id of a durable command"));
    };
    let command = NewCommand {
        id,
        name: info.name.to_owned(),
        version: info.version,
        key: exchange.idempotency_key().map(str::to_owned),
        group: if info.is_one_group { Some(String::new()) } else { group },
        payload,
        created: now,
        due: now.saturating_add(milliseconds(info.delay)),
    };
    match queue.store.enqueue(&command).await {
        Ok(None) => {
            queue.wake.notify_one();
            Ok(())
        }
        Ok(Some(present)) if has_same_values(info, &present.command, &command.payload) => Ok(()),
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
