//! Morphing: makes a part of the page like new elements and keeps what it can, step by step as the Datastar
//! client 1.0.4 does it.

use std::collections::{HashMap, HashSet};

use html5ever::{LocalName, QualName, ns};

use super::dom::{Dom, Element, Kind, NodeId};

const IGNORE_MORPH: &str = "data-ignore-morph";
const PRESERVE_ATTR: &str = "data-preserve-attr";

/// What a morph did beside changing the tree.
#[derive(Debug, Default)]
pub(in crate::testing) struct Morphed {
    /// Controls whose state was set, to which `data-bind` listens.
    pub(in crate::testing) changed_controls: Vec<NodeId>,
}

/// Morphs the element `old`, or its children, into `new`, an element or a fragment.
pub(in crate::testing) fn morph(
    dom: &mut Dom,
    old: NodeId,
    new: NodeId,
    is_inner: bool,
    pantry: NodeId,
) -> Morphed {
    let both_ignore = dom.has_attribute(old, IGNORE_MORPH) && dom.has_attribute(new, IGNORE_MORPH);
    if both_ignore || dom.ancestors(old).any(|node| dom.has_attribute(node, IGNORE_MORPH)) {
        return Morphed::default();
    }
    let container = dom.create(Kind::Fragment);
    dom.append(container, new);
    if let Some(body) = dom.body() {
        let (parent, next) = (dom.parent(body), dom.next(body));
        if let Some(parent) = parent {
            dom.insert(parent, pantry, next);
        }
    }
    let old_with_ids: Vec<NodeId> = dom.elements(old).filter(|&node| dom.has_attribute(node, "id")).collect();
    let new_with_ids: Vec<NodeId> =
        dom.elements(container).filter(|&node| dom.has_attribute(node, "id")).collect();
    let kept = kept_ids(dom, old, &old_with_ids, &new_with_ids);
    let (parent, from, until) = if is_inner {
        (old, None, dom.next(old))
    } else {
        (dom.parent(old).unwrap_or(Dom::DOCUMENT), Some(old), dom.next(old))
    };
    let mut morph = Morph { dom, kept, ids_within: HashMap::new(), pantry, morphed: Morphed::default() };
    // The client climbs no further than the parent, which is `null` for `<html>`.
    morph.note_ids(parent, &old_with_ids);
    morph.note_ids(container, &new_with_ids);
    morph.children(parent, container, from, until);
    let Morph { morphed, .. } = morph;
    dom.detach(pantry);
    morphed
}

/// The ids that one element has before and after, with the same name.
fn kept_ids(dom: &Dom, old: NodeId, old_with_ids: &[NodeId], new_with_ids: &[NodeId]) -> HashSet<String> {
    let (mut names, mut doubled) = (HashMap::new(), HashSet::new());
    let itself = Some(&old).filter(|&&old| !dom.id_of(old).is_empty());
    for &node in old_with_ids.iter().chain(itself) {
        if names.contains_key(dom.id_of(node)) {
            doubled.insert(dom.id_of(node));
        } else {
            names.insert(dom.id_of(node), tag_name(dom, node));
        }
    }
    let mut kept = HashSet::new();
    for &node in new_with_ids {
        let id = dom.id_of(node);
        if kept.contains(id) {
            doubled.insert(id);
        } else if names.get(id) == Some(&tag_name(dom, node)) {
            kept.insert(id.to_owned());
        }
    }
    kept.retain(|id| !doubled.contains(&**id));
    kept
}

/// `tagName`: that of an HTML element is in upper case.
fn tag_name(dom: &Dom, id: NodeId) -> Option<String> {
    let name = &dom.element(id)?.name;
    Some(if name.ns == ns!(html) {
        name.local.to_ascii_uppercase().to_string()
    } else {
        name.local.to_string()
    })
}

struct Morph<'d> {
    dom: &'d mut Dom,
    /// The ids of elements that move rather than being made anew.
    kept: HashSet<String>,
    /// Which of those ids are in an element.
    ids_within: HashMap<NodeId, HashSet<String>>,
    /// Holds elements that are needed again further on.
    pantry: NodeId,
    morphed: Morphed,
}

