//! Form controls: what they hold, and what their attributes begin.

use super::dom::{Dom, NodeId};

/// The types of inputs that hold text.
const TEXT_TYPES: &[&str] = &[
    "text",
    "search",
    "tel",
    "url",
    "email",
    "password",
    "number",
    "range",
    "color",
    "date",
    "month",
    "week",
    "time",
    "datetime-local",
    "hidden",
];

impl Dom {
    pub(in crate::testing) fn is_control(&self, id: NodeId) -> bool {
        matches!(
            self.html_name(id),
            "button" | "input" | "select" | "textarea" | "option" | "optgroup" | "fieldset"
        )
    }

    /// The type of an input or button, in lower case; `""` for all else.
    pub(in crate::testing) fn control_type(&self, id: NodeId) -> String {
        let written = self.attribute(id, "type").unwrap_or_default().to_ascii_lowercase();
        match self.html_name(id) {
            "input" if TEXT_TYPES.contains(&&*written) => written,
            "input" => match &*written {
                "checkbox" | "radio" | "file" | "submit" | "image" | "reset" | "button" => written,
                _ => "text".to_owned(),
            },
            "button" if matches!(&*written, "button" | "reset") => written,
            "button" => "submit".to_owned(),
            _ => String::new(),
        }
    }

    /// Whether text can be typed into it.
    pub(in crate::testing) fn is_fillable(&self, id: NodeId) -> bool {
        self.html_name(id) == "textarea" || TEXT_TYPES.contains(&&*self.control_type(id))
    }

    pub(in crate::testing) fn is_checkbox_or_radio(&self, id: NodeId) -> bool {
        matches!(&*self.control_type(id), "checkbox" | "radio")
    }

    pub(in crate::testing) fn is_checked(&self, id: NodeId) -> bool {
        let is_checked = || self.control(id)?.is_checked;
        self.is_checkbox_or_radio(id) && is_checked().unwrap_or_else(|| self.has_attribute(id, "checked"))
    }

    /// Checks a checkbox or a radio button; the other buttons of its group are unchecked.
    pub(in crate::testing) fn set_checked(&mut self, id: NodeId, is_checked: bool) {
        self.change_control(id, |control| control.is_checked = Some(is_checked));
        if is_checked && self.control_type(id) == "radio" {
            for other in self.radio_group(id) {
                if other != id {
                    self.change_control(other, |control| control.is_checked = Some(false));
                }
            }
        }
    }

    /// The radio buttons of one name in one form.
    pub(in crate::testing) fn radio_group(&self, id: NodeId) -> Vec<NodeId> {
        let name = self.attribute(id, "name").unwrap_or_default();
        let form = self.form_of(id);
        let is_of_group = |&node: &NodeId| {
            self.control_type(node) == "radio"
                && self.attribute(node, "name") == Some(name)
                && self.form_of(node) == form
        };
        self.elements(Dom::DOCUMENT).filter(|_| !name.is_empty()).filter(is_of_group).collect()
    }

    /// Whether the control, a fieldset around it or the group of an option is disabled.
    pub(in crate::testing) fn is_disabled(&self, id: NodeId) -> bool {
        if !self.is_control(id) {
            return false;
        }
        let is_below_disabled = |around: NodeId| match self.html_name(around) {
            "optgroup" => self.html_name(id) == "option" && self.has_attribute(around, "disabled"),
            "fieldset" => {
                let legend = self.element_children(around).find(|&node| self.html_name(node) == "legend");
                self.has_attribute(around, "disabled")
                    && !legend.is_some_and(|legend| self.contains(legend, id))
            }
            _ => false,
        };
        self.has_attribute(id, "disabled") || self.ancestors(id).any(is_below_disabled)
    }

    /// The form that a control belongs to.
    pub(in crate::testing) fn form_of(&self, id: NodeId) -> Option<NodeId> {
        if let Some(form) = self.attribute(id, "form") {
            return self.by_id(form).filter(|&form| self.html_name(form) == "form");
        }
        self.ancestors(id).find(|&node| self.html_name(node) == "form")
    }

