//! Files need an app that serves them.

stario::assets!("../../../../ui-tests/tests/assets/static");

fn main() {}
