use stario::prelude::*;

stario::app!();

#[app::command("/kind", durable = "kind")]
async fn kind() {}

#[app::detached_command("/alone", attempts = 3)]
async fn alone() {}

#[app::detached_command("/name", durable = "two words")]
async fn name() {}

#[app::detached_command("/value", durable)]
async fn value() {}

#[app::detached_command("/numbers", durable = "numbers", attempts = 0, version = 0)]
async fn numbers() {}

#[app::detached_command("/version", durable = "version", version = 2)]
async fn version() {}

#[app::detached_command("/lift", durable = "lift", lift = lift_old)]
async fn lift() {}

#[app::detached_command("/times", durable = "times", backoff = "10", delay = "1d", every = "0s")]
async fn times() {}

#[app::detached_command("/limits", durable = "limits", concurrency = "many")]
async fn limits() {}

#[app::detached_command("/groups", durable = "groups", concurrency = "1 by nobody", in_order = 1)]
async fn groups(account: QueryParam<u32>) {}

#[app::detached_command("/both", durable = "both", concurrency = "2 by account", in_order = "account")]
async fn both(account: QueryParam<u32>) {}

#[app::detached_command("/cron", durable = "cron", cron = "0 25 * * *", every = "1h")]
async fn cron() {}

#[app::detached_command("/twice", durable = "twice", delay = "1s", delay = "2s")]
async fn twice() {}

#[handler(detached, durable = "handler")]
async fn explicit() {}

fn main() {}
