//! `asset!` without an `assets!` that names the folder.

use stario::prelude::*;

stario::app!();

fn main() {
    asset!("app.css");
}
