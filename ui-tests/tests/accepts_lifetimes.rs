//! Handlers and providers that name the lifetimes of what they borrow, and those of types with a lifetime that is not written: `Arc<dyn Mailer>` is
//! `Arc<dyn Mailer + 'static>`.

#![allow(clippy::needless_lifetimes)]

use std::pin::Pin;
use std::sync::Arc;

use stario::Lazy;
use stario::prelude::*;

stario::app!();

struct Database {
    names: Vec<String>,
}

#[dependency(singleton)]
fn database() -> Database {
    Database { names: vec!["Ada".to_owned(), "Grace".to_owned()] }
}

struct Count(usize);

#[dependency]
fn count<'db>(database: &'db Database) -> Count {
    Count(database.names.len())
}

#[app::query("/names")]
async fn names<'a>(database: &'a Database) -> Pin<Box<dyn Stream<Item = Event> + Send + 'a>> {
    Box::pin(stream! {
        for name in &database.names {
            yield html! { <p id="name">{name}</p> };
        }
    })
}

#[app::query("/first")]
async fn first<'a, 'b>(database: &'a Database, lazy: Lazy<'b, Count>) -> Result<String>
where
    'b: 'a,
{
    Ok(format!("{} of {}", database.names[0], lazy.get().await?.0))
}

trait Mailer: Send + Sync {
    fn name(&self) -> &str;
}

struct Post;

impl Mailer for Post {
    fn name(&self) -> &'static str {
        "post"
    }
}

#[dependency(singleton)]
fn mailer() -> Arc<dyn Mailer> {
    Arc::new(Post)
}

#[dependency(transient, by_name)]
fn other_mailer() -> Box<dyn Mailer> {
    Box::new(Post)
}

struct Account(String);

#[dependency]
async fn account(mailer: Arc<dyn Mailer>, id: QueryParam<u32>) -> Account {
    tokio::task::yield_now().await;
    Account(format!("{id} by {}", mailer.name()))
}

#[app::query("/mail")]
async fn mail(
    mailer: Arc<dyn Mailer>,
    account: &Account,
    #[from(mailer)] named: Arc<dyn Mailer>,
    #[from(other_mailer)] other: Box<dyn Mailer>,
    lazy: Lazy<'_, Arc<dyn Mailer>>,
) -> Result<String> {
    tokio::task::yield_now().await;
    let lazy = lazy.get().await?;
    Ok([&account.0, mailer.name(), named.name(), other.name(), lazy.name()].join(", "))
}

#[test]
fn handlers_answer() {
    let client = TestClient::new(app::new());
    assert_eq!(client.get("/names").send().events().len(), 2);
    assert_eq!(client.get("/first").send().text(), "Ada of 2");
    assert_eq!(client.get("/mail?id=7").send().text(), "7 by post, post, post, post, post");
}
