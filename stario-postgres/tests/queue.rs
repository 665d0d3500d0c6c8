//! Durable commands in a PostgreSQL server of the test's own.

#[path = "support/cluster.rs"]
mod cluster;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::Instant;

use cluster::Cluster;
use stario::DurableStore;
use stario::durable::{
    Claim, CommandCount, CommandFilter, CommandId, CommandState, NewCommand, Run, Settlement, StoredCommand,
    Wanted,
};
use stario::prelude::*;
use stario::testing::check_durable_store;
use stario_postgres::sqlx::postgres::PgPoolOptions;
use stario_postgres::sqlx::{self, AssertSqlSafe};
use stario_postgres::{PgPool, PostgresQueue, open};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

stario::app!();

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

const LEASE: i64 = 100_000;

// A second to make, so it is one for all tests. Each has a schema of its own.
static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

#[app::detached_command("/add/{number}", durable = "add")]
async fn add(number: PathParam<u32>, log: Logger) {
    log.with("number", *number).info("added");
}

fn command(number: u32) -> NewCommand {
    NewCommand {
        id: CommandId::from_bytes(u128::from(number).to_be_bytes()),
        name: "a".to_owned(),
        version: 1,
        key: None,
        group: None,
        payload: number.to_be_bytes().to_vec(),
        created: 1_000,
        due: 1_000,
    }
}

fn number(stored: &StoredCommand) -> u32 {
    u32::from_be_bytes(stored.command.payload[..].try_into().unwrap())
}

fn in_group(number: u32, group: impl Into<String>) -> NewCommand {
    NewCommand { group: Some(group.into()), ..command(number) }
}

fn wanted() -> Wanted {
    Wanted {
        name: "a".to_owned(),
        version: 1,
        concurrency: None,
        concurrency_of_group: None,
        is_in_order: false,
    }
}

fn claim(wanted: Wanted, limit: usize) -> Claim {
    Claim { wanted: vec![wanted], now: 2_000, lease_until: 2_000 + LEASE, limit }
}

/// Its sessions have the name of the schema.
async fn in_schema(schema: &str) -> PostgresQueue {
    CLUSTER.ready().await;
    let name = schema.replace(' ', "%20");
    let database = open(format!("{}?application_name={name}", CLUSTER.url())).await.unwrap();
    PostgresQueue::in_schema(&database, schema).await.unwrap()
}

/// Several processes with one store: each has connections of its own.
async fn processes(schema: &str, count: usize) -> Vec<PostgresQueue> {
    let mut processes = Vec::new();
    for _ in 0..count {
        processes.push(in_schema(schema).await);
    }
    processes
}

async fn finish(queue: &PostgresQueue, stored: &StoredCommand) {
    let settled =
        queue.settle(Run::of(stored), 3_000, &Settlement::Finished { is_kept: true }).await.unwrap();
    assert!(settled, "nobody else had the command");
}

