//! Every form of parameter that a durable command can have.

#![deny(warnings)]

use stario::prelude::*;
use stario::{AppHandle, Attempt, ClientAddress, IdempotencyKey, Lazy, MemoryQueue, RequestId};

stario::app!();

#[derive(serde::Serialize, serde::Deserialize, Clone, Debug)]
struct User(u32);

#[dependency]
fn user() -> User {
    User(7)
}

#[dependency(transient)]
fn count() -> u32 {
    7
}

struct Pool;

#[dependency(singleton)]
fn pool() -> Pool {
    Pool
}

#[dependency(singleton, by_name)]
fn replica() -> Pool {
    Pool
}

#[derive(Signals, serde::Serialize, serde::Deserialize, Default)]
struct Search {
    q: String,
}

#[app::detached_command("/{id}/{rest...}", durable = "all", method = PUT, concurrency = "4, 1 by id")]
#[allow(clippy::too_many_arguments, unused_variables)]
async fn all(
    id: PathParam<u32>,
    rest: PathParam<Vec<String>>,
    #[default(1)] page: QueryParam<u32>,
    #[name("q")] text: QueryParam<Option<String>>,
    many: QueryParams<u8>,
    Header(agent): Header<Option<String>>,
    search: Signals<Search>,
    q: Signal<String>,
    owned: User,
    borrowed: &User,
    transient: u32,
    pool: &Pool,
    #[from(replica)] other: &Pool,
    config: State<u8>,
    log: Logger,
    app: AppHandle,
    client: ClientAddress,
    request: RequestId,
    attempt: Attempt,
    key: IdempotencyKey,
) -> Result {
    Ok(())
}

#[app::detached_command(
    "/plain",
    durable = "plain",
    in_order = true,
    delay = "1s",
    backoff = "5m",
    attempts = 3
)]
fn plain(_: FormBody<User>) {}

#[app::detached_command("/cron", durable = "cron", cron = "*/5 3 * jan-mar mon")]
async fn cron(pool: &Pool, attempt: Attempt) -> Result<(), std::io::Error> {
    let _ = (pool, attempt);
    Ok(())
}

#[app::detached_command("/files", durable = "files")]
async fn files(one: UploadedFile, more: Vec<UploadedFile>, note: FormField<String>) {
    let _ = (one, more, note);
}

#[app::query("/lazy")]
async fn lazy(user: Lazy<'_, User>) -> Result<String> {
    Ok(format!("{:?}", user.get().await?))
}

#[test]
fn the_app_has_no_problems() {
    app::new().state(7_u8).durable(MemoryQueue::new()).check().unwrap();
}
