//! Turns tokens back into text, for messages that quote what was written.

use proc_macro2::{Span, TokenTree};

/// A line and a column.
type Position = (usize, usize);

/// Returns tokens as they look in the source, with one space where there was space.
pub(super) fn source_like(tokens: &[TokenTree]) -> String {
    let mut text = String::new();
    let mut before: Option<(Position, Position)> = None;
    for token in tokens {
        let here = positions(token.span());
        let gap = match (before, here) {
            // The two tokens of a lifetime, as in `don't`, have the same position.
            (Some(before), Some(here)) => before.1 != here.0 && before != here,
            // Where positions are unknown, a space stands before words and literals, but not before punctuation.
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

/// Returns the start and the end of a span; `None` if they are unknown. Outside of a compiler nobody can be asked, and
/// editors say that every position is 1.
fn positions(span: Span) -> Option<(Position, Position)> {
    if !proc_macro::is_available() {
        return None;
    }
    let (start, end) = (span.unwrap().start(), span.unwrap().end());
    let (start, end) = ((start.line(), start.column()), (end.line(), end.column()));
    (start != end).then_some((start, end))
}
