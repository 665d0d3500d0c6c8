//! Shared painting board.
fn main() {}
