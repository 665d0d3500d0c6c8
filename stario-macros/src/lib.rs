//! The procedural macros of stario. User code reaches them through `stario`.

mod html;
mod component;

/// Builds HTML from a template: elements as in HTML, text in quotes, Rust in braces.
///
/// Documented where users find it, in `stario` and in the guide of `stario-html`.
#[proc_macro]
pub fn html(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    html::expand(tokens.into()).into()
}

/// Makes a tag of a function: its arguments are the properties, its name the tag.
///
/// Documented where users find it, in `stario` and in the guide of `stario-html`.
#[proc_macro_attribute]
pub fn component(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    component::expand(&arguments.into(), &item.into()).into()
}
