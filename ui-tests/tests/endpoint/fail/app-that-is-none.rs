stario::app!();

#[app::query("/no-such-app", app = sales)]
async fn no_such_app() {}

fn main() {}
