//! The line that says which provider of another crate makes a type.

stario::app!();

/// As if it was another crate.
mod shared {
    use stario::prelude::*;

    #[dependency(by_name)]
    pub fn zone() -> u8 {
        1
    }
}

app::provide!(u8 = shared::zone);
app::provide!(u8 = shared::zone);

app::provide!(u16 from shared::zone);

fn main() {}
