//! CSS selectors, by the crate `selectors`.

use std::fmt;

use cssparser::{ParseError, ToCss};
use html5ever::{LocalName, Namespace, ns};
use precomputed_hash::PrecomputedHash;
use selectors::attr::{AttrSelectorOperation, CaseSensitivity, NamespaceConstraint};
use selectors::bloom::BloomFilter;
use selectors::matching::{
    ElementSelectorFlags, MatchingContext, MatchingForInvalidation, MatchingMode, NeedsSelectorFlags,
    QuirksMode, SelectorCaches, matches_selector,
};
use selectors::parser::{
    NonTSPseudoClass, ParseRelative, Parser, PseudoElement, SelectorImpl, SelectorList,
    SelectorParseErrorKind,
};
use selectors::{Element, OpaqueElement};

use super::{Dom, Kind, NodeId};

/// A parsed list of selectors.
pub(in crate::testing) struct Selector(SelectorList<Css>);

impl Selector {
    /// Returns `None` where `querySelector` would throw.
    pub(in crate::testing) fn parse(selector: &str) -> Option<Self> {
        let mut parser = cssparser::Parser::new(selector);
        SelectorList::parse(&CssParser, &mut parser, ParseRelative::No).ok().map(Self)
    }

    pub(in crate::testing) fn matches(&self, dom: &Dom, id: NodeId) -> bool {
        let mut caches = SelectorCaches::default();
        let mut context = MatchingContext::new(
            MatchingMode::Normal,
            None,
            &mut caches,
            QuirksMode::NoQuirks,
            NeedsSelectorFlags::No,
            MatchingForInvalidation::No,
        );
        dom.element(id).is_some()
            && self
                .0
                .slice()
                .iter()
                .any(|one| matches_selector(one, 0, None, ElementRef { dom, id }, &mut context))
    }

    /// All elements of the document that match.
    pub(in crate::testing) fn select(&self, dom: &Dom) -> Vec<NodeId> {
        dom.elements(Dom::DOCUMENT).filter(|&node| self.matches(dom, node)).collect()
    }
}

struct CssParser;

impl Parser<'_> for CssParser {
    type Impl = Css;
    type Error = SelectorParseErrorKind;

    fn parse_is_and_where(&self) -> bool {
        true
    }

    fn parse_has(&self) -> bool {
        true
    }

    fn parse_nth_child_of(&self) -> bool {
        true
    }

    fn parse_non_ts_pseudo_class(&self, name: &str) -> Result<State, ParseError<SelectorParseErrorKind>> {
        let states =
            [("checked", State::Checked), ("disabled", State::Disabled), ("enabled", State::Enabled)];
        let state = states.into_iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        state
            .map(|(_, state)| state)
            .ok_or_else(|| ParseError::custom(SelectorParseErrorKind::UnsupportedPseudoClassOrElement))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Css;

impl SelectorImpl for Css {
    type ExtraMatchingData<'a> = ();
    type AttrValue = Text;
    type Identifier = Name;
    type LocalName = Name;
    type NamespaceUrl = Namespace;
    type NamespacePrefix = Name;
    type BorrowedNamespaceUrl = Namespace;
    type BorrowedLocalName = Name;
    type NonTSPseudoClass = State;
    type PseudoElement = NoPseudoElement;
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Text(String);

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl ToCss for Text {
    fn to_css<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        cssparser::serialize_string(&self.0, out)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Name(LocalName);

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl ToCss for Name {
    fn to_css<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl PrecomputedHash for Name {
    fn precomputed_hash(&self) -> u32 {
        self.0.precomputed_hash()
    }
}

/// The pseudo-classes beside those of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Checked,
    Disabled,
    Enabled,
}

impl NonTSPseudoClass for State {
    fn is_active_or_hover(&self) -> bool {
        false
    }

    fn is_user_action_state(&self) -> bool {
        false
    }
}

impl ToCss for State {
    fn to_css<W: fmt::Write>(&self, out: &mut W) -> fmt::Result {
        write!(out, ":{}", format!("{self:?}").to_lowercase())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoPseudoElement {}

impl PseudoElement for NoPseudoElement {}

impl ToCss for NoPseudoElement {
    fn to_css<W: fmt::Write>(&self, _out: &mut W) -> fmt::Result {
        match *self {}
    }
}

#[derive(Clone, Copy)]
struct ElementRef<'d> {
    dom: &'d Dom,
    id: NodeId,
}

impl fmt::Debug for ElementRef<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.dom.opening_tag(self.id))
    }
}

impl<'d> ElementRef<'d> {
    fn at(self, id: NodeId) -> Self {
        Self { id, ..self }
    }

    fn element(self) -> &'d super::Element {
        match self.dom.kind(self.id) {
            Kind::Element(element) => element,
            _ => unreachable!("only elements are matched"),
        }
    }

    fn is_element(self, id: NodeId) -> bool {
        self.dom.element(id).is_some()
    }
}

