use stario::prelude::*;
use stario::{BodyStream, Cleanup};

stario::app!();

struct User(u32);

#[dependency]
fn user() -> User {
    User(7)
}

#[derive(serde::Serialize, serde::Deserialize, Clone)]
struct Lock(u32);

#[dependency]
fn lock(cleanup: Cleanup) -> Lock {
    cleanup.defer(async {});
    Lock(7)
}

#[derive(serde::Deserialize)]
struct Row {
    name: String,
}

#[app::detached_command("/user", durable = "user")]
async fn by_reference(user: &User) {}

#[app::detached_command("/row", durable = "row")]
async fn source(row: JsonBody<Row>) {}

#[app::detached_command("/lock", durable = "lock")]
async fn cleaned_up(lock: Lock) {}

#[app::detached_command("/writer", durable = "writer")]
async fn writer(w: Writer) {}

#[app::detached_command("/stream", durable = "stream")]
async fn body(body: BodyStream) {}

#[app::detached_command("/form", durable = "form")]
async fn form(form: Form<Row>) {}

#[app::detached_command("/{id}", durable = "schedule", every = "1h")]
async fn schedule(id: PathParam<u32>) {}

#[app::detached_command("/order", durable = "order", in_order = "log")]
async fn order(log: Logger) {}

#[app::detached_command("/value", durable = "value")]
async fn value() -> Html {
    html! { <p></p> }
}

#[app::detached_command("/lift", durable = "lift", version = 2, lift = lift_old)]
async fn lift() {}

fn lift_old(values: serde_json::Value) -> serde_json::Value {
    values
}

fn main() {}
