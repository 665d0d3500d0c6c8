//! The smallest app: one page.

use stario::prelude::*;

stario::app!();

/// Gives memory back to the system after a burst of requests, which the C library's does not.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[app::query("/")]
async fn home(#[default("world")] name: QueryParam<String>) -> Html {
    html! { <h1>"Hello, "{name}"!"</h1> }
}

#[tokio::main]
async fn main() -> stario::Result {
    app::new().serve().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_greets_by_name() {
        let client = TestClient::new(app::new());
        assert_eq!(client.get("/").send().text(), "<h1>Hello, world!</h1>");
        assert_eq!(client.page("/?name=%3CAda%3E").text("h1"), "Hello, <Ada>!");
    }
}
