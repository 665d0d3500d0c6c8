//! Parses tokens to a tree. It reports tokens that are no template and continues behind them. It asks of a name only
//! whether the element is void, because `<br>` could not be read otherwise.

mod attributes;
mod flow;
mod habits;
mod source;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::quote;
use stario_html::names::{Content, element};

use self::source::source_like;
use super::ast::{Component, Element, Literal, Name, Node, Range, Splice, Tag, Template};
use super::cursor::{Cursor, is_number};
use super::report::Report;

/// Reads the path of the crate that the expansion calls, which another macro may have written in front.
pub(crate) fn take_crate(cursor: &mut Cursor) -> TokenStream {
    take_option(cursor, "crate").unwrap_or_else(|| quote!(::stario_html))
}

/// Reads the item after `@component`, which `#[component]` hands over.
pub(crate) fn take_component(cursor: &mut Cursor) -> Option<TokenStream> {
    if !cursor.is_punct(0, '@') || !cursor.is_ident(1, "component") {
        return None;
    }
    cursor.skip(2);
    let start = cursor.position();
    while !cursor.is_empty() {
        cursor.skip(1);
    }
    Some(cursor.stream_since(start))
}

/// Reads a whole template.
pub(crate) fn parse(mut cursor: Cursor, report: &mut Report) -> Template {
    let into = take_option(&mut cursor, "into");
    let component = take_option(&mut cursor, "of").and_then(|name| syn::parse2(name).ok());
    let mut parser = Parser { report, open: Vec::new() };
    let nodes = parser.nodes(&mut cursor);
    Template { into, component, nodes }
}

/// Reads `@name(..)`, which other macros write in front of a template.
fn take_option(cursor: &mut Cursor, name: &str) -> Option<TokenStream> {
    if !cursor.is_punct(0, '@') || !cursor.is_ident(1, name) {
        return None;
    }
    match cursor.peek(2) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            let tokens = group.stream();
            cursor.skip(3);
            Some(tokens)
        }
        _ => None,
    }
}

/// An element or component whose closing tag has not come yet.
struct Open {
    /// The name that the closing tag has; empty for a fragment.
    name: String,
    range: Range,
}

struct Parser<'r> {
    report: &'r mut Report,
    open: Vec<Open>,
}

/// The beginning of a tag: `<`, and the name of an element or the path of a component.
enum Opening {
    Element(Tag),
    Component { path: TokenStream, name: String, range: Range },
}

