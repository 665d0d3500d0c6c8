//! Collects the literals of a template that only meet in a browser; see [`Literals`].

use proc_macro2::{Span, TokenStream, TokenTree};
use stario_html::names::{DatastarName, camel_cased};

use super::ast::{
    Attr, Component, Element, Else, If, Literal, NamedAttr, Node, Prop, Splice, Tag, Template, Value,
    ValuePart,
};
use super::braces::characters;
use super::forms;
use crate::literals::{Literals, javascript, rust, typed};

/// Collects the literals of a whole template.
pub(crate) fn collect(template: &Template) -> Literals {
    let mut collector =
        Collector { literals: Literals::default(), place: Vec::new(), branches: 0, form: None };
    collector.nodes(&template.nodes);
    if let Some(component) = &template.component
        && ['i', 'f', 'c'].iter().any(|kind| collector.literals.has(*kind))
    {
        collector.literals.add('C', component.span(), &component.to_string());
    }
    collector.literals
}

/// Returns the literal ids of the outermost elements, and the literal beginnings of those that are made at run time, with their
/// letters and spans.
pub(super) fn root_ids(template: &Template) -> Vec<(char, Span, String)> {
    let mut found = Vec::new();
    for node in &template.nodes {
        let Node::Element(element) = node else { continue };
        for attr in &element.attrs {
            let Attr::Named(NamedAttr { name, value: Some(value) }) = attr else { continue };
            if name.text != "id" {
                continue;
            }
            match value {
                Value::Literal(text) => found.push(('o', text.span, characters(text).into_owned())),
                Value::Parts(_) | Value::Splice(_) => {
                    let begun = beginning(value).filter(|(_, text)| !text.is_empty());
                    found.extend(begun.map(|(span, text)| ('O', span, text)));
                }
                Value::Number(_) => {}
            }
        }
    }
    found
}

/// Rust without any of these has no literals that a template collects.
const WORDS: [&str; 5] = ["action", "selector", "Raw", "push_trusted_markup", "js"];

struct Collector {
    literals: Literals,
    /// The conditions and loops around the current node: `i1.0` is the first arm of branch 1, `f2` a loop, `g2` a loop
    /// with a `continue` or `break`, `c3` the children of a component, `t` a `<template>`.
    place: Vec<String>,
    /// The number of places that have a number.
    branches: usize,
    /// The number of the form around the current node.
    form: Option<usize>,
}

impl Collector {
    fn number(&mut self) -> usize {
        self.branches += 1;
        self.branches
    }

    fn inside(&mut self, place: String, collect: impl FnOnce(&mut Self)) {
        self.place.push(place);
        collect(self);
        self.place.pop();
    }

    fn add(&mut self, kind: char, span: Span, literal: &str) {
        self.literals.add_in(kind, span, literal, &self.place);
    }

    fn splice(&mut self, splice: &Splice) {
        // Without a call there is no literal.
        if splice.has_group {
            self.rust(&splice.tokens);
        }
    }

    /// Adds the typed signals that Rust is given, which may place them anywhere.
    fn given(&mut self, tokens: &TokenStream, has_group: bool) {
        if has_group {
            typed::given(tokens.clone(), &mut self.literals);
        }
    }

