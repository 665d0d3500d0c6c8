//! The engines. Each writes the same pages in its own words.

mod askama;
mod bound;
mod hypertext;
mod maud;
mod sailfish;
mod stario;
mod topcoat;

use crate::Engine;

/// All engines, the hand-written bound first.
pub fn all() -> Vec<Engine> {
    vec![
        bound::engine(),
        stario::engine(),
        sailfish::engine(),
        maud::engine(),
        hypertext::engine(),
        askama::engine(),
        topcoat::engine(),
    ]
}
