//! The procedural macros of stario. User code reaches them through `stario`.