    fn rust(&mut self, tokens: &TokenStream) {
        // Most values have no literals, which is found sooner in their text than in their tokens.
        let text = tokens.to_string();
        if !WORDS.iter().any(|word| text.contains(word)) {
            return;
        }
        let context = rust::Context { in_template: true, ..rust::Context::default() };
        rust::scan(tokens.clone(), context, &mut self.literals);
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(_) | Node::Doctype | Node::Comment(_) => {}
                Node::Splice(splice) => {
                    self.splice(splice);
                    self.given(&splice.tokens, splice.has_group);
                }
                Node::Statement(statement) => {
                    self.rust(&statement.tokens);
                    self.given(&statement.tokens, true);
                }
                Node::Element(element) => self.element(element),
                Node::Fragment(nodes) => self.nodes(nodes),
                Node::Component(component) => {
                    self.component(component);
                    let number = self.number();
                    self.inside(format!("c{number}"), |this| this.nodes(&component.children));
                }
                Node::If(branch) => {
                    let number = self.number();
                    self.branch(branch, number, 0, &mut |this, nodes| this.nodes(nodes));
                }
                Node::For(node) => {
                    let number = self.number();
                    let letter = if is_left_early(&node.body) { 'g' } else { 'f' };
                    self.inside(format!("{letter}{number}"), |this| this.nodes(&node.body));
                }
                Node::Match(node) => {
                    let number = self.number();
                    for (arm, node) in node.arms.iter().enumerate() {
                        self.inside(format!("i{number}.{arm}"), |this| this.nodes(&node.body));
                    }
                }
            }
        }
    }

    /// Collects the arms of an `if` and of its `else`s.
    fn branch<T>(
        &mut self,
        branch: &If<T>,
        number: usize,
        arm: usize,
        collect: &mut dyn FnMut(&mut Self, &[T]),
    ) {
        self.inside(format!("i{number}.{arm}"), |this| collect(this, &branch.then));
        match &branch.otherwise {
            Some(Else::If(branch)) => self.branch(branch, number, arm + 1, collect),
            Some(Else::Block(block)) => {
                self.inside(format!("i{number}.{}", arm + 1), |this| collect(this, block));
            }
            None => {}
        }
    }

    fn component(&mut self, component: &Component) {
        if let Some(TokenTree::Ident(name)) = component.path.clone().into_iter().last() {
            self.add('c', component.range.first, &name.to_string());
        }
        component.props.iter().for_each(|prop| self.prop(prop));
    }

    fn prop(&mut self, prop: &Prop) {
        match (&prop.text, &prop.value) {
            (Some(text), _) if !text.value.contains(char::is_whitespace) => {
                self.add('m', text.span, &text.value);
            }
            (None, Some(value)) => {
                self.rust(value);
                self.given(value, true);
            }
            _ => {}
        }
    }

    fn element(&mut self, element: &Element) {
        let name = match &element.tag {
            Tag::Named(name) => name.text.as_str(),
            Tag::Dynamic(_) => "",
        };
        if matches!(name, "html" | "body")
            && let Tag::Named(name) = &element.tag
        {
            self.add('h', name.range.first, "");
        }
        element.attrs.iter().for_each(|attr| self.attr(attr));
        let outer = self.form;
        if name == "form" {
            self.form = Some(self.number());
        }
        self.form_parts(name, &element.attrs);
        match name {
            "script" | "style" => {}
            // The content of a `<template>` is no part of the page.
            "template" => self.inside("t".to_owned(), |this| this.nodes(&element.children)),
            _ => self.nodes(&element.children),
        }
        self.form = outer;
    }

    /// Adds what the element says of the form around it.
    fn form_parts(&mut self, name: &str, attrs: &[Attr]) {
        let Some(form) = self.form else { return };
        for (kind, span, text) in forms::parts(name, attrs) {
            self.literals.add(kind, span, &format!("{form} {text}"));
        }
    }

    fn attr(&mut self, attr: &Attr) {
        match attr {
            Attr::Named(attr) => self.named(attr),
            // A spread may have any id and any signal.
            Attr::Spread(splice) => {
                self.add('x', splice.span, "");
                self.add('S', splice.span, "");
            }
            Attr::If(branch) => {
                let number = self.number();
                self.branch(branch, number, 0, &mut |this, attrs| {
                    for attr in attrs {
                        this.attr(attr);
                    }
                });
            }
        }
    }

    fn named(&mut self, attr: &NamedAttr) {
        let name = attr.name.text.as_str();
        let span = attr.name.range.first;
        if let Some(Value::Splice(splice)) = &attr.value {
            self.splice(splice);
        }
        if name == "id" {
            match &attr.value {
                Some(Value::Literal(text)) => self.add('i', text.span, &characters(text)),
                Some(value @ (Value::Parts(_) | Value::Splice(_))) => self.id_of(beginning(value), span),
                Some(Value::Number(_)) | None => {}
            }
        } else if let Some(rest) = name.strip_prefix("data-") {
            self.datastar(attr, &DatastarName::parse(rest), span);
        }
    }

    /// Adds an id that is made at run time, by its literal beginning.
    fn id_of(&mut self, beginning: Option<(Span, String)>, span: Span) {
        match beginning {
            Some((span, text)) if !text.is_empty() => self.add('p', span, &text),
            _ => self.add('x', span, ""),
        }
    }

    fn datastar(&mut self, attr: &NamedAttr, name: &DatastarName<'_>, span: Span) {
        let value = attr.value.as_ref();
        match (name.plugin, name.key) {
            ("signals" | "computed" | "bind" | "indicator" | "ref", Some(key)) => {
                let kind = match (name.plugin, value) {
                    ("bind", _) => '*',
                    ("indicator", _) => 'b',
                    ("signals", Some(Value::Literal(text) | Value::Number(text))) => {
                        javascript::kind(&text.value)
                    }
                    _ => '?',
                };
                self.add('s', span, &format!("{}:{kind}", cased(key, name)));
                match name.plugin {
                    "signals" => self.expression(value),
                    "computed" => {
                        self.expression(value);
                        self.unseen(value);
                    }
                    _ => {}
                }
            }
            ("bind" | "indicator" | "ref", None) => match value {
                Some(Value::Literal(text)) => {
                    let kind = match name.plugin {
                        "bind" => '*',
                        "indicator" => 'b',
                        _ => '?',
                    };
                    self.add(
                        's',
                        text.span,
                        &format!("{}:{kind}", text.value.trim().trim_start_matches('$')),
                    );
                }
                Some(Value::Splice(splice)) => self.bound(splice, name.plugin == "bind", span),
                Some(_) => self.add('S', span, ""),
                None => {}
            },
            ("signals" | "computed", None) => self.object(value, name.plugin == "signals", span),
            (
                "attr" | "class" | "effect" | "init" | "on" | "on-intersect" | "on-interval"
                | "on-signal-patch" | "show" | "style" | "text",
                _,
            ) => {
                self.expression(value);
                self.unseen(value);
                if let Some(value) = value {
                    self.sent(attr, name, value);
                }
            }
            _ => {}
        }
    }

    /// Adds the signal that an attribute names by a value.
    fn bound(&mut self, splice: &Splice, is_shown: bool, span: Span) {
        if let Some(path) = typed::bound(splice.tokens.clone()) {
            self.add(if is_shown { 'b' } else { 'B' }, span, &path);
        } else if let Some(name) = typed::typed(&splice.tokens.clone().into_iter().collect::<Vec<_>>()) {
            self.add('y', span, &name);
        } else {
            self.add('S', span, "");
            self.add('V', span, "");
        }
    }

    /// Adds the signals in the value of `data-signals` or `data-computed`.
    fn object(&mut self, value: Option<&Value>, is_kind_known: bool, span: Span) {
        match value {
            Some(Value::Literal(text)) if is_kind_known => self.literals.add_object(text.span, &text.value),
            Some(Value::Literal(text)) => {
                let mut found = Vec::new();
                if !javascript::object(&text.value, "", &mut found) {
                    self.add('S', text.span, "");
                }
                for (name, _) in found {
                    self.add('s', text.span, &format!("{name}:?"));
                }
            }
            Some(Value::Parts(parts)) => {
                // A NUL stands for a value: no kind is known for it.
                let text: String = parts
                    .iter()
                    .map(|part| match part {
                        ValuePart::Literal(text) => text.value.as_str(),
                        ValuePart::Splice(_) => "\u{0}",
                    })
                    .collect();
                self.literals.add_object(span, &text);
            }
            Some(Value::Splice(splice)) => {
                return rust::declared(splice.tokens.clone(), splice.span, &mut self.literals);
            }
            Some(Value::Number(_)) | None => {}
        }
        self.expression(value);
    }

    /// Adds the signals in an expression.
    fn expression(&mut self, value: Option<&Value>) {
        match value {
            Some(Value::Literal(text)) => self.code(text),
            Some(Value::Parts(parts)) => {
                for part in parts {
                    match part {
                        ValuePart::Literal(text) => self.code(text),
                        ValuePart::Splice(splice) => {
                            self.splice(splice);
                            self.references(splice);
                        }
                    }
                }
            }
            Some(Value::Splice(splice)) => self.references(splice),
            Some(Value::Number(_)) | None => {}
        }
    }

    /// Adds that an expression may have signals that the macro cannot see.
    fn unseen(&mut self, value: Option<&Value>) {
        if let Some(Value::Splice(splice)) = value
            && !typed::is_all_seen(splice.tokens.clone())
        {
            self.add('U', splice.span, "");
        }
    }

    /// Adds the typed signals in an expression.
    fn references(&mut self, splice: &Splice) {
        if splice.has_group {
            typed::references(splice.tokens.clone(), &mut self.literals);
        }
    }

    fn code(&mut self, text: &Literal) {
        self.literals.add_expression(text.span, &text.value);
        if let Some((method, url)) = javascript::action(&text.value) {
            let is_payload = |rest: &str| rest.trim_start_matches(['\'', '"', ' ']).starts_with(':');
            let has_payload = text.value.split("payload").skip(1).any(is_payload);
            let letter = if has_payload { 'P' } else { 'a' };
            self.add(letter, text.span, &format!("@{method} {url}"));
        }
    }

    /// Adds an action that the element sends by itself, at a moment at which other elements may send theirs.
    fn sent(&mut self, attr: &NamedAttr, name: &DatastarName<'_>, value: &Value) {
        let is_shared = matches!(name.plugin, "init" | "effect" | "on-interval" | "on-signal-patch")
            || (name.plugin == "on"
                && name.modifiers.iter().any(|(modifier, _)| matches!(*modifier, "window" | "document")));
        if !is_shared {
            return;
        }
        let (sent, span) = match value {
            Value::Literal(text) if !text.value.contains("requestCancellation") => (
                javascript::action(&text.value).map(|(method, url)| format!("@{method}('{url}')")),
                text.span,
            ),
            Value::Splice(splice) => (typed::sent_action(splice.tokens.clone()), splice.span),
            _ => return,
        };
        if let Some(sent) = sent {
            self.add('f', span, &format!("{} {sent}", attr.name.text));
        }
    }
}