impl Element for ElementRef<'_> {
    type Impl = Css;

    fn opaque(&self) -> OpaqueElement {
        OpaqueElement::new(self.element())
    }

    fn parent_element(&self) -> Option<Self> {
        self.dom.parent(self.id).filter(|&parent| self.is_element(parent)).map(|parent| self.at(parent))
    }

    fn parent_node_is_shadow_root(&self) -> bool {
        false
    }

    fn containing_shadow_host(&self) -> Option<Self> {
        None
    }

    fn is_pseudo_element(&self) -> bool {
        false
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        let mut siblings = std::iter::successors(self.dom.previous(self.id), |&node| self.dom.previous(node));
        siblings.find(|&node| self.is_element(node)).map(|node| self.at(node))
    }

    fn next_sibling_element(&self) -> Option<Self> {
        let mut siblings = std::iter::successors(self.dom.next(self.id), |&node| self.dom.next(node));
        siblings.find(|&node| self.is_element(node)).map(|node| self.at(node))
    }

    fn first_element_child(&self) -> Option<Self> {
        self.dom.element_children(self.id).next().map(|node| self.at(node))
    }

    fn is_html_element_in_html_document(&self) -> bool {
        self.element().name.ns == ns!(html)
    }

    fn has_local_name(&self, name: &Name) -> bool {
        self.element().name.local == name.0
    }

    fn has_namespace(&self, namespace: &Namespace) -> bool {
        self.element().name.ns == *namespace
    }

    fn is_same_type(&self, other: &Self) -> bool {
        self.element().name == other.element().name
    }

    fn attr_matches(
        &self,
        namespace: &NamespaceConstraint<&Namespace>,
        name: &Name,
        operation: &AttrSelectorOperation<&Text>,
    ) -> bool {
        self.element().attributes.iter().any(|attribute| {
            !matches!(*namespace, NamespaceConstraint::Specific(url) if *url != attribute.name.ns)
                && attribute.name.local == name.0
                && operation.eval_str(&attribute.value)
        })
    }

    fn match_non_ts_pseudo_class(&self, state: &State, _context: &mut MatchingContext<'_, Css>) -> bool {
        match state {
            State::Checked => self.dom.is_checked(self.id) || self.dom.is_selected(self.id),
            State::Disabled => self.dom.is_disabled(self.id),
            State::Enabled => self.dom.is_control(self.id) && !self.dom.is_disabled(self.id),
        }
    }

    fn match_pseudo_element(
        &self,
        element: &NoPseudoElement,
        _context: &mut MatchingContext<'_, Css>,
    ) -> bool {
        match *element {}
    }

    fn apply_selector_flags(&self, _flags: ElementSelectorFlags) {}

    fn is_link(&self) -> bool {
        self.dom.html_name(self.id) == "a" && self.dom.has_attribute(self.id, "href")
    }

    fn is_html_slot_element(&self) -> bool {
        false
    }

    fn has_id(&self, id: &Name, case: CaseSensitivity) -> bool {
        self.dom.attribute(self.id, "id").is_some_and(|it| case.eq(it.as_bytes(), id.0.as_bytes()))
    }

    fn has_class(&self, name: &Name, case: CaseSensitivity) -> bool {
        let classes = self.dom.attribute(self.id, "class").unwrap_or_default();
        classes.split_ascii_whitespace().any(|class| case.eq(class.as_bytes(), name.0.as_bytes()))
    }

    fn has_custom_state(&self, _name: &Name) -> bool {
        false
    }

    fn imported_part(&self, _name: &Name) -> Option<Name> {
        None
    }

    fn is_part(&self, _name: &Name) -> bool {
        false
    }

    fn is_empty(&self) -> bool {
        !self.dom.children(self.id).any(|child| match self.dom.kind(child) {
            Kind::Element(_) => true,
            Kind::Text(text) => !text.is_empty(),
            _ => false,
        })
    }

    fn is_root(&self) -> bool {
        self.dom.parent(self.id) == Some(Dom::DOCUMENT)
    }

    fn add_element_unique_hashes(&self, _filter: &mut BloomFilter) -> bool {
        false
    }
}
