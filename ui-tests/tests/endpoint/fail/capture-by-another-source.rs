use stario::prelude::*;

stario::app!();

#[app::query("/users/{user_id}")]
async fn get_user(user_id: QueryParam<i64>) -> String {
    user_id.to_string()
}

#[app::query("/b/{name}")]
async fn borrowed_text(name: PathParam<&str>) -> String {
    name.to_string()
}

#[app::query("/c/{id}")]
async fn borrowed(id: &PathParam<u8>) -> String {
    id.to_string()
}

fn main() {}
