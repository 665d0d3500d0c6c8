//! Tokens back to text, for messages that quote what was written.

use proc_macro2::{Span, TokenTree};

/// A line and a column.
type Position = (usize, usize);

/// What a run of tokens looks like in the source, with one space where there was any.
pub(super) fn source_like(tokens: &[TokenTree]) -> String {
    let mut text = String::new();
    let mut before: Option<(Position, Position)> = None;
    for token in tokens {
        let here = positions(token.span());
        let gap = match (before, here) {
            // The two tokens of a lifetime, as in `don't`, have one position.
            (Some(before), Some(here)) => before.1 != here.0 && before != here,
            // Without positions words are apart and punctuation is not.
            _ => !text.is_empty() && matches!(token, TokenTree::Ident(_) | TokenTree::Literal(_)),
        };
        if gap && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&token.to_string());
        before = here;
    }
    text
}

/// Lines and columns, where the compiler tells them: outside of an expansion there is none to ask, and editors answer 1
/// for everything.
fn positions(span: Span) -> Option<(Position, Position)> {
    if !proc_macro::is_available() {
        return None;
    }
    let (start, end) = (span.unwrap().start(), span.unwrap().end());
    let (start, end) = ((start.line(), start.column()), (end.line(), end.column()));
    (start != end).then_some((start, end))
}
