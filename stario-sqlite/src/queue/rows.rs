//! Reads rows of the table of commands.

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use stario::StoreError;
use stario::durable::{CommandId, CommandState, ListedCommand, NewCommand, StoredCommand};

fn id_of(row: &SqliteRow) -> Result<CommandId, StoreError> {
    let id: Vec<u8> = row.try_get("id")?;
    let id = <[u8; 16]>::try_from(id).map_err(|_| "an id in `stario_commands` has not 16 bytes")?;
    Ok(CommandId::from_bytes(id))
}

fn state_of(row: &SqliteRow) -> Result<CommandState, StoreError> {
    Ok(CommandState::from_code(row.try_get("state")?).ok_or("a state in `stario_commands` is unknown")?)
}

/// A row with all of its columns.
pub(super) fn stored(row: &SqliteRow) -> Result<StoredCommand, StoreError> {
    Ok(StoredCommand {
        command: NewCommand {
            id: id_of(row)?,
            name: row.try_get("name")?,
            version: row.try_get("version")?,
            key: row.try_get("key")?,
            group: row.try_get("grp")?,
            payload: row.try_get("payload")?,
            created: row.try_get("created")?,
            due: row.try_get("due")?,
        },
        state: state_of(row)?,
        attempts: row.try_get("attempts")?,
        claims: row.try_get("claims")?,
        changed: row.try_get("changed")?,
        error: row.try_get("error")?,
    })
}

/// A row without its payload, whose length it has.
pub(super) fn listed(row: &SqliteRow) -> Result<ListedCommand, StoreError> {
    let bytes: i64 = row.try_get("payload_bytes")?;
    Ok(ListedCommand {
        id: id_of(row)?,
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        key: row.try_get("key")?,
        group: row.try_get("grp")?,
        payload_bytes: usize::try_from(bytes).unwrap_or_default(),
        created: row.try_get("created")?,
        due: row.try_get("due")?,
        state: state_of(row)?,
        attempts: row.try_get("attempts")?,
        claims: row.try_get("claims")?,
        changed: row.try_get("changed")?,
        error: row.try_get("error")?,
    })
}
