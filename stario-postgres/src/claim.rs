//! Which commands a process may run now, where their handlers have limits or an order.
//!
//! One process at a time decides: it holds a lock of the database until what it has claimed is committed. So each sees all that others have
//! claimed. Each statement sees what was committed before it, which PostgreSQL calls `READ COMMITTED`; with a snapshot of the transaction it
//! would see what was there before it had the lock.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use stario::StoreError;
use stario::durable::{Claim, StoredCommand, Wanted};

use crate::rows::stored;

/// How many candidates are looked at for each command that may be claimed.
const CANDIDATES: usize = 8;

/// Stands between a name and a group. No name has it.
const SEPARATOR: char = '\u{1}';

/// Whether the handler has limits, so that two processes must not claim its commands at the same time.
pub(crate) fn is_limited(wanted: &Wanted) -> bool {
    wanted.concurrency.is_some() || wanted.concurrency_of_group.is_some() || wanted.is_in_order
}

/// Claims commands without limits, in one statement. Processes that claim at the same time skip what the others are about to have.
pub(crate) async fn claim_unlimited(
    connection: &mut PgConnection,
    table: &str,
    claim: &Claim,
) -> Result<Vec<StoredCommand>, StoreError> {
    // The first of each name are found by the index of names and times, however many are finished, or are those of other names.
    // A subquery in the update itself might be run again for each row.
    let statement = format!(
        "WITH claimed AS MATERIALIZED ( \
             SELECT f.seq FROM unnest($3::text[], $4::int8[]) AS w (name, version) CROSS JOIN LATERAL ( \
                 SELECT c.seq, c.due FROM {table} c \
                 WHERE c.state < 2 AND c.name = w.name AND c.due <= $1 AND c.version <= w.version \
                 ORDER BY c.due, c.seq LIMIT $5 FOR UPDATE SKIP LOCKED \
             ) f ORDER BY f.due, f.seq LIMIT $5 \
         ) \
         UPDATE {table} u SET state = 1, attempts = u.attempts + 1, claims = u.claims + 1, changed = $1, due = $2 \
         FROM claimed WHERE u.seq = claimed.seq RETURNING u.*"
    );
    let (names, versions) = names_and_versions(claim.wanted.iter());
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(claim.now)
        .bind(claim.lease_until)
        .bind(names)
        .bind(versions)
        .bind(count(claim.limit))
        .fetch_all(connection)
        .await?;
    in_order(rows)
}

/// Whether anything that is wanted is due.
pub(crate) async fn is_due(
    connection: &mut PgConnection,
    table: &str,
    claim: &Claim,
) -> Result<bool, StoreError> {
    // Without an order and a limit, the whole table might be read.
    let statement = format!(
        "SELECT EXISTS (SELECT 1 FROM unnest($2::text[]) AS w (name) CROSS JOIN LATERAL ( \
             SELECT c.seq FROM {table} c WHERE c.state < 2 AND c.name = w.name AND c.due <= $1 \
             ORDER BY c.due, c.seq LIMIT 1) f)"
    );
    let (names, _) = names_and_versions(claim.wanted.iter());
    Ok(sqlx::query_scalar(AssertSqlSafe(statement)).bind(claim.now).bind(names).fetch_one(connection).await?)
}

/// Claims commands whose handlers have limits. The transaction holds the lock.
pub(crate) async fn claim_limited(
    transaction: &mut PgConnection,
    table: &str,
    claim: &Claim,
) -> Result<Vec<StoredCommand>, StoreError> {
    let mut room = Room::new(&claim.wanted, running(transaction, table, claim).await?);
    let mut claimed = Vec::new();
    let most_candidates = claim.limit.saturating_mul(CANDIDATES);
    while claimed.len() < claim.limit {
        let candidates = candidates(transaction, table, claim, &room, most_candidates).await?;
        let has_more = candidates.len() == most_candidates;
        let free = claim.limit - claimed.len();
        let chosen: Vec<i64> = candidates
            .into_iter()
            .filter(|candidate| room.take(&candidate.name, candidate.group.as_deref()))
            .take(free)
            .map(|candidate| candidate.seq)
            .collect();
        let begun = begin(transaction, table, claim, &chosen).await?;
        // What is not begun belongs to a statement that is about to change it, and comes again.
        let is_stuck = begun.is_empty();
        claimed.extend(begun);
        if is_stuck || !has_more {
            break;
        }
    }
    Ok(claimed)
}

