//! `data-bind`: a signal and the value of a control, each shown in the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::dom::{Dom, NodeId};
use super::script::Value;
use super::signals::Signals;

#[derive(Debug, Clone)]
pub(in crate::testing) struct Bind {
    element: NodeId,
    /// The path of the signal.
    path: String,
    /// The property of the element, where it is not the usual one.
    prop: Option<String>,
    pub(in crate::testing) is_file: bool,
}

impl Bind {
    /// Binds, makes the signal if it is missing, and returns the events that set it.
    pub(in crate::testing) fn new(
        dom: &mut Dom,
        signals: &mut Signals,
        element: NodeId,
        signal: &str,
        prop: Option<String>,
        events: Option<Vec<String>>,
    ) -> (Self, Vec<String>) {
        let kind = dom.control_type(element);
        if kind == "radio" && dom.attribute(element, "name").unwrap_or_default().is_empty() {
            dom.set_attribute(element, "name", signal);
        }
        let is_file = kind == "file" && dom.html_name(element) == "input";
        let usual = match dom.html_name(element) {
            "input" if is_file => "change",
            "input" | "textarea" => "input",
            _ => "change",
        };
        let mut bind = Self { element, path: signal.to_owned(), prop, is_file };
        let events = events.unwrap_or_else(|| vec![usual.to_owned()]);
        if is_file {
            return (bind, vec!["change".to_owned()]);
        }
        bind.begin(dom, signals, &kind);
        (bind, events)
    }

    fn begin(&mut self, dom: &Dom, signals: &mut Signals, kind: &str) {
        let present = signals.peek(&self.path).cloned();
        let is_multiple =
            dom.has_attribute(self.element, "multiple") && dom.html_name(self.element) == "select";
        if present.is_none() && kind == "radio" {
            let group = dom.radio_group(self.element);
            if let Some(checked) = group.into_iter().find(|&radio| dom.is_checked(radio)) {
                let value = Value::String(dom.value(checked));
                signals.merge_path(&self.path, value, true);
            }
        }
        if matches!(present, Some(Value::Array(_))) && !is_multiple {
            self.begin_in_array(dom, signals);
            return;
        }
        let present = signals.peek(&self.path).cloned().unwrap_or_default();
        if let Some(value) = self.read(dom, &present) {
            signals.merge_path(&self.path, value, true);
        }
    }

    /// Each control that is bound to a list has an item of it, in the order of the page.
    fn begin_in_array(&mut self, dom: &Dom, signals: &mut Signals) {
        let name = |node: NodeId| {
            let element = dom.element(node)?;
            let bound =
                element.attributes.iter().find(|attribute| attribute.name.local.starts_with("data-bind"))?;
            Some((bound.name.local.to_string(), bound.value.clone()))
        };
        let own = name(self.element);
        let alike = dom.elements(Dom::DOCUMENT).filter(|&node| name(node) == own);
        let index = alike.take_while(|&node| node != self.element).count();
        self.path = format!("{}.{index}", self.path);
        let present = signals.peek(&self.path).cloned().unwrap_or_default();
        if let Some(value) = self.read(dom, &present) {
            signals.merge_path(&self.path, value, true);
        }
    }

    /// Sets the signal to what the control holds.
    pub(in crate::testing) fn take(&self, dom: &Dom, signals: &mut Signals) {
        if self.is_file {
            let files = dom.control(self.element).map(|control| control.files.clone());
            let files = files.unwrap_or_default().into_iter().map(|file| {
                Value::Object(vec![
                    ("name".to_owned(), Value::text(&*file.name)),
                    ("contents".to_owned(), Value::String(STANDARD.encode(&file.content))),
                    ("mime".to_owned(), Value::text(media_type(&file.name))),
                ])
            });
            let files = Value::Array(files.collect());
            signals.merge_path(&self.path, files, false);
            return;
        }
        let Some(present) = signals.peek(&self.path).filter(|value| !value.is_nullish()).cloned() else {
            return;
        };
        if let Some(value) = self.read(dom, &present) {
            signals.merge_path(&self.path, value, false);
        }
    }

