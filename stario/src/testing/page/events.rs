//! Events: which listeners hear them, and what a browser does after them.

use super::address::{encode, resolve, split_origin, split_query, with_query};
use super::document::{Act, Document, Listener, ListensAt, Navigation};
use super::dom::{Dom, NodeId};
use super::failure::{Failure, shortened};
use super::form;
use super::script::{Scope, Value};
use super::signals::{Change, Filter, nested};

/// Events that only their target hears.
const QUIET: &[&str] =
    &["focus", "blur", "mouseenter", "mouseleave", "pointerenter", "pointerleave", "load", "scroll"];

/// The event by which the client tells the page which signals were set.
pub(in crate::testing) const SIGNAL_PATCH: &str = "datastar-signal-patch";

/// The attribute that says of which signals an element hears.
const FILTER: &str = "data-on-signal-patch-filter";

/// An event to be dispatched.
#[derive(Debug, Default)]
pub(in crate::testing) struct Event {
    pub(in crate::testing) name: String,
    pub(in crate::testing) submitter: Option<NodeId>,
    /// More fields of `evt`, such as `key`.
    pub(in crate::testing) fields: Vec<(String, Value)>,
}

impl Event {
    pub(in crate::testing) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

impl Document {
    /// Lets all listeners hear an event, and returns whether one of them prevented what the browser would do.
    pub(in crate::testing) fn emit(&mut self, target: NodeId, event: &Event) -> Result<bool, Failure> {
        let path: Vec<NodeId> = std::iter::once(target).chain(self.dom.ancestors(target)).collect();
        let hears = |listener: &&Listener, at: ListensAt| listener.at == at && listener.event == event.name;
        let is_bubbling = !QUIET.contains(&&*event.name);
        let mut heard: Vec<(usize, Listener)> = Vec::new();
        for (depth, node) in path.iter().enumerate() {
            let here =
                self.listeners.iter().filter(|it| hears(it, ListensAt::Element) && it.element == *node);
            let here = here.filter(|it| depth == 0 || is_bubbling || it.attribute.has("capture"));
            heard.extend(here.map(|listener| (depth, listener.clone())));
        }
        for at in [ListensAt::Document, ListensAt::Window] {
            let here = self.listeners.iter().filter(|it| hears(it, at));
            heard.extend(
                here.map(|listener| (path.len() + usize::from(at == ListensAt::Window), listener.clone())),
            );
        }
        // Those that capture hear it first, from the outside in.
        let (mut capturing, bubbling): (Vec<_>, Vec<_>) =
            heard.into_iter().partition(|(_, listener)| listener.attribute.has("capture"));
        capturing.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
        let (mut is_prevented, mut stopped_at) = (self.run_handlers(&path, event, is_bubbling)?, None);
        for (depth, listener) in capturing.into_iter().chain(bubbling) {
            if stopped_at.is_some_and(|stopped_at| stopped_at != depth) {
                break;
            }
            let is_there =
                self.listeners.iter().any(|it| it.key == listener.key && it.event == listener.event);
            let is_inside = listener.attribute.has("outside") && self.dom.contains(listener.element, target);
            if !is_there || is_inside {
                continue;
            }
            let called = self.hear(&listener, target, event)?;
            let is_form = self.dom.html_name(listener.element) == "form" && event.name == "submit";
            let calls = |name: &str| called.iter().any(|called| called == name);
            is_prevented |= (is_form && matches!(listener.act, Act::Run(_)))
                || listener.attribute.has("prevent")
                || calls("preventDefault");
            if listener.attribute.has("stop") || calls("stopPropagation") {
                stopped_at = Some(depth);
            }
            if listener.attribute.has("once") {
                self.listeners.retain(|it| it.key != listener.key);
            }
        }
        Ok(is_prevented)
    }

    /// Runs the handlers in attributes such as `onclick`, and returns whether one prevented what the browser would do. All that one can
    /// do here is that.
    fn run_handlers(&self, path: &[NodeId], event: &Event, is_bubbling: bool) -> Result<bool, Failure> {
        let attribute = format!("on{}", event.name);
        let mut is_prevented = false;
        for &node in &path[..if is_bubbling { path.len() } else { 1 }] {
            let Some(code) = self.dom.attribute(node, &attribute) else { continue };
            match code.trim().trim_end_matches(';') {
                "" => {}
                "return false" | "event.preventDefault()" => is_prevented = true,
                _ => {
                    let (code, place) = (shortened(code), self.dom.place(node));
                    return Err(Failure(format!(
                        "an event handler needs JavaScript: {attribute}=\"{code}\" of {place}; a page in a test runs what \
                         stands in `data-on:{}`, and a browser all else",
                        event.name
                    )));
                }
            }
        }
        Ok(is_prevented)
    }

