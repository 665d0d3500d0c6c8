//! The literals of templates, handlers and streams that only meet in a browser: ids, selectors, names of signals.
//!
//! In a build with debug assertions each macro call leaves its literals in the program, as one text, and the check of an app
//! reads them. A release build holds none. What counts is how this crate is built, as the check is in `stario`.
//!
//! A text is the file, and a line per literal: a letter for its kind, its line in the file, a tab, the
//! literal, a tab, and the conditions and loops around it. `stario-macros/src/literals.rs` writes it and lists the letters.
//!
//! On Linux each text is in a static in a section of its own, because that costs the compiler a tenth of what a submission to
//! `inventory` costs. A template's text shares the static that it has anyway. On other systems each text is submitted, and on Linux
//! with `RUSTFLAGS="--cfg stario_portable"`, so that it can be tested there.

#[cfg(all(feature = "check", target_os = "linux", not(stario_portable)))]
#[allow(unsafe_code)]
mod section;

#[cfg(all(feature = "check", any(not(target_os = "linux"), stario_portable)))]
pub use inventory;
#[cfg(all(feature = "check", target_os = "linux", not(stario_portable)))]
pub use section::{ListedHint, all};

/// The module and the literals of one macro call.
#[cfg(all(feature = "check", any(not(target_os = "linux"), stario_portable)))]
#[derive(Debug)]
pub struct Literals(pub &'static str, pub &'static str);

#[cfg(all(feature = "check", any(not(target_os = "linux"), stario_portable)))]
inventory::collect!(Literals);

/// The texts of the whole program, each with its module.
#[cfg(all(feature = "check", any(not(target_os = "linux"), stario_portable)))]
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    inventory::iter::<Literals>.into_iter().map(|literals| (literals.0, literals.1))
}

/// Leaves the literals of one macro call in the program. With `hint` it also writes the template's hint, which it needs in every
/// build.
#[cfg(all(feature = "check", debug_assertions, target_os = "linux", not(stario_portable)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __literals {
    (hint $guess:tt $text:tt) => {
        #[used]
        #[unsafe(link_section = "stario_templates")]
        static __STARIO_HINT: $crate::__private::ListedHint =
            $crate::__private::ListedHint { guess: $guess, module: ::core::module_path!(), text: $text };
    };
    ($text:tt) => {
        #[used]
        #[unsafe(link_section = "stario_literals")]
        static __STARIO_LITERALS: (&::core::primitive::str, &::core::primitive::str) =
            (::core::module_path!(), $text);
    };
}

/// Submits the literals of one macro call. With `hint` it also writes the template's hint.
#[cfg(all(feature = "check", debug_assertions, any(not(target_os = "linux"), stario_portable)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __literals {
    (hint $guess:tt $text:tt) => {
        static __STARIO_HINT: $crate::__private::Hint = $crate::__private::Hint::new($guess);
        $crate::__literals! { $text }
    };
    ($text:tt) => {
        $crate::__private::inventory::submit! {
            $crate::__private::Literals(::core::module_path!(), $text)
        }
    };
}

/// Nobody reads the literals.
#[cfg(not(all(feature = "check", debug_assertions)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __literals {
    (hint $guess:tt $text:tt) => {
        static __STARIO_HINT: $crate::__private::Hint = $crate::__private::Hint::new($guess);
    };
    ($text:tt) => {};
}

#[cfg(all(test, feature = "check", debug_assertions))]
#[allow(unsafe_code)]
mod tests {
    #[test]
    fn what_macro_calls_leave_in_the_program_is_found() {
        crate::__literals! { "a.rs\ni1\tone\t" }
        let template = || {
            crate::__literals! { hint 10 "a.rs\ni2\ttwo\t" }
            __STARIO_HINT.finish(__STARIO_HINT.buf())
        };
        assert_eq!(template().to_string(), "");
        let own = super::all().filter(|(module, _)| *module == module_path!());
        let mut found: Vec<&str> = own.map(|(_, text)| text).collect();
        found.sort_unstable();
        assert_eq!(found, ["a.rs\ni1\tone\t", "a.rs\ni2\ttwo\t"]);
    }
}
