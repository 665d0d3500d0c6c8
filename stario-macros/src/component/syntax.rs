//! What several stages ask of a function's syntax.

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Whether a macro call is `html!`, by whatever path.
pub(super) fn is_html(node: &syn::Macro) -> bool {
    node.path.segments.last().is_some_and(|segment| segment.ident == "html" && segment.arguments.is_empty())
}

/// Everything in front of `fn`, for items made beside the function: what decides whether and how it is compiled.
pub(super) fn is_shared_attribute(attribute: &syn::Attribute) -> bool {
    ["cfg", "allow", "expect", "warn", "deny", "forbid"].iter().any(|name| attribute.path().is_ident(name))
}

/// The tokens of a list of syntax nodes.
pub(super) fn tokens_of<T: ToTokens>(nodes: impl IntoIterator<Item = T>) -> TokenStream {
    nodes.into_iter().map(ToTokens::into_token_stream).collect()
}
