stario::app!();

struct User;

#[app::query("/user")]
async fn user() -> User {
    User
}

#[app::query("/users")]
async fn users() -> stario::Result<Option<std::collections::HashMap<u32, User>>> {
    Ok(None)
}

#[app::query("/pair")]
async fn pair() -> (u32, u32) {
    (1, 2)
}

fn main() {}