impl Parser<'_> {
    /// Reads nodes up to the end, or up to a closing tag that belongs to an open element.
    fn nodes(&mut self, cursor: &mut Cursor) -> Vec<Node> {
        let mut nodes = Vec::new();
        while !cursor.is_empty() {
            if cursor.is_puncts("</") {
                if self.closes_open(cursor) {
                    break;
                }
                self.stray_closing_tag(cursor);
                continue;
            }
            nodes.extend(self.node(cursor));
        }
        nodes
    }

    /// Reads the nodes in a block of Rust control flow. Tags cannot be open across its braces.
    fn block(&mut self, tokens: TokenStream) -> Vec<Node> {
        let outside = std::mem::take(&mut self.open);
        let nodes = self.nodes(&mut Cursor::new(tokens));
        self.open = outside;
        nodes
    }

    fn node(&mut self, cursor: &mut Cursor) -> Option<Node> {
        if let Some(text) = cursor.take_string() {
            return Some(Node::Text(text));
        }
        match cursor.peek(0)? {
            TokenTree::Punct(punct) if punct.as_char() == '<' => return self.markup(cursor),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let (tokens, span) = (group.stream(), group.span());
                cursor.skip(1);
                return self.value_node(tokens, span);
            }
            // Tokens that another macro passed on are read as if they stood here.
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                let nodes = self.block(group.stream());
                cursor.skip(1);
                return Some(Node::Fragment(nodes));
            }
            TokenTree::Ident(ident) => match ident.to_string().as_str() {
                "if" => return self.if_(cursor, Self::block).map(Node::If),
                "for" | "while" => return self.for_(cursor),
                "match" => return self.match_(cursor),
                "let" => return self.statement(cursor, true),
                "continue" | "break" => return self.statement(cursor, false),
                _ => {}
            },
            TokenTree::Punct(punct)
                if punct.as_char() == '\''
                    && cursor.is_punct(2, ':')
                    && (cursor.is_ident(3, "for") || cursor.is_ident(3, "while")) =>
            {
                return self.for_(cursor);
            }
            TokenTree::Punct(punct) if punct.as_char() == '@' && self.is_marked_keyword(cursor) => {
                cursor.skip(1);
                return self.node(cursor);
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => {
                self.report.error(punct.span(), "nodes are not separated by `;`");
                cursor.skip(1);
                return None;
            }
            _ => {}
        }
        Some(self.unquoted_text(cursor))
    }

    /// Reads Rust in braces. Half-typed code is accepted for editors; only empty braces are a mistake.
    fn splice(&mut self, tokens: TokenStream, span: Span) -> Option<Splice> {
        if tokens.is_empty() {
            self.report.error(span, "nothing to show: write a value, {value}");
            return None;
        }
        Some(self.called(tokens, span))
    }

    /// Reports tokens that are no template, and reads them as text, whose quotes were most likely forgotten.
    fn unquoted_text(&mut self, cursor: &mut Cursor) -> Node {
        let start = cursor.position();
        let is_code = self.open.last().is_some_and(|open| matches!(open.name.as_str(), "script" | "style"));
        cursor.skip(1);
        while let Some(token) = cursor.peek(0) {
            match token {
                _ if is_code && !cursor.is_puncts("</") => cursor.skip(1),
                TokenTree::Punct(punct) if matches!(punct.as_char(), '<' | ';') => break,
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
                TokenTree::Literal(_) if cursor.string(0).is_some() => break,
                _ => cursor.skip(1),
            }
        }
        let is_entity =
            matches!(cursor.since(start), [TokenTree::Punct(punct), ..] if punct.as_char() == '&');
        let is_statement = !is_code && cursor.take_punct(';');
        let text = source_like(cursor.since(start));
        let range = cursor.range_since(start);
        let is_value = text.starts_with(|c: char| c.is_lowercase() || c == '_')
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        let rule = if is_statement && !is_entity {
            "; the only statements of a template are let, continue and break".to_owned()
        } else if is_value && !is_code {
            format!(", and a value braced: {{{text}}}")
        } else {
            String::new()
        };
        self.report.error(range, format!("text must be quoted: {text:?}{rule}"));
        Node::Text(Literal { value: text, span: range.first, in_braces: true, is_raw: false })
    }

    /// Reads everything that begins with `<`, except closing tags.
    fn markup(&mut self, cursor: &mut Cursor) -> Option<Node> {
        let less_than = cursor.span();
        if cursor.is_puncts("<!--") {
            return self.comment(cursor);
        }
        if cursor.is_puncts("<!") {
            return self.doctype(cursor);
        }
        if cursor.is_puncts("<>") {
            let start = cursor.position();
            cursor.skip(2);
            self.open.push(Open { name: String::new(), range: cursor.range_since(start) });
            let children = self.nodes(cursor);
            self.close(cursor);
            return Some(Node::Fragment(children));
        }
        cursor.skip(1);
        let Some(opening) = self.opening(cursor) else {
            self.report.error(less_than, "`<` begins a tag: write <name>, or \"<\" for the character");
            return None;
        };
        Some(match opening {
            Opening::Element(tag) => self.element(cursor, tag),
            Opening::Component { path, name, range } => self.component(cursor, path, name, range),
        })
    }

    fn comment(&mut self, cursor: &mut Cursor) -> Option<Node> {
        let start = cursor.position();
        cursor.skip(4);
        let text = cursor.take_string();
        if text.is_some() && cursor.is_puncts("-->") {
            cursor.skip(3);
            return text.map(Node::Comment);
        }
        while !cursor.is_empty() && !cursor.is_puncts("-->") {
            cursor.skip(1);
        }
        cursor.skip(3);
        self.report.error(cursor.range_since(start), "a comment is one string: <!-- \"text\" -->");
        None
    }

    fn doctype(&mut self, cursor: &mut Cursor) -> Option<Node> {
        let start = cursor.position();
        cursor.skip(2);
        let is_doctype =
            cursor.ident(0).is_some_and(|ident| ident.to_string().eq_ignore_ascii_case("doctype"))
                && cursor.ident(1).is_some_and(|ident| ident.to_string().eq_ignore_ascii_case("html"))
                && cursor.is_punct(2, '>');
        if is_doctype {
            cursor.skip(3);
            return Some(Node::Doctype);
        }
        while !cursor.is_empty() && !cursor.is_punct(0, '>') {
            cursor.skip(1);
        }
        cursor.skip(1);
        self.report.error(cursor.range_since(start), "the only doctype is <!DOCTYPE html>");
        None
    }

    /// Reads the name after `<` or `</`.
    fn opening(&mut self, cursor: &mut Cursor) -> Option<Opening> {
        if let Some(group) = cursor.take_brace() {
            return Some(Opening::Element(Tag::Dynamic(Splice {
                tokens: group.stream(),
                span: group.span(),
                has_group: true,
            })));
        }
        if let Some(text) = cursor.take_string() {
            let mut chars = text.value.chars();
            let is_name = chars.next().is_some_and(|c| c.is_ascii_alphabetic())
                && chars.all(|c| c.is_alphanumeric() || "-:._".contains(c));
            if !is_name {
                self.report.error(text.span, format!("{:?} cannot be the name of an element", text.value));
            }
            return Some(Opening::Element(Tag::Named(Name {
                range: text.span.into(),
                parts: vec![(0, text.span)],
                text: as_browsers_read(text.value),
                is_quoted: true,
            })));
        }
        let start = cursor.position();
        let is_path = cursor.is_puncts("::") || (cursor.ident(0).is_some() && is_path_separator(cursor, 1));
        if is_path {
            return self.component_path(cursor);
        }
        let first = cursor.ident(0)?.to_string();
        if first.starts_with(char::is_uppercase) {
            return self.component_path(cursor);
        }
        let mut name =
            Name { text: String::new(), range: cursor.span().into(), parts: Vec::new(), is_quoted: false };
        push_part(&mut name, cursor);
        while cursor.is_punct(0, '-') && cursor.peek(1).is_some_and(is_name_part) {
            push_part(&mut name, cursor);
            push_part(&mut name, cursor);
        }
        if cursor.is_punct(0, ':') && cursor.ident(1).is_some() {
            push_part(&mut name, cursor);
            push_part(&mut name, cursor);
        }
        name.range = cursor.range_since(start);
        Some(Opening::Element(Tag::Named(name)))
    }

    fn component_path(&mut self, cursor: &mut Cursor) -> Option<Opening> {
        let start = cursor.position();
        if cursor.is_puncts("::") {
            cursor.skip(2);
        }
        let mut last = cursor.ident(0)?.to_string();
        cursor.skip(1);
        while is_path_separator(cursor, 0) && cursor.ident(2).is_some() {
            last = cursor.ident(2)?.to_string();
            cursor.skip(3);
        }
        let range = cursor.range_since(start);
        if !last.starts_with(char::is_uppercase) {
            self.report.error(range, "the name of a component begins with an uppercase letter");
        }
        let path = cursor.stream_since(start);
        let name = path.to_string().replace(' ', "");
        Some(Opening::Component { path, name, range })
    }

    fn element(&mut self, cursor: &mut Cursor, tag: Tag) -> Node {
        let (name, range) = match &tag {
            Tag::Named(name) => (name.text.clone(), name.range),
            Tag::Dynamic(splice) => (dynamic_name(&splice.tokens), splice.span.into()),
        };
        let attrs = self.attrs(cursor, &name);
        let mut element = Element { tag, attrs, children: Vec::new(), closing: None };
        if self.end_of_tag(cursor, &name, range) == TagEnd::Open && !is_void(&name) {
            self.open.push(Open { name, range });
            element.children = self.nodes(cursor);
            element.closing =
                self.close(cursor).and_then(|name| name.into_iter().next()).map(|token| token.span());
        }
        Node::Element(element)
    }

    fn component(&mut self, cursor: &mut Cursor, path: TokenStream, name: String, range: Range) -> Node {
        let (props, is_broken) = self.props(cursor, &name);
        let mut component = Component { path, range, props, is_broken, children: Vec::new(), closing: None };
        if self.end_of_tag(cursor, &name, range) == TagEnd::Open {
            self.open.push(Open { name, range });
            component.children = self.nodes(cursor);
            component.closing = self.close(cursor);
        }
        Node::Component(component)
    }

    /// Reads `>` or `/>`.
    fn end_of_tag(&mut self, cursor: &mut Cursor, name: &str, range: Range) -> TagEnd {
        if cursor.is_puncts("/>") {
            cursor.skip(2);
            TagEnd::SelfClosing
        } else if cursor.take_punct('>') {
            TagEnd::Open
        } else {
            self.report.error(range, format!("the tag <{name} is never ended; add > or />"));
            let (closing, _) = closing_name(cursor);
            if cursor.is_puncts("</") && closing == name { TagEnd::Open } else { TagEnd::SelfClosing }
        }
    }

    /// Whether the closing tag ahead belongs to any open element.
    fn closes_open(&self, cursor: &Cursor) -> bool {
        let (name, _) = closing_name(cursor);
        self.open.iter().any(|open| open.name == name)
            // A closing tag with another name ends the innermost element, too: the name is most likely a slip.
            || (!self.open.is_empty() && !is_void(&name))
    }

    fn stray_closing_tag(&mut self, cursor: &mut Cursor) {
        let (name, length) = closing_name(cursor);
        let start = cursor.position();
        cursor.skip(length);
        let range = cursor.range_since(start);
        if is_void(&name) {
            self.report.error(range, void_text(&name));
        } else {
            self.report.error(range, format!("</{name}> closes nothing"));
        }
    }

    /// Ends the innermost open element. Returns the name in the closing tag ahead, or reports that there is no such
    /// tag.
    fn close(&mut self, cursor: &mut Cursor) -> Option<TokenStream> {
        let open = self.open.pop()?;
        if cursor.is_empty() {
            let name = &open.name;
            self.report.error(open.range, format!("<{name}> is never closed; add </{name}>"));
            return None;
        }
        let (name, length) = closing_name(cursor);
        let (tokens, range) = cursor.name_of_closing(length);
        if name == open.name {
            cursor.skip(length);
            return Some(tokens);
        }
        self.report.error(range, format!("expected </{}>, found </{name}>", open.name));
        self.report.note(open.range, format!("<{}> opened here", open.name));
        // A tag that closes an element further out stays for that element. Any other is most likely the misspelt tag of
        // this element, and is skipped.
        if !self.open.iter().any(|outer| outer.name == name) {
            cursor.skip(length);
        }
        None
    }
}