/// Claims as four processes with two tasks each until `count` commands have ended; `run` is called with each.
async fn run_all(
    queues: &[PostgresQueue],
    claim: &Claim,
    count: usize,
    run: impl AsyncFn(&PostgresQueue, &StoredCommand) -> bool,
) {
    let ended = AtomicUsize::new(0);
    let work = async |queue: &PostgresQueue| {
        while ended.load(Ordering::Relaxed) < count {
            let claimed = queue.claim(claim).await.unwrap();
            if claimed.is_empty() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            for stored in &claimed {
                ended.fetch_add(usize::from(run(queue, stored).await), Ordering::Relaxed);
            }
        }
    };
    let [a, b, c, d] = queues else { panic!("four processes") };
    let work = Box::pin(async {
        tokio::join!(work(a), work(b), work(c), work(d), work(a), work(b), work(c), work(d))
    });
    timeout(PATIENCE, work).await.expect("all commands end");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_keeps_what_a_store_promises() {
    let pool = CLUSTER.pool().await;
    let mut count = 0;
    let check = check_durable_store(async || {
        count += 1;
        PostgresQueue::in_schema(&pool, &format!("promises {count}")).await.unwrap()
    });
    Box::pin(check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_schema_it_is_in_that_of_the_connections() {
    let database = CLUSTER.database("plain").await;
    let queue = PostgresQueue::new(&database).await.unwrap();
    assert_eq!(queue.enqueue(&command(1)).await.unwrap(), None);
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM public.stario_commands").fetch_one(&database).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_name_a_schema_differently_share_its_limits_and_hear_each_other() {
    let named = in_schema("public").await.timeout(PATIENCE);
    let database = open(format!("{}?application_name=public", CLUSTER.url())).await.unwrap();
    let plain = PostgresQueue::new(&database).await.unwrap().timeout(PATIENCE);
    for queue in [&named, &plain] {
        timeout(PATIENCE, queue.changed()).await.unwrap();
    }
    named.enqueue(&NewCommand { version: 2, ..command(1) }).await.unwrap();
    timeout(PATIENCE, plain.changed()).await.unwrap();
    plain.enqueue(&command(2)).await.unwrap();
    assert_eq!(claimed_at_once("public", [(plain, 1), (named, 2)]).await, 1);
}

/// How many commands two queues in a schema claim, each of one version, with a limit of one for both. Each has chosen its command, if it is not kept
/// from it, before one of them has written what it claims.
async fn claimed_at_once(schema: &str, queues: [(PostgresQueue, u32); 2]) -> usize {
    let mut table = CLUSTER.pool().await.begin().await.unwrap();
    let lock = format!("LOCK TABLE {schema}.stario_commands IN SHARE MODE");
    sqlx::query(AssertSqlSafe(lock)).execute(&mut *table).await.unwrap();
    let mut claims = Vec::new();
    for (queue, version) in queues {
        let claim = claim(Wanted { version, concurrency: Some(1), ..wanted() }, 1);
        claims.push(tokio::spawn(async move { queue.claim(&claim).await.unwrap().len() }));
        waiting(schema, claims.len()).await;
    }
    table.rollback().await.unwrap();
    let mut claimed = 0;
    for claim in claims {
        claimed += claim.await.unwrap();
    }
    claimed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_extended_while_handlers_have_all_connections() {
    in_schema("exhausted").await;
    let options = (*CLUSTER.pool().await.connect_options()).clone();
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let queue = PostgresQueue::in_schema(&pool, "exhausted").await.unwrap();
    queue.enqueue(&command(1)).await.unwrap();
    let claimed = queue.claim(&claim(wanted(), 1)).await.unwrap();
    let held = pool.acquire().await.unwrap();
    assert!(queue.extend(Run::of(&claimed[0]), 9_000_000).await.unwrap());
    drop(held);
    assert_eq!(queue.get(claimed[0].command.id).await.unwrap().unwrap().command.due, 9_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_make_and_change_the_tables_at_once() {
    let schema = "made at once";
    let made = (0..8).map(|_| tokio::spawn(in_schema(schema)));
    for queue in made.collect::<Vec<_>>() {
        queue.await.unwrap();
    }
    let steps = "UPDATE \"made at once\".stario_migrations SET steps = 99 RETURNING component";
    let pool = CLUSTER.pool().await;
    let components: Vec<String> = sqlx::query_scalar(steps).fetch_all(&pool).await.unwrap();
    assert_eq!(components, ["stario-durable"]);
    let error = PostgresQueue::in_schema(&pool, schema).await.unwrap_err();
    assert!(error.to_string().contains("of a newer release: they have had 99 steps"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_tables_waits_for_readers_and_processes_that_were_open_before_go_on() {
    let before = in_schema("changed").await.timeout(PATIENCE);
    let pool = CLUSTER.pool().await;
    let first_step = "DROP INDEX changed.stario_commands_ended; \
                      CREATE INDEX stario_commands_ended ON changed.stario_commands (state, changed) WHERE state >= 2; \
                      UPDATE changed.stario_migrations SET steps = 1";
    sqlx::raw_sql(first_step).execute(&pool).await.unwrap();
    before.enqueue(&command(1)).await.unwrap();
    let mut dump = pool.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM changed.stario_commands").execute(&mut *dump).await.unwrap();
    let start = tokio::spawn(in_schema("changed"));
    // For the table: the lock of all that make tables may be that of another test, and then commands would not wait.
    waiting_for("relation", "changed", 1).await;
    // Commands that come now wait behind the change.
    let storing = before.clone();
    let storing = tokio::spawn(async move { storing.enqueue(&command(2)).await.unwrap() });
    waiting_for("relation", "changed", 2).await;
    dump.rollback().await.unwrap();
    let after = start.await.unwrap();
    assert_eq!(storing.await.unwrap(), None);
    let claimed = before.claim(&claim(wanted(), 9)).await.unwrap();
    let mut numbers: Vec<u32> = claimed.iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    let counted = |state, count| vec![CommandCount { name: "a".to_owned(), state, count }];
    assert_eq!(after.count().await.unwrap(), counted(CommandState::Running, 2));
    for stored in &claimed {
        finish(&before, stored).await;
    }
    assert_eq!(after.count().await.unwrap(), counted(CommandState::Finished, 2));
    let index: String =
        sqlx::query_scalar("SELECT pg_get_indexdef('changed.stario_commands_ended'::regclass)")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert!(index.contains("INCLUDE (name)"), "{index}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_up_to_date_need_no_right_to_make_any() {
    in_schema("restricted").await;
    let pool = CLUSTER.pool().await;
    let rights = "CREATE ROLE clerk LOGIN; GRANT USAGE ON SCHEMA restricted TO clerk; \
                  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA restricted TO clerk";
    sqlx::raw_sql(rights).execute(&pool).await.unwrap();
    let clerk = open(format!("postgres://clerk@127.0.0.1:{}/postgres", CLUSTER.port())).await.unwrap();
    let queue = PostgresQueue::in_schema(&clerk, "restricted").await.unwrap();
    assert_eq!(queue.enqueue(&command(1)).await.unwrap(), None);
    let limited = Wanted { concurrency: Some(1), ..wanted() };
    assert_eq!(queue.claim(&claim(limited, 9)).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_processes_store_and_claim_at_once_is_neither_lost_nor_claimed_twice() {
    let queues = processes("many", 4).await;
    let enqueue = (0..300_u32).map(|number| {
        let queue = queues[number as usize % 4].clone();
        tokio::spawn(async move { assert_eq!(queue.enqueue(&command(number)).await.unwrap(), None) })
    });
    let enqueue: Vec<_> = enqueue.collect();
    let seen = Mutex::new(HashMap::<u32, u32>::new());
    run_all(&queues, &claim(wanted(), 3), 300, async |queue, stored| {
        *seen.lock().unwrap().entry(number(stored)).or_default() += 1;
        finish(queue, stored).await;
        true
    })
    .await;
    for stored in enqueue {
        stored.await.unwrap();
    }
    let seen = seen.into_inner().unwrap();
    assert_eq!((seen.len(), seen.values().max()), (300, Some(&1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_stored_once_by_many_at_once() {
    let queues = processes("keys", 4).await;
    let enqueue = (0..40_u32).map(|number| {
        let queue = queues[number as usize % 4].clone();
        let command = NewCommand { key: Some("once".to_owned()), ..command(number) };
        tokio::spawn(async move { queue.enqueue(&command).await.unwrap() })
    });
    let mut present = Vec::new();
    for enqueued in enqueue.collect::<Vec<_>>() {
        present.push(enqueued.await.unwrap());
    }
    let first = queues[0].list(&CommandFilter::default(), 9).await.unwrap();
    assert_eq!((first.len(), present.iter().filter(|present| present.is_none()).count()), (1, 1));
    assert!(present.iter().flatten().all(|present| present.command.id == first[0].id));
    // One that does not know whether it was stored may store again.
    let again = NewCommand { id: first[0].id, key: Some("once".to_owned()), ..command(0) };
    assert_eq!(queues[0].enqueue(&again).await.unwrap(), None);
}

/// Counts what runs at the same time.
#[derive(Default)]
struct Running(Mutex<HashMap<String, (u32, u32)>>);

impl Running {
    /// Runs for a while, and until as many of the first name have run at once.
    async fn run(&self, names: &[&str], until: u32) {
        for name in names {
            let mut running = self.0.lock().unwrap();
            let (now, most) = running.entry((*name).to_owned()).or_default();
            *now += 1;
            *most = (*most).max(*now);
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
        while self.most(names[0]) < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for name in names {
            self.0.lock().unwrap().get_mut(*name).unwrap().0 -= 1;
        }
    }

    fn most(&self, name: &str) -> u32 {
        self.0.lock().unwrap().get(name).map_or(0, |(_, most)| *most)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_over_processes_that_claim_at_once() {
    let queues = processes("limits", 4).await;
    for number in 0..60 {
        queues[0].enqueue(&in_group(number, format!("g{}", number % 4))).await.unwrap();
    }
    let wanted = Wanted { concurrency: Some(5), concurrency_of_group: Some(2), ..wanted() };
    let running = Running::default();
    // The first ones run until as many run as may.
    run_all(&queues, &claim(wanted, 1), 60, async |queue, stored| {
        running.run(&["all", stored.command.group.as_deref().unwrap()], 5).await;
        finish(queue, stored).await;
        true
    })
    .await;
    assert_eq!(running.most("all"), 5);
    assert!((0..4).all(|group| running.most(&format!("g{group}")) <= 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn order_holds_over_processes_that_store_and_claim_at_once() {
    let queues = processes("order", 4).await;
    // Those of `x` are stored one after the other, those of `y` at once: they have no order, but run one at a time.
    let store_in_order = async {
        for number in 0..40 {
            queues[number as usize % 4].enqueue(&in_group(number, "x")).await.unwrap();
        }
    };
    let at_once = (100..140_u32).map(|number| {
        let queue = queues[number as usize % 4].clone();
        tokio::spawn(async move { queue.enqueue(&in_group(number, "y")).await.unwrap() })
    });
    let at_once: Vec<_> = at_once.collect();
    let (running, begun) = (Running::default(), Mutex::new(Vec::new()));
    let in_order = claim(Wanted { is_in_order: true, ..wanted() }, 3);
    let run = run_all(&queues, &in_order, 80, async |queue, stored| {
        let group = stored.command.group.as_deref().unwrap();
        if stored.attempts == 1 && group == "x" {
            begun.lock().unwrap().push(number(stored));
        }
        running.run(&[group], 1).await;
        // Each third fails once; those behind it wait.
        if stored.attempts == 1 && number(stored).is_multiple_of(3) {
            let again = Settlement::Retry { due: 2_000, error: String::new() };
            assert!(queue.settle(Run::of(stored), 2_000, &again).await.unwrap());
            return false;
        }
        finish(queue, stored).await;
        true
    });
    tokio::join!(store_in_order, run);
    for stored in at_once {
        stored.await.unwrap();
    }
    assert_eq!(begun.into_inner().unwrap(), (0..40).collect::<Vec<_>>());
    assert_eq!((running.most("x"), running.most("y")), (1, 1));
}

/// Waits until as many sessions of [`in_schema`] wait for a lock.
async fn waiting(schema: &str, count: usize) {
    waiting_for("%", schema, count).await;
}

/// Waits until as many sessions of [`in_schema`] wait for locks of this kind.
async fn waiting_for(lock: &str, schema: &str, count: usize) {
    let pool = CLUSTER.pool().await;
    let waits = "SELECT pid FROM pg_stat_activity \
                 WHERE application_name = $1 AND wait_event_type = 'Lock' AND wait_event LIKE $2";
    let wait = async {
        while sqlx::query(waits).bind(schema).bind(lock).fetch_all(&pool).await.unwrap().len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the sessions wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_where_two_processes_have_chosen_different_commands() {
    let queue = in_schema("chosen").await.timeout(PATIENCE);
    queue.enqueue(&NewCommand { version: 2, ..command(1) }).await.unwrap();
    queue.enqueue(&command(2)).await.unwrap();
    assert_eq!(claimed_at_once("chosen", [(queue.clone(), 1), (queue, 2)]).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_stored_late_does_not_run_beside_a_later_one_of_its_group() {
    let queue = in_schema("late").await;
    let pool = CLUSTER.pool().await;
    // It has its place in the order, and is not committed.
    let mut late = pool.begin().await.unwrap();
    let insert = "INSERT INTO late.stario_commands \
                  (id, name, version, grp, payload, created, due, state, attempts, claims, changed) \
                  VALUES ($1, 'a', 1, 'x', $2, 0, 0, 0, 0, 0, 0)";
    let early = command(1);
    let query = sqlx::query(insert).bind(early.id.to_bytes().to_vec()).bind(early.payload);
    query.execute(&mut *late).await.unwrap();
    queue.enqueue(&in_group(2, "x")).await.unwrap();
    let in_order = claim(Wanted { is_in_order: true, ..wanted() }, 9);
    let second = queue.claim(&in_order).await.unwrap();
    assert_eq!(second.iter().map(number).collect::<Vec<_>>(), [2]);
    late.commit().await.unwrap();
    assert_eq!(queue.claim(&in_order).await.unwrap(), []);
    finish(&queue, &second[0]).await;
    assert_eq!(queue.claim(&in_order).await.unwrap().iter().map(number).collect::<Vec<_>>(), [1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_group_does_not_keep_others_waiting() {
    let queue = in_schema("full").await;
    for number in 0..300 {
        queue.enqueue(&in_group(number, "x")).await.unwrap();
    }
    for number in 300..303 {
        queue.enqueue(&in_group(number, "y")).await.unwrap();
    }
    // More than are looked at in one step wait in front.
    let wanted = Wanted { concurrency_of_group: Some(2), ..wanted() };
    let claimed = queue.claim(&claim(wanted.clone(), 4)).await.unwrap();
    assert_eq!(claimed.iter().map(number).collect::<Vec<_>>(), [0, 1, 300, 301]);
    assert_eq!(queue.claim(&claim(wanted, 4)).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_hear_at_once_what_one_process_stores() {
    let [here, there, elsewhere] = processes("heard", 3).await.try_into().unwrap();
    let other_schema = in_schema("unheard").await;
    // A listener that has just connected does not know what it has missed.
    for queue in [&here, &there, &other_schema] {
        timeout(PATIENCE, queue.changed()).await.unwrap();
    }
    let begun = Instant::now();
    elsewhere.enqueue(&command(0)).await.unwrap();
    timeout(PATIENCE, here.changed()).await.unwrap();
    timeout(PATIENCE, there.changed()).await.unwrap();
    println!("two other processes have heard of a command after {:?}", begun.elapsed());
    // Who stores does not hear itself; when `there` has heard of it, so would `here`.
    here.enqueue(&command(1)).await.unwrap();
    timeout(PATIENCE, there.changed()).await.unwrap();
    elsewhere.enqueue(&command(2)).await.unwrap();
    timeout(PATIENCE, here.changed()).await.unwrap();
    assert!(timeout(Duration::ZERO, here.changed()).await.is_err());
    assert!(timeout(Duration::ZERO, other_schema.changed()).await.is_err());
    // Many that come together are few notifications.
    for number in 3..300 {
        elsewhere.enqueue(&command(number)).await.unwrap();
    }
    let mut heard = 0;
    while timeout(Duration::from_millis(300), here.changed()).await.is_ok() {
        heard += 1;
    }
    assert!(heard < 150, "{heard} notifications");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_groups_and_what_a_text_cannot_hold_are_stored() {
    let queue = in_schema("texts").await;
    let long = "ü".repeat(20_000);
    for (number, end) in [(0, "a"), (1, "b"), (2, "a")] {
        queue.enqueue(&in_group(number, format!("{long}{end}"))).await.unwrap();
    }
    let in_order = Wanted { is_in_order: true, ..wanted() };
    let claimed = queue.claim(&claim(in_order, 9)).await.unwrap();
    assert_eq!(claimed.iter().map(number).collect::<Vec<_>>(), [0, 1]);
    let dead = Settlement::Dead { error: "a\0b".to_owned() };
    assert!(queue.settle(Run::of(&claimed[0]), 2_000, &dead).await.unwrap());
    let error = queue.get(claimed[0].command.id).await.unwrap().unwrap().error;
    assert_eq!(error.as_deref(), Some("a\u{fffd}b"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_reads_little_however_much_is_stored() {
    // 30,000 are finished, 3,000 wait, and 3,000 are those of a handler that is not there any more.
    let (queue, alone) = filled(
        "finished",
        "SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), CASE WHEN n < 33000 THEN 'a' ELSE 'b' END, NULL, \
         CASE WHEN n < 30000 THEN 2 ELSE 0 END, 0, n FROM generate_series(1, 36000) n",
    )
    .await;
    for concurrency in [None, Some(100)] {
        let before = rows_read(&alone, "finished").await;
        // More often than it takes the server to keep a plan for all values.
        for _ in 0..8 {
            let claimed = queue.claim(&claim(Wanted { concurrency, ..wanted() }, 1)).await.unwrap();
            assert_eq!(claimed.len(), 1);
        }
        let read = rows_read(&alone, "finished").await - before;
        assert!(read < 1_000, "8 claims with the limit {concurrency:?} have read {read} rows");
    }
}

/// A store with these commands, and its one connection: its statistics say what it has read.
async fn filled(schema: &str, commands: &str) -> (PostgresQueue, PgPool) {
    in_schema(schema).await;
    let options = (*CLUSTER.pool().await.connect_options()).clone();
    let alone = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let queue = PostgresQueue::in_schema(&alone, schema).await.unwrap();
    let fill = format!(
        "INSERT INTO \"{schema}\".stario_commands \
         (id, name, grp, state, due, changed, version, payload, created, attempts, claims) \
         SELECT c.*, 1, '', 0, 1, 1 FROM ({commands}) c"
    );
    sqlx::query(AssertSqlSafe(fill)).execute(&alone).await.unwrap();
    (queue, alone)
}

async fn rows_read(alone: &PgPool, schema: &str) -> i64 {
    sqlx::query("SELECT pg_stat_force_next_flush()").execute(alone).await.unwrap();
    let read =
        "SELECT sum(seq_tup_read + idx_tup_fetch)::int8 FROM pg_stat_user_tables WHERE schemaname = $1";
    sqlx::query_scalar(read).bind(schema).fetch_one(alone).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_reads_little_however_many_wait_for_others_of_their_group() {
    let in_order = Wanted { is_in_order: true, ..wanted() };
    let by_group = Wanted { concurrency_of_group: Some(1), ..wanted() };
    // Of 20,000 in one group the first may run, and behind them those of three others.
    for (schema, wanted) in [("blocked order", in_order), ("blocked groups", by_group)] {
        let (queue, alone) = filled(
            schema,
            "SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), 'a', CASE WHEN n <= 20000 THEN 'x' ELSE 'y' || n END, \
             0, CASE WHEN n <= 20000 THEN 0 ELSE 1 END, 0 FROM generate_series(1, 20003) n",
        )
        .await;
        let before = rows_read(&alone, schema).await;
        let claimed = queue.claim(&claim(wanted.clone(), 9)).await.unwrap();
        let mut numbers: Vec<_> = claimed.iter().map(|stored| stored.command.id.to_bytes()).collect();
        numbers.sort_unstable();
        let expected = [1_u128, 20_001, 20_002, 20_003].map(u128::to_be_bytes);
        assert_eq!(numbers, expected, "{wanted:?}");
        for _ in 0..8 {
            assert_eq!(queue.claim(&claim(wanted.clone(), 9)).await.unwrap(), []);
        }
        let read = rows_read(&alone, schema).await - before;
        println!("9 claims have read {read} rows");
        assert!(read < 10_000, "9 claims of {wanted:?} have read {read} rows");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_an_error_and_keeps_no_lock() {
    let patient = in_schema("stuck").await.timeout(PATIENCE);
    patient.enqueue(&command(1)).await.unwrap();
    let queue = patient.clone().timeout(Duration::from_millis(300));
    let limited = claim(Wanted { concurrency: Some(1), ..wanted() }, 9);
    let pool = CLUSTER.pool().await;
    // It may be read, and not be written: a claim has its lock by then.
    let mut stuck = pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE stuck.stario_commands IN SHARE MODE").execute(&mut *stuck).await.unwrap();
    let error = queue.claim(&limited).await.unwrap_err();
    assert!(
        ["did not answer within 300ms", "lock timeout"].iter().any(|text| error.to_string().contains(text)),
        "{error}"
    );
    let error = queue.enqueue(&command(2)).await.unwrap_err();
    assert!(error.to_string().contains("did not answer within 300ms"), "{error}");
    // The lock is free again, although the table is not.
    let again = tokio::spawn(async move { patient.claim(&limited).await });
    waiting("stuck", 1).await;
    stuck.rollback().await.unwrap();
    assert_eq!(again.await.unwrap().unwrap().len(), 1);
}

/// A way to the server that passes nothing on any more once it is cut, and keeps its connections open.
async fn way_that_can_be_cut() -> (u16, watch::Sender<bool>) {
    async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut is_cut: watch::Receiver<bool>) {
        let until_cut = async { drop(is_cut.wait_for(|is_cut| *is_cut).await) };
        tokio::select! {
            _ = tokio::io::copy(&mut from, &mut to) => {}
            () = until_cut => std::future::pending().await,
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, cut) = (listener.local_addr().unwrap().port(), watch::Sender::new(false));
    let is_cut = cut.subscribe();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(("127.0.0.1", CLUSTER.port())).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(pass_on(from_client, to_server, is_cut.clone()));
            tokio::spawn(pass_on(from_server, to_client, is_cut.clone()));
        }
    });
    (port, cut)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_cut_off_while_it_claims_does_not_keep_others_from_claiming() {
    let other = in_schema("cut off").await.timeout(PATIENCE);
    other.enqueue(&command(1)).await.unwrap();
    let (port, cut) = way_that_can_be_cut().await;
    let url = format!("postgres://postgres@127.0.0.1:{port}/postgres?application_name=cut%20off");
    let queue = PostgresQueue::in_schema(&open(url).await.unwrap(), "cut off").await.unwrap();
    let queue = queue.timeout(Duration::from_secs(5));
    let limited = claim(Wanted { concurrency: Some(1), ..wanted() }, 1);
    // It has the lock, and waits for the table, when it is cut off; then nothing tells the server that it has gone.
    let mut table = CLUSTER.pool().await.begin().await.unwrap();
    sqlx::query("LOCK TABLE \"cut off\".stario_commands IN SHARE MODE").execute(&mut *table).await.unwrap();
    let claiming = tokio::spawn({
        let limited = limited.clone();
        async move { queue.claim(&limited).await }
    });
    waiting("cut off", 1).await;
    cut.send_replace(true);
    table.rollback().await.unwrap();
    let claimed = other.claim(&limited).await.unwrap();
    assert_eq!(claimed.iter().map(|stored| (number(stored), stored.attempts)).collect::<Vec<_>>(), [(1, 1)]);
    let error = claiming.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("did not answer within 5s"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_only_reads_is_not_ready() {
    let pool = CLUSTER.pool().await;
    let queue = PostgresQueue::in_schema(&pool, "ready").await.unwrap();
    queue.check().await.unwrap();
    let options = (*pool.connect_options()).clone().options([("default_transaction_read_only", "on")]);
    let read_only = PgPoolOptions::new().connect_with(options).await.unwrap();
    let queue = PostgresQueue::in_schema(&read_only, "ready").await.unwrap();
    assert_eq!(queue.check().await.unwrap_err().to_string(), "the PostgreSQL database can only be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_is_a_503_and_nothing_is_stored() {
    let pool = CLUSTER.pool().await;
    let queue = PostgresQueue::in_schema(&pool, "away").await.unwrap();
    let client = TestClient::new(app::new().durable(queue.clone()));
    let rename = async |from: &str, to: &str| {
        let statement = format!("ALTER TABLE away.{from} RENAME TO {to}");
        sqlx::query(AssertSqlSafe(statement)).execute(&pool).await.unwrap();
    };
    rename("stario_commands", "gone").await;
    let res = client.post("/add/7").await;
    assert_eq!((res.status().as_u16(), res.header("retry-after")), (503, "1"));
    rename("gone", "stario_commands").await;
    assert_eq!(client.post("/add/8").await.status(), 204);
    let stored = queue.list(&CommandFilter::default(), 9).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(queue.get(stored[0].id).await.unwrap().unwrap().values(), r#"{"number":8}"#);
    client.drain().await;
    let counts = queue.count().await.unwrap();
    assert_eq!((counts.len(), counts[0].state, counts[0].count), (1, CommandState::Finished, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bound_of_values_is_the_store_s() {
    let queue = in_schema("bound").await.payload_limit(10);
    let res = TestClient::new(app::new().durable(queue)).post("/add/7").await;
    assert_eq!(
        (res.status().as_u16(), res.text()),
        (413, "this command has 23 bytes of values, and its store takes 10")
    );
}

#[tokio::test]
async fn what_is_no_url_of_this_system_is_refused_and_not_shown() {
    for url in
        ["shop.db", "sqlite:shop.db", "mysql://shop:secret@localhost/shop", "postgres://shop:secret@:x"]
    {
        let error = open(url).await.unwrap_err();
        let text = format!("{error}: {}", std::error::Error::source(&error).unwrap());
        assert!(!text.contains("secret"), "{text}");
    }
}

/// The certificate is that of the tests of `stario`, for `localhost`.
#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn tls_is_chosen_by_the_url() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stario/tests/tls");
    let cluster = Cluster::with_tls(&folder.join("first.pem"), &folder.join("first.key"));
    cluster.ready().await;
    let url =
        |parameters: &str| format!("postgres://postgres@localhost:{}/postgres?{parameters}", cluster.port());
    let is_encrypted = async |pool: &PgPool| -> bool {
        let ssl = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        sqlx::query_scalar(ssl).fetch_one(pool).await.unwrap()
    };
    assert!(is_encrypted(&open(url("sslmode=require")).await.unwrap()).await);
    assert!(!is_encrypted(&open(url("sslmode=disable")).await.unwrap()).await);
    let trusted =
        open(url(&format!("sslmode=verify-full&sslrootcert={}/first.pem", folder.display()))).await.unwrap();
    assert!(is_encrypted(&trusted).await);
    let queue = PostgresQueue::new(&trusted).await.unwrap();
    assert_eq!(queue.enqueue(&command(1)).await.unwrap(), None);
    // Neither the system nor another file trusts it.
    let other = format!("sslmode=verify-full&sslrootcert={}/second.pem", folder.display());
    for untrusted in ["sslmode=verify-full", &other] {
        assert!(open(url(untrusted)).await.is_err(), "{untrusted}");
    }
    // A server without TLS is refused where the URL asks for it.
    assert!(open(format!("{}?sslmode=require", CLUSTER.url())).await.is_err());
}
