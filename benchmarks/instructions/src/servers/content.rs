//! The content that all servers have in common.

use std::sync::LazyLock;

pub const PLAIN: &str = "Hello, World!";

/// How many events `/events` sends.
pub const EVENTS: u32 = 100;

/// The text of a published event.
pub static NEWS: LazyLock<String> = LazyLock::new(|| "Something has happened. ".repeat(42));

/// A row of `/page`.
pub struct Product {
    pub number: u32,
    pub name: String,
    pub description: String,
}

pub static PRODUCTS: LazyLock<Vec<Product>> = LazyLock::new(|| {
    (0..100)
        .map(|number| Product {
            number,
            name: format!("Nut & bolt {number}"),
            description: format!("Fits all threads < {number} mm and comes in a box of a hundred."),
        })
        .collect()
});
