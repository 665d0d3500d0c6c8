//! Claims commands that may run now.

use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use stario::StoreError;
use stario::durable::{Claim, StoredCommand, Wanted};

use super::rows::stored;

/// The condition that a command may run now, as far as this handler is concerned.
fn push_wanted(query: &mut QueryBuilder<Sqlite>, wanted: &Wanted, now: i64) {
    let Wanted { name, version, concurrency, concurrency_of_group, is_in_order } = wanted;
    query.push("(c.name = ").push_bind(name.clone()).push(" AND c.version <= ").push_bind(*version);
    let running = "SELECT count(*) FROM stario_commands r INDEXED BY stario_commands_running \
                   WHERE r.state = 1 AND r.name = c.name";
    if let Some(limit) = concurrency {
        query
            .push(" AND (")
            .push(running)
            .push(" AND r.due > ")
            .push_bind(now)
            .push(") < ")
            .push_bind(*limit);
    }
    if let Some(limit) = concurrency_of_group {
        query.push(" AND (c.grp IS NULL OR (").push(running).push(" AND r.grp = c.grp AND r.due > ");
        query.push_bind(now).push(") < ").push_bind(*limit).push(")");
    }
    if *is_in_order {
        // By the index of names and states, all that is open would be read.
        query.push(
            " AND NOT EXISTS (SELECT 1 FROM stario_commands e INDEXED BY stario_commands_open \
             WHERE e.state < 2 AND e.name = c.name AND e.grp = c.grp AND e.seq < c.seq) \
             AND NOT EXISTS (SELECT 1 FROM stario_commands r INDEXED BY stario_commands_running \
             WHERE r.state = 1 AND r.name = c.name AND r.grp = c.grp AND r.due > ",
        );
        query.push_bind(now).push(")");
    }
    query.push(")");
}

/// Claims commands, at most `limit`.
pub(super) async fn claim_some(
    connection: &mut SqliteConnection,
    claim: &Claim,
    limit: i64,
) -> Result<Vec<StoredCommand>, StoreError> {
    let mut query = QueryBuilder::new(
        "UPDATE stario_commands SET state = 1, attempts = attempts + 1, claims = claims + 1, changed = ",
    );
    query.push_bind(claim.now).push(", due = ").push_bind(claim.lease_until);
    // By the name, SQLite would sort all that waits.
    query.push(
        " WHERE seq IN (SELECT c.seq FROM stario_commands c INDEXED BY stario_commands_due \
         WHERE c.state < 2 AND c.state = 0 AND c.due <= ",
    );
    query.push_bind(claim.now).push(" AND (");
    for (position, wanted) in claim.wanted.iter().enumerate() {
        query.push(if position == 0 { "" } else { " OR " });
        push_wanted(&mut query, wanted, claim.now);
    }
    query.push(") ORDER BY c.due, c.seq LIMIT ").push_bind(limit).push(") RETURNING *");
    let rows = query.build().fetch_all(connection).await?;
    let mut claimed = rows.iter().map(stored).collect::<Result<Vec<_>, _>>()?;
    claimed.sort_by_key(|stored| stored.command.id);
    Ok(claimed)
}
