//! Handlers and providers that name the lifetimes of what they borrow.

#![allow(clippy::needless_lifetimes)]

use std::pin::Pin;

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

#[test]
fn handlers_answer() {
    let client = TestClient::new(app::new());
    assert_eq!(client.get("/names").send().events().len(), 2);
    assert_eq!(client.get("/first").send().text(), "Ada of 2");
}
