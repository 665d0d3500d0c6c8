//! A position in a list of tokens, with look-ahead.

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};

use super::ast::{Literal, Range, range_of};

pub(crate) struct Cursor {
    tokens: Vec<TokenTree>,
    at: usize,
}

impl Cursor {
    pub(crate) fn new(tokens: TokenStream) -> Self {
        Self { tokens: tokens.into_iter().collect(), at: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// Returns the token that stands `ahead` tokens behind the next one.
    pub(crate) fn peek(&self, ahead: usize) -> Option<&TokenTree> {
        self.tokens.get(self.at + ahead)
    }

    pub(crate) fn next(&mut self) -> Option<TokenTree> {
        let token = self.tokens.get(self.at).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    pub(crate) fn skip(&mut self, n: usize) {
        self.at = (self.at + n).min(self.tokens.len());
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Returns the tokens from the position `from` up to here.
    pub(crate) fn since(&self, from: usize) -> &[TokenTree] {
        &self.tokens[from..self.at]
    }

    /// Returns the source range of the tokens from the position `from` up to here.
    pub(crate) fn range_since(&self, from: usize) -> Range {
        range_of(self.since(from)).unwrap_or_else(|| self.span().into())
    }

    /// Returns the span of the token at the position `from`.
    pub(crate) fn first_span_since(&self, from: usize) -> Span {
        self.tokens.get(from).map_or_else(|| self.span(), TokenTree::span)
    }

    /// Returns the name in the closing tag ahead, and its range, or that of the whole tag if it has no name. The tag
    /// has `length` tokens, including `</` and `>`.
    pub(crate) fn name_of_closing(&self, length: usize) -> (TokenStream, Range) {
        let tag = &self.tokens[self.at..(self.at + length).min(self.tokens.len())];
        let end = tag.len() - usize::from(self.is_punct(tag.len() - 1, '>'));
        let name = &tag[2..end.max(2)];
        let range = range_of(name).or_else(|| range_of(tag)).unwrap_or_else(|| self.span().into());
        (name.iter().cloned().collect(), range)
    }

    pub(crate) fn stream_since(&self, from: usize) -> TokenStream {
        self.since(from).iter().cloned().collect()
    }

    /// Returns the span of the next token; at the end, that of the last token.
    pub(crate) fn span(&self) -> Span {
        self.peek(0).or_else(|| self.tokens.last()).map_or_else(Span::call_site, TokenTree::span)
    }

    pub(crate) fn is_punct(&self, ahead: usize, c: char) -> bool {
        matches!(self.peek(ahead), Some(TokenTree::Punct(punct)) if punct.as_char() == c)
    }

    /// Whether the next tokens are these punctuation characters.
    pub(crate) fn is_puncts(&self, puncts: &str) -> bool {
        puncts.chars().enumerate().all(|(ahead, c)| self.is_punct(ahead, c))
    }

    pub(crate) fn take_punct(&mut self, c: char) -> bool {
        let found = self.is_punct(0, c);
        self.skip(usize::from(found));
        found
    }

    pub(crate) fn ident(&self, ahead: usize) -> Option<&Ident> {
        match self.peek(ahead) {
            Some(TokenTree::Ident(ident)) => Some(ident),
            _ => None,
        }
    }

    pub(crate) fn is_ident(&self, ahead: usize, name: &str) -> bool {
        self.ident(ahead).is_some_and(|ident| ident == name)
    }

    pub(crate) fn brace(&self, ahead: usize) -> Option<&Group> {
        match self.peek(ahead) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => Some(group),
            _ => None,
        }
    }

    pub(crate) fn take_brace(&mut self) -> Option<Group> {
        let group = self.brace(0).cloned();
        self.skip(usize::from(group.is_some()));
        group
    }

    /// Returns the string literal that stands `ahead` tokens behind the next token.
    pub(crate) fn string(&self, ahead: usize) -> Option<Literal> {
        match self.peek(ahead) {
            Some(TokenTree::Literal(literal)) => string_value(literal),
            // A literal that another macro passed on stands in an invisible group.
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::None => {
                let mut inner = group.stream().into_iter();
                match (inner.next(), inner.next()) {
                    (Some(TokenTree::Literal(literal)), None) => string_value(&literal),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(crate) fn take_string(&mut self) -> Option<Literal> {
        let literal = self.string(0);
        self.skip(usize::from(literal.is_some()));
        literal
    }

    /// Returns the string literal if it is the only token.
    pub(crate) fn only_string(&self) -> Option<Literal> {
        self.string(0).filter(|_| self.tokens.len() == 1)
    }

    /// Moves to the next `{..}` that is not part of a pattern after `let`, or to the end.
    pub(crate) fn skip_head(&mut self) {
        let mut in_pattern = false;
        while let Some(token) = self.peek(0) {
            match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !in_pattern => return,
                TokenTree::Ident(ident) if ident == "let" => in_pattern = true,
                TokenTree::Punct(punct) if punct.as_char() == '=' && in_pattern => {
                    // `..=` is part of the pattern.
                    in_pattern = self.is_joint_to_previous();
                }
                _ => {}
            }
            self.skip(1);
        }
    }

    /// Whether the head of a block, the tokens from the position `from` up to here, is incomplete: it ends with the
    /// keyword, or with the `=` after a pattern.
    pub(crate) fn is_head_missing(&self, from: usize) -> bool {
        match self.since(from) {
            [] | [_] => true,
            [.., TokenTree::Punct(before), TokenTree::Punct(last)] => {
                last.as_char() == '=' && before.spacing() == Spacing::Alone
            }
            [.., TokenTree::Punct(last)] => last.as_char() == '=',
            [.., TokenTree::Ident(last)] => last == "in" || last == "let" || last == "while",
            _ => false,
        }
    }

    /// Returns the token before the next one.
    pub(crate) fn previous(&self) -> Option<&TokenTree> {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at))
    }

    /// Whether the token before the next one is punctuation that is joined to it.
    fn is_joint_to_previous(&self) -> bool {
        matches!(self.previous(), Some(TokenTree::Punct(punct)) if punct.spacing() == Spacing::Joint)
    }
}

/// Returns the text of a string literal; `None` for other literals.
pub(crate) fn string_value(literal: &proc_macro2::Literal) -> Option<Literal> {
    let source = literal.to_string();
    if !source.starts_with(['"', 'r']) {
        return None;
    }
    // Most strings have no escapes, and syn would read each of their characters.
    let plain = source.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if let Some(plain) = plain.filter(|plain| !plain.contains('\\') && !plain.contains('\r')) {
        let value = plain.to_owned();
        return Some(Literal { value, span: literal.span(), in_braces: false, is_raw: false });
    }
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(string) if string.suffix().is_empty() => {
            let is_raw = source.starts_with('r');
            Some(Literal { value: string.value(), span: literal.span(), in_braces: false, is_raw })
        }
        _ => None,
    }
}

/// Whether a literal is a number, with any suffix.
pub(crate) fn is_number(literal: &proc_macro2::Literal) -> bool {
    literal.to_string().starts_with(|c: char| c.is_ascii_digit())
}

/// Returns the text of a number literal for a page: `1_000_u32` becomes `1000`. Returns `None` for other literals.
pub(crate) fn number_value(literal: &proc_macro2::Literal) -> Option<Literal> {
    if !is_number(literal) {
        return None;
    }
    let value = match syn::Lit::new(literal.clone()) {
        syn::Lit::Int(number) if is_type_of_number(number.suffix()) => number.base10_digits().to_owned(),
        syn::Lit::Float(number) if is_type_of_number(number.suffix()) => number.base10_digits().to_owned(),
        // The suffix is a unit, as in `10px`.
        _ => literal.to_string(),
    };
    Some(Literal { value, span: literal.span(), in_braces: false, is_raw: false })
}

fn is_type_of_number(suffix: &str) -> bool {
    matches!(
        suffix,
        "" | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "f32"
            | "f64"
    )
}
