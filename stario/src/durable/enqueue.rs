//! Stores a command, after which its client is answered.

use http::StatusCode;

use super::clock::milliseconds;
use super::command::{CommandId, NewCommand};
use super::info::DurableInfo;
use super::payload::HEAD;
use super::values::ValuesWriter;
use crate::error::Rejection;
use crate::exchange::Exchange;

/// Stores a command with the values of its parameters.
///
/// # Errors
///
/// 413 if the values are larger than the store takes, 422 if the request's idempotency key is that of another command, 503 if
/// the store fails.
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
        // The id of the request differs.
        Ok(Some(present)) if present.command.payload.get(HEAD..) == command.payload.get(HEAD..) => Ok(()),
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
