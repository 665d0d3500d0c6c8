//! The literals of templates, handlers and streams that only meet in a browser: ids, selectors, names of signals.
//!
//! In a build with debug assertions each macro call submits its literals when the program is linked, as one text; the check
//! of an app reads them. A release build holds none.

#[cfg(feature = "check")]
pub use inventory;

/// The literals of one macro call.
///
/// `text` has one line per literal: a letter for its kind, its line in the file, a tab, the literal, a tab, and the
/// conditions and loops around it. `stario-macros/src/literals.rs` writes it and lists the letters.
#[cfg(feature = "check")]
#[derive(Debug)]
pub struct Literals {
    /// The module that the macro is called in.
    pub module: &'static str,
    /// The file of that module.
    pub file: &'static str,
    /// The literals.
    pub text: &'static str,
}

#[cfg(feature = "check")]
inventory::collect!(Literals);

/// The literals of the whole program.
#[cfg(feature = "check")]
pub fn all() -> impl Iterator<Item = &'static Literals> {
    inventory::iter::<Literals>.into_iter()
}

/// Submits the literals of one macro call, in builds with debug assertions.
#[cfg(feature = "check")]
#[doc(hidden)]
#[macro_export]
macro_rules! __literals {
    ($text:literal) => {
        #[cfg(debug_assertions)]
        $crate::__private::inventory::submit! {
            $crate::__private::Literals {
                module: ::core::module_path!(),
                file: ::core::file!(),
                text: $text,
            }
        }
    };
}

/// Nothing: nobody reads the literals.
#[cfg(not(feature = "check"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __literals {
    ($text:literal) => {};
}
