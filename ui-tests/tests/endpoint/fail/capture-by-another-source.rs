use stario::prelude::*;

stario::app!();

#[app::query("/users/{user_id}")]
async fn get_user(user_id: QueryParam<i64>) -> String {
    user_id.to_string()
}

fn main() {}
