//! Reports syntax of other template languages, and slips for which rustc has no good message. Each message says what to
//! write instead, and the parser continues as if that stood there, so that no second error appears.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::quote;

use super::super::ast::{Literal, Node, Splice};
use super::super::cursor::Cursor;
use super::Parser;
use super::source::source_like;

impl Parser<'_> {
    /// Reads `{value}` among nodes.
    pub(super) fn value_node(&mut self, tokens: TokenStream, span: Span) -> Option<Node> {
        let cursor = Cursor::new(tokens.clone());
        if let Some(text) = cursor.only_string() {
            return Some(Node::Text(Literal { in_braces: true, ..text }));
        }
        if let Some(inner) = only_group(&cursor) {
            let shown = source_like(&inner.stream().into_iter().collect::<Vec<_>>());
            self.report.error(span, format!("a value has one pair of braces: {{{shown}}}"));
            return None;
        }
        let Some(markup) = markup_in(&cursor) else { return self.splice(tokens, span).map(Node::Splice) };
        let keyword = ["if", "for", "match"].into_iter().find(|keyword| cursor.is_ident(0, keyword));
        let Some(keyword) = keyword else {
            self.report.error(markup, "markup inside of Rust is a template of its own: html! { .. }");
            return None;
        };
        self.report
            .error(cursor.span(), format!("`{keyword}` stands in a template without braces around it"));
        Some(Node::Fragment(self.block(tokens)))
    }

    /// Returns the value. If it only names a function of a type, such as `{Search::page}`, that is reported, and the
    /// value becomes a call of the function.
    pub(super) fn called(&mut self, tokens: TokenStream, span: Span) -> Splice {
        let list: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let has_group = list.iter().any(|token| matches!(token, TokenTree::Group(_)));
        match function_of_type(&list) {
            Some(path) => {
                self.report.error(span, format!("`{path}` is a function: write `{path}()`"));
                Splice { tokens: quote!(#tokens()), span, has_group }
            }
            None => Splice { tokens, span, has_group },
        }
    }

    /// Whether `@` stands in front of a keyword, as in maud, which is reported.
    pub(super) fn is_marked_keyword(&mut self, cursor: &Cursor) -> bool {
        let keyword =
            ["if", "for", "while", "match", "let"].into_iter().find(|keyword| cursor.is_ident(1, keyword));
        let Some(keyword) = keyword else { return false };
        self.report.error(cursor.span(), format!("`{keyword}` is written without @"));
        true
    }
}

/// Returns the path if the value is a type's name and a name in small letters, `Search::page`. That is a function,
/// because the names of constants begin with a capital.
fn function_of_type(tokens: &[TokenTree]) -> Option<String> {
    let mut names = Vec::new();
    let mut tokens = tokens.iter();
    loop {
        let TokenTree::Ident(name) = tokens.next()? else { return None };
        names.push(name.to_string());
        match (tokens.next(), tokens.next()) {
            (None, _) => break,
            (Some(TokenTree::Punct(first)), Some(TokenTree::Punct(second)))
                if first.as_char() == ':' && second.as_char() == ':' => {}
            _ => return None,
        }
    }
    let [.., of, name] = &names[..] else { return None };
    let begins = |name: &str, is: fn(char) -> bool| name.chars().next().is_some_and(is);
    (begins(of, char::is_uppercase) && begins(name, char::is_lowercase)).then(|| names.join("::"))
}

/// Returns the braces if there are no other tokens, as in `{{value}}`, and no statement in them.
fn only_group(cursor: &Cursor) -> Option<Group> {
    let group = cursor.brace(0).filter(|_| cursor.peek(1).is_none())?;
    let is_block =
        group.stream().into_iter().any(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ';'));
    (!is_block).then(|| group.clone())
}

/// Finds the end of a tag in Rust code, outside of macro calls. No expression of Rust has `</` or `/>`.
fn markup_in(cursor: &Cursor) -> Option<Span> {
    for at in 0.. {
        match cursor.peek(at)? {
            TokenTree::Punct(punct) => {
                let is_tag = match punct.as_char() {
                    '<' => cursor.is_punct(at + 1, '/'),
                    '/' => cursor.is_punct(at + 1, '>'),
                    _ => false,
                };
                if is_tag {
                    return Some(punct.span());
                }
            }
            TokenTree::Group(group)
                if group.delimiter() != Delimiter::None && (at == 0 || !cursor.is_punct(at - 1, '!')) =>
            {
                if let Some(found) = markup_in(&Cursor::new(group.stream())) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}
