//! Finds out whether a function stands in an `impl` block. An attribute receives only the function, so this module
//! reads the source file. Without it, rustc would report the items that the attribute adds, which cannot stand in an
//! `impl` block.

use proc_macro2::{Ident, Span};
use syn::visit::{self, Visit};
use syn::{ImplItemFn, Signature};

/// Refuses a function in an `impl` block with `message`. A function with `self` passes: the checks of each attribute
/// refuse `self`, together with all other mistakes.
pub(crate) fn refuse_in_impl(signature: &Signature, message: &str) -> syn::Result<()> {
    if signature.receiver().is_none() && is_in_impl(&signature.ident) {
        return Err(syn::Error::new(signature.ident.span(), message));
    }
    Ok(())
}

/// Returns `false` where the file cannot be read, such as in editors.
fn is_in_impl(name: &Ident) -> bool {
    if !proc_macro::is_available() {
        return false;
    }
    let attribute = Span::call_site().unwrap();
    // An attribute at the beginning of a line stands in no block. Most do, and so most files are not read.
    if attribute.column() == 1 {
        return false;
    }
    let Some(source) = attribute.local_file().and_then(|file| std::fs::read_to_string(file).ok()) else {
        return false;
    };
    follows_impl(&source, attribute.line()) && has_method(&source, name)
}

/// Whether the block around a line, counted from 1, seems to be an `impl`: the nearest line above that is indented less
/// begins with `impl`. Most files need not be parsed because of this.
fn follows_impl(source: &str, line: usize) -> bool {
    let lines: Vec<&str> = source.lines().take(line).collect();
    let Some((own, above)) = lines.split_last() else { return false };
    let indentation = |line: &str| line.len() - line.trim_start().len();
    let head =
        above.iter().rev().map(|line| (indentation(line), line.trim_start())).find(|(indented, text)| {
            *indented < indentation(own)
                && !text.is_empty()
                && !text.starts_with('{')
                && !text.starts_with("where")
        });
    head.is_some_and(|(_, text)| text.starts_with("impl"))
}

/// Whether an `impl` block of the file has a function of this name.
fn has_method(source: &str, name: &Ident) -> bool {
    struct Finder<'n> {
        name: &'n Ident,
        is_found: bool,
    }

    impl<'ast> Visit<'ast> for Finder<'_> {
        fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
            self.is_found |= function.sig.ident == *self.name;
            visit::visit_impl_item_fn(self, function);
        }
    }

    let Ok(file) = syn::parse_file(source) else { return false };
    let mut finder = Finder { name, is_found: false };
    finder.visit_file(&file);
    finder.is_found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impl_block_is_found_by_the_line_above_that_is_indented_less() {
        let check = |source: &str, expected: bool| {
            let line = source.lines().position(|line| line.contains("#[query]")).unwrap() + 1;
            assert_eq!(follows_impl(source, line), expected, "{source}");
        };
        check("impl Pages {\n    #[query]", true);
        check("impl Pages {\n    fn a() {\n        x();\n    }\n\n    #[query]", true);
        check("impl<T> Pages<T>\nwhere\n    T: Copy,\n{\n    #[query]", true);
        check("mod pages {\n    impl Pages {\n        #[query]", true);
        check("impl Pages {}\n\nmod local {\n    #[query]", false);
        check("fn main() {\n    #[query]", false);
        check("#[query]", false);
    }

    #[test]
    fn a_method_is_found_by_its_name() {
        let source = "fn home() {} mod local { impl Pages { fn list() {} } }";
        let has = |name| has_method(source, &Ident::new(name, Span::call_site()));
        assert!(has("list") && !has("home"));
        assert!(!has_method("impl Pages { fn", &Ident::new("list", Span::call_site())));
    }
}
