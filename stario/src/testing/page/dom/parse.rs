//! HTML → nodes, by html5ever, as a browser parses it.

use std::borrow::Cow;
use std::cell::{Ref, RefCell};

use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::{Attribute as ParsedAttribute, QualName, parse_document};

use super::{Attribute, Dom, Kind, NodeId};

/// Parses a whole document.
pub(in crate::testing) fn document(html: &str) -> Dom {
    let sink = Sink(RefCell::new(Dom::new()));
    let mut dom = parse_document(sink, html5ever::ParseOpts::default()).one(html);
    dom.mutations.clear();
    dom
}

impl Dom {
    /// Parses another document into nodes of this one, and returns its document node.
    pub(in crate::testing) fn parse(&mut self, html: &str) -> NodeId {
        let parsed = document(html);
        let root = self.create(Kind::Fragment);
        self.adopt(&parsed, Self::DOCUMENT, root);
        root
    }

    /// Copies the children of `from` in another tree into `to`.
    fn adopt(&mut self, other: &Dom, from: NodeId, to: NodeId) {
        for child in other.children(from) {
            let copy = match other.kind(child) {
                Kind::Element(element) => {
                    let copy = self.create_element(element.name.clone(), element.attributes.clone());
                    if let (Some(from), Some(to)) = (element.content, self.template_content(copy)) {
                        self.adopt(other, from, to);
                    }
                    copy
                }
                kind => self.create(kind.clone()),
            };
            self.append(to, copy);
            self.adopt(other, child, copy);
        }
    }
}

/// What html5ever builds the tree in.
struct Sink(RefCell<Dom>);

impl Sink {
    /// Inserts, joining text to text before it.
    fn place(&self, parent: NodeId, child: NodeOrText<NodeId>, before: Option<NodeId>) {
        let mut dom = self.0.borrow_mut();
        let node = match child {
            NodeOrText::AppendNode(node) => node,
            NodeOrText::AppendText(text) => {
                let previous = match before {
                    Some(before) => dom.previous(before),
                    None => dom.node(parent).last_child,
                };
                if let Some(previous) = previous
                    && let Kind::Text(present) = dom.kind_mut(previous)
                {
                    present.push_str(&text);
                    return;
                }
                dom.create(Kind::Text(text.to_string()))
            }
        };
        dom.insert(parent, node, before);
    }
}

fn attributes(parsed: Vec<ParsedAttribute>) -> Vec<Attribute> {
    parsed
        .into_iter()
        .map(|attribute| Attribute { name: attribute.name, value: attribute.value.to_string() })
        .collect()
}

impl TreeSink for Sink {
    type Handle = NodeId;
    type Output = Dom;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Dom {
        self.0.into_inner()
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        Dom::DOCUMENT
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        Ref::map(self.0.borrow(), |dom| match dom.kind(*target) {
            Kind::Element(element) => &element.name,
            _ => unreachable!("the tree builder asks for the names of elements only"),
        })
    }

    fn create_element(&self, name: QualName, parsed: Vec<ParsedAttribute>, _flags: ElementFlags) -> NodeId {
        self.0.borrow_mut().create_element(name, attributes(parsed))
    }

    fn create_comment(&self, text: StrTendril) -> NodeId {
        self.0.borrow_mut().create(Kind::Comment(text.to_string()))
    }

    fn create_pi(&self, _target: StrTendril, data: StrTendril) -> NodeId {
        self.create_comment(data)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        self.place(*parent, child, None);
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        let has_parent = self.0.borrow().parent(*element).is_some();
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn append_doctype_to_document(&self, name: StrTendril, _public_id: StrTendril, _system_id: StrTendril) {
        let mut dom = self.0.borrow_mut();
        let doctype = dom.create(Kind::Doctype(name.to_string()));
        dom.append(Dom::DOCUMENT, doctype);
    }

    fn get_template_contents(&self, target: &NodeId) -> NodeId {
        self.0.borrow().template_content(*target).unwrap_or(*target)
    }

    fn same_node(&self, left: &NodeId, right: &NodeId) -> bool {
        left == right
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, new_node: NodeOrText<NodeId>) {
        let parent = self.0.borrow().parent(*sibling);
        if let Some(parent) = parent {
            self.place(parent, new_node, Some(*sibling));
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, parsed: Vec<ParsedAttribute>) {
        if let Some(element) = self.0.borrow_mut().element_mut(*target) {
            for attribute in attributes(parsed) {
                if !element.attributes.iter().any(|present| present.name == attribute.name) {
                    element.attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.0.borrow_mut().detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        let mut dom = self.0.borrow_mut();
        for child in dom.children(*node).collect::<Vec<_>>() {
            dom.append(*new_parent, child);
        }
    }

    // A browser's parser does not attach shadow roots where it parses for a script.
    fn allow_declarative_shadow_roots(&self, _intended_parent: &NodeId) -> bool {
        false
    }
}
