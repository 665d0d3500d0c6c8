use stario::prelude::*;

stario::app!();

#[app::query("/wrong-type")]
async fn wrong_type(#[default("one")] page: QueryParam<u32>) -> String {
    page.to_string()
}

#[app::query("/no-value")]
async fn no_value(#[default] page: QueryParam<u32>) -> String {
    page.to_string()
}

#[app::query("/state")]
async fn of_state(#[default(1)] page: State<u32>) -> String {
    page.to_string()
}

fn main() {}
