//! What `assets!` refuses.

stario::app!();
stario::assets!("Cargo.toml");

fn main() {}