impl Morph<'_> {
    fn note_ids(&mut self, root: NodeId, nodes: &[NodeId]) {
        for &node in nodes {
            let id = self.dom.id_of(node).to_owned();
            if !self.kept.contains(&id) {
                continue;
            }
            let mut current = Some(node).filter(|&node| node != root);
            while let Some(node) = current {
                self.ids_within.entry(node).or_default().insert(id.clone());
                let above = self.dom.parent(node).filter(|&parent| parent != root);
                current = above.filter(|&parent| self.dom.element(parent).is_some());
            }
        }
    }

    /// Makes the children of `parent`, those from `from` until `until`, like those of `new`.
    fn children(&mut self, parent: NodeId, new: NodeId, from: Option<NodeId>, until: Option<NodeId>) {
        let contents = (self.dom.template_content(parent), self.dom.template_content(new));
        let (parent, new) = match contents {
            (Some(parent), Some(new)) => (parent, new),
            _ => (parent, new),
        };
        let mut place = from.or_else(|| self.dom.first_child(parent));
        let new_children: Vec<NodeId> = self.dom.children(new).collect();
        for child in new_children {
            if let Some(start) = place.filter(|_| place != until)
                && let Some(matched) = self.find_match(child, start, until)
            {
                self.remove_between(start, matched);
                self.node(matched, child);
                place = self.dom.next(matched);
                continue;
            }
            let is_kept = self.dom.element(child).is_some() && self.kept.contains(self.dom.id_of(child));
            if is_kept && let Some(moved) = self.dom.by_id(self.dom.id_of(child)) {
                self.forget(moved, child);
                self.dom.insert(parent, moved, place);
                self.node(moved, child);
                place = self.dom.next(moved);
                continue;
            }
            let inserted = if self.ids_within.contains_key(&child) {
                // Made empty, so that what it holds is morphed and can be kept.
                let empty = self.empty_like(child);
                self.dom.insert(parent, empty, place);
                self.node(empty, child);
                empty
            } else {
                let copy = self.dom.clone_node(child);
                self.dom.insert(parent, copy, place);
                copy
            };
            place = self.dom.next(inserted);
        }
        while let Some(rest) = place.filter(|_| place != until) {
            place = self.dom.next(rest);
            self.remove(rest);
        }
    }

    fn empty_like(&mut self, node: NodeId) -> NodeId {
        let name = match self.dom.kind(node) {
            Kind::Element(Element { name, .. }) => name.clone(),
            _ => QualName::new(None, ns!(html), LocalName::from("div")),
        };
        self.dom.create_element(name, Vec::new())
    }

    fn remove_between(&mut self, start: NodeId, end: NodeId) {
        let mut current = Some(start).filter(|&start| start != end);
        while let Some(node) = current {
            current = self.dom.next(node).filter(|&next| next != end);
            self.remove(node);
        }
    }

    /// The ids of `moved` are not in the elements around it any more.
    fn forget(&mut self, moved: NodeId, child: NodeId) {
        let id = self.dom.id_of(child).to_owned();
        for node in self.dom.ancestors(moved) {
            if let Some(ids) = self.ids_within.get_mut(&node) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.ids_within.remove(&node);
                }
            }
        }
    }

    fn remove(&mut self, node: NodeId) {
        if self.ids_within.contains_key(&node) {
            let pantry = self.pantry;
            self.dom.append(pantry, node);
        } else {
            self.dom.detach(node);
        }
    }

    fn count(&self, node: NodeId) -> usize {
        self.ids_within.get(&node).map_or(0, HashSet::len)
    }

    /// The old node from `start` on that is to become `new`.
    fn find_match(&self, new: NodeId, start: NodeId, until: Option<NodeId>) -> Option<NodeId> {
        let mut best: Option<NodeId> = None;
        // Once two later siblings fit, the first is not to be pushed aside.
        let mut is_settled = false;
        let mut next_new = self.dom.next(new);
        let (mut fitting_siblings, mut passed_ids) = (0, 0);
        let ids = self.count(new);
        let mut current = Some(start);
        while let Some(node) = current.filter(|_| current != until) {
            if self.fits(node, new) {
                let of_both = (self.ids_within.get(&node), self.ids_within.get(&new));
                if let (Some(old_ids), Some(new_ids)) = of_both
                    && !old_ids.is_disjoint(new_ids)
                {
                    return Some(node);
                }
                if best.is_none() && !self.ids_within.contains_key(&node) {
                    if ids == 0 {
                        return Some(node);
                    }
                    best = Some(node);
                }
            }
            passed_ids += self.count(node);
            if passed_ids > ids {
                break;
            }
            if best.is_none()
                && !is_settled
                && let Some(sibling) = next_new
                && self.fits(node, sibling)
            {
                fitting_siblings += 1;
                next_new = self.dom.next(sibling);
                is_settled = fitting_siblings >= 2;
            }
            current = self.dom.next(node);
        }
        best
    }

    /// Whether an old node may become a new one: both are of one kind, and the old one has no other id.
    fn fits(&self, old: NodeId, new: NodeId) -> bool {
        match (self.dom.kind(old), self.dom.kind(new)) {
            (Kind::Element(_), Kind::Element(_)) => {
                let id = self.dom.id_of(old);
                tag_name(self.dom, old) == tag_name(self.dom, new)
                    && (id.is_empty() || id == self.dom.id_of(new))
            }
            (Kind::Text(_), Kind::Text(_)) | (Kind::Comment(_), Kind::Comment(_)) => true,
            _ => false,
        }
    }

    /// Makes one node like another.
    fn node(&mut self, old: NodeId, new: NodeId) {
        match self.dom.kind(new).clone() {
            Kind::Element(element) => self.element(old, new, &element),
            Kind::Text(text) => {
                if let Kind::Text(old) = self.dom.kind_mut(old) {
                    *old = text;
                }
            }
            Kind::Comment(text) => {
                if let Kind::Comment(old) = self.dom.kind_mut(old) {
                    *old = text;
                }
            }
            _ => {}
        }
    }

    fn element(&mut self, old: NodeId, new: NodeId, element: &Element) {
        if self.dom.has_attribute(old, IGNORE_MORPH) && self.dom.has_attribute(new, IGNORE_MORPH) {
            return;
        }
        let preserved = self.dom.attribute(new, PRESERVE_ATTR).unwrap_or_default().to_owned();
        let is_preserved = |name: &str| preserved.split(' ').any(|preserved| preserved == name);
        let is_changed = self.control(old, new, &is_preserved);
        for attribute in &element.attributes {
            let name = &*attribute.name.local;
            if self.dom.attribute(old, name) != Some(&attribute.value) && !is_preserved(name) {
                self.dom.put_attribute(old, attribute.clone());
            }
        }
        let gone: Vec<String> = match self.dom.element(old) {
            Some(old) => old.attributes.iter().map(|attribute| attribute.name.local.to_string()).collect(),
            None => Vec::new(),
        };
        for name in gone {
            if !self.dom.has_attribute(new, &name) && !is_preserved(&name) {
                self.dom.remove_attribute(old, &name);
            }
        }
        if is_changed {
            let listener =
                if self.dom.html_name(old) == "option" { self.dom.select_of(old) } else { Some(old) };
            self.morphed.changed_controls.extend(listener);
        }
        match (self.dom.template_content(old), self.dom.template_content(new)) {
            (Some(old), Some(new)) => {
                self.dom.remove_children(old);
                self.dom.clone_children(new, old);
            }
            _ if self.dom.is_equal(old, new) => {}
            _ => self.children(old, new, None, None),
        }
    }

    /// Sets the state of a control, and returns whether it changed.
    fn control(&mut self, old: NodeId, new: NodeId, is_preserved: &dyn Fn(&str) -> bool) -> bool {
        let names = (self.dom.html_name(old).to_owned(), self.dom.html_name(new).to_owned());
        match (&*names.0, &*names.1) {
            ("input", "input") if self.dom.control_type(new) != "file" => {
                let mut is_changed = false;
                let value = self.dom.attribute(new, "value").map(str::to_owned);
                if self.dom.attribute(old, "value") != value.as_deref() && !is_preserved("value") {
                    self.dom.set_value(old, &value.unwrap_or_default());
                    is_changed = true;
                }
                let is_checked = self.dom.has_attribute(new, "checked");
                if self.dom.has_attribute(old, "checked") != is_checked && !is_preserved("checked") {
                    self.dom.set_checked(old, is_checked);
                    is_changed = true;
                }
                let is_disabled = self.dom.has_attribute(new, "disabled");
                if !is_preserved("disabled") {
                    self.dom.toggle_attribute(old, "disabled", is_disabled);
                }
                is_changed
            }
            ("textarea", "textarea") => {
                let value = self.dom.value(new);
                let is_changed = self.dom.text_content(old) != value;
                if is_changed {
                    self.dom.set_value(old, &value);
                }
                is_changed
            }
            ("option", "option") => {
                let is_selected = self.dom.has_attribute(new, "selected");
                let is_changed =
                    self.dom.has_attribute(old, "selected") != is_selected && !is_preserved("selected");
                if is_changed {
                    self.dom.set_selected(old, is_selected);
                }
                is_changed
            }
            _ => false,
        }
    }
}
