use stario::{Cleanup, dependency};

stario::app!();

struct Session;

#[dependency]
fn session(cleanup: Cleanup) -> Session {
    cleanup.defer(async { 5 });
    cleanup.defer(async { Some(()) });
    // These are no mistakes.
    cleanup.defer(async { todo!() });
    cleanup.defer(async {
        panic!();
    });
    cleanup.defer(async { Err("it is logged") });
    Session
}

#[app::query("/")]
async fn home(_session: &Session) {}

fn main() {}
