#![deny(warnings)]
#![forbid(unsafe_code)]

use stario::FromRequest;
use stario::prelude::*;

stario::app!();

/// Nested, generic, renamed, defaulted.
#[derive(FromRequest)]
pub struct Filter<T: FromRequest + Send> {
    pub page: QueryParam<u8>,
    #[default(10)]
    #[name("page[limit]")]
    pub limit: QueryParam<u32>,
    /// Nested.
    pub client: T,
}

#[derive(FromRequest)]
pub struct Client {
    #[default("nobody")]
    pub user_agent: Header<String>,
    #[name("user.name")]
    pub user_name: Signal<Option<String>>,
}

#[app::query("/")]
async fn home(filter: Filter<Client>) -> String {
    let Filter { page, limit, client } = filter;
    format!("{page} {limit} {} {:?}", client.user_agent, client.user_name.0)
}

fn main() {
    let res = TestClient::new(app::new()).get("/?page=1").send();
    assert_eq!(res.text(), "1 10 nobody None");
}
