use stario::prelude::*;

stario::app!();

#[app::query("/users/{id}")]
async fn get_user(id: PathParam<i64>) -> String {
    id.to_string()
}

mod elsewhere {
    use stario::prelude::*;

    #[crate::app::query("/users/{name}")]
    async fn get_user_by_name(name: PathParam<String>) -> String {
        name.0
    }

    // Another method, and another path: no duplicates.
    #[crate::app::command("/users/{name}")]
    async fn rename_user(name: PathParam<String>) -> String {
        name.0
    }

    #[crate::app::query("/users")]
    async fn users() {}
}

fn main() {}
