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

    #[crate::app::query("/users/{path...}")]
    async fn of_user(path: PathParam<String>) -> String {
        path.0
    }
}

#[app::query("/users/{rest...}")]
async fn rest_of_user(rest: PathParam<String>) -> String {
    rest.0
}

#[app::command("/orders", method = PUT)]
async fn put_orders() {}

#[app::command("/orders", method = "PUT")]
async fn put_orders_again() {}

#[app::command("/orders", method = DELETE)]
async fn delete_orders() {}

#[app::query("/mode", headers("X-Mode" = "a", "Accept" = "b"))]
async fn mode() {}

#[app::query("/mode", headers("accept" = "b", "x-mode" = "a"))]
async fn mode_again() {}

// Another value, and fewer headers: no duplicates.
#[app::query("/mode", headers("accept" = "b", "x-mode" = "b"))]
async fn mode_b() {}

#[app::query("/mode")]
async fn no_mode() {}

fn main() {}
