use stario::prelude::*;

stario::app!();

#[app::query("/users/{user_id}")]
async fn get_user(user_id: PathParam<i64>) -> String {
    user_id.to_string()
}

fn main() {
    let _ = get_user::url();
    let _ = get_user::url("seven");
    let _ = get_usr::url(7);
}
