//! What a row of the table is, and what of a command a row can hold.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use stario::StoreError;
use stario::durable::{CommandCount, CommandId, CommandState, ListedCommand, NewCommand, StoredCommand};

/// The most bytes of a group that are stored as they are. An index takes 2,700 in all.
const MOST_GROUP: usize = 500;

/// The command of a row with all of its columns.
pub(crate) fn stored(row: &PgRow) -> Result<StoredCommand, StoreError> {
    Ok(StoredCommand {
        command: NewCommand {
            id: id(row)?,
            name: row.try_get("name")?,
            version: small(row, "version")?,
            key: row.try_get("key")?,
            group: row.try_get("grp")?,
            payload: row.try_get("payload")?,
            created: row.try_get("created")?,
            due: row.try_get("due")?,
        },
        state: state(row.try_get("state")?)?,
        attempts: small(row, "attempts")?,
        claims: small(row, "claims")?,
        changed: row.try_get("changed")?,
        error: row.try_get("error")?,
    })
}

/// The columns of which [`listed`] makes a command.
pub(crate) const LISTED: &str = "id, name, version, key, grp, octet_length(payload) AS payload_bytes, created, due, \
                                 state, attempts, claims, changed, error";

pub(crate) fn listed(row: &PgRow) -> Result<ListedCommand, StoreError> {
    let bytes: i32 = row.try_get("payload_bytes")?;
    Ok(ListedCommand {
        id: id(row)?,
        name: row.try_get("name")?,
        version: small(row, "version")?,
        key: row.try_get("key")?,
        group: row.try_get("grp")?,
        payload_bytes: usize::try_from(bytes).unwrap_or_default(),
        created: row.try_get("created")?,
        due: row.try_get("due")?,
        state: state(row.try_get("state")?)?,
        attempts: small(row, "attempts")?,
        claims: small(row, "claims")?,
        changed: row.try_get("changed")?,
        error: row.try_get("error")?,
    })
}

/// The count of a row with a name, a state and their `count`.
pub(crate) fn count(row: &PgRow) -> Result<CommandCount, StoreError> {
    let count: i64 = row.try_get("count")?;
    Ok(CommandCount {
        name: row.try_get("name")?,
        state: state(row.try_get("state")?)?,
        count: u64::try_from(count).unwrap_or_default(),
    })
}

fn id(row: &PgRow) -> Result<CommandId, StoreError> {
    let id: Vec<u8> = row.try_get("id")?;
    let id = <[u8; 16]>::try_from(id).map_err(|_| "an id in `stario_commands` has not 16 bytes")?;
    Ok(CommandId::from_bytes(id))
}

fn state(code: i16) -> Result<CommandState, StoreError> {
    let state = u8::try_from(code).ok().and_then(CommandState::from_code);
    Ok(state.ok_or("a state in `stario_commands` is unknown")?)
}

fn small(row: &PgRow, column: &str) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.try_get::<i64, _>(column)?)?)
}

/// A text as PostgreSQL takes it: without NUL.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A group as it is stored: a long one is its beginning and a hash, so that an index takes it.
pub(crate) fn group(group: &str) -> String {
    if group.len() <= MOST_GROUP {
        return text(group);
    }
    let begin = &group[..group.floor_char_boundary(MOST_GROUP / 2)];
    format!("{}… {}", text(begin), hexadecimal(group))
}

/// The SHA-256 of a text.
pub(crate) fn hexadecimal(text: &str) -> String {
    let mut digits = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        // A string takes all that is written.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_group_is_shortened_and_stays_its_own() {
        let short = "g".repeat(MOST_GROUP);
        assert_eq!(group(&short), short);
        let [first, second] = ["a", "b"].map(|end| group(&format!("{}{end}", "ä".repeat(10_000))));
        assert_ne!(first, second);
        assert!(first.len() < MOST_GROUP && first.starts_with('ä'), "{first}");
        assert_eq!(group("a\0b"), "a\u{fffd}b");
    }
}
