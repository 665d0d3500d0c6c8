stario::app!();

#[app::query("/generic")]
async fn generic<T>() {}

#[app::query("/unsafe")]
async unsafe fn not_safe() {}

#[app::query("/struct")]
struct NoFunction;

fn main() {}
