//! Structs of sources: nested, generic, with names and defaults.

#![deny(warnings)]
#![forbid(unsafe_code)]

use stario::FromRequest;
use stario::prelude::*;

stario::app!();

/// Of another struct.
#[derive(FromRequest)]
pub struct Filter<T: FromRequest + Send> {
    /// By its own name.
    pub page: QueryParam<u8>,
    /// By another name, with a default.
    #[default(10)]
    #[name("page[limit]")]
    pub limit: QueryParam<u32>,
    /// Nested.
    pub client: T,
}

/// Not generic.
#[derive(FromRequest)]
pub struct Client {
    /// A header.
    #[default("nobody")]
    pub user_agent: Header<String>,
    /// A signal.
    #[name("user.name")]
    pub user_name: Signal<Option<String>>,
}

#[app::query("/")]
async fn home(filter: Filter<Client>) -> String {
    let Filter { page, limit, client } = filter;
    format!("{page} {limit} {} {:?}", client.user_agent, client.user_name.0)
}

#[test]
fn the_struct_is_resolved() {
    let res = TestClient::new(app::new()).get("/?page=1").send();
    assert_eq!(res.text(), "1 10 nobody None");
}
