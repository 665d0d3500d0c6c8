//! Compile-time behaviour of the macros, held by tests; see `tests/`.
