stario::app!();

struct NoLayer;

#[app::query("/", layer = NoLayer)]
async fn home() {}

#[app::query("/number", layer = 5)]
async fn number() {}

fn main() {}
