stario::app!();
stario::app!(admin);

#[app::query("/users", app = admin)]
async fn users() {}

// Another app: no duplicate.
#[app::query("/users")]
async fn other_users() {}

#[app::query("/users", app = crate::admin)]
async fn users_again() {}

#[app::query("/no-app", app = "admin")]
async fn no_app() {}

#[admin::query("/users")]
async fn by_the_module() {}

fn main() {}
