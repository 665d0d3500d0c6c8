//! A template as a tree, as it was written: it keeps all spans and interprets nothing.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};

/// Everything between the braces of `html! { .. }`.
pub(crate) struct Template {
    /// The buffer into which the template is written, if it has none of its own.
    pub(crate) into: Option<TokenStream>,
    /// The name of the component that returns it.
    pub(crate) component: Option<Ident>,
    pub(crate) nodes: Vec<Node>,
}

pub(crate) enum Node {
    Text(Literal),
    Splice(Splice),
    Element(Element),
    /// The children of `<>..</>`.
    Fragment(Vec<Node>),
    Component(Component),
    If(If<Node>),
    For(For),
    Match(Match),
    /// `let ..;`, `continue;` and `break;`: statements of Rust, which the expansion repeats.
    Statement(Statement),
    Doctype,
    Comment(Literal),
}

/// A string or number literal.
#[derive(Clone)]
pub(crate) struct Literal {
    pub(crate) value: String,
    pub(crate) span: Span,
    /// Whether the literal was written as `{".."}`. Then no check asks whether its characters are meant.
    pub(crate) in_braces: bool,
    /// Whether the literal was written as a raw string, `r".."`.
    pub(crate) is_raw: bool,
}

/// Rust in braces, which the expansion repeats.
pub(crate) struct Splice {
    pub(crate) tokens: TokenStream,
    /// The span of the braces and their content.
    pub(crate) span: Span,
    /// Whether there are brackets of any kind. Without them it calls nothing.
    pub(crate) has_group: bool,
}

/// The source of several tokens: the spans of the first and the last.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    pub(crate) first: Span,
    pub(crate) last: Span,
}

impl From<Span> for Range {
    fn from(span: Span) -> Self {
        Self { first: span, last: span }
    }
}

/// The name of an element or an attribute.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) range: Range,
    /// The spans of the name's tokens, each with its offset in `text`.
    pub(crate) parts: Vec<(usize, Span)>,
    /// Whether the name was written as a string. Then it is not checked.
    pub(crate) is_quoted: bool,
}

impl Name {
    /// Returns the range of the tokens that `text[from..to]` consists of.
    pub(crate) fn range_of(&self, from: usize, to: usize) -> Range {
        let within =
            |offset: usize| self.parts.iter().rev().find(|(start, _)| *start <= offset).map(|part| part.1);
        Range {
            first: within(from).unwrap_or(self.range.first),
            last: within(to.saturating_sub(1).max(from)).unwrap_or(self.range.last),
        }
    }
}

pub(crate) enum Tag {
    Named(Name),
    /// `<{tag}>`
    Dynamic(Splice),
}

pub(crate) struct Element {
    pub(crate) tag: Tag,
    pub(crate) attrs: Vec<Attr>,
    pub(crate) children: Vec<Node>,
    /// The name in the closing tag.
    pub(crate) closing: Option<Span>,
}

pub(crate) enum Attr {
    Named(NamedAttr),
    /// `{..attrs}`
    Spread(Splice),
    If(If<Attr>),
}

pub(crate) struct NamedAttr {
    pub(crate) name: Name,
    pub(crate) value: Option<Value>,
}

pub(crate) enum Value {
    Literal(Literal),
    Number(Literal),
    Splice(Splice),
    /// `{"/users/", id}`
    Parts(Vec<ValuePart>),
}

pub(crate) enum ValuePart {
    Literal(Literal),
    Splice(Splice),
}

/// `<ui::Card title="x">..</ui::Card>`
pub(crate) struct Component {
    pub(crate) path: TokenStream,
    pub(crate) range: Range,
    pub(crate) props: Vec<Prop>,
    /// Whether the tag has properties that could not be read, which are left out.
    pub(crate) is_broken: bool,
    pub(crate) children: Vec<Node>,
    /// The name in the closing tag.
    pub(crate) closing: Option<TokenStream>,
}

pub(crate) struct Prop {
    pub(crate) name: Ident,
    /// The value; `None` stands for `true`.
    pub(crate) value: Option<TokenStream>,
    /// The value, if it was written as a string.
    pub(crate) text: Option<Literal>,
    pub(crate) span: Span,
}

/// `if .. {} else if .. {} else {}`, around nodes or around attributes.
pub(crate) struct If<T> {
    /// The tokens from `if` up to the block.
    pub(crate) head: TokenStream,
    /// The braces of the block.
    pub(crate) span: Span,
    pub(crate) then: Vec<T>,
    pub(crate) otherwise: Option<Else<T>>,
}

pub(crate) enum Else<T> {
    If(Box<If<T>>),
    Block(Vec<T>),
}

pub(crate) struct For {
    /// The tokens from the label, `for` or `while` up to the block.
    pub(crate) head: TokenStream,
    /// The braces of the block.
    pub(crate) span: Span,
    pub(crate) body: Vec<Node>,
}

pub(crate) struct Match {
    /// The tokens from `match` up to the block.
    pub(crate) head: TokenStream,
    pub(crate) arms: Vec<Arm>,
    pub(crate) span: Span,
}

pub(crate) struct Arm {
    /// The pattern and its guard.
    pub(crate) pattern: TokenStream,
    pub(crate) body: Vec<Node>,
}

pub(crate) struct Statement {
    pub(crate) tokens: TokenStream,
    pub(crate) is_let: bool,
}

/// Returns the source range of neighbouring tokens.
pub(crate) fn range_of(tokens: &[TokenTree]) -> Option<Range> {
    Some(Range { first: tokens.first()?.span(), last: tokens.last()?.span() })
}
