//! Answers and events → changes of the page, as the client's watchers make them.

use std::collections::HashSet;

use super::address::resolve;
use super::document::{Document, Navigation};
use super::dom::{Dom, Kind, NodeId};
use super::events::Event;
use super::failure::{Failure, shortened};
use super::morph::morph;
use super::script::{Value, last_value};

/// What an event says of the elements that it brings.
#[derive(Debug, Default)]
pub(in crate::testing) struct ElementPatch {
    pub(in crate::testing) selector: Option<String>,
    pub(in crate::testing) mode: Option<String>,
    pub(in crate::testing) namespace: Option<String>,
    pub(in crate::testing) elements: Option<String>,
}

const MODES: &[&str] = &["remove", "outer", "inner", "replace", "prepend", "append", "before", "after"];

impl Document {
    /// Applies patched elements. `origin` names the request that brought them.
    pub(in crate::testing) fn patch_elements(
        &mut self,
        patch: &ElementPatch,
        origin: &str,
    ) -> Result<(), Failure> {
        let mode = patch.mode.as_deref().unwrap_or("outer");
        if !MODES.contains(&mode) {
            return Err(Failure(format!(
                "an event has the mode `{mode}`, which the client does not know; it came of {origin}"
            )));
        }
        let selector = patch.selector.as_deref().unwrap_or_default();
        let known: HashSet<NodeId> = self.scripts_in(Dom::DOCUMENT).into_iter().collect();
        let fragment = self.fragment(patch.elements.as_deref(), patch.namespace.as_deref().unwrap_or("html"));
        let mut controls = Vec::new();
        if selector.is_empty() {
            if !matches!(mode, "outer" | "replace") {
                return Err(Failure(format!(
                    "an event with the mode `{mode}` has no selector; it came of {origin}"
                )));
            }
            let elements: Vec<NodeId> = self.dom.element_children(fragment).collect();
            let text = self.dom.text_content(fragment);
            if elements.is_empty() && !text.trim().is_empty() {
                self.miss(
                    &format!("an event brings text without an element, {:?}", shortened(&text)),
                    mode,
                    origin,
                    "",
                )?;
            }
            for element in elements {
                match self.target_of(element) {
                    Some(target) => {
                        self.expect_one(target, origin)?;
                        controls.extend(self.apply_mode(mode, target, element));
                    }
                    None => {
                        let id = self.dom.id_of(element).to_owned();
                        let what = if id.is_empty() {
                            format!(
                                "an event brings {}, which has no id",
                                shortened(&self.dom.opening_tag(element))
                            )
                        } else {
                            format!("an event brings an element for `#{id}`, which the page does not have")
                        };
                        self.miss(&what, mode, origin, &format!("#{id}"))?;
                    }
                }
            }
        } else {
            let targets = self.dom.select(selector)?;
            if targets.is_empty() {
                let what = format!("an event has no target: `{selector}` matches nothing");
                self.miss(&what, mode, origin, selector)?;
            }
            let is_single = targets.len() == 1;
            for target in targets {
                let content =
                    if is_single || mode == "remove" { fragment } else { self.dom.clone_node(fragment) };
                controls.extend(self.apply_mode(mode, target, content));
            }
        }
        for control in controls {
            self.emit(control, &Event::new("datastar-prop-change"))?;
        }
        self.run_new_scripts(&known);
        self.is_patched = true;
        self.react()
    }

    /// Fails, because the client would only write a warning.
    fn miss(&self, what: &str, mode: &str, origin: &str, selector: &str) -> Result<(), Failure> {
        if self.allows_missing_targets {
            return Ok(());
        }
        let nearest = if selector.len() > 1 { self.dom.nearest(selector) } else { self.dom.nearest("") };
        Err(Failure(format!("{what} (mode `{mode}`); {nearest}; it came of {origin}")))
    }

