//! One loaded page: its tree, its signals, and what its attributes do. Nothing here waits.

use std::collections::HashMap;
use std::sync::Arc;

use super::attribute::DataAttribute;
use super::bind::Bind;
use super::dom::{Dom, Kind, NodeId, parse};
use super::failure::{Failure, shortened};
use super::outgoing::Outgoing;
use super::script::{
    Expression, Fault, Program, Reads, Scope, Statement, Value, evaluate, parse as parse_script,
};
use super::signals::Signals;

/// How often effects may set each other off.
const LONGEST_CHAIN: usize = 100;

#[derive(Debug)]
pub(in crate::testing) struct Document {
    pub(in crate::testing) dom: Dom,
    pub(in crate::testing) signals: Signals,
    /// The address of the page, which relative ones are resolved against.
    pub(in crate::testing) address: String,
    /// What each element's attributes did, by their names.
    applied: HashMap<NodeId, Vec<Applied>>,
    pub(in crate::testing) effects: Vec<Effect>,
    pub(in crate::testing) listeners: Vec<Listener>,
    /// Elements with `data-indicator`: the signal, and how many requests run.
    pub(in crate::testing) indicators: Vec<Indicator>,
    /// Whether elements were patched since effects were last shown again.
    pub(in crate::testing) is_patched: bool,
    /// How many expressions run, one inside of the other: effects wait for the end of the outermost.
    pub(in crate::testing) depth: usize,
    /// What a running effect has read.
    pub(in crate::testing) reads: Reads,
    next_key: usize,
    /// Requests to be sent.
    pub(in crate::testing) outgoing: Vec<Outgoing>,
    /// The URL that an event leads the page to.
    pub(in crate::testing) navigation: Option<Navigation>,
    /// The scripts that events brought.
    pub(in crate::testing) scripts: Vec<String>,
    /// Holds elements between two places of a morph.
    pub(in crate::testing) pantry: NodeId,
    /// Whether an event without a target is passed over.
    pub(in crate::testing) allows_missing_targets: bool,
    /// A failure in a place that cannot return it.
    pub(in crate::testing) failure: Option<Failure>,
}

/// A page to be loaded.
#[derive(Debug, Clone)]
pub(in crate::testing) struct Navigation {
    pub(in crate::testing) method: http::Method,
    pub(in crate::testing) address: String,
    pub(in crate::testing) body: Option<(String, bytes::Bytes)>,
}

impl Navigation {
    pub(in crate::testing) fn get(address: impl Into<String>) -> Self {
        Self { method: http::Method::GET, address: address.into(), body: None }
    }
}

#[derive(Debug)]
struct Applied {
    /// The attribute's name without `data-`.
    name: String,
    /// What its effects and listeners are found by.
    key: usize,
}

/// The code of an attribute.
#[derive(Debug, Clone)]
pub(in crate::testing) struct Code {
    /// What the attribute did is found by this.
    key: usize,
    pub(in crate::testing) element: NodeId,
    /// `data-on:click`.
    pub(in crate::testing) attribute: String,
    pub(in crate::testing) text: String,
    program: Result<Arc<Program>, String>,
}

impl Code {
    fn new(key: usize, element: NodeId, attribute: &str, text: &str) -> Self {
        let program = parse_script(text).map(Arc::new);
        Self { key, element, attribute: attribute.to_owned(), text: text.to_owned(), program }
    }

    pub(in crate::testing) fn program(&self) -> Option<&Program> {
        self.program.as_deref().ok()
    }
}

#[derive(Debug)]
pub(in crate::testing) struct Effect {
    pub(in crate::testing) key: usize,
    pub(in crate::testing) kind: EffectKind,
    /// What it read when it ran, and which values it found.
    pub(in crate::testing) reads: Vec<(Vec<String>, Value)>,
}

