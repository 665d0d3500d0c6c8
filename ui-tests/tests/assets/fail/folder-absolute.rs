//! What `assets!` refuses.

stario::app!();
stario::assets!("/etc");

fn main() {}
