//! Hooks: how they are written.

stario::app!();
stario::app!(admin);

#[app::on_start(order = 1)]
async fn with_an_order() {}

#[app::on_stop(admin)]
async fn of_an_app() {}

#[admin::on_start]
async fn named_by_its_module() {}

#[app::on_start]
async fn generic<T>() {}

#[app::on_start]
async fn from_nothing(#[from] count: u32) {
    let _ = count;
}

struct Jobs;

impl Jobs {
    #[app::on_stop]
    async fn in_an_impl() {}
}

fn main() {}