#[derive(Debug, Clone)]
pub(in crate::testing) enum EffectKind {
    Text(Code),
    Show(Code),
    Attr(Option<String>, Code),
    Class(Option<String>, Code),
    Style(Option<String>, Code),
    Computed(Option<String>, Code),
    Run(Code),
    Bind(Bind),
    JsonSignals(NodeId, Value),
}

#[derive(Debug, Clone)]
pub(in crate::testing) struct Listener {
    pub(in crate::testing) key: usize,
    pub(in crate::testing) element: NodeId,
    pub(in crate::testing) event: String,
    pub(in crate::testing) at: ListensAt,
    pub(in crate::testing) attribute: DataAttribute,
    pub(in crate::testing) act: Act,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::testing) enum ListensAt {
    Element,
    Document,
    Window,
}

#[derive(Debug, Clone)]
pub(in crate::testing) enum Act {
    Run(Code),
    Bind(Bind),
}

#[derive(Debug)]
pub(in crate::testing) struct Indicator {
    pub(in crate::testing) key: usize,
    pub(in crate::testing) element: NodeId,
    pub(in crate::testing) signal: String,
    pub(in crate::testing) running: usize,
}

impl Document {
    /// Whether something is to be sent or loaded.
    pub(in crate::testing) fn has_work(&self) -> bool {
        !self.outgoing.is_empty() || self.navigation.is_some() || self.failure.is_some()
    }

    /// Parses a page. Its attributes do nothing yet.
    pub(in crate::testing) fn new(html: &str, address: &str) -> Self {
        let mut dom = parse::document(html);
        let pantry = dom.create_element(
            html5ever::QualName::new(None, html5ever::ns!(html), html5ever::local_name!("div")),
            Vec::new(),
        );
        Self {
            dom,
            signals: Signals::default(),
            address: address.to_owned(),
            applied: HashMap::new(),
            effects: Vec::new(),
            listeners: Vec::new(),
            indicators: Vec::new(),
            is_patched: false,
            depth: 0,
            reads: None,
            next_key: 0,
            outgoing: Vec::new(),
            navigation: None,
            scripts: Vec::new(),
            pantry,
            allows_missing_targets: false,
            failure: None,
        }
    }

    /// Applies all `data-*` attributes, as the client does when it is loaded.
    pub(in crate::testing) fn start(&mut self) -> Result<(), Failure> {
        for node in self.dom.elements(Dom::DOCUMENT).collect::<Vec<_>>() {
            self.apply_element(node)?;
        }
        self.settle_effects()
    }

    /// Does what a `MutationObserver` of the client would, and runs effects, until nothing changes.
    pub(in crate::testing) fn react(&mut self) -> Result<(), Failure> {
        loop {
            let mutations = std::mem::take(&mut self.dom.mutations);
            if mutations.is_empty() {
                if std::mem::take(&mut self.is_patched) {
                    self.refresh_shown()?;
                }
                self.settle_effects()?;
                if self.dom.mutations.is_empty() {
                    return self.failure.take().map_or(Ok(()), Err);
                }
                continue;
            }
            for mutation in mutations {
                match mutation {
                    super::dom::Mutation::Removed(node) => self.forget_tree(node),
                    super::dom::Mutation::Added(node) => {
                        let below: Vec<NodeId> = self.dom.elements(node).collect();
                        for node in std::iter::once(node).chain(below) {
                            self.apply_element(node)?;
                        }
                    }
                    super::dom::Mutation::Attribute(node, name) => self.attribute_changed(node, &name)?,
                }
            }
        }
    }

    fn attribute_changed(&mut self, node: NodeId, name: &str) -> Result<(), Failure> {
        let Some(data_name) = name.strip_prefix("data-") else { return Ok(()) };
        if self.is_ignored(node) {
            return Ok(());
        }
        match self.dom.attribute(node, name).map(str::to_owned) {
            Some(value) => self.apply(node, data_name, &value),
            None => {
                self.forget(node, Some(data_name));
                Ok(())
            }
        }
    }