    /// The controls of a form, in the order of the document.
    pub(in crate::testing) fn controls_of(&self, form: NodeId) -> Vec<NodeId> {
        let is_of_form = |&node: &NodeId| self.is_control(node) && self.form_of(node) == Some(form);
        self.elements(Dom::DOCUMENT).filter(is_of_form).collect()
    }

    /// The options of a select.
    pub(in crate::testing) fn options(&self, select: NodeId) -> Vec<NodeId> {
        self.elements(select).filter(|&node| self.html_name(node) == "option").collect()
    }

    pub(in crate::testing) fn select_of(&self, option: NodeId) -> Option<NodeId> {
        self.ancestors(option).find(|&node| self.html_name(node) == "select")
    }

    /// Whether an option is selected. A select that takes one option, and has none selected, has its first.
    pub(in crate::testing) fn is_selected(&self, option: NodeId) -> bool {
        if self.html_name(option) != "option" {
            return false;
        }
        match self.select_of(option) {
            Some(select) => self.selected_options(select).contains(&option),
            None => self.is_marked_selected(option),
        }
    }

    fn is_marked_selected(&self, option: NodeId) -> bool {
        let state = self.control(option).and_then(|control| control.is_selected);
        state.unwrap_or_else(|| self.has_attribute(option, "selected"))
    }

    pub(in crate::testing) fn selected_options(&self, select: NodeId) -> Vec<NodeId> {
        let options = self.options(select);
        let marked = options.iter().copied().filter(|&option| self.is_marked_selected(option));
        if self.has_attribute(select, "multiple") {
            return marked.collect();
        }
        // What was selected by hand is the only one; of attributes the last counts.
        let by_hand =
            |option: &NodeId| self.control(*option).is_some_and(|control| control.is_selected == Some(true));
        let marked: Vec<NodeId> = marked.collect();
        let chosen = marked.iter().rfind(|&option| by_hand(option)).or(marked.last()).copied();
        // Where a script has set a value that no option has, nothing is selected.
        let is_emptied = self.control(select).is_some_and(|control| control.is_selected == Some(false));
        let first = || options.iter().copied().find(|&option| !is_emptied && !self.is_disabled(option));
        chosen.or_else(first).into_iter().collect()
    }

    /// Selects an option; another one of the same select is not selected any more, unless it takes several.
    pub(in crate::testing) fn set_selected(&mut self, option: NodeId, is_selected: bool) {
        let select = self.select_of(option);
        if let Some(select) = select.filter(|&select| is_selected && !self.has_attribute(select, "multiple"))
        {
            self.deselect_all(select);
            self.change_control(select, |control| control.is_selected = None);
        }
        self.change_control(option, |control| control.is_selected = Some(is_selected));
    }

    fn deselect_all(&mut self, select: NodeId) {
        for option in self.options(select) {
            self.change_control(option, |control| control.is_selected = Some(false));
        }
    }

    /// The value of an option: its attribute, or its text.
    pub(in crate::testing) fn option_value(&self, option: NodeId) -> String {
        self.attribute(option, "value").map_or_else(|| self.option_label(option), str::to_owned)
    }