/// How many commands of the handlers with limits run now, by name and group.
async fn running(
    transaction: &mut PgConnection,
    table: &str,
    claim: &Claim,
) -> Result<Vec<(String, Option<String>, i64)>, StoreError> {
    let statement = format!(
        "SELECT name, grp, count(*) FROM {table} WHERE state = 1 AND due > $1 AND name = ANY ($2) GROUP BY name, grp"
    );
    let limited = claim.wanted.iter().filter(|wanted| is_limited(wanted));
    let names: Vec<&str> = limited.map(|wanted| &*wanted.name).collect();
    let running = sqlx::query_as(AssertSqlSafe(statement)).bind(claim.now).bind(names);
    Ok(running.fetch_all(transaction).await?)
}

/// A command that may run, beside what runs, but perhaps not beside all other candidates.
struct Candidate {
    seq: i64,
    name: String,
    group: Option<String>,
}

/// The first candidates, by the time at which they are due.
async fn candidates(
    transaction: &mut PgConnection,
    table: &str,
    claim: &Claim,
    room: &Room<'_>,
    limit: usize,
) -> Result<Vec<Candidate>, StoreError> {
    // The first that are due, and where there is an order, the first of each group, if it is due. What has no group has no order.
    let is_free = format!("(c.grp IS NULL OR c.name || '{SEPARATOR}' || c.grp <> ALL ($5::text[]))");
    let statement = format!(
        "SELECT a.seq, a.name, a.grp FROM ( \
             (SELECT f.* FROM unnest($2::text[], $3::int8[], $4::bool[]) AS w (name, version, is_in_order) \
                 CROSS JOIN LATERAL ( \
                     SELECT c.seq, c.due, c.name, c.grp FROM {table} c \
                     WHERE c.state < 2 AND c.name = w.name AND c.due <= $1 AND c.version <= w.version \
                     AND (c.grp IS NULL OR NOT w.is_in_order) AND {is_free} \
                     ORDER BY c.due, c.seq LIMIT $6) f) \
             UNION ALL \
             (SELECT c.seq, c.due, c.name, c.grp \
                 FROM unnest($2::text[], $3::int8[], $4::bool[]) AS w (name, version, is_in_order) \
                 CROSS JOIN LATERAL ( \
                     SELECT DISTINCT ON (f.grp) f.seq, f.due, f.name, f.grp, f.version FROM {table} f \
                     WHERE w.is_in_order AND f.state < 2 AND f.name = w.name AND f.grp IS NOT NULL \
                     ORDER BY f.grp, f.seq) c \
                 WHERE c.due <= $1 AND c.version <= w.version AND {is_free}) \
         ) a ORDER BY a.due, a.seq LIMIT $6"
    );
    let has_room: Vec<&Wanted> =
        claim.wanted.iter().filter(|wanted| room.of_name(&wanted.name) > 0).collect();
    let (names, versions) = names_and_versions(has_room.iter().copied());
    let are_in_order: Vec<bool> = has_room.iter().map(|wanted| wanted.is_in_order).collect();
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(claim.now)
        .bind(names)
        .bind(versions)
        .bind(are_in_order)
        .bind(room.full_groups())
        .bind(count(limit))
        .fetch_all(transaction)
        .await?;
    let candidate = |row: &PgRow| {
        Ok(Candidate { seq: row.try_get("seq")?, name: row.try_get("name")?, group: row.try_get("grp")? })
    };
    rows.iter().map(candidate).collect()
}

/// Makes the chosen commands run.
async fn begin(
    transaction: &mut PgConnection,
    table: &str,
    claim: &Claim,
    chosen: &[i64],
) -> Result<Vec<StoredCommand>, StoreError> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    // They may have been extended, settled or pruned since.
    let statement = format!(
        "WITH chosen AS MATERIALIZED ( \
             SELECT c.seq FROM {table} c WHERE c.seq = ANY ($3) AND c.state < 2 AND c.due <= $1 FOR UPDATE SKIP LOCKED \
         ) \
         UPDATE {table} u SET state = 1, attempts = u.attempts + 1, claims = u.claims + 1, changed = $1, due = $2 \
         FROM chosen WHERE u.seq = chosen.seq RETURNING u.*"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(claim.now)
        .bind(claim.lease_until)
        .bind(chosen)
        .fetch_all(transaction)
        .await?;
    in_order(rows)
}

