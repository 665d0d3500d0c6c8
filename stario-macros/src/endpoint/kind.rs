//! The kinds of handlers, one for each attribute.

use proc_macro2::{Ident, Span};

/// The attribute of a handler. It decides the method if the attribute names none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Query,
    Command,
    DetachedCommand,
}

impl Kind {
    pub(super) fn method(self) -> &'static str {
        match self {
            Kind::Query => "GET",
            Kind::Command | Kind::DetachedCommand => "POST",
        }
    }

    /// The name of the variant in the runtime's `HandlerKind`.
    pub(super) fn variant(self) -> Ident {
        let name = match self {
            Kind::Query => "Query",
            Kind::Command => "Command",
            Kind::DetachedCommand => "DetachedCommand",
        };
        Ident::new(name, Span::call_site())
    }
}
