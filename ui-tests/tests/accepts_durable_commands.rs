//! Every form of parameter that a durable command can have.

#![deny(warnings)]
#![allow(elided_lifetimes_in_paths)]

use std::sync::Arc;

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

/// No type of it can be stored, and each has lifetimes.
#[app::detached_command("/borrowing/{text}", durable = "borrowing")]
async fn borrowing(
    text: PathParam<String>,
    #[from(fixed)] fixed: &Fixed<'_>,
    #[from(format)] format: &Format,
) {
    let _ = (text, fixed.0, format("a"));
}

struct Fixed<'a>(&'a str);

#[dependency(singleton, by_name)]
fn fixed() -> Fixed<'static> {
    Fixed("fixed")
}

type Format = Arc<dyn Fn(&str) -> &str + Send + Sync>;

#[dependency(singleton, by_name)]
fn format() -> Format {
    Arc::new(str::trim)
}

#[app::detached_command("/by-value/{text}", durable = "by-value")]
async fn by_value(#[from(format)] format: Format, text: PathParam<String>) {
    let _ = format(&text);
}

/// Where a handler is not `async`, rustc allows lifetimes that are not written.
#[app::detached_command("/hidden/{id}", durable = "hidden")]
fn hidden(#[from(fixed)] fixed: &Fixed, user: &User, id: PathParam<u32>, #[from(format)] format: &Format) {
    let _ = (fixed.0, user, id, format("a"));
}

/// Sources of this program that have the names of stario's.
mod own {
    use stario::{FromRequest, Parameter, Rejection, Scope};

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(crate) struct Header<T>(pub(crate) T);

    impl<T: Default> FromRequest for Header<T> {
        async fn from_request(_: &Scope, _: &Parameter) -> Result<Self, Rejection> {
            Ok(Self(T::default()))
        }
    }

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(crate) struct RawBody(pub(crate) u8);

    impl FromRequest for RawBody {
        async fn from_request(_: &Scope, _: &Parameter) -> Result<Self, Rejection> {
            Ok(Self(7))
        }
    }
}

#[app::detached_command("/own/{id}", durable = "own", in_order = "header")]
async fn own_sources(header: own::Header<u8>, id: PathParam<u32>, body: own::RawBody) {
    let _ = (header.0, id, body.0);
}

/// The types of a public handler may be private.
#[app::detached_command("/public", durable = "public", in_order = "user")]
#[allow(private_interfaces)]
pub async fn public(user: User) {
    let _ = user;
}

#[app::detached_command("/file", durable = "file")]
async fn file(FormField(r#type): FormField<String>, file: UploadedFile, body: stario::FormField<Option<u8>>) {
    let _ = (r#type, file, body);
}

/// Each handler has a function of as many arguments as it has stored parameters.
fn commands(user: &User) -> Vec<stario::durable::DurableCommand> {
    let file_of = |name: &str| UploadedFile::new(name, None, "content");
    vec![
        all::command(
            7,
            vec!["a".to_owned()],
            1,
            Some("text".to_owned()),
            vec![1, 2],
            None,
            Search::default(),
            String::new(),
            user.clone(),
            user.clone(),
            7,
            ClientAddress([127, 0, 0, 1].into()),
        ),
        plain::command(user.clone()),
        cron::command(),
        files::command(file_of("a"), vec![file_of("b")], "note".to_owned()),
        borrowing::command("text".to_owned()),
        by_value::command("text".to_owned()),
        hidden::command(user.clone(), 7),
        own_sources::command(own::Header(7), 7, own::RawBody(7)),
        public::command(user.clone()),
        file::command("text".to_owned(), file_of("c"), Some(7)),
    ]
}

#[tokio::test]
async fn commands_are_enqueued() {
    let client = TestClient::new(app::new().state(7_u8).durable(MemoryQueue::new()));
    for command in commands(&User(7)) {
        client.app().durable().enqueue(command).await.unwrap();
    }
}

#[test]
fn the_app_has_no_problems() {
    app::new().state(7_u8).durable(MemoryQueue::new()).check().unwrap();
}
