//! Durable commands in a real file.

use std::sync::Arc;

use stario::DurableStore;
use stario::durable::{Claim, CommandFilter, CommandId, CommandState, NewCommand, Wanted};
use stario::prelude::*;
use stario::testing::check_durable_store;
use stario_sqlite::{SqliteQueue, open, sqlx};

stario::app!();

async fn in_file(folder: &tempfile::TempDir, name: &str) -> SqliteQueue {
    let database = open(folder.path().join(name).display().to_string()).await.unwrap();
    SqliteQueue::new(&database).await.unwrap()
}

#[tokio::test]
async fn a_store_in_a_file_keeps_its_promises() {
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    check_durable_store(async || {
        count += 1;
        in_file(&folder, &format!("{count}.db")).await
    })
    .await;
}

#[tokio::test]
async fn a_store_in_memory_keeps_its_promises() {
    check_durable_store(async || SqliteQueue::new(&open(":memory:").await.unwrap()).await.unwrap()).await;
}

fn command(number: u8) -> NewCommand {
    NewCommand {
        id: CommandId::from_bytes([number; 16]),
        name: "a".to_owned(),
        version: 1,
        key: None,
        group: None,
        payload: vec![number],
        created: 1_000,
        due: 1_000,
    }
}

#[app::detached_command("/add/{number}", durable = "add")]
async fn add(number: PathParam<u32>, seen: State<std::sync::Mutex<Vec<u32>>>) {
    seen.lock().unwrap().push(*number);
}

#[tokio::test]
async fn a_command_outlives_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let client = async || {
        let queue = in_file(&folder, "shop.db").await;
        TestClient::new(app::new().state(std::sync::Mutex::new(Vec::<u32>::new())).durable(queue))
    };
    let first = client().await;
    assert_eq!(first.post("/add/7").await.status(), 204);
    drop(first);
    let second = client().await;
    second.drain().await;
    let queue = in_file(&folder, "shop.db").await;
    let counts = queue.count().await.unwrap();
    assert_eq!((counts.len(), counts[0].state, counts[0].count), (1, CommandState::Finished, 1));
}

#[app::command("/add-later/{number}")]
async fn add_later(number: PathParam<u32>, app: stario::AppHandle) -> Result<String> {
    let command = add::command(*number).after(Duration::from_mins(1)).key(format!("add-{number}"));
    Ok(app.durable().enqueue(command).await?.to_string())
}

#[tokio::test]
async fn what_code_enqueues_outlives_its_process_and_is_stored_once_for_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let app = async || {
        let queue = in_file(&folder, "code.db").await;
        app::new().state(std::sync::Mutex::new(Vec::<u32>::new())).durable(queue)
    };
    let first = TestClient::new(app().await);
    let id = first.post("/add-later/7").await.text().to_owned();
    first.drain().await;
    drop(first);
    let second = TestClient::new(app().await);
    let durable = second.app().durable();
    assert_eq!(durable.enqueue(add::command(7).key("add-7")).await.unwrap().to_string(), id);
    let error = durable.enqueue(add::command(8).key("add-7")).await.unwrap_err();
    assert_eq!(error.status(), 422);
    second.advance_clock(Duration::from_mins(1));
    second.drain().await;
    assert_eq!(*second.app().state::<std::sync::Mutex<Vec<u32>>>().unwrap().lock().unwrap(), [7]);
    let counts = durable.count().await.unwrap();
    assert_eq!((counts.len(), counts[0].state, counts[0].count), (1, CommandState::Finished, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_enqueue_and_claim_at_once_and_nothing_is_lost_or_claimed_twice() {
    let folder = tempfile::tempdir().unwrap();
    // Two processes: each has connections of its own.
    let queues = [in_file(&folder, "a.db").await, in_file(&folder, "a.db").await].map(Arc::new);
    let enqueue = (0..200_u8).map(|number| {
        let queue = Arc::clone(&queues[usize::from(number % 2)]);
        tokio::spawn(async move { queue.enqueue(&command(number)).await.unwrap() })
    });
    let enqueue: Vec<_> = enqueue.collect();
    let workers = (0..4_usize).map(|number| {
        let queue = Arc::clone(&queues[number % 2]);
        tokio::spawn(async move {
            let wanted = Wanted {
                name: "a".to_owned(),
                version: 1,
                concurrency: None,
                concurrency_of_group: None,
                is_in_order: false,
            };
            let claim = Claim { wanted: vec![wanted], now: 2_000, lease_until: 9_000, limit: 7 };
            let (mut claimed, mut empty) = (Vec::new(), 0);
            while empty < 3 {
                let some = queue.claim(&claim).await.unwrap();
                if some.is_empty() {
                    empty += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                claimed.extend(some.into_iter().map(|stored| stored.command.id));
            }
            claimed
        })
    });
    let workers: Vec<_> = workers.collect();
    for stored in enqueue {
        assert_eq!(stored.await.unwrap(), None);
    }
    let mut claimed = Vec::new();
    for worker in workers {
        claimed.extend(worker.await.unwrap());
    }
    let claim_rest = CommandFilter { state: Some(CommandState::Waiting), ..CommandFilter::default() };
    claimed.extend(queues[0].list(&claim_rest, 1000).await.unwrap().into_iter().map(|listed| listed.id));
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!(claimed.len(), 200);
    assert!(
        queues[1]
            .list(&CommandFilter::default(), 1000)
            .await
            .unwrap()
            .iter()
            .all(|stored| stored.attempts <= 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_open_a_new_file_at_once() {
    for _ in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.db").display().to_string();
        let opened: Vec<_> = (0..4).map(|_| tokio::spawn(open(path.clone()))).collect();
        for database in opened {
            database.await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn a_store_that_refuses_is_a_503_and_nothing_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db").display().to_string();
    let database = open(&path).await.unwrap();
    let queue = SqliteQueue::new(&database).await.unwrap();
    sqlx::query("ALTER TABLE stario_commands RENAME TO gone").execute(&database).await.unwrap();
    let client =
        TestClient::new(app::new().state(std::sync::Mutex::new(Vec::<u32>::new())).durable(queue.clone()));
    let res = client.post("/add/7").await;
    assert_eq!((res.status().as_u16(), res.header("retry-after")), (503, "1"));
    sqlx::query("ALTER TABLE gone RENAME TO stario_commands").execute(&database).await.unwrap();
    assert_eq!(client.post("/add/8").await.status(), 204);
    let stored = queue.list(&CommandFilter::default(), 9).await.unwrap();
    assert_eq!(stored.len(), 1);
    let stored = queue.get(stored[0].id).await.unwrap().unwrap();
    assert_eq!(stored.values(), r#"{"number":8}"#);
}

#[tokio::test]
async fn the_bound_of_values_is_the_store_s() {
    let queue = SqliteQueue::new(&open(":memory:").await.unwrap()).await.unwrap().payload_limit(10);
    let client = TestClient::new(app::new().state(std::sync::Mutex::new(Vec::<u32>::new())).durable(queue));
    let res = client.post("/add/7").await;
    assert_eq!(
        (res.status().as_u16(), res.text()),
        (413, "this command has 23 bytes of values, and its store takes 10")
    );
}
