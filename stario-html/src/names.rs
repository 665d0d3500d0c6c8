//! What HTML, SVG, MathML and Datastar know: one table, read by the macros at compile time and by
//! [`Attrs`](crate::Attrs) at run time.

mod attributes;
mod datastar;
mod elements;
mod nesting;
mod similar;

pub use attributes::{
    AttrKind, attr_kind, event_names, is_known_attribute, known_attributes, runs_what_it_loads,
};
pub use datastar::{
    Argument, DatastarName, Key, KeyRule, Modifier, Plugin, ValueRule, camel_cased, kebab_cased, plugin,
    plugins,
};
pub use elements::{Content, Element, Namespace, drops_first_newline, element, element_names};
pub use nesting::{Rearranged, rearranged};
pub use similar::most_similar;

/// The names of elements as items, for editors.
#[cfg(rust_analyzer)]
pub mod hints {
    pub use super::elements::html::*;
    pub use super::elements::mathml::*;
    pub use super::elements::svg::*;
}

/// Mentions the items for the elements of a template, so that editors know them.
#[cfg(rust_analyzer)]
#[doc(hidden)]
#[macro_export]
macro_rules! __hints {
    ($($name:ident)*) => {
        const _: () = {
            $(let _ = $crate::names::hints::$name;)*
        };
    };
}

/// Nothing, for the compiler.
#[cfg(not(rust_analyzer))]
#[doc(hidden)]
#[macro_export]
macro_rules! __hints {
    ($($name:ident)*) => {};
}
