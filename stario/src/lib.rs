//! Stario.
