//! Tree to steps: literals escaped and joined, each value with the kind of place it stands in. Infallible: what is wrong
//! has been reported, and the most sensible markup is written all the same.

use proc_macro2::{Span, TokenStream};
use stario_html::names::{AttrKind, Content, Element as KnownElement, Namespace, attr_kind, element};
use stario_html::{Quote, escape_into};

use super::ast::{
    Attr, Component, Element, Else, If, NamedAttr, Node, Part, Prop, Range, Splice, Tag, Template, Value,
};

/// One step of writing a template.
pub(crate) enum Op {
    /// Markup known now. Two never follow each other.
    Static(String),
    Value(ValueOp),
    /// Markup written under a condition.
    Flag {
        condition: Splice,
        markup: String,
    },
    Joined(JoinedOp),
    Spread(Splice),
    /// Names the element that the surrounding scope declared under this number.
    DynamicTag(usize),
    /// Declares the element name `<{tag}>` under a number.
    DeclareTag(usize, Splice),
    Component(ComponentOp),
    If(IfOp),
    For {
        head: TokenStream,
        span: Span,
        body: Vec<Op>,
    },
    Match {
        head: TokenStream,
        arms: Vec<(TokenStream, Vec<Op>)>,
        span: Span,
    },
    Statement(TokenStream),
    /// Steps whose `let`s end with them.
    Scope(Vec<Op>),
}

/// A value on its own.
pub(crate) struct ValueOp {
    pub(crate) place: Place,
    /// Markup that is left out together with an absent value: ` name="`. Its quote follows the value.
    pub(crate) open: Option<(String, Quote)>,
    pub(crate) value: Splice,
}

/// What a value means, and so which trait it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Text,
    Attr,
    AttrPart,
    FlagOrText,
    TrueFalse,
    Url,
    UrlList,
    Style,
    Srcdoc,
    Expression,
    ExpressionPart,
    Handler,
    HandlerPart,
    Script,
    Sheet,
    ForeignScript,
    ForeignSheet,
}

/// A `class` or `style` attribute made of several sources.
pub(crate) struct JoinedOp {
    pub(crate) name: &'static str,
    pub(crate) separator: &'static str,
    pub(crate) items: Vec<JoinedItem>,
}

pub(crate) enum JoinedItem {
    Static(String),
    Classes(Splice),
    Style(Splice),
    Toggle { condition: Splice, class: String },
    Property { name: String, value: Splice },
}

pub(crate) struct ComponentOp {
    pub(crate) path: TokenStream,
    pub(crate) range: Range,
    pub(crate) props: Vec<Prop>,
    pub(crate) is_broken: bool,
    pub(crate) children: Option<Vec<Op>>,
}

pub(crate) struct IfOp {
    pub(crate) head: TokenStream,
    pub(crate) span: Span,
    pub(crate) then: Vec<Op>,
    pub(crate) otherwise: Option<Box<ElseOp>>,
}

pub(crate) enum ElseOp {
    If(IfOp),
    Block(Vec<Op>),
}

/// Lowers a whole template.
pub(crate) fn lower(template: Template) -> Vec<Op> {
    let mut lowerer = Lowerer { tags: 0, foreign: 0 };
    let mut out = Ops::default();
    lowerer.nodes(template.nodes, Inside::Markup, &mut out);
    out.0
}

/// How the text at a place is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Markup,
    Script,
    Style,
    /// A script or a style sheet in SVG, which is read as markup.
    ForeignScript,
    ForeignStyle,
}

impl Inside {
    fn is_read_without_entities(self) -> bool {
        matches!(self, Self::Script | Self::Style)
    }

    /// What a value means there.
    fn place(self) -> Place {
        match self {
            Self::Markup => Place::Text,
            Self::Script => Place::Script,
            Self::Style => Place::Sheet,
            Self::ForeignScript => Place::ForeignScript,
            Self::ForeignStyle => Place::ForeignSheet,
        }
    }
}

/// Steps in the making, neighbouring markup joined.
#[derive(Default)]
struct Ops(Vec<Op>);

impl Ops {
    fn markup(&mut self, markup: &str) {
        if let Some(Op::Static(last)) = self.0.last_mut() {
            last.push_str(markup);
        } else if !markup.is_empty() {
            self.0.push(Op::Static(markup.to_owned()));
        }
    }