    /// Fails if other elements have the target's id, because the client would patch the first one alone.
    fn expect_one(&self, target: NodeId, origin: &str) -> Result<(), Failure> {
        let id = self.dom.id_of(target);
        if id.is_empty() || self.allows_missing_targets {
            return Ok(());
        }
        let count = self.dom.elements(Dom::DOCUMENT).filter(|&node| self.dom.id_of(node) == id).count();
        if count == 1 {
            return Ok(());
        }
        Err(Failure(format!(
            "an event brings an element for `#{id}`, and {count} elements of the page have this id; it came of {origin}"
        )))
    }

    fn target_of(&self, element: NodeId) -> Option<NodeId> {
        match self.dom.html_name(element) {
            "html" => self.dom.root(),
            "body" => self.dom.body(),
            "head" => self.dom.head(),
            _ => self.dom.by_id(self.dom.id_of(element)),
        }
    }

    /// Applies a patch to one element; returns the controls whose state was set.
    fn apply_mode(&mut self, mode: &str, target: NodeId, content: NodeId) -> Vec<NodeId> {
        let dom = &mut self.dom;
        match mode {
            "remove" => dom.detach(target),
            "outer" | "inner" => {
                return morph(dom, target, content, mode == "inner", self.pantry).changed_controls;
            }
            "prepend" => {
                let first = dom.first_child(target);
                dom.insert(target, content, first);
            }
            "append" => dom.append(target, content),
            _ => {
                if let Some(parent) = dom.parent(target) {
                    let next = if mode == "before" { Some(target) } else { dom.next(target) };
                    dom.insert(parent, content, next);
                    if mode == "replace" {
                        dom.detach(target);
                    }
                }
            }
        }
        Vec::new()
    }

    /// Parses what an event brings as the client does.
    fn fragment(&mut self, elements: Option<&str>, namespace: &str) -> NodeId {
        let fragment = self.dom.create(Kind::Fragment);
        let Some(html) = elements else { return fragment };
        let outer = match namespace {
            "svg" => "svg",
            "mathml" => "math",
            _ => "",
        };
        let has = |tag: &str| html.contains(tag);
        let (has_html, has_head, has_body) = (has("</html>"), has("</head>"), has("</body>"));
        let is_whole = has_html || has_head || has_body;
        let parsed = if is_whole {
            self.dom.parse(html)
        } else if outer.is_empty() {
            self.dom.parse(&format!("<body><template>{html}</template></body>"))
        } else {
            self.dom.parse(&format!("<body><template><{outer}>{html}</{outer}></template></body>"))
        };
        let find = |dom: &Dom, name: &str| dom.elements(parsed).find(|&node| dom.html_name(node) == name);
        if has_html {
            let root = find(&self.dom, "html");
            if let Some(root) = root {
                self.dom.append(fragment, root);
            }
        } else if is_whole {
            let parts =
                [find(&self.dom, "head").filter(|_| has_head), find(&self.dom, "body").filter(|_| has_body)];
            for part in parts.into_iter().flatten() {
                self.dom.append(fragment, part);
            }
        } else if let Some(content) =
            find(&self.dom, "template").and_then(|template| self.dom.template_content(template))
        {
            if outer.is_empty() {
                return content;
            }
            let drawing = self.dom.element_children(content).next();
            let children: Vec<NodeId> = drawing.map(|it| self.dom.children(it).collect()).unwrap_or_default();
            // The client moves the items of a list that shrinks as it does so: every second one is lost.
            for child in children.into_iter().step_by(2) {
                self.dom.append(fragment, child);
            }
        }
        fragment
    }

    fn scripts_in(&self, root: NodeId) -> Vec<NodeId> {
        self.dom.elements(root).filter(|&node| self.dom.html_name(node) == "script").collect()
    }

    /// Notes the scripts that a patch brought, and does what those do that lead elsewhere.
    fn run_new_scripts(&mut self, known: &HashSet<NodeId>) {
        for script in self.scripts_in(Dom::DOCUMENT) {
            let kind = self.dom.attribute(script, "type").unwrap_or_default().to_ascii_lowercase();
            let is_code = matches!(&*kind, "" | "module" | "text/javascript" | "application/javascript");
            if is_code && !known.contains(&script) {
                let code = self.dom.text_content(script);
                self.run_script(&code);
            }
        }
    }

