//! Why a step of a page fails, as a sentence, and the places of elements in it.

use stario_html::names::most_similar;

use super::dom::selector::Selector;
use super::dom::{Dom, Kind, NodeId};

/// The message that a test fails with.
#[derive(Debug, Clone)]
pub(in crate::testing) struct Failure(pub(in crate::testing) String);

impl Failure {
    pub(in crate::testing) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The longest text of the page that a message repeats.
const LONGEST: usize = 160;

pub(in crate::testing) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Dom {
    /// An element with the way to it: `<button> "Add" in #main > form`.
    pub(in crate::testing) fn place(&self, id: NodeId) -> String {
        let tag = shortened(&self.opening_tag(id));
        match self.parent(id).and_then(|parent| self.path_to(parent)) {
            Some(path) => format!("{tag} in `{path}`"),
            None => tag,
        }
    }

    /// A selector of the element: from the nearest id around it on.
    fn path_to(&self, id: NodeId) -> Option<String> {
        let Kind::Element(element) = self.kind(id) else { return None };
        let own_id = self.id_of(id);
        if !own_id.is_empty() {
            return Some(format!("#{own_id}"));
        }
        let above = self.parent(id).and_then(|parent| self.path_to(parent));
        let same = |other: &NodeId| self.element(*other).is_some_and(|other| other.name == element.name);
        let siblings: Vec<NodeId> = self
            .parent(id)
            .map(|parent| self.element_children(parent).filter(same).collect())
            .unwrap_or_default();
        let position = siblings.iter().position(|&sibling| sibling == id).unwrap_or_default() + 1;
        let name = match siblings.len() {
            0 | 1 => element.name.local.to_string(),
            _ => format!("{}:nth-of-type({position})", element.name.local),
        };
        Some(match above {
            Some(above) => format!("{above} > {name}"),
            None => name,
        })
    }

    /// All ids of the page, in its order.
    fn ids(&self) -> Vec<&str> {
        let ids = self.elements(Self::DOCUMENT).map(|node| self.id_of(node));
        ids.filter(|id| !id.is_empty()).collect()
    }

    /// What the page has that `selector` may have meant: the nearest of its ids, or its classes, names and elements.
    pub(in crate::testing) fn nearest(&self, selector: &str) -> String {
        let meant: String = selector.rsplit([' ', '>', '+', '~']).next().unwrap_or(selector).to_owned();
        let ids: Vec<String> = self.ids().into_iter().map(|id| format!("#{id}")).collect();
        let classes = self
            .elements(Self::DOCUMENT)
            .flat_map(|node| self.attribute(node, "class").unwrap_or_default().split_ascii_whitespace());
        let mut known = ids.clone();
        known.extend(classes.map(|class| format!(".{class}")));
        if let Some(name) = most_similar(&meant, known.iter().map(String::as_str)) {
            return format!("did you mean `{name}`?");
        }
        match ids.len() {
            0 => "the page has no ids".to_owned(),
            _ => format!("the page has the ids {}", shortened(&ids.join(" "))),
        }
    }

    /// The elements that match, or why the selector cannot be used.
    pub(in crate::testing) fn select(&self, selector: &str) -> Result<Vec<NodeId>, Failure> {
        match Selector::parse(selector) {
            Some(parsed) => Ok(parsed.select(self)),
            None => Err(Failure(format!("`{selector}` is no CSS selector that is known here"))),
        }
    }

    /// The one element that matches.
    pub(in crate::testing) fn one(&self, selector: &str) -> Result<NodeId, Failure> {
        match self.select(selector)?[..] {
            [node] => Ok(node),
            [] => Err(Failure(format!("`{selector}` matches nothing: {}", self.nearest(selector)))),
            [first, second, ..] => Err(Failure(format!(
                "`{selector}` matches {} elements, such as {} and {}: name one of them",
                self.select(selector)?.len(),
                self.place(first),
                self.place(second)
            ))),
        }
    }
}
