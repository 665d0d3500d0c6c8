//! The literals of templates, handlers and streams that only meet in a browser: ids, selectors, names of signals.
//!
//! In a build with debug assertions each macro call leaves its literals in the program, as one text, and the check of an app
//! reads them. A release build holds none.
//!
//! A text is the module, the file, and a line per literal: a letter for its kind, its line in the file, a tab, the
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

/// The literals of one macro call.
#[cfg(all(feature = "check", any(not(target_os = "linux"), stario_portable)))]
#[derive(Debug)]
pub struct Literals(pub &'static str);

#[cfg(all(feature = "check", any(not(target_os = "linux"), stario_portable)))]
inventory::collect!(Literals);

/// The texts of the whole program.
#[cfg(all(feature = "check", any(not(target_os = "linux"), stario_portable)))]
pub fn all() -> impl Iterator<Item = &'static str> {
    inventory::iter::<Literals>.into_iter().map(|literals| literals.0)
}

/// Leaves the literals of one macro call in the program, in builds with debug assertions. With `hint` it also writes the
/// template's hint, which it needs in every build.
#[cfg(all(feature = "check", target_os = "linux", not(stario_portable)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __literals {
    ($text:literal) => {
        #[cfg(debug_assertions)]
        #[used]
        #[unsafe(link_section = "stario_literals")]
        static __STARIO_LITERALS: &::core::primitive::str =
            ::core::concat!(::core::module_path!(), "\n", $text);
    };
    (hint $guess:literal $text:literal) => {
        #[cfg(debug_assertions)]
        #[used]
        #[unsafe(link_section = "stario_templates")]
        static __STARIO_HINT: $crate::__private::ListedHint =
            $crate::__private::ListedHint::new($guess, ::core::concat!(::core::module_path!(), "\n", $text));
        #[cfg(not(debug_assertions))]
        static __STARIO_HINT: $crate::__private::Hint = $crate::__private::Hint::new($guess);
    };
}

/// Submits the literals of one macro call, in builds with debug assertions. With `hint` it also writes the template's hint.
#[cfg(all(feature = "check", any(not(target_os = "linux"), stario_portable)))]
#[doc(hidden)]
#[macro_export]
macro_rules! __literals {
    ($text:literal) => {
        #[cfg(debug_assertions)]
        $crate::__private::inventory::submit! {
            $crate::__private::Literals(::core::concat!(::core::module_path!(), "\n", $text))
        }
    };
    (hint $guess:literal $text:literal) => {
        static __STARIO_HINT: $crate::__private::Hint = $crate::__private::Hint::new($guess);
        $crate::__literals! { $text }
    };
}

/// Nobody reads the literals.
#[cfg(not(feature = "check"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __literals {
    ($text:literal) => {};
    (hint $guess:literal $text:literal) => {
        static __STARIO_HINT: $crate::__private::Hint = $crate::__private::Hint::new($guess);
    };
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
        let mut found: Vec<&str> = super::all().filter(|text| text.starts_with(module_path!())).collect();
        found.sort_unstable();
        let text = |rest: &str| format!("{}\na.rs\n{rest}", module_path!());
        assert_eq!(found, [text("i1\tone\t"), text("i2\ttwo\t")]);
    }
}