    fn escaped(&mut self, text: &str, quote: Quote) {
        let mut markup = String::new();
        escape_into(text, quote, &mut markup);
        self.markup(&markup);
    }

    fn value(&mut self, place: Place, value: Splice) {
        self.0.push(Op::Value(ValueOp { place, open: None, value }));
    }
}

struct Lowerer {
    /// How many dynamic tags have been numbered.
    tags: usize,
    /// How many elements of SVG or `MathML` are open, since the last one that holds HTML.
    foreign: usize,
}

impl Lowerer {
    fn nodes(&mut self, nodes: Vec<Node>, inside: Inside, out: &mut Ops) {
        for node in nodes {
            self.node(node, inside, out);
        }
    }

    /// Lowers nodes whose `let`s must not be seen behind them.
    fn scoped(&mut self, nodes: Vec<Node>, inside: Inside, out: &mut Ops) {
        let has_let = nodes.iter().any(|node| matches!(node, Node::Statement(statement) if statement.is_let));
        if has_let {
            out.0.push(Op::Scope(self.block(nodes, inside)));
        } else {
            self.nodes(nodes, inside, out);
        }
    }

    fn block(&mut self, nodes: Vec<Node>, inside: Inside) -> Vec<Op> {
        let mut out = Ops::default();
        self.nodes(nodes, inside, &mut out);
        out.0
    }

    fn node(&mut self, node: Node, inside: Inside, out: &mut Ops) {
        match node {
            Node::Text(text) if inside.is_read_without_entities() => out.markup(&text.value),
            Node::Text(text) => out.escaped(&text.value, Quote::Double),
            Node::Splice(splice) => out.value(inside.place(), splice),
            Node::Element(element) => self.element(element, out),
            Node::Fragment(nodes) => self.scoped(nodes, inside, out),
            Node::Component(component) => self.component(component, out),
            Node::If(node) => {
                let op = self.if_(node, &mut |lowerer, nodes| lowerer.block(nodes, inside));
                out.0.push(Op::If(op));
            }
            Node::For(node) => {
                out.0.push(Op::For { head: node.head, span: node.span, body: self.block(node.body, inside) });
            }
            Node::Match(node) => {
                let arms =
                    node.arms.into_iter().map(|arm| (arm.pattern, self.block(arm.body, inside))).collect();
                out.0.push(Op::Match { head: node.head, arms, span: node.span });
            }
            Node::Statement(statement) => out.0.push(Op::Statement(statement.tokens)),
            Node::Doctype => out.markup("<!DOCTYPE html>"),
            Node::Comment(text) => {
                out.markup("<!--");
                out.markup(&text.value);
                out.markup("-->");
            }
        }
    }

    fn if_<T>(&mut self, node: If<T>, block: &mut dyn FnMut(&mut Self, Vec<T>) -> Vec<Op>) -> IfOp {
        let then = block(self, node.then);
        let otherwise = node.otherwise.map(|otherwise| {
            Box::new(match otherwise {
                Else::If(node) => ElseOp::If(self.if_(*node, block)),
                Else::Block(nodes) => ElseOp::Block(block(self, nodes)),
            })
        });
        IfOp { head: node.head, span: node.span, then, otherwise }
    }

    fn component(&mut self, component: Component, out: &mut Ops) {
        let children =
            (!component.children.is_empty()).then(|| self.block(component.children, Inside::Markup));
        out.0.push(Op::Component(ComponentOp {
            path: component.path,
            range: component.range,
            props: component.props,
            is_broken: component.is_broken,
            children,
        }));
    }