/// Returns the name that Datastar makes of a key, by the modifier `__case`.
fn cased(key: &str, name: &DatastarName<'_>) -> String {
    let case = name.modifiers.iter().find(|(modifier, _)| *modifier == "case");
    match case.and_then(|(_, arguments)| arguments.first().copied()) {
        Some("kebab") => key.to_owned(),
        Some("snake") => key.replace('-', "_"),
        Some("pascal") => {
            let camel = camel_cased(key);
            let mut chars = camel.chars();
            chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
        }
        _ => camel_cased(key),
    }
}

/// Returns the literal at the beginning of a value, such as `{"row-", id}`.
fn beginning(value: &Value) -> Option<(Span, String)> {
    match value {
        Value::Parts(parts) => match parts.first() {
            Some(ValuePart::Literal(text)) => Some((text.span, text.value.clone())),
            _ => None,
        },
        Value::Splice(splice) => beginning_of(splice),
        Value::Literal(_) | Value::Number(_) => None,
    }
}

/// Returns the literal at the beginning of `{("row-", id)}` or `{format!("row-{id}")}`.
fn beginning_of(splice: &Splice) -> Option<(Span, String)> {
    let tokens: Vec<TokenTree> = splice.tokens.clone().into_iter().collect();
    let (group, is_format) = match &tokens[..] {
        [TokenTree::Group(group)] => (group, false),
        [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Group(group)] if name == "format" => {
            (group, true)
        }
        _ => return None,
    };
    let first = group.stream().into_iter().next()?;
    let text = syn::parse2::<syn::LitStr>(first.clone().into()).ok()?.value();
    let text = if is_format { text.split('{').next().unwrap_or_default().to_owned() } else { text };
    Some((first.span(), text))
}

/// Whether a turn of a loop may end before its last element.
fn is_left_early(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Statement(statement) => !statement.is_let,
        Node::Element(element) => is_left_early(&element.children),
        Node::Fragment(nodes) => is_left_early(nodes),
        Node::If(branch) => is_branch_left_early(branch),
        Node::For(node) => is_left_early(&node.body),
        Node::Match(node) => node.arms.iter().any(|arm| is_left_early(&arm.body)),
        _ => false,
    })
}

fn is_branch_left_early(branch: &If<Node>) -> bool {
    is_left_early(&branch.then)
        || match &branch.otherwise {
            Some(Else::If(branch)) => is_branch_left_early(branch),
            Some(Else::Block(nodes)) => is_left_early(nodes),
            None => false,
        }
}

#[cfg(test)]
mod tests;
