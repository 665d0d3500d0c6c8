#![deny(unused_must_use)]

use stario::prelude::*;

stario::app!();

#[app::detached_command("/import/{id}", durable = "import")]
async fn import(id: PathParam<u32>) {
    let _ = id;
}

#[app::command("/")]
async fn begin() {
    import::command(7);
}

fn main() {}
