//! The line names a provider, and the type that it makes.

stario::app!();

/// As if it was another crate.
mod shared {
    use stario::prelude::*;

    #[dependency(by_name)]
    pub fn zone() -> u8 {
        1
    }

    pub fn plain() -> u16 {
        1
    }
}

app::provide!(u32 = shared::zone);
app::provide!(u16 = shared::plain);

fn main() {}
