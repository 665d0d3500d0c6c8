//! The procedural macros of stario. User code reaches them through `stario`.
//!
//! Every macro goes the same way: tokens are parsed into what was written, turned into what it means,
//! checked for every mistake at once, and emitted by code that cannot fail.

use proc_macro::TokenStream;

mod dependency;
mod endpoint;
mod errors;
mod function;
mod html;
mod component;
mod parameter;
mod stream;

/// Registers a handler for GET; see `stario::app!`.
#[proc_macro_attribute]
pub fn query(arguments: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand(endpoint::Kind::Query, arguments.into(), &item.into()).into()
}

/// Registers a handler for POST; see `stario::app!`.
#[proc_macro_attribute]
pub fn command(arguments: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand(endpoint::Kind::Command, arguments.into(), &item.into()).into()
}

/// Makes a function a provider of its value; see `stario::dependency`.
#[proc_macro_attribute]
pub fn dependency(arguments: TokenStream, item: TokenStream) -> TokenStream {
    dependency::expand(arguments.into(), &item.into()).into()
}

/// Builds HTML from a template: elements as in HTML, text in quotes, Rust in braces.
///
/// Documented where users find it, in `stario` and in the guide of `stario-html`.
#[proc_macro]
pub fn html(tokens: TokenStream) -> TokenStream {
    html::expand(tokens.into()).into()
}

/// Makes a tag of a function: its arguments are the properties, its name the tag.
///
/// Documented where users find it, in `stario` and in the guide of `stario-html`.
#[proc_macro_attribute]
pub fn component(arguments: TokenStream, item: TokenStream) -> TokenStream {
    component::expand(&arguments.into(), &item.into()).into()
}

/// Turns a block with `yield` into a stream; see `stario::stream!`.
#[proc_macro]
pub fn stream(input: TokenStream) -> TokenStream {
    stream::expand(input.into()).into()
}
