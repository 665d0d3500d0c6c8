//! The tree of a page: nodes in one list, linked to each other, and the list of what changed.

pub(in crate::testing) mod parse;
pub(in crate::testing) mod selector;
pub(in crate::testing) mod serialize;

use html5ever::{LocalName, QualName, local_name, ns};

/// A node of one [`Dom`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::testing) struct NodeId(usize);

/// What a node is.
#[derive(Debug, Clone)]
pub(in crate::testing) enum Kind {
    Document,
    Fragment,
    Doctype(String),
    Element(Element),
    Text(String),
    Comment(String),
}

#[derive(Debug, Clone)]
pub(in crate::testing) struct Element {
    pub(in crate::testing) name: QualName,
    pub(in crate::testing) attributes: Vec<Attribute>,
    /// The content of a `<template>`, which is not part of the tree.
    pub(in crate::testing) content: Option<NodeId>,
    pub(in crate::testing) control: Control,
}

impl Element {
    /// The names and values of its attributes, in their order.
    pub(in crate::testing) fn names_and_values(&self) -> Vec<(String, String)> {
        let pair = |attribute: &Attribute| (attribute.name.local.to_string(), attribute.value.clone());
        self.attributes.iter().map(pair).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::testing) struct Attribute {
    pub(in crate::testing) name: QualName,
    pub(in crate::testing) value: String,
}

/// The state of a form control that its attributes only begin: `None` while nobody has changed it.
#[derive(Debug, Clone, Default)]
pub(in crate::testing) struct Control {
    pub(in crate::testing) value: Option<String>,
    pub(in crate::testing) is_checked: Option<bool>,
    pub(in crate::testing) is_selected: Option<bool>,
    pub(in crate::testing) files: Vec<ChosenFile>,
}

/// A file that a file input holds.
#[derive(Debug, Clone)]
pub(in crate::testing) struct ChosenFile {
    pub(in crate::testing) name: String,
    pub(in crate::testing) content: bytes::Bytes,
}

/// A change of the document, as a `MutationObserver` gets it.
#[derive(Debug)]
pub(in crate::testing) enum Mutation {
    Added(NodeId),
    Removed(NodeId),
    Attribute(NodeId, String),
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    parent: Option<NodeId>,
    previous: Option<NodeId>,
    next: Option<NodeId>,
    first_child: Option<NodeId>,
    last_child: Option<NodeId>,
}

#[derive(Debug)]
pub(in crate::testing) struct Dom {
    nodes: Vec<Node>,
    /// Filled while the page is alive; the first parse is no change.
    pub(in crate::testing) mutations: Vec<Mutation>,
}

impl Dom {
    /// The node above all others.
    pub(in crate::testing) const DOCUMENT: NodeId = NodeId(0);

    pub(in crate::testing) fn new() -> Self {
        let mut dom = Self { nodes: Vec::new(), mutations: Vec::new() };
        dom.create(Kind::Document);
        dom
    }

    pub(in crate::testing) fn create(&mut self, kind: Kind) -> NodeId {
        self.nodes.push(Node {
            kind,
            parent: None,
            previous: None,
            next: None,
            first_child: None,
            last_child: None,
        });
        NodeId(self.nodes.len() - 1)
    }

    pub(in crate::testing) fn create_element(
        &mut self,
        name: QualName,
        attributes: Vec<Attribute>,
    ) -> NodeId {
        let is_template = name.ns == ns!(html) && name.local == local_name!("template");
        let content = is_template.then(|| self.create(Kind::Fragment));
        self.create(Kind::Element(Element { name, attributes, content, control: Control::default() }))
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    pub(in crate::testing) fn kind(&self, id: NodeId) -> &Kind {
        &self.node(id).kind
    }

    pub(in crate::testing) fn kind_mut(&mut self, id: NodeId) -> &mut Kind {
        &mut self.nodes[id.0].kind
    }

    pub(in crate::testing) fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).parent
    }