    fn hear(&mut self, listener: &Listener, target: NodeId, event: &Event) -> Result<Vec<String>, Failure> {
        let mut scope = Scope::default();
        match &listener.act {
            Act::Bind(bind) => bind.take(&self.dom, &mut self.signals),
            Act::Run(code) => {
                let mut fields = vec![
                    ("type".to_owned(), Value::text(&*event.name)),
                    ("target".to_owned(), Value::Element(target)),
                    ("currentTarget".to_owned(), Value::Element(listener.element)),
                ];
                fields.extend(event.fields.iter().cloned());
                scope.event = Value::Object(fields);
                scope.submitter = event.submitter;
                self.run(code, &mut scope)?;
            }
        }
        self.settle_effects()?;
        Ok(scope.called)
    }

    /// Tells the page of a request: `datastar-fetch`.
    pub(in crate::testing) fn fetch_event(
        &mut self,
        element: NodeId,
        kind: &str,
        arguments: Value,
    ) -> Result<(), Failure> {
        let mut changes = Vec::new();
        for indicator in self.indicators.iter_mut().filter(|indicator| indicator.element == element) {
            match kind {
                "started" => indicator.running += 1,
                "finished" => indicator.running = indicator.running.saturating_sub(1),
                _ => continue,
            }
            changes.push((indicator.signal.clone(), Value::Bool(indicator.running > 0)));
        }
        for (signal, value) in changes {
            self.signals.merge_path(&signal, value, false);
        }
        let detail = Value::Object(vec![
            ("type".to_owned(), Value::text(kind)),
            ("el".to_owned(), Value::Element(element)),
            ("argsRaw".to_owned(), arguments),
        ]);
        let mut event = Event::new("datastar-fetch");
        event.fields.push(("detail".to_owned(), detail));
        self.emit(Dom::DOCUMENT, &event)?;
        self.settle_effects()
    }

    /// Tells the page which signals were set: `data-on-signal-patch`.
    pub(in crate::testing) fn tell_of_patch(&mut self, changes: Vec<Change>) -> Result<(), Failure> {
        let is_meant = |listener: &&Listener| listener.event == "on-signal-patch";
        let listeners: Vec<Listener> = self.listeners.iter().filter(is_meant).cloned().collect();
        // The client does not tell of what a patch removes.
        let patch = nested(changes.into_iter().filter_map(|(path, value)| Some((path, value?))));
        if patch == Value::Object(Vec::new()) {
            return Ok(());
        }
        if self.listeners.iter().any(|listener| listener.event == SIGNAL_PATCH) {
            let mut event = Event::new(SIGNAL_PATCH);
            event.fields.push(("detail".to_owned(), patch.clone()));
            // Changes that the listeners make reach them in the next round, so that they cannot set each other off without an end.
            self.depth += 1;
            let heard = self.emit(Dom::DOCUMENT, &event);
            self.depth -= 1;
            heard?;
        }
        for listener in listeners {
            let Act::Run(code) = &listener.act else { continue };
            let filter = self.dom.attribute(listener.element, FILTER);
            let options = match filter.map(str::to_owned) {
                Some(filter) => self.filter(listener.element, FILTER, &filter)?,
                None => Value::Undefined,
            };
            let event = Filter::new(&options, None)?.of(&patch);
            if event != Value::Object(Vec::new()) {
                self.run(code, &mut Scope { event, ..Scope::default() })?;
            }
        }
        Ok(())
    }