    fn element(&mut self, node: Element, out: &mut Ops) {
        let name = match node.tag {
            Tag::Named(name) => name.text,
            Tag::Dynamic(tag) => {
                let number = self.tags;
                self.tags += 1;
                let mut inner = Ops(vec![Op::DeclareTag(number, tag)]);
                inner.markup("<");
                inner.0.push(Op::DynamicTag(number));
                self.attrs("", node.attrs, &mut inner);
                inner.markup(">");
                self.scoped(node.children, Inside::Markup, &mut inner);
                inner.markup("</");
                inner.0.push(Op::DynamicTag(number));
                inner.markup(">");
                out.0.push(Op::Scope(inner.0));
                return;
            }
        };
        let known = element(&name);
        out.markup("<");
        out.markup(&name);
        self.attrs(&name, node.attrs, out);
        let content = known.map_or(Content::Normal, |known| known.content);
        if content == Content::Void {
            out.markup(">");
            return;
        }
        if node.children.is_empty() && known.is_some_and(is_foreign) {
            out.markup("/>");
            return;
        }
        out.markup(">");
        if needs_newline(&name, node.children.first()) {
            out.markup("\n");
        }
        let is_foreign = self.foreign > 0;
        let inside = match content {
            Content::Script if is_foreign => Inside::ForeignScript,
            Content::Style if is_foreign => Inside::ForeignStyle,
            Content::Script => Inside::Script,
            Content::Style => Inside::Style,
            _ => Inside::Markup,
        };
        let outer = self.foreign;
        self.foreign = match known {
            _ if name == "foreignObject" => 0,
            Some(known) if self::is_foreign(known) => outer + 1,
            _ => outer,
        };
        self.scoped(node.children, inside, out);
        self.foreign = outer;
        out.markup("</");
        out.markup(&name);
        out.markup(">");
    }

    fn attrs(&mut self, element: &str, attrs: Vec<Attr>, out: &mut Ops) {
        let attrs = Attrs::sort(attrs);
        let (mut classes, mut styles) = (Some(attrs.classes), Some(attrs.styles));
        for attr in attrs.others {
            match attr {
                Attr::Named(attr) => match Joining::of(&attr.name.text) {
                    // All of them stand where the first one was written.
                    Some(Joining::Class) => classes.take().into_iter().for_each(|all| join_classes(all, out)),
                    Some(Joining::Style) => styles.take().into_iter().for_each(|all| join_styles(all, out)),
                    None => named_attr(element, attr, out),
                },
                Attr::If(group) => {
                    let op = self.if_(group, &mut |lowerer, attrs| {
                        let mut inner = Ops::default();
                        lowerer.attrs(element, attrs, &mut inner);
                        inner.0
                    });
                    out.0.push(Op::If(op));
                }
                Attr::Spread(_) => {}
            }
        }
        // What is written first wins in the browser, so a spread never overrides what the template says.
        for spread in attrs.spreads {
            out.0.push(Op::Spread(spread));
        }
    }
}

/// The attributes of a tag, those taken together that are written as one.
struct Attrs {
    /// In order; the first of the joined ones stands for all.
    others: Vec<Attr>,
    classes: Vec<NamedAttr>,
    styles: Vec<NamedAttr>,
    spreads: Vec<Splice>,
}

impl Attrs {
    fn sort(attrs: Vec<Attr>) -> Self {
        let mut out =
            Self { others: Vec::new(), classes: Vec::new(), styles: Vec::new(), spreads: Vec::new() };
        for attr in attrs {
            match attr {
                Attr::Spread(spread) => out.spreads.push(spread),
                Attr::Named(attr) => {
                    let joined = match Joining::of(&attr.name.text) {
                        Some(Joining::Class) => &mut out.classes,
                        Some(Joining::Style) => &mut out.styles,
                        None => {
                            out.others.push(Attr::Named(attr));
                            continue;
                        }
                    };
                    if joined.is_empty() {
                        let place = NamedAttr { name: attr.name.clone(), value: None };
                        out.others.push(Attr::Named(place));
                    }
                    joined.push(attr);
                }
                Attr::If(group) => out.others.push(Attr::If(group)),
            }
        }
        out
    }
}

/// Attributes that are written as one, whatever number of sources they have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Joining {
    Class,
    Style,
}

impl Joining {
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name.split_once(':').map_or(name, |(name, _)| name) {
            "class" => Some(Self::Class),
            "style" => Some(Self::Style),
            _ => None,
        }
    }
}

fn is_foreign(element: &'static KnownElement) -> bool {
    element.namespace != Namespace::Html
}

