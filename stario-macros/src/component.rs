//! `#[component]`: a function whose arguments are the properties of a tag.
//!
//! The attribute cannot know under which name the framework is in scope, but the `html!` in the function's body does.
//! So the attribute only passes the function to that `html!`, which knows its own crate and makes the items.

mod parse;
mod check;
mod body;
mod emit;

mod syntax;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::visit::{self, Visit};
use syn::{ItemFn, Macro, Path};

use self::syntax::is_html;
use crate::function::refuse_in_impl;

const FREE_FUNCTION: &str = "a component is a free function: move it out of the `impl` block";

/// Expands the attribute to `html! { @component fn .. }`, where `html!` has the path under which the function calls it.
pub(crate) fn expand(arguments: &TokenStream, item: &TokenStream) -> TokenStream {
    let problem = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) if arguments.is_empty() => match refuse_in_impl(&function.sig, FREE_FUNCTION) {
            Ok(()) => {
                let html = html_path(&function);
                return quote!(#html! { @component #function });
            }
            Err(error) => error.to_compile_error(),
        },
        Ok(_) => syn::Error::new_spanned(arguments, "#[component] takes no arguments").to_compile_error(),
        Err(error) => error.to_compile_error(),
    };
    quote!(#problem #item)
}

/// Expands a component to its items, which call into `krate`.
pub(crate) fn expand_items(krate: &TokenStream, item: &TokenStream) -> TokenStream {
    let function = match syn::parse2::<ItemFn>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let problem = error.to_compile_error();
            return quote!(#problem #item);
        }
    };
    let problems = check::check(&function);
    if let Some(problems) = problems {
        // Only the function is emitted, so that rustc reports no second error.
        let mut function = parse::without_markers(function);
        if matches!(function.sig.output, syn::ReturnType::Default) {
            function.sig.output = syn::parse_quote!(-> #krate::Html);
        }
        let problems = problems.to_compile_error();
        return quote!(#problems #[allow(non_snake_case, dead_code)] #function);
    }
    emit::emit(krate, &parse::parse(function))
}

/// Returns the path by which the body calls `html!`.
fn html_path(function: &ItemFn) -> Path {
    struct Finder(Option<Path>);

    impl<'ast> Visit<'ast> for Finder {
        fn visit_macro(&mut self, node: &'ast Macro) {
            if self.0.is_none() && is_html(node) {
                self.0 = Some(node.path.clone());
            }
            visit::visit_macro(self, node);
        }
    }

    let mut finder = Finder(None);
    finder.visit_block(&function.block);
    finder.0.unwrap_or_else(|| syn::Ident::new("html", Span::call_site()).into())
}
