//! Pages of documentation. Their programs are compiled and run with the tests.

#[doc = include_str!("../docs/guide.md")]
pub mod guide {}

#[doc = include_str!("../docs/reference.md")]
pub mod reference {}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../AGENTS.md")]
struct Agents;

/// A program of the guide that needs the feature `forms`. Without the feature it is an empty one.
#[cfg(feature = "forms")]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_forms {
    ($($program:tt)*) => { $($program)* };
}
#[cfg(not(feature = "forms"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __with_forms {
    ($($program:tt)*) => {
        fn main() {}
    };
}
