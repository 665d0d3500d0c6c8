use stario::prelude::*;

stario::app!();

#[app::query("/users")]
async fn get_user(user_id: PathParam<i64>) -> String {
    user_id.to_string()
}

fn main() {}