#[derive(PartialEq)]
enum TagEnd {
    Open,
    SelfClosing,
}

fn is_void(name: &str) -> bool {
    element(name).is_some_and(|element| element.content == Content::Void)
}

fn void_text(name: &str) -> String {
    format!("<{name}> is a void element and cannot have children or a closing tag; write <{name}>")
}

/// Returns the name in the closing tag ahead, and the number of the tag's tokens.
fn closing_name(cursor: &Cursor) -> (String, usize) {
    let mut ahead = 2;
    if let Some(group) = cursor.brace(ahead) {
        let name = dynamic_name(&group.stream());
        return (name, 3 + usize::from(cursor.is_punct(3, '>')));
    }
    if let Some(text) = cursor.string(ahead) {
        return (as_browsers_read(text.value), 3 + usize::from(cursor.is_punct(3, '>')));
    }
    let mut name = String::new();
    while let Some(token) = cursor.peek(ahead) {
        match token {
            TokenTree::Punct(punct) if matches!(punct.as_char(), '-' | ':') => name.push(punct.as_char()),
            TokenTree::Ident(_) | TokenTree::Literal(_) if name.is_empty() || name.ends_with(['-', ':']) => {
                name.push_str(&token.to_string());
            }
            _ => break,
        }
        ahead += 1;
    }
    (name, ahead + usize::from(cursor.is_punct(ahead, '>')))
}

/// Returns the name by which the two tags of `<{expression}>` are compared.
fn dynamic_name(tokens: &TokenStream) -> String {
    format!("{{{tokens}}}")
}

fn is_path_separator(cursor: &Cursor, ahead: usize) -> bool {
    cursor.is_punct(ahead, ':') && cursor.is_punct(ahead + 1, ':') && !cursor.is_punct(ahead + 2, ':')
}

fn is_name_part(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(_) => true,
        TokenTree::Literal(literal) => is_number(literal),
        _ => false,
    }
}

/// Adds the next token to a name.
fn push_part(name: &mut Name, cursor: &mut Cursor) {
    if let Some(token) = cursor.next() {
        name.parts.push((name.text.len(), token.span()));
        name.text.push_str(&token.to_string());
    }
}

/// Returns the name of the element that browsers read. They ignore the case of letters: the content of `SCRIPT` is read
/// as a script.
fn as_browsers_read(name: String) -> String {
    let lower = name.to_ascii_lowercase();
    if element(&name).is_none() && element(&lower).is_some() { lower } else { name }
}
