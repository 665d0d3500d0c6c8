//! The line that says which provider of another crate makes a type.

use stario::prelude::*;

stario::app!();

/// As if it was another crate.
mod shared {
    use std::time::Duration;

    use stario::prelude::*;

    #[dependency(by_name)]
    pub fn lease() -> Duration {
        Duration::from_secs(1)
    }

    #[dependency(by_name)]
    pub fn zone() -> u8 {
        1
    }
}

app::provide!(Duration = shared::zone);

app::provide!(u8 = shared::zone);
app::provide!(u8 = shared::zone);

app::provide!(Duration from shared::lease);

fn main() {}
