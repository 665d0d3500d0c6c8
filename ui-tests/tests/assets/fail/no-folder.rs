//! A folder that is not there, once: its names are not reported again.

use stario::prelude::*;

stario::app!();
stario::assets!("../../../../ui-tests/tests/assets/statc");

fn main() {
    asset!("app.css");
}