    /// What the control holds, in the type of `present`; `None` for a radio button that is not checked.
    fn read(&self, dom: &Dom, present: &Value) -> Option<Value> {
        let kind = dom.control_type(self.element);
        let text = || dom.value(self.element);
        let number = |text: String| Value::Number(Value::String(text).to_number());
        let typed = present.type_name();
        if let Some(prop) = &self.prop {
            return Some(match &**prop {
                "checked" => Value::Bool(dom.is_checked(self.element)),
                "value" => Value::String(text()),
                other => Value::Bool(dom.has_attribute(self.element, other)),
            });
        }
        Some(match (dom.html_name(self.element), &*kind) {
            ("input", "checkbox") => {
                let is_checked = dom.is_checked(self.element);
                let gives_text = if text() == "on" { typed == "string" } else { typed != "boolean" };
                match (gives_text, is_checked) {
                    (false, _) => Value::Bool(is_checked),
                    (true, true) => Value::String(text()),
                    (true, false) => Value::text(""),
                }
            }
            ("input", "radio") => {
                if !dom.is_checked(self.element) {
                    return None;
                }
                if typed == "number" { number(text()) } else { Value::String(text()) }
            }
            ("input", "number" | "range") => {
                if typed == "string" {
                    Value::String(text())
                } else {
                    number(text())
                }
            }
            ("input", _) => {
                if matches!(typed, "string" | "undefined") {
                    Value::String(text())
                } else {
                    number(text())
                }
            }
            ("select", _) if dom.has_attribute(self.element, "multiple") => {
                let numbers: Vec<&Value> = match present {
                    Value::Array(items) => {
                        items.iter().filter(|item| matches!(item, Value::Number(_))).collect()
                    }
                    _ => Vec::new(),
                };
                let value = |option: NodeId| {
                    let text = dom.option_value(option);
                    let as_number = number(text.clone());
                    if numbers.contains(&&as_number) { as_number } else { Value::String(text) }
                };
                Value::Array(dom.selected_options(self.element).into_iter().map(value).collect())
            }
            ("select", _) => {
                if matches!(typed, "string" | "undefined") {
                    Value::String(text())
                } else {
                    number(text())
                }
            }
            ("textarea" | "button" | "option" | "progress" | "meter" | "li" | "output", _) => {
                Value::String(text())
            }
            _ => match dom.attribute(self.element, "value") {
                Some(value) => Value::text(value),
                None => Value::Null,
            },
        })
    }

    /// The path of the signal, and what it holds.
    pub(in crate::testing) fn signal(&self, signals: &Signals) -> (Vec<String>, Value) {
        let value = signals.peek(&self.path).cloned().unwrap_or_default();
        (self.path.split('.').map(str::to_owned).collect(), value)
    }

    /// Shows the signal in the control.
    pub(in crate::testing) fn show(&self, dom: &mut Dom, value: Value) {
        if let Some(prop) = &self.prop {
            match &**prop {
                "checked" => dom.set_checked(self.element, value.is_truthy()),
                "value" => dom.set_value(self.element, &value.to_text()),
                other => dom.toggle_attribute(self.element, other, value.is_truthy()),
            }
            return;
        }
        match (dom.html_name(self.element), &*dom.control_type(self.element)) {
            ("input", "checkbox") => {
                let is_checked = match &value {
                    Value::String(text) => *text == dom.value(self.element),
                    other => other.is_truthy(),
                };
                dom.set_checked(self.element, is_checked);
            }
            ("input", "radio") => {
                let own = dom.value(self.element);
                let is_checked = match &value {
                    Value::Number(_) => value == Value::Number(Value::String(own).to_number()),
                    other => *other == Value::String(own),
                };
                dom.set_checked(self.element, is_checked);
            }
            ("select", _) if dom.has_attribute(self.element, "multiple") => {
                let items = if let Value::Array(items) = value { items } else { Vec::new() };
                for option in dom.options(self.element) {
                    let text = Value::String(dom.option_value(option));
                    let number = Value::Number(text.to_number());
                    let is_selected = items.contains(&text) || items.contains(&number);
                    dom.change_control(option, |control| control.is_selected = Some(is_selected));
                }
            }
            _ => dom.set_value(self.element, &value.to_text()),
        }
    }
}

/// The media type that a browser gives a file, by its name.
pub(in crate::testing) fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match &*extension.to_ascii_lowercase() {
        "txt" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "md" => "text/markdown",
        "json" => "application/json",
        "xml" => "text/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}
