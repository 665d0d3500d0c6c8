use stario::prelude::*;

stario::app!();

#[query("/")]
async fn home() {}

#[stario::command("/")]
async fn save() {}

// What is imported by name is the app's.
mod imported {
    use crate::app::query;
    use stario::prelude::*;

    #[query("/imported")]
    pub(super) async fn page(number: QueryParam<u8>) -> u8 {
        number.0
    }
}

fn main() {
    drop(app::new().route(query::<given>("/given")));
    let _ = imported::page::url().number(7);
}

#[handler]
async fn given() {}
