use stario::prelude::*;

stario::app!();

#[app::detached_command("/detached")]
async fn detached(w: Writer) -> Result {
    Ok(w.empty()?)
}

#[app::query("/two-writers")]
async fn two_writers(first: Writer, second: Writer) -> Result {
    drop(first);
    Ok(second.empty()?)
}

struct Report;

#[dependency]
async fn report(w: Writer) -> Report {
    drop(w);
    Report
}

fn main() {}
