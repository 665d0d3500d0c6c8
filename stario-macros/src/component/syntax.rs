//! Questions about a function's syntax that several stages ask.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Whether a macro call is one of `html!`, by any path.
pub(super) fn is_html(node: &syn::Macro) -> bool {
    node.path.segments.last().is_some_and(|segment| segment.ident == "html" && segment.arguments.is_empty())
}

/// Whether an attribute of the function belongs on the items beside it, too: it decides whether and how they are
/// compiled.
pub(super) fn is_shared_attribute(attribute: &syn::Attribute) -> bool {
    ["cfg", "allow", "expect", "warn", "deny", "forbid"].iter().any(|name| attribute.path().is_ident(name))
}

/// Joins the tokens of syntax nodes.
pub(super) fn tokens_of<T: ToTokens>(nodes: impl IntoIterator<Item = T>) -> TokenStream {
    nodes.into_iter().map(ToTokens::into_token_stream).collect()
}