    /// The text of an option.
    pub(in crate::testing) fn option_label(&self, option: NodeId) -> String {
        self.text_content(option).split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// What `element.value` is; `""` where there is none.
    pub(in crate::testing) fn value(&self, id: NodeId) -> String {
        let typed = self.control(id).and_then(|control| control.value.clone());
        match self.html_name(id) {
            "textarea" => {
                let text = typed.unwrap_or_else(|| self.text_content(id));
                text.replace("\r\n", "\n").replace('\r', "\n")
            }
            "select" => {
                let selected = self.selected_options(id);
                selected.first().map(|&option| self.option_value(option)).unwrap_or_default()
            }
            "option" => self.option_value(id),
            "input" => {
                let written = self.attribute(id, "value").map(str::to_owned);
                match &*self.control_type(id) {
                    "checkbox" | "radio" => written.unwrap_or_else(|| "on".to_owned()),
                    "submit" | "reset" | "button" | "image" => written.unwrap_or_default(),
                    "file" => {
                        let files = self.control(id).map(|control| &*control.files).unwrap_or_default();
                        files.first().map(|file| format!("C:\\fakepath\\{}", file.name)).unwrap_or_default()
                    }
                    "hidden" => typed.or(written).unwrap_or_default(),
                    kind => sanitize(kind, &typed.or(written).unwrap_or_default()),
                }
            }
            _ => self.attribute(id, "value").unwrap_or_default().to_owned(),
        }
    }

    /// Sets `element.value`, as a script does.
    pub(in crate::testing) fn set_value(&mut self, id: NodeId, value: &str) {
        let name = self.html_name(id).to_owned();
        match (&*name, &*self.control_type(id)) {
            ("select", _) => {
                let chosen = self.options(id).into_iter().find(|&option| self.option_value(option) == value);
                self.deselect_all(id);
                self.change_control(id, |control| control.is_selected = chosen.is_none().then_some(false));
                if let Some(option) = chosen {
                    self.set_selected(option, true);
                }
            }
            ("textarea", _) => self.change_control(id, |control| control.value = Some(value.to_owned())),
            ("input", "file") => self.change_control(id, |control| control.files.clear()),
            ("input", "checkbox" | "radio" | "submit" | "reset" | "button" | "image" | "hidden") => {
                self.set_attribute(id, "value", value);
            }
            ("input", kind) => {
                let value = sanitize(kind, value);
                self.change_control(id, |control| control.value = Some(value));
            }
            _ => self.set_attribute(id, "value", value),
        }
    }

    /// Puts a form into the state that its attributes begin.
    pub(in crate::testing) fn reset(&mut self, form: NodeId) {
        for control in self.controls_of(form) {
            let options = self.options(control);
            for part in options.into_iter().chain([control]) {
                self.change_control(part, |control| *control = super::dom::Control::default());
            }
        }
    }

    /// Whether an element is shown: neither it nor one around it is hidden.
    pub(in crate::testing) fn is_visible(&self, id: NodeId) -> bool {
        !std::iter::once(id).chain(self.ancestors(id)).any(|node| self.is_hidden(node))
    }

    fn is_hidden(&self, id: NodeId) -> bool {
        let displays_none = |rule: &str| {
            let (name, value) = rule.split_once(':').unwrap_or_default();
            let value = value.trim().trim_end_matches("!important").trim_end();
            name.trim().eq_ignore_ascii_case("display") && value.eq_ignore_ascii_case("none")
        };
        let style = self.attribute(id, "style").unwrap_or_default();
        let is_closed = || {
            let name = self.html_name(id);
            (name == "dialog" && !self.has_attribute(id, "open")) || self.is_in_closed_details(id)
        };
        self.has_attribute(id, "hidden")
            || style.split(';').any(displays_none)
            || self.control_type(id) == "hidden"
            || is_closed()
            || matches!(self.html_name(id), "head" | "template" | "script" | "style")
    }

    /// Whether it is a part of a `<details>` that is not open, but for its summary.
    fn is_in_closed_details(&self, id: NodeId) -> bool {
        let Some(details) = self.parent(id).filter(|&parent| self.html_name(parent) == "details") else {
            return false;
        };
        let summary = self.element_children(details).find(|&node| self.html_name(node) == "summary");
        !self.has_attribute(details, "open") && summary != Some(id)
    }
}

/// The value that an input of this type keeps of `value`.
fn sanitize(kind: &str, value: &str) -> String {
    let line: String = value.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
    match kind {
        "number" if !is_number(value) => String::new(),
        "range" if !is_number(value) => "50".to_owned(),
        "number" | "range" => value.to_owned(),
        "email" | "url" => line.trim().to_owned(),
        _ => line,
    }
}

/// Whether HTML calls the text a valid floating-point number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let begins = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    begins && !digits.ends_with('.') && text.parse::<f64>().is_ok_and(f64::is_finite)
}