    /// Notes a script. One that only leads elsewhere is followed.
    pub(in crate::testing) fn run_script(&mut self, code: &str) {
        self.scripts.push(code.to_owned());
        match destination(code) {
            Some(Destination::Address(address)) => {
                self.navigation = Some(Navigation::get(resolve(&self.address, &address)));
            }
            Some(Destination::Again) => self.navigation = Some(Navigation::get(self.address.clone())),
            None => {}
        }
    }

    /// Applies patched signals.
    pub(in crate::testing) fn patch_signals(
        &mut self,
        json: &str,
        only_if_missing: bool,
        origin: &str,
    ) -> Result<(), Failure> {
        let value = match serde_json::from_str::<Ordered>(json) {
            Ok(Ordered(value)) => value,
            Err(_) => self.literal(json).ok_or_else(|| {
                Failure(format!(
                    "the signals of an event are no JSON: {}; they came of {origin}",
                    shortened(json)
                ))
            })?,
        };
        self.signals.merge(value, only_if_missing);
        self.react()
    }

    /// The filter of signals that an attribute holds, in JSON or as an object of JavaScript.
    pub(in crate::testing) fn filter(
        &mut self,
        element: NodeId,
        attribute: &str,
        text: &str,
    ) -> Result<Value, Failure> {
        if text.is_empty() {
            return Ok(Value::Undefined);
        }
        self.literal(text).ok_or_else(|| {
            Failure(format!("{attribute}=\"{text}\" is no filter of signals: {}", self.dom.place(element)))
        })
    }

    /// A JavaScript object, which the client reads as well.
    fn literal(&mut self, code: &str) -> Option<Value> {
        let program = super::script::parse(&format!("({code})")).ok()?;
        last_value(&program)?;
        super::script::evaluate(&program, &mut super::script::Scope::default(), self).ok()
    }
}

/// JSON whose fields keep their order.
struct Ordered(Value);

impl<'de> serde::Deserialize<'de> for Ordered {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OrderedVisitor).map(Self)
    }
}

struct OrderedVisitor;

impl<'de> serde::de::Visitor<'de> for OrderedVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    #[allow(clippy::cast_precision_loss)] // As JavaScript reads it.
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    #[allow(clippy::cast_precision_loss)] // As JavaScript reads it.
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::text(value))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Ordered(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Value::Object(Vec::new());
        while let Some((name, Ordered(value))) = fields.next_entry::<String, Ordered>()? {
            object.set_field(&name, value);
        }
        Ok(object)
    }
}

enum Destination {
    Address(String),
    Again,
}

/// Where a script leads that does nothing else: `setTimeout(() => window.location = "/")` and its like.
fn destination(code: &str) -> Option<Destination> {
    let mut code = code.trim().trim_end_matches(';').trim_end();
    if let Some(inner) = code.strip_prefix("setTimeout(") {
        let inner = inner.trim_start().strip_prefix("()")?.trim_start().strip_prefix("=>")?;
        let inner = inner.trim().strip_suffix(')')?;
        // The time may follow.
        let is_time = |text: &str| text.chars().all(|it| it.is_ascii_digit() || it.is_whitespace());
        let inner = match inner.rsplit_once(',') {
            Some((before, time)) if is_time(time) => before,
            _ => inner,
        };
        code = inner.trim();
    }
    let code =
        ["window.", "document.", "top.", "self."].iter().find_map(|it| code.strip_prefix(it)).unwrap_or(code);
    let rest = code.strip_prefix("location")?.trim_start();
    if rest == ".reload()" {
        return Some(Destination::Again);
    }
    let rest = rest.strip_prefix(".href").unwrap_or(rest).trim_start();
    let call = [".assign(", ".replace("].iter().find_map(|it| rest.strip_prefix(it)?.strip_suffix(')'));
    let literal = call.or_else(|| rest.strip_prefix('=')).map(str::trim)?;
    match last_value(&super::script::parse(literal).ok()?)? {
        super::script::Expression::Literal(Value::String(address)) => {
            Some(Destination::Address(address.clone()))
        }
        _ => None,
    }
}
