//! The same five pages by every engine, so that their speed can be compared.

#![allow(clippy::all, missing_docs)]

pub mod data;
pub mod engines;

use data::Data;

/// One way to make HTML: a function for each of the five shapes.
pub struct Engine {
    pub name: &'static str,
    /// `big_table`, `teams`, `page`, `prose`, `names`, each a fresh string.
    pub shapes: [fn(&Data) -> String; 5],
}

/// The names of the shapes, in the order of [`Engine::shapes`].
pub const SHAPES: [&str; 5] = ["big_table", "teams", "page", "prose", "names"];