    pub(in crate::testing) fn next(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).next
    }

    pub(in crate::testing) fn previous(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).previous
    }

    pub(in crate::testing) fn first_child(&self, id: NodeId) -> Option<NodeId> {
        self.node(id).first_child
    }

    pub(in crate::testing) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.first_child(id), |&child| self.next(child))
    }

    pub(in crate::testing) fn element_children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children(id).filter(|&child| self.element(child).is_some())
    }

    /// The node's parents, from the nearest on.
    pub(in crate::testing) fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(id), |&node| self.parent(node))
    }

    /// Everything below a node, in the order of the document, without the content of templates.
    pub(in crate::testing) fn descendants(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.first_child(id), move |&node| self.following(node, id))
    }

    /// The elements below a node.
    pub(in crate::testing) fn elements(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.descendants(id).filter(|&node| self.element(node).is_some())
    }

    fn following(&self, node: NodeId, root: NodeId) -> Option<NodeId> {
        if let Some(child) = self.first_child(node) {
            return Some(child);
        }
        let mut node = node;
        while node != root {
            if let Some(next) = self.next(node) {
                return Some(next);
            }
            node = self.parent(node)?;
        }
        None
    }

    pub(in crate::testing) fn element(&self, id: NodeId) -> Option<&Element> {
        match self.kind(id) {
            Kind::Element(element) => Some(element),
            _ => None,
        }
    }

    pub(in crate::testing) fn element_mut(&mut self, id: NodeId) -> Option<&mut Element> {
        match self.kind_mut(id) {
            Kind::Element(element) => Some(element),
            _ => None,
        }
    }

    pub(in crate::testing) fn control(&self, id: NodeId) -> Option<&Control> {
        self.element(id).map(|element| &element.control)
    }

    /// The state of a control, to be changed. What is not an element has none, and changes nothing.
    pub(in crate::testing) fn change_control(&mut self, id: NodeId, change: impl FnOnce(&mut Control)) {
        if let Some(element) = self.element_mut(id) {
            change(&mut element.control);
        }
    }

    /// The name of an HTML element; `""` for all else.
    pub(in crate::testing) fn html_name(&self, id: NodeId) -> &str {
        match self.element(id) {
            Some(element) if element.name.ns == ns!(html) => &element.name.local,
            _ => "",
        }
    }

    pub(in crate::testing) fn template_content(&self, id: NodeId) -> Option<NodeId> {
        self.element(id)?.content
    }

    pub(in crate::testing) fn attribute(&self, id: NodeId, name: &str) -> Option<&str> {
        let attributes = &self.element(id)?.attributes;
        let attribute = attributes.iter().find(|attribute| name_of(attribute) == name)?;
        Some(&attribute.value)
    }

    pub(in crate::testing) fn has_attribute(&self, id: NodeId, name: &str) -> bool {
        self.attribute(id, name).is_some()
    }

    /// The id of an element; `""` if it has none.
    pub(in crate::testing) fn id_of(&self, id: NodeId) -> &str {
        self.attribute(id, "id").unwrap_or_default()
    }

    pub(in crate::testing) fn set_attribute(&mut self, id: NodeId, name: &str, value: &str) {
        let name = QualName::new(None, ns!(), LocalName::from(name));
        self.put_attribute(id, Attribute { name, value: value.to_owned() });
    }

    /// Sets an attribute to one of another element.
    pub(in crate::testing) fn put_attribute(&mut self, id: NodeId, attribute: Attribute) {
        let is_connected = self.is_connected(id);
        let name = name_of(&attribute).to_owned();
        let Some(element) = self.element_mut(id) else { return };
        match element.attributes.iter_mut().find(|present| name_of(present) == name) {
            Some(present) => present.value = attribute.value,
            None => element.attributes.push(attribute),
        }
        if is_connected {
            self.mutations.push(Mutation::Attribute(id, name));
        }
    }

    pub(in crate::testing) fn remove_attribute(&mut self, id: NodeId, name: &str) {
        let is_connected = self.is_connected(id);
        let Some(element) = self.element_mut(id) else { return };
        let before = element.attributes.len();
        element.attributes.retain(|attribute| name_of(attribute) != name);
        if is_connected && self.element(id).is_some_and(|element| element.attributes.len() < before) {
            self.mutations.push(Mutation::Attribute(id, name.to_owned()));
        }
    }

    /// Sets an attribute that is there or not, such as `disabled`.
    pub(in crate::testing) fn toggle_attribute(&mut self, id: NodeId, name: &str, is_there: bool) {
        if !is_there {
            self.remove_attribute(id, name);
        } else if !self.has_attribute(id, name) {
            self.set_attribute(id, name, "");
        }
    }

    /// Whether the node is part of the document.
    pub(in crate::testing) fn is_connected(&self, id: NodeId) -> bool {
        id == Self::DOCUMENT || self.ancestors(id).any(|node| node == Self::DOCUMENT)
    }

    /// Whether `inner` is `outer` or inside of it.
    pub(in crate::testing) fn contains(&self, outer: NodeId, inner: NodeId) -> bool {
        inner == outer || self.ancestors(inner).any(|node| node == outer)
    }

    /// Takes the node out of the tree.
    pub(in crate::testing) fn detach(&mut self, id: NodeId) {
        let Some(parent) = self.parent(id) else { return };
        if self.is_connected(parent) {
            self.mutations.push(Mutation::Removed(id));
        }
        let (previous, next) = (self.node(id).previous, self.node(id).next);
        match previous {
            Some(previous) => self.nodes[previous.0].next = next,
            None => self.nodes[parent.0].first_child = next,
        }
        match next {
            Some(next) => self.nodes[next.0].previous = previous,
            None => self.nodes[parent.0].last_child = previous,
        }
        let node = &mut self.nodes[id.0];
        (node.parent, node.previous, node.next) = (None, None, None);
    }

    /// Puts a node, or the children of a fragment, into `parent`: before `before`, or behind all children.
    pub(in crate::testing) fn insert(&mut self, parent: NodeId, node: NodeId, before: Option<NodeId>) {
        if matches!(self.kind(node), Kind::Fragment) {
            for child in self.children(node).collect::<Vec<_>>() {
                self.insert(parent, child, before);
            }
            return;
        }
        if before == Some(node) {
            return;
        }
        self.detach(node);
        let previous = match before {
            Some(before) => self.node(before).previous,
            None => self.node(parent).last_child,
        };
        let inserted = &mut self.nodes[node.0];
        (inserted.parent, inserted.previous, inserted.next) = (Some(parent), previous, before);
        match previous {
            Some(previous) => self.nodes[previous.0].next = Some(node),
            None => self.nodes[parent.0].first_child = Some(node),
        }
        match before {
            Some(before) => self.nodes[before.0].previous = Some(node),
            None => self.nodes[parent.0].last_child = Some(node),
        }
        if self.is_connected(parent) {
            self.mutations.push(Mutation::Added(node));
        }
    }

    pub(in crate::testing) fn append(&mut self, parent: NodeId, node: NodeId) {
        self.insert(parent, node, None);
    }

    /// Copies a node and everything in it. The state of controls is not copied but for that of inputs, as
    /// `cloneNode` has it.
    pub(in crate::testing) fn clone_node(&mut self, id: NodeId) -> NodeId {
        let copy = match self.kind(id).clone() {
            Kind::Element(element) => {
                let copy = self.create_element(element.name.clone(), element.attributes);
                if &*element.name.local == "input" {
                    self.change_control(copy, |control| *control = element.control);
                }
                if let (Some(from), Some(to)) = (element.content, self.template_content(copy)) {
                    self.clone_children(from, to);
                }
                copy
            }
            other => self.create(other),
        };
        self.clone_children(id, copy);
        copy
    }

    pub(in crate::testing) fn clone_children(&mut self, from: NodeId, to: NodeId) {
        for child in self.children(from).collect::<Vec<_>>() {
            let child = self.clone_node(child);
            self.append(to, child);
        }
    }

    pub(in crate::testing) fn remove_children(&mut self, id: NodeId) {
        while let Some(child) = self.first_child(id) {
            self.detach(child);
        }
    }

    /// The text in a node and everything below it.
    pub(in crate::testing) fn text_content(&self, id: NodeId) -> String {
        if let Kind::Text(text) = self.kind(id) {
            return text.clone();
        }
        self.descendants(id).filter_map(|node| self.text(node)).collect()
    }

    pub(in crate::testing) fn set_text_content(&mut self, id: NodeId, text: &str) {
        self.remove_children(id);
        if !text.is_empty() {
            let text = self.create(Kind::Text(text.to_owned()));
            self.append(id, text);
        }
    }

    pub(in crate::testing) fn text(&self, id: NodeId) -> Option<&str> {
        match self.kind(id) {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The first element of the document with this id.
    pub(in crate::testing) fn by_id(&self, id: &str) -> Option<NodeId> {
        self.elements(Self::DOCUMENT).find(|&node| !id.is_empty() && self.id_of(node) == id)
    }

    /// `<html>`.
    pub(in crate::testing) fn root(&self) -> Option<NodeId> {
        self.element_children(Self::DOCUMENT).next()
    }

    pub(in crate::testing) fn body(&self) -> Option<NodeId> {
        self.element_children(self.root()?).find(|&node| self.html_name(node) == "body")
    }

    pub(in crate::testing) fn head(&self) -> Option<NodeId> {
        self.element_children(self.root()?).find(|&node| self.html_name(node) == "head")
    }

    /// Whether both are the same but for their place: `isEqualNode`.
    pub(in crate::testing) fn is_equal(&self, left: NodeId, right: NodeId) -> bool {
        let is_same = match (self.kind(left), self.kind(right)) {
            (Kind::Element(left), Kind::Element(right)) => {
                let has = |attribute| left.attributes.contains(attribute);
                left.name == right.name
                    && left.attributes.len() == right.attributes.len()
                    && right.attributes.iter().all(has)
            }
            (Kind::Text(left), Kind::Text(right)) | (Kind::Comment(left), Kind::Comment(right)) => {
                left == right
            }
            (Kind::Fragment, Kind::Fragment) => true,
            _ => false,
        };
        let (mut left, mut right) = (self.first_child(left), self.first_child(right));
        while let (Some(one), Some(other)) = (left, right) {
            if !is_same || !self.is_equal(one, other) {
                return false;
            }
            (left, right) = (self.next(one), self.next(other));
        }
        is_same && left.is_none() && right.is_none()
    }
}

/// The name of an attribute as it is written: `xlink:href`.
fn name_of(attribute: &Attribute) -> &str {
    // Attributes of another namespace are found by their local names, which no page has twice on one element.
    &attribute.name.local
}
