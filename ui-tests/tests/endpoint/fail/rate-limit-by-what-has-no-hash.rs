use stario::prelude::*;

stario::app!();

#[derive(Clone)]
struct User;

#[dependency]
fn user() -> User {
    User
}

#[app::query("/a", rate_limit = "5/minute by user")]
async fn by_value(user: User) {
    drop(user);
}

#[app::query("/b", rate_limit = "5/minute by user")]
async fn by_reference(user: &User) {
    let _ = user;
}

#[app::query("/c", rate_limit = "5/minute by ratio")]
async fn by_a_source(ratio: QueryParam<f64>) -> String {
    ratio.to_string()
}

fn main() {}