    /// Clicks an element, with all that follows.
    pub(in crate::testing) fn click(&mut self, node: NodeId) -> Result<(), Failure> {
        let was_checked = self.dom.is_checked(node);
        let is_choice = self.dom.is_checkbox_or_radio(node);
        let is_radio = self.dom.control_type(node) == "radio";
        let before: Vec<NodeId> =
            self.dom.radio_group(node).into_iter().filter(|&it| self.dom.is_checked(it)).collect();
        if is_choice {
            self.dom.set_checked(node, is_radio || !was_checked);
        }
        if self.emit(node, &Event::new("click"))? {
            if is_choice {
                self.dom.set_checked(node, was_checked);
                for radio in before {
                    self.dom.set_checked(radio, true);
                }
            }
            return Ok(());
        }
        if is_choice {
            if self.dom.is_checked(node) != was_checked {
                self.emit(node, &Event::new("input"))?;
                self.emit(node, &Event::new("change"))?;
            }
            return Ok(());
        }
        let active = std::iter::once(node)
            .chain(self.dom.ancestors(node))
            .find(|&node| matches!(self.dom.html_name(node), "a" | "button" | "input" | "label" | "summary"));
        let Some(active) = active else { return Ok(()) };
        match (self.dom.html_name(active), &*self.dom.control_type(active)) {
            ("a", _) => self.follow(active),
            ("button" | "input", "submit" | "image") => {
                if let Some(form) = self.dom.form_of(active) {
                    self.submit(form, Some(active))?;
                }
            }
            ("button" | "input", "reset") => {
                if let Some(form) = self.dom.form_of(active) {
                    self.dom.reset(form);
                }
            }
            ("label", _) => {
                if let Some(control) =
                    self.control_of_label(active).filter(|&it| !self.dom.contains(it, node))
                {
                    self.click(control)?;
                }
            }
            ("summary", _) => {
                if let Some(details) = self.dom.parent(active) {
                    let is_open = self.dom.has_attribute(details, "open");
                    self.dom.toggle_attribute(details, "open", !is_open);
                    self.emit(details, &Event::new("toggle"))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn control_of_label(&self, label: NodeId) -> Option<NodeId> {
        match self.dom.attribute(label, "for") {
            Some(id) => self.dom.by_id(id),
            None => self
                .dom
                .elements(label)
                .find(|&node| matches!(self.dom.html_name(node), "button" | "input" | "select" | "textarea")),
        }
    }

    fn follow(&mut self, link: NodeId) {
        let Some(href) = self.dom.attribute(link, "href") else { return };
        let address = resolve(&self.address, href);
        let is_same_page = href.starts_with('#');
        let is_script = href.trim_start().to_ascii_lowercase().starts_with("javascript:");
        if !is_same_page && !is_script && !self.dom.has_attribute(link, "download") {
            self.navigation = Some(Navigation::get(address));
        }
    }

    /// Submits a form by a button, if there is one.
    pub(in crate::testing) fn submit(
        &mut self,
        form: NodeId,
        submitter: Option<NodeId>,
    ) -> Result<(), Failure> {
        let skips_check = self.dom.has_attribute(form, "novalidate")
            || submitter.is_some_and(|submitter| self.dom.has_attribute(submitter, "formnovalidate"));
        if !skips_check && let Some((control, problem)) = form::invalid(&self.dom, form) {
            let control = self.dom.place(control);
            return Err(Failure(format!("a browser does not send the form: {problem}: {control}")));
        }
        let event = Event { submitter, ..Event::new("submit") };
        if self.emit(form, &event)? {
            return Ok(());
        }
        let own = |name: &str| self.dom.attribute(form, name).map(str::to_owned);
        let given = |name: &str| {
            let of_button = submitter.and_then(|it| self.dom.attribute(it, &format!("form{name}")));
            of_button.map(str::to_owned).or_else(|| own(name))
        };
        let address = resolve(&self.address, &given("action").unwrap_or_default());
        let entries = form::entries(&self.dom, form, submitter);
        let method = given("method").unwrap_or_default().to_ascii_lowercase();
        let encoded = || encode(&form::native_texts(&entries));
        self.navigation = match &*method {
            "dialog" => {
                let dialog = self.dom.ancestors(form).find(|&node| self.dom.html_name(node) == "dialog");
                if let Some(dialog) = dialog {
                    self.dom.toggle_attribute(dialog, "open", false);
                }
                return Ok(());
            }
            "post" => {
                let is_multipart = given("enctype").as_deref() == Some("multipart/form-data");
                let body = if is_multipart {
                    form::multipart(&entries)
                } else {
                    ("application/x-www-form-urlencoded".to_owned(), encoded().into())
                };
                Some(Navigation { method: http::Method::POST, address, body: Some(body) })
            }
            _ => {
                let query = encode(&form::native_texts(&entries));
                let (_, path) = split_origin(&address);
                let query = if entries.is_empty() { split_query(path).1.to_owned() } else { query };
                Some(Navigation::get(with_query(&address, &query)))
            }
        };
        Ok(())
    }
}