    fn is_ignored(&self, node: NodeId) -> bool {
        self.dom.has_attribute(node, "data-ignore__self")
            || std::iter::once(node)
                .chain(self.dom.ancestors(node))
                .any(|node| self.dom.has_attribute(node, "data-ignore"))
    }

    fn apply_element(&mut self, node: NodeId) -> Result<(), Failure> {
        let Some(element) = self.dom.element(node).filter(|_| !self.is_ignored(node)) else { return Ok(()) };
        let attributes = element.names_and_values();
        for (name, value) in attributes {
            if let Some(name) = name.strip_prefix("data-") {
                self.apply(node, name, &value)?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, node: NodeId, name: &str, value: &str) -> Result<(), Failure> {
        let attribute = DataAttribute::parse(name);
        self.forget(node, Some(name));
        self.next_key += 1;
        let key = self.next_key;
        let code = Code::new(key, node, &format!("data-{name}"), value);
        if self.apply_plugin(key, &attribute, code)? {
            self.applied.entry(node).or_default().push(Applied { name: name.to_owned(), key });
        }
        Ok(())
    }

    fn forget_tree(&mut self, node: NodeId) {
        let below: Vec<NodeId> = self.dom.elements(node).collect();
        for node in std::iter::once(node).chain(below) {
            self.forget(node, None);
        }
    }

    /// Takes back what one attribute, or all, did.
    fn forget(&mut self, node: NodeId, name: Option<&str>) {
        let Some(applied) = self.applied.get_mut(&node) else { return };
        let is_meant = |applied: &Applied| name.is_none_or(|name| applied.name == name);
        let keys: Vec<usize> = applied.iter().filter(|it| is_meant(it)).map(|it| it.key).collect();
        applied.retain(|it| !is_meant(it));
        for key in keys {
            self.forget_plugin(key);
        }
    }

    /// Whether an attribute is still there, with the value that it had when it got this key.
    pub(in crate::testing) fn is_applied(&self, element: NodeId, key: usize) -> bool {
        self.applied.get(&element).is_some_and(|applied| applied.iter().any(|it| it.key == key))
    }

    /// Runs the code of an attribute.
    pub(in crate::testing) fn run(&mut self, code: &Code, scope: &mut Scope) -> Result<Value, Failure> {
        (scope.element, scope.key) = (Some(code.element), code.key);
        self.depth += 1;
        let result = match &code.program {
            Ok(program) => evaluate(program, scope, self),
            Err(foreign) => Err(Fault::Foreign(foreign.clone())),
        };
        self.depth -= 1;
        result.map_err(|fault| self.describe(code, &fault))
    }

    /// Runs a part of the code of an attribute.
    pub(in crate::testing) fn run_expression(
        &mut self,
        code: &Code,
        part: Expression,
    ) -> Result<Value, Failure> {
        let program = Program(vec![Statement::Expression(part)]);
        let mut scope = Scope { element: Some(code.element), key: code.key, ..Scope::default() };
        evaluate(&program, &mut scope, self).map_err(|fault| self.describe(code, &fault))
    }

    fn describe(&self, code: &Code, fault: &Fault) -> Failure {
        let (attribute, text) = (&code.attribute, shortened(&code.text));
        let place = self.dom.place(code.element);
        Failure(match fault {
            Fault::Foreign(foreign) => format!(
                "an expression needs JavaScript, for `{foreign}`: {attribute}=\"{text}\" of {place}; a page in a test runs \
                 signals, values, operators and actions, and a browser all else"
            ),
            Fault::Failed(reason) => {
                format!("an expression fails: {reason}: {attribute}=\"{text}\" of {place}")
            }
        })
    }

    /// Runs the effects whose signals have changed, until none has.
    pub(in crate::testing) fn settle_effects(&mut self) -> Result<(), Failure> {
        if self.depth > 0 {
            return Ok(());
        }
        for _ in 0..LONGEST_CHAIN {
            let changes = self.signals.take_changes();
            if changes.is_empty() {
                return Ok(());
            }
            let keys: Vec<usize> = self.effects.iter().map(|effect| effect.key).collect();
            for key in keys {
                self.run_if_changed(key)?;
            }
            self.tell_of_patch(changes)?;
        }
        Err(Failure::new("the page's effects set each other off without an end"))
    }

    fn run_if_changed(&mut self, key: usize) -> Result<(), Failure> {
        let Some(effect) = self.effects.iter().find(|effect| effect.key == key) else { return Ok(()) };
        // One that shows all signals hears of each.
        let shows_all = matches!(effect.kind, EffectKind::JsonSignals(..));
        let has_changed = shows_all
            || effect.reads.iter().any(|(path, value)| {
                // The client does not tell of a signal that is removed.
                self.signals.peek(&path.join(".")).is_some_and(|now| now != value)
            });
        if has_changed { self.run_effect(key) } else { Ok(()) }
    }

    /// Runs an effect and notes what it read.
    pub(in crate::testing) fn run_effect(&mut self, key: usize) -> Result<(), Failure> {
        let Some(effect) = self.effects.iter().find(|effect| effect.key == key) else { return Ok(()) };
        let kind = effect.kind.clone();
        let outer = self.reads.replace(Vec::new());
        let result = self.do_effect(&kind);
        let mut reads = std::mem::replace(&mut self.reads, outer).unwrap_or_default();
        // What an effect sets itself does not run it again.
        for (path, value) in &mut reads {
            *value = self.signals.peek(&path.join(".")).cloned().unwrap_or_default();
        }
        if let Some(effect) = self.effects.iter_mut().find(|effect| effect.key == key) {
            effect.reads = reads;
        }
        result
    }

    /// Shows again what a morph may have changed back: the client watches the elements for it.
    fn refresh_shown(&mut self) -> Result<(), Failure> {
        let is_shown = |effect: &&Effect| {
            matches!(
                effect.kind,
                EffectKind::Text(_)
                    | EffectKind::Show(_)
                    | EffectKind::Attr(..)
                    | EffectKind::Class(..)
                    | EffectKind::Style(..)
                    | EffectKind::JsonSignals(..)
            )
        };
        let keys: Vec<usize> = self.effects.iter().filter(is_shown).map(|effect| effect.key).collect();
        for key in keys {
            self.run_effect(key)?;
        }
        Ok(())
    }

    /// The text of an element as a reader sees it: without what is hidden, each run of space one space.
    pub(in crate::testing) fn visible_text(&self, node: NodeId) -> String {
        let mut text = String::new();
        self.push_visible(node, &mut text);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn push_visible(&self, node: NodeId, text: &mut String) {
        match self.dom.kind(node) {
            Kind::Text(content) => text.push_str(content),
            Kind::Element(_) if !self.dom.is_visible(node) => {}
            Kind::Element(element) => {
                let is_inline = matches!(
                    &*element.name.local,
                    "a" | "abbr"
                        | "b"
                        | "bdi"
                        | "bdo"
                        | "cite"
                        | "code"
                        | "data"
                        | "dfn"
                        | "em"
                        | "i"
                        | "kbd"
                        | "label"
                        | "mark"
                        | "q"
                        | "s"
                        | "samp"
                        | "small"
                        | "span"
                        | "strong"
                        | "sub"
                        | "sup"
                        | "time"
                        | "u"
                        | "var"
                );
                let space = if is_inline { "" } else { " " };
                text.push_str(space);
                for child in self.dom.children(node) {
                    self.push_visible(child, text);
                }
                text.push_str(space);
            }
            _ => {
                for child in self.dom.children(node) {
                    self.push_visible(child, text);
                }
            }
        }
    }
}