/// Whether a parser would drop a newline that belongs to the text. It drops the first one behind these tags.
fn needs_newline(name: &str, first: Option<&Node>) -> bool {
    match first {
        Some(Node::Text(text)) => matches!(name, "textarea" | "pre") && text.value.starts_with('\n'),
        Some(_) => name == "textarea",
        None => false,
    }
}

fn literal_attr(name: &str, value: &str, out: &mut Ops) {
    let quote = Quote::best_for(value);
    let mark = quote.as_char();
    out.markup(&format!(" {name}={mark}"));
    out.escaped(value, quote);
    out.markup(&mark.to_string());
}

fn named_attr(element: &str, attr: NamedAttr, out: &mut Ops) {
    let name = &attr.name.text;
    let kind = attr_kind(element, name);
    match attr.value {
        None => out.markup(&format!(" {name}")),
        // `"false"` has been reported; the attribute is present whatever its value.
        Some(Value::Literal(value) | Value::Number(value)) => literal_attr(name, &value.value, out),
        Some(Value::Splice(value)) => {
            let place = match kind {
                AttrKind::Boolean => {
                    out.0.push(Op::Flag { condition: value, markup: format!(" {name}") });
                    return;
                }
                AttrKind::Plain => Place::Attr,
                AttrKind::FlagOrText => Place::FlagOrText,
                AttrKind::TrueFalse => Place::TrueFalse,
                AttrKind::Url => Place::Url,
                AttrKind::UrlList => Place::UrlList,
                AttrKind::Style => Place::Style,
                AttrKind::Srcdoc => Place::Srcdoc,
                AttrKind::Expression => Place::Expression,
                AttrKind::Handler => Place::Handler,
            };
            // Signals are JSON most of the time, which is full of double quotes.
            let quote = if name.starts_with("data-signals") { Quote::Single } else { Quote::Double };
            let open = format!(" {name}={}", quote.as_char());
            out.0.push(Op::Value(ValueOp { place, open: Some((open, quote)), value }));
        }
        Some(Value::Parts(parts)) => {
            let open = format!(" {name}=\"");
            // A URL whose beginning is not known yet checks itself as a whole.
            let place = match kind {
                AttrKind::Url if !begins_settled(&parts) => Place::Url,
                AttrKind::UrlList => Place::UrlList,
                _ => {
                    out.markup(&open);
                    parts_of(kind, parts, out);
                    out.markup("\"");
                    return;
                }
            };
            let open = Some((open, Quote::Double));
            out.0.push(Op::Value(ValueOp { place, open, value: as_tuple(parts) }));
        }
    }
}

/// Lowers `{"/users/", id}`, between the quotes.
fn parts_of(kind: AttrKind, parts: Vec<Part>, out: &mut Ops) {
    let place = match kind {
        AttrKind::Expression => Place::ExpressionPart,
        AttrKind::Handler => Place::HandlerPart,
        _ => Place::AttrPart,
    };
    for part in parts {
        match part {
            Part::Literal(text) => out.escaped(&text.value, Quote::Double),
            Part::Splice(value) => out.value(place, value),
        }
    }
}

/// Whether a URL begins with a literal that decides where it leads, so that what follows needs no check.
fn begins_settled(parts: &[Part]) -> bool {
    matches!(parts.first(), Some(Part::Literal(text)) if text.value.contains([':', '/', '?', '#']))
}

