//! What `assets!` refuses.

stario::app!();
stario::assets!("../../../../ui-tests/tests/assets/static");
stario::assets!("../../../../ui-tests/tests/assets/static");

fn main() {}
