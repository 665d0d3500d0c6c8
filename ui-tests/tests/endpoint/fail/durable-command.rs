use stario::prelude::*;
use stario::durable::DurableCommand;

stario::app!();

#[derive(serde::Serialize, serde::Deserialize, Clone)]
struct User(u32);

#[dependency]
fn user() -> User {
    User(7)
}

struct Pool;

#[dependency(singleton)]
fn pool() -> Pool {
    Pool
}

#[app::detached_command("/import/{id}", durable = "import")]
async fn import(id: PathParam<u32>, pool: &Pool, rows: JsonBody<Vec<String>>, user: &User) {
    let _ = (id, pool, rows, user);
}

#[app::detached_command("/plain")]
async fn plain() {}

fn commands(user: &User) -> Vec<DurableCommand> {
    vec![
        import::command(7, vec!["tea".to_owned()], user.clone()),
        import::command("7", vec!["tea".to_owned()], user.clone()),
        import::command(7, vec![7], user.clone()),
        import::command(7, vec!["tea".to_owned()], user),
        import::command(7, vec!["tea".to_owned()]),
        import::command(7, Pool, vec!["tea".to_owned()], user.clone()),
        import::command(PathParam(7), vec!["tea".to_owned()], user.clone()),
        plain::command(),
    ]
}

fn main() {}