/// The parts as one Rust value, which checks itself as a whole.
fn as_tuple(parts: Vec<Part>) -> Splice {
    let mut span = Span::call_site();
    let values = parts.into_iter().enumerate().map(|(at, part)| {
        let splice = match part {
            Part::Literal(text) => {
                let mut literal = proc_macro2::Literal::string(&text.value);
                literal.set_span(text.span);
                Splice { tokens: proc_macro2::TokenTree::Literal(literal).into(), span: text.span }
            }
            Part::Splice(splice) => splice,
        };
        if at == 0 {
            span = splice.span;
        }
        let value = &splice.tokens;
        quote::quote_spanned!(splice.span.resolved_at(Span::mixed_site())=> &(#value),)
    });
    let values: Vec<TokenStream> = values.collect();
    Splice { tokens: nested(&values), span }
}

/// The traits know tuples of up to eight; what is more is a tuple in the place of the last.
fn nested(values: &[TokenStream]) -> TokenStream {
    match values.split_at_checked(7) {
        Some((first, rest)) if rest.len() > 1 => {
            let rest = nested(rest);
            quote::quote!((#(#first)* #rest))
        }
        _ => quote::quote!((#(#values)*)),
    }
}

fn join_classes(attrs: Vec<NamedAttr>, out: &mut Ops) {
    if attrs.len() == 1 && attrs[0].name.text == "class" {
        for attr in attrs {
            named_attr("", attr, out);
        }
        return;
    }
    // The lists come first, so that the toggles can be written behind them.
    let (lists, toggles): (Vec<_>, Vec<_>) = attrs.into_iter().partition(|attr| attr.name.text == "class");
    let mut known = String::new();
    let mut made = Vec::new();
    for value in lists.into_iter().filter_map(|attr| attr.value) {
        match value {
            Value::Literal(text) | Value::Number(text) => {
                let gap = if known.is_empty() { "" } else { " " };
                known.extend([gap, text.value.trim()]);
            }
            Value::Splice(classes) => made.push(classes),
            Value::Parts(parts) => made.push(as_tuple(parts)),
        }
    }
    let toggles = toggles.into_iter().filter_map(|attr| {
        let class = attr.name.text.split_once(':')?.1.to_owned();
        match attr.value? {
            Value::Splice(condition) => Some((condition, class)),
            _ => None,
        }
    });
    if made.is_empty() && !known.is_empty() {
        out.markup(" class=\"");
        out.escaped(&known, Quote::Double);
        for (condition, class) in toggles {
            let mut markup = String::from(" ");
            escape_into(&class, Quote::Double, &mut markup);
            out.0.push(Op::Flag { condition, markup });
        }
        out.markup("\"");
        return;
    }
    let mut items = Vec::new();
    if !known.is_empty() {
        items.push(JoinedItem::Static(escaped(&known)));
    }
    items.extend(made.into_iter().map(JoinedItem::Classes));
    items.extend(toggles.map(|(condition, class)| JoinedItem::Toggle { condition, class: escaped(&class) }));
    out.0.push(Op::Joined(JoinedOp { name: "class", separator: " ", items }));
}

fn escaped(text: &str) -> String {
    let mut markup = String::new();
    escape_into(text, Quote::Double, &mut markup);
    markup
}

fn join_styles(attrs: Vec<NamedAttr>, out: &mut Ops) {
    if attrs.len() == 1 && attrs[0].name.text == "style" {
        for attr in attrs {
            named_attr("", attr, out);
        }
        return;
    }
    let mut items = Vec::new();
    // Declarations that are known now, until a value follows: a later one wins over an earlier one.
    let mut known = String::new();
    for attr in attrs {
        let property = attr.name.text.split_once(':').map(|(_, property)| property.to_owned());
        let item = match (property, attr.value) {
            (Some(name), Some(Value::Literal(text) | Value::Number(text))) => {
                push_declaration(&mut known, &format!("{name}:{}", text.value));
                continue;
            }
            (None, Some(Value::Literal(text))) => {
                push_declaration(&mut known, &text.value);
                continue;
            }
            (Some(name), Some(Value::Splice(value))) => JoinedItem::Property { name: name + ":", value },
            (Some(name), Some(Value::Parts(parts))) => {
                JoinedItem::Property { name: name + ":", value: as_tuple(parts) }
            }
            (None, Some(Value::Splice(style))) => JoinedItem::Style(style),
            _ => continue,
        };
        push_known(&mut known, &mut items);
        items.push(item);
    }
    if items.is_empty() {
        literal_attr("style", &known, out);
        return;
    }
    push_known(&mut known, &mut items);
    out.0.push(Op::Joined(JoinedOp { name: "style", separator: ";", items }));
}

fn push_known(known: &mut String, items: &mut Vec<JoinedItem>) {
    if !known.is_empty() {
        items.push(JoinedItem::Static(escaped(&std::mem::take(known))));
    }
}

fn push_declaration(known: &mut String, declaration: &str) {
    let declaration = declaration.trim().trim_end_matches(';');
    if !known.is_empty() && !declaration.is_empty() {
        known.push(';');
    }
    known.push_str(declaration);
}
