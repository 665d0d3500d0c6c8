use stario::handler;
use stario::prelude::*;

stario::app!();

#[app::query("/a", rate_limit = "5")]
async fn without_a_time() {}

#[app::query("/b", rate_limit = "0/minute")]
async fn none() {}

#[app::query("/c", rate_limit = "5/minute, ten/hour")]
async fn in_words() {}

#[app::query("/d", rate_limit = "5/minute per user")]
async fn per_user(user: QueryParam<String>) -> String {
    user.0
}

#[app::query("/e", rate_limit = "5/minute by user")]
async fn by_nothing() {}

#[app::query("/f", rate_limit = "5/minute by usr, 9/hour")]
async fn by_another_name(user: QueryParam<String>, page: QueryParam<u8>) -> String {
    format!("{user}{page}")
}

#[app::query("/g", rate_limit = "5/minute, 5/minute")]
async fn twice_the_same() {}

#[app::command("/h", rate_limit = 5)]
async fn a_number() {}

#[app::command("/i", rate_limit)]
async fn nothing() {}

#[app::command("/j", rate_limit = "1/day", rate_limit = "2/day")]
async fn twice() {}

#[handler(rate_limit = "often")]
async fn by_the_app() {}

fn main() {}
