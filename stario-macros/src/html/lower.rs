//! Lowers the tree to operations: literals are escaped and joined, and each value gets the kind of place in which it
//! stands. This stage cannot fail: mistakes have been reported, and it makes the best of what was written.

mod flow;
mod parts;
mod lists;
mod attributes;

use stario_html::Quote;
use stario_html::names::{Content, Namespace, drops_first_newline, element};

use super::ast::{Attr, Component, Element, Node, Tag, Template};
use super::braces::characters;
use super::kinds::Kinds;
use super::ops::{ComponentOp, Op, Ops, Place};

/// Lowers a whole template.
pub(crate) fn lower(template: Template) -> Vec<Op> {
    let mut lowerer = Lowerer { tags: 0, foreign: 0 };
    lowerer.block(template.nodes, Inside::Markup)
}

/// How a browser reads the text at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Markup,
    Script,
    Style,
    /// A script in SVG, whose text is read as markup. So is that of a style sheet in SVG.
    ForeignScript,
    ForeignStyle,
}

impl Inside {
    fn is_markup(self) -> bool {
        self == Self::Markup
    }

    fn is_read_without_entities(self) -> bool {
        matches!(self, Self::Script | Self::Style)
    }

    /// Returns the place of a value in such text.
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

struct Lowerer {
    /// The number of the next dynamic tag.
    tags: usize,
    /// The number of open elements of SVG or `MathML`, counted from the innermost one that holds HTML.
    foreign: usize,
}

impl Lowerer {
    fn nodes(&mut self, nodes: Vec<Node>, inside: Inside, out: &mut Ops) {
        for node in nodes {
            self.node(node, inside, out);
        }
    }

    /// Lowers nodes whose `let`s must not be seen after them.
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
            Node::Text(text) if inside.is_markup() => out.escaped(&characters(&text), Quote::Double),
            Node::Text(text) => out.escaped(&text.value, Quote::Double),
            Node::Splice(splice) => out.value(inside.place(), splice),
            Node::Element(element) => self.element(element, out),
            Node::Fragment(nodes) => self.scoped(nodes, inside, out),
            Node::Component(component) => self.component(component, out),
            Node::If(node) => {
                let op = flow::if_(node, &mut |nodes| self.block(nodes, inside));
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
                attrs("", node.attrs, &mut inner);
                inner.markup(">");
                if may_begin_with_newline(&node.children) {
                    inner.0.push(Op::DynamicNewline(number));
                }
                self.scoped(node.children, Inside::Markup, &mut inner);
                inner.markup("</");
                inner.0.push(Op::DynamicTag(number));
                inner.markup(">");
                out.0.push(Op::Scope(inner.0));
                return;
            }
        };
        let known = element(&name);
        let is_foreign = known.is_some_and(|known| known.namespace != Namespace::Html);
        out.markup("<");
        out.markup(&name);
        attrs(&name, node.attrs, out);
        let content = known.map_or(Content::Normal, |known| known.content);
        if content == Content::Void {
            out.markup(">");
            return;
        }
        if node.children.is_empty() && is_foreign {
            out.markup("/>");
            return;
        }
        out.markup(">");
        // A browser drops one newline after these tags, so one more is written to keep that of the content.
        if drops_first_newline(&name) && may_begin_with_newline(&node.children) {
            out.markup("\n");
        }
        let is_in_foreign = self.foreign > 0;
        let inside = match content {
            Content::Script if is_in_foreign => Inside::ForeignScript,
            Content::Style if is_in_foreign => Inside::ForeignStyle,
            Content::Script => Inside::Script,
            Content::Style => Inside::Style,
            _ => Inside::Markup,
        };
        let outer = self.foreign;
        self.foreign = match name.as_str() {
            "foreignObject" => 0,
            _ if is_foreign => outer + 1,
            _ => outer,
        };
        self.scoped(node.children, inside, out);
        self.foreign = outer;
        out.markup("</");
        out.markup(&name);
        out.markup(">");
    }
}

fn attrs(element: &str, attrs: Vec<Attr>, out: &mut Ops) {
    let kinds = Kinds::of(element, &attrs);
    attributes::attrs(&kinds, attrs, out);
}

/// Whether the content of an element may begin with a newline. CR and CRLF are newlines, too.
fn may_begin_with_newline(nodes: &[Node]) -> bool {
    for node in nodes {
        match node {
            Node::Text(text) if text.value.is_empty() => {}
            Node::Text(text) => return text.value.starts_with(['\n', '\r']),
            Node::Element(_) | Node::Comment(_) | Node::Doctype => return false,
            Node::Statement(_) => {}
            // These nodes may write any text.
            Node::Splice(_)
            | Node::Fragment(_)
            | Node::Component(_)
            | Node::If(_)
            | Node::For(_)
            | Node::Match(_) => return true,
        }
    }
    false
}
