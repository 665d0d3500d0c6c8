//! Collects every mistake in a template, each at the tokens that were written.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, TokenStream, TokenTree};

use super::ast::Range;

/// The mistakes of a template. They do not stop the expansion: the rest of the template is compiled, too.
#[derive(Default)]
pub(crate) struct Report {
    problems: Vec<(Range, String)>,
}

impl Report {
    /// Adds a mistake at `range`.
    pub(crate) fn error(&mut self, range: impl Into<Range>, text: impl Into<String>) {
        self.problems.push((range.into(), text.into()));
    }

    /// Adds a note to the last mistake, at another place. On stable Rust a macro can report it only as an error.
    pub(crate) fn note(&mut self, range: impl Into<Range>, text: impl Into<String>) {
        self.error(range, text);
    }

    /// Writes statements that make the compiler report the mistakes.
    pub(crate) fn into_statements(self) -> TokenStream {
        self.problems.into_iter().flat_map(|(range, text)| compile_error(range, &text)).collect()
    }
}

/// Writes `::core::compile_error! { "text" }`, which underlines all tokens from the first of the range to the last.
fn compile_error(range: Range, text: &str) -> [TokenTree; 9] {
    let punct = |c, spacing| {
        let mut punct = Punct::new(c, spacing);
        punct.set_span(range.first);
        TokenTree::Punct(punct)
    };
    let ident = |name| TokenTree::Ident(Ident::new(name, range.first));
    let mut literal = Literal::string(text);
    literal.set_span(range.last);
    let mut group = Group::new(Delimiter::Brace, TokenTree::Literal(literal).into());
    group.set_span(range.last);
    [
        punct(':', Spacing::Joint),
        punct(':', Spacing::Alone),
        ident("core"),
        punct(':', Spacing::Joint),
        punct(':', Spacing::Alone),
        ident("compile_error"),
        punct('!', Spacing::Alone),
        TokenTree::Group(group),
        punct(';', Spacing::Alone),
    ]
}
