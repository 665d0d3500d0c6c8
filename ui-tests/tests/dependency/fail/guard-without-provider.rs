//! A guard is a dependency: its type has a provider in this crate.

stario::app!();

struct Admin;

app::require!(Admin);

#[app::query("/")]
async fn home() -> &'static str {
    "home"
}

fn main() {
    let _ = app::new().guard(app::require::<Admin>());
}