/// The commands of these rows in the order in which they were stored.
fn in_order(mut rows: Vec<PgRow>) -> Result<Vec<StoredCommand>, StoreError> {
    rows.sort_by_key(|row| row.try_get::<i64, _>("seq").unwrap_or_default());
    rows.iter().map(stored).collect()
}

fn names_and_versions<'a>(wanted: impl Iterator<Item = &'a Wanted>) -> (Vec<&'a str>, Vec<i64>) {
    wanted.map(|wanted| (&*wanted.name, i64::from(wanted.version))).unzip()
}

/// A number of rows for `LIMIT`.
fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// How many more commands may run, by what runs and what was chosen.
struct Room<'a> {
    of_names: HashMap<&'a str, Limits>,
    /// What runs, by [`group_key`].
    in_groups: HashMap<String, i64>,
}

struct Limits {
    /// How many more of the name may run.
    free: i64,
    of_group: i64,
}

impl<'a> Room<'a> {
    fn new(wanted: &'a [Wanted], running: Vec<(String, Option<String>, i64)>) -> Self {
        let limits = wanted.iter().map(|wanted| {
            let of_group = wanted.concurrency_of_group.map_or(i64::MAX, i64::from);
            let limits = Limits {
                free: wanted.concurrency.map_or(i64::MAX, i64::from),
                of_group: if wanted.is_in_order { of_group.min(1) } else { of_group },
            };
            (&*wanted.name, limits)
        });
        let mut room = Self { of_names: limits.collect(), in_groups: HashMap::new() };
        for (name, group, count) in running {
            if let Some(limits) = room.of_names.get_mut(&*name) {
                limits.free -= count;
            }
            if let Some(group) = group {
                *room.in_groups.entry(group_key(&name, &group)).or_default() += count;
            }
        }
        room
    }

    fn of_name(&self, name: &str) -> i64 {
        self.of_names.get(name).map_or(0, |limits| limits.free)
    }

    fn most_of_group(&self, name: &str) -> i64 {
        self.of_names.get(name).map_or(0, |limits| limits.of_group)
    }

    /// The groups of which no more may run.
    fn full_groups(&self) -> Vec<&str> {
        let is_full = |key: &str, count: i64| {
            let name = key.split(SEPARATOR).next().unwrap_or_default();
            count >= self.most_of_group(name)
        };
        self.in_groups.iter().filter(|(key, count)| is_full(key, **count)).map(|(key, _)| &**key).collect()
    }

    /// Takes room for one more. Returns `false` if there is none.
    fn take(&mut self, name: &str, group: Option<&str>) -> bool {
        let most_of_group = self.most_of_group(name);
        let Some(limits) = self.of_names.get_mut(name).filter(|limits| limits.free > 0) else { return false };
        if let Some(group) = group {
            let count = self.in_groups.entry(group_key(name, group)).or_default();
            if *count >= most_of_group {
                return false;
            }
            *count += 1;
        }
        limits.free -= 1;
        true
    }
}

fn group_key(name: &str, group: &str) -> String {
    format!("{name}{SEPARATOR}{group}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str, concurrency: Option<u32>, of_group: Option<u32>, is_in_order: bool) -> Wanted {
        let (name, concurrency_of_group) = (name.to_owned(), of_group);
        Wanted { name, version: 1, concurrency, concurrency_of_group, is_in_order }
    }

    #[test]
    fn what_runs_and_what_was_chosen_takes_room() {
        let wanted = [
            wanted("a", Some(4), Some(2), false),
            wanted("b", None, None, true),
            wanted("c", None, None, false),
        ];
        let running = [("a", Some("x"), 1), ("a", None, 1), ("b", Some("x"), 1)];
        let running = running.map(|(name, group, count)| (name.to_owned(), group.map(str::to_owned), count));
        let mut room = Room::new(&wanted, running.to_vec());
        assert_eq!((room.of_name("a"), room.full_groups()), (2, vec!["b\u{1}x"]));
        assert_eq!([room.take("a", Some("x")), room.take("a", Some("x"))], [true, false]);
        assert_eq!([room.take("a", Some("y")), room.take("a", Some("z"))], [true, false]);
        assert_eq!(
            [room.take("b", Some("x")), room.take("b", Some("y")), room.take("b", Some("y"))],
            [false, true, false]
        );
        assert_eq!(
            [room.take("c", Some("x")), room.take("c", Some("x")), room.take("d", None)],
            [true, true, false]
        );
    }
}
