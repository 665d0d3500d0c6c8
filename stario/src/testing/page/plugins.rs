//! What each `data-*` attribute does.

use super::attribute::DataAttribute;
use super::bind::Bind;
use super::document::{Act, Code, Document, Effect, EffectKind, Indicator, Listener, ListensAt};
use super::dom::NodeId;
use super::failure::Failure;
use super::script::{Expression, Scope, Value, last_value};
use super::signals::Filter;

impl Document {
    /// Applies an attribute; returns whether the client has one of this name.
    pub(in crate::testing) fn apply_plugin(
        &mut self,
        key: usize,
        attribute: &DataAttribute,
        code: Code,
    ) -> Result<bool, Failure> {
        check(attribute, &code, || self.dom.place(code.element))?;
        let name = attribute.key.clone();
        match &*attribute.plugin {
            "text" => self.effect(key, EffectKind::Text(code))?,
            "show" => self.effect(key, EffectKind::Show(code))?,
            "effect" => self.effect(key, EffectKind::Run(code))?,
            "attr" => self.effect(key, EffectKind::Attr(name, code))?,
            "class" => self.effect(key, EffectKind::Class(attribute.cased("kebab"), code))?,
            "style" => self.effect(key, EffectKind::Style(name, code))?,
            "computed" => self.effect(key, EffectKind::Computed(attribute.cased("camel"), code))?,
            "json-signals" => {
                let options = self.filter(code.element, &code.attribute, &code.text)?;
                self.effect(key, EffectKind::JsonSignals(code.element, options))?;
            }
            "signals" => self.declare(attribute, &code)?,
            "init" => {
                self.run(&code, &mut Scope::default())?;
                self.settle_effects()?;
            }
            "ref" => {
                let signal = attribute.cased("camel").unwrap_or(code.text);
                self.signals.merge_path(&signal, Value::Element(code.element), false);
            }
            "indicator" => {
                let signal = attribute.cased("camel").unwrap_or(code.text);
                self.signals.merge_path(&signal, Value::Bool(false), false);
                self.indicators.push(Indicator { key, element: code.element, signal, running: 0 });
            }
            "bind" => self.bind(key, attribute, &code)?,
            "on" => self.listen(key, attribute, code),
            "on-intersect" | "on-interval" | "on-signal-patch" if name.as_deref() != Some("filter") => {
                let event = attribute.plugin.clone();
                let has_leading = |durations: &[String]| durations.iter().any(|it| it == "leading");
                if attribute.plugin == "on-interval"
                    && attribute.arguments("duration").is_some_and(has_leading)
                {
                    self.run(&code, &mut Scope::default())?;
                    self.settle_effects()?;
                }
                self.add_listener(key, attribute, code.element, &event, ListensAt::Element, Act::Run(code));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn effect(&mut self, key: usize, kind: EffectKind) -> Result<(), Failure> {
        self.effects.push(Effect { key, kind, reads: Vec::new() });
        self.run_effect(key)?;
        self.settle_effects()
    }

    fn declare(&mut self, attribute: &DataAttribute, code: &Code) -> Result<(), Failure> {
        let only_if_missing = attribute.has("ifmissing");
        let value =
            if code.text.is_empty() { Value::Undefined } else { self.run(code, &mut Scope::default())? };
        match attribute.cased("camel") {
            Some(name) => self.signals.merge_path(&name, value, only_if_missing),
            None => self.signals.merge(value, only_if_missing),
        }
        self.settle_effects()
    }

    fn bind(&mut self, key: usize, attribute: &DataAttribute, code: &Code) -> Result<(), Failure> {
        let signal = attribute.cased("camel").unwrap_or_else(|| code.text.clone());
        let prop = attribute.arguments("prop").and_then(|arguments| arguments.first().cloned());
        let events = attribute.arguments("event").map(<[String]>::to_vec);
        let (bind, events) = Bind::new(&mut self.dom, &mut self.signals, code.element, &signal, prop, events);
        for event in events.iter().map(String::as_str).chain(["datastar-prop-change"]) {
            let act = Act::Bind(bind.clone());
            self.add_listener(key, attribute, code.element, event, ListensAt::Element, act);
        }
        if bind.is_file {
            return self.settle_effects();
        }
        self.effect(key, EffectKind::Bind(bind))
    }

    fn listen(&mut self, key: usize, attribute: &DataAttribute, code: Code) {
        let event = attribute.cased("kebab").unwrap_or_default();
        let at = if attribute.has("window") {
            ListensAt::Window
        } else if attribute.has("document")
            || attribute.has("outside")
            || matches!(&*event, "datastar-fetch" | "datastar-signal-patch")
        {
            ListensAt::Document
        } else {
            ListensAt::Element
        };
        self.add_listener(key, attribute, code.element, &event, at, Act::Run(code));
    }

    fn add_listener(
        &mut self,
        key: usize,
        attribute: &DataAttribute,
        element: NodeId,
        event: &str,
        at: ListensAt,
        act: Act,
    ) {
        let (event, attribute) = (event.to_owned(), attribute.clone());
        self.listeners.push(Listener { key, element, event, at, attribute, act });
    }

    /// Takes back what an attribute did.
    pub(in crate::testing) fn forget_plugin(&mut self, key: usize) {
        self.listeners.retain(|listener| listener.key != key);
        if let Some(position) = self.indicators.iter().position(|indicator| indicator.key == key) {
            let indicator = self.indicators.remove(position);
            self.signals.merge_path(&indicator.signal, Value::Bool(false), false);
        }
        let Some(position) = self.effects.iter().position(|effect| effect.key == key) else { return };
        let effect = self.effects.remove(position);
        if let EffectKind::Class(name, code) = effect.kind {
            // The client takes away all classes that it knows of.
            let names = match (name, code.program().and_then(last_value)) {
                (Some(name), _) => vec![name],
                (None, Some(Expression::Object(fields))) => {
                    fields.iter().map(|(name, _)| name.clone()).collect()
                }
                _ => Vec::new(),
            };
            for name in names {
                self.set_class(code.element, &name, false);
            }
        }
    }

    /// Runs an effect once.
    pub(in crate::testing) fn do_effect(&mut self, kind: &EffectKind) -> Result<(), Failure> {
        let mut scope = Scope::default();
        match kind {
            EffectKind::Text(code) => {
                let text = self.run(code, &mut scope)?.to_text();
                if self.dom.text_content(code.element) != text {
                    self.dom.set_text_content(code.element, &text);
                }
            }
            EffectKind::Show(code) => {
                let is_shown = self.run(code, &mut scope)?.is_truthy();
                let display = self.style(code.element, "display");
                if !is_shown {
                    self.set_style(code.element, "display", Some("none"));
                } else if display.as_deref() == Some("none") {
                    self.set_style(code.element, "display", None);
                }
            }
            EffectKind::Attr(Some(name), code) => {
                let value = self.run(code, &mut scope)?;
                self.show_attribute(code.element, name, &value);
            }
            EffectKind::Attr(None, code) => {
                for (name, value) in fields(self.run(code, &mut scope)?) {
                    self.show_attribute(code.element, &name, &value);
                }
            }
            EffectKind::Class(name, code) => {
                let value = self.run(code, &mut scope)?;
                let classes = match name {
                    Some(name) => vec![(name.clone(), value)],
                    None => fields(value),
                };
                for (names, value) in classes {
                    for name in names.split_whitespace() {
                        self.set_class(code.element, name, value.is_truthy());
                    }
                }
            }
            EffectKind::Style(name, code) => {
                let value = self.run(code, &mut scope)?;
                let rules = match name {
                    Some(name) => vec![(name.clone(), value)],
                    None => fields(value),
                };
                for (name, value) in rules {
                    let is_set = value.is_truthy() || value == Value::Number(0.0);
                    let text = Some(value.to_text()).filter(|_| is_set);
                    self.set_style(code.element, &kebab(&name), text.as_deref());
                }
            }
            EffectKind::Computed(name, code) => self.compute(name.as_deref(), code)?,
            EffectKind::Run(code) => {
                self.run(code, &mut scope)?;
            }
            EffectKind::Bind(bind) => {
                let (path, value) = bind.signal(&self.signals);
                if let Some(reads) = &mut self.reads {
                    reads.push((path, value.clone()));
                }
                bind.show(&mut self.dom, value);
            }
            EffectKind::JsonSignals(element, options) => {
                let json = self.signals.filtered(&Filter::new(options, None)?).to_json();
                if self.dom.text_content(*element) != json {
                    self.dom.set_text_content(*element, &json);
                }
            }
        }
        Ok(())
    }

    fn compute(&mut self, name: Option<&str>, code: &Code) -> Result<(), Failure> {
        if let Some(name) = name {
            let value = self.run(code, &mut Scope::default())?;
            self.signals.merge_path(name, value, false);
            return Ok(());
        }
        // `{total: () => $a + $b}`: each function is an expression of its own.
        let functions = match code.program().and_then(last_value) {
            Some(Expression::Object(fields)) => fields.clone(),
            _ => {
                self.run(code, &mut Scope::default())?;
                Vec::new()
            }
        };
        for (name, function) in functions {
            let Expression::Function(body) = function else {
                return Err(Failure(format!(
                    "`{name}` of {}=\"{}\" is no function",
                    code.attribute, code.text
                )));
            };
            let value = self.run_expression(code, *body)?;
            self.signals.merge_path(&name, value, false);
        }
        Ok(())
    }

    fn show_attribute(&mut self, element: NodeId, name: &str, value: &Value) {
        let name = name.to_ascii_lowercase();
        let text = match value {
            Value::Bool(true) => Some(String::new()),
            Value::Bool(false) | Value::Null | Value::Undefined => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_json()),
        };
        match text {
            Some(text) if self.dom.attribute(element, &name) == Some(&*text) => {}
            Some(text) => self.dom.set_attribute(element, &name, &text),
            None => self.dom.remove_attribute(element, &name),
        }
    }

    fn set_class(&mut self, element: NodeId, name: &str, is_there: bool) {
        let written = self.dom.attribute(element, "class").unwrap_or_default();
        let mut classes: Vec<&str> = written.split_ascii_whitespace().collect();
        if classes.contains(&name) == is_there {
            return;
        }
        if is_there {
            classes.push(name);
        } else {
            classes.retain(|class| *class != name);
        }
        let classes = classes.join(" ");
        self.dom.set_attribute(element, "class", &classes);
    }

    /// A property of the `style` attribute.
    fn style(&self, element: NodeId, name: &str) -> Option<String> {
        let rules = rules(self.dom.attribute(element, "style").unwrap_or_default());
        rules.into_iter().rfind(|(rule, _)| rule == name).map(|(_, value)| value)
    }

    fn set_style(&mut self, element: NodeId, name: &str, value: Option<&str>) {
        if self.style(element, name).as_deref() == value {
            return;
        }
        let mut rules = rules(self.dom.attribute(element, "style").unwrap_or_default());
        match (rules.iter_mut().find(|(rule, _)| rule == name), value) {
            (Some((_, present)), Some(value)) => value.clone_into(present),
            (None, Some(value)) => rules.push((name.to_owned(), value.to_owned())),
            (_, None) => rules.retain(|(rule, _)| rule != name),
        }
        let rules: Vec<String> = rules.into_iter().map(|(name, value)| format!("{name}: {value};")).collect();
        self.dom.set_attribute(element, "style", &rules.join(" "));
    }
}

/// Fails where the client would throw, because it leaves out the rest of the element then.
fn check(attribute: &DataAttribute, code: &Code, place: impl Fn() -> String) -> Result<(), Failure> {
    let (has_key, has_value) = (attribute.key.is_some(), !code.text.is_empty());
    let plugin = &*attribute.plugin;
    let takes_no_key = matches!(plugin, "text" | "show" | "effect" | "init" | "on-intersect" | "on-interval");
    let needs_value = takes_no_key || matches!(plugin, "attr" | "class" | "style" | "computed" | "on");
    let problem = match plugin {
        _ if takes_no_key && has_key => "takes no key",
        "on" if !has_key => "needs an event, as in `data-on:click`",
        _ if needs_value && !has_value => "needs a value",
        "bind" | "ref" | "indicator" if has_key == has_value => {
            "needs the name of a signal, as its key or as its value"
        }
        _ => return Ok(()),
    };
    Err(Failure(format!("{}=\"{}\" {problem}: {}", code.attribute, code.text, place())))
}

fn fields(value: Value) -> Vec<(String, Value)> {
    match value {
        Value::Object(fields) => fields,
        _ => Vec::new(),
    }
}

/// The properties of a `style` attribute.
fn rules(style: &str) -> Vec<(String, String)> {
    let rules = style.split(';').filter_map(|rule| rule.split_once(':'));
    rules.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

/// `backgroundColor` → `background-color`.
fn kebab(name: &str) -> String {
    if name.starts_with("--") {
        return name.to_owned();
    }
    let mut kebab = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(character.to_ascii_lowercase());
    }
    kebab
}
