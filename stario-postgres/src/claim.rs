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

/// How many commands of a name that are due are looked at before those of each group are.
const WINDOW: u32 = 250;

/// Stands between a name and a group. No name has it.
const SEPARATOR: char = '\u{1}';

/// Whether the handler has limits, so that two processes must not claim its commands at the same time.
pub(crate) fn is_limited(wanted: &Wanted) -> bool {
    wanted.concurrency.is_some() || wanted.concurrency_of_group.is_some() || wanted.is_in_order
}

/// Whether commands of one group wait for each other.
fn has_groups(wanted: &Wanted) -> bool {
    wanted.concurrency_of_group.is_some() || wanted.is_in_order
}

/// Claims commands without limits, in one statement. Processes that claim at the same time skip what the others are about to have.
pub(crate) async fn claim_unlimited(
    connection: &mut PgConnection,
    table: &str,
    claim: &Claim,
) -> Result<Vec<StoredCommand>, StoreError> {
    // The first of each name are found by the index of names and times, however many are finished, or are those of other names. Of `state = 0`
    // the server would expect so few that it reads and sorts them all.
    // A subquery in the update itself might be run again for each row.
    let statement = format!(
        "WITH claimed AS MATERIALIZED ( \
             SELECT f.seq FROM unnest($3::text[], $4::int8[]) AS w (name, version) CROSS JOIN LATERAL ( \
                 SELECT c.seq, c.due FROM {table} c \
                 WHERE c.state < 1 AND c.name = w.name AND c.due <= $1 AND c.version <= w.version \
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
             SELECT c.seq FROM {table} c WHERE c.state < 1 AND c.name = w.name AND c.due <= $1 \
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
    let mut search = Search::ByTime;
    while claimed.len() < claim.limit {
        let candidates = candidates(transaction, table, claim, &room, search, most_candidates).await?;
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
        // A search by group finds one of each.
        if !is_stuck && (has_more || search == Search::ByGroup) {
            continue;
        }
        if search == Search::ByGroup || !is_behind_window(transaction, table, claim).await? {
            break;
        }
        search = Search::ByGroup;
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

/// Where candidates are looked for, so that little is read however many wait for others of their group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search {
    /// Among the first [`WINDOW`] of each name that are due.
    ByTime,
    /// In one group after the other, if those are full or wait.
    ByGroup,
}

/// The first candidates.
async fn candidates(
    transaction: &mut PgConnection,
    table: &str,
    claim: &Claim,
    room: &Room<'_>,
    search: Search,
    limit: usize,
) -> Result<Vec<Candidate>, StoreError> {
    let statement = match search {
        Search::ByTime => by_time(table),
        Search::ByGroup => by_group(table),
    };
    let is_meant =
        |wanted: &&Wanted| room.of_name(&wanted.name) > 0 && (search == Search::ByTime || has_groups(wanted));
    let wanted: Vec<&Wanted> = claim.wanted.iter().filter(is_meant).collect();
    let (names, versions) = names_and_versions(wanted.iter().copied());
    let are_in_order: Vec<bool> = wanted.iter().map(|wanted| wanted.is_in_order).collect();
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

/// Selects the commands that are due first. Where there is an order, only the first of a group counts; a command without a group has no order.
fn by_time(table: &str) -> String {
    format!(
        "SELECT a.seq, a.name, a.grp FROM unnest($2::text[], $3::int8[], $4::bool[]) AS w (name, version, is_in_order) \
         CROSS JOIN LATERAL ( \
             SELECT f.* FROM ( \
                 SELECT c.seq, c.due, c.name, c.grp FROM {table} c \
                 WHERE c.state < 1 AND c.name = w.name AND c.due <= $1 AND c.version <= w.version \
                 ORDER BY c.due, c.seq LIMIT {WINDOW}) f \
             WHERE f.grp IS NULL OR (f.name || '{SEPARATOR}' || f.grp <> ALL ($5::text[]) \
                 AND (NOT w.is_in_order OR NOT EXISTS (SELECT 1 FROM {table} e \
                     WHERE e.state < 2 AND e.grp IS NOT NULL AND e.name = f.name AND e.grp = f.grp AND e.seq < f.seq))) \
             ORDER BY f.due, f.seq LIMIT $6) a \
         ORDER BY a.due, a.seq LIMIT $6"
    )
}

/// Of each group the first that is due, or where there is an order, the first if it is due. The index of groups has the next group behind
/// each.
fn by_group(table: &str) -> String {
    let groups = format!(
        "SELECT f.grp, f.seq FROM {table} f WHERE f.state < 2 AND f.grp IS NOT NULL AND f.name = w.name"
    );
    format!(
        "SELECT a.seq, a.name, a.grp FROM unnest($2::text[], $3::int8[], $4::bool[]) AS w (name, version, is_in_order) \
         CROSS JOIN LATERAL ( \
             WITH RECURSIVE groups AS ( \
                 ({groups} ORDER BY f.grp, f.seq LIMIT 1) \
                 UNION ALL \
                 SELECT n.* FROM groups g \
                 CROSS JOIN LATERAL ({groups} AND f.grp > g.grp ORDER BY f.grp, f.seq LIMIT 1) n) \
             SELECT f.* FROM groups g CROSS JOIN LATERAL ( \
                 SELECT c.seq, c.due, c.name, c.grp FROM {table} c \
                 WHERE c.state < 2 AND c.grp IS NOT NULL AND c.name = w.name AND c.grp = g.grp \
                 AND c.seq <= CASE WHEN w.is_in_order THEN g.seq ELSE {last} END \
                 AND c.state < 1 AND c.due <= $1 AND c.version <= w.version \
                 ORDER BY c.name, c.grp, c.seq LIMIT 1) f \
             WHERE w.name || '{SEPARATOR}' || g.grp <> ALL ($5::text[])) a \
         ORDER BY a.due, a.seq LIMIT $6",
        last = i64::MAX,
    )
}

/// Whether there are more commands with a group than a search by time has looked at.
async fn is_behind_window(
    transaction: &mut PgConnection,
    table: &str,
    claim: &Claim,
) -> Result<bool, StoreError> {
    let statement = format!(
        "SELECT EXISTS (SELECT 1 FROM unnest($2::text[]) AS w (name) CROSS JOIN LATERAL ( \
             SELECT c.seq FROM {table} c WHERE c.state < 1 AND c.name = w.name AND c.due <= $1 \
             ORDER BY c.due, c.seq OFFSET {WINDOW} LIMIT 1) f)"
    );
    let (names, _) = names_and_versions(claim.wanted.iter().filter(|wanted| has_groups(wanted)));
    Ok(sqlx::query_scalar(AssertSqlSafe(statement))
        .bind(claim.now)
        .bind(names)
        .fetch_one(transaction)
        .await?)
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
             SELECT c.seq FROM {table} c WHERE c.seq = ANY ($3) AND c.state < 1 AND c.due <= $1 FOR UPDATE SKIP LOCKED \
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
