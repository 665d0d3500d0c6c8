use stario::prelude::*;

stario::app!();

#[handler("/search")]
async fn with_a_path() {}

#[handler(attached)]
async fn unknown_word() {}

#[handler]
async fn generic<T>() {}

#[handler]
#[app::query("/both")]
async fn both() {}

#[handler]
async fn two_bodies(first: RawBody<String>, second: JsonBody<String>) -> String {
    first.0 + &second.0
}

#[handler(detached)]
async fn that_answers() -> String {
    String::new()
}

#[handler]
async fn answers() {}

#[handler(detached)]
async fn detached() {}

async fn no_handler() {}

#[handler(method = PUT)]
async fn with_a_method() {}

#[handler(detached, detached)]
async fn twice_detached() {}

#[handler(layer)]
async fn without_a_layer() {}

fn main() {
    let _ = app::new()
        .route(query::<detached>("/a"))
        .route(detached_command::<answers>("/b"))
        .route(query::<no_handler>("/c"));
}
