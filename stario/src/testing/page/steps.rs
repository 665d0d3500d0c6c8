//! What somebody in front of a page can do.

use bytes::Bytes;

use super::dom::{ChosenFile, Dom, NodeId};
use super::events::Event;
use super::failure::{Failure, shortened};
use super::script::Value;
use super::tab::Tab;

impl Tab {
    /// The element that a step is for: on the page, shown and not disabled.
    async fn usable(&mut self, selector: &str) -> Result<NodeId, Failure> {
        self.catch_up().await?;
        let node = self.find_one(selector)?;
        let dom = &self.document.dom;
        if !dom.is_visible(node) {
            return Err(Failure(format!("`{selector}` is not shown: {}", dom.place(node))));
        }
        if dom.is_disabled(node) {
            return Err(Failure(format!("`{selector}` is disabled: {}", dom.place(node))));
        }
        Ok(node)
    }

    /// The one element that matches, or what there is instead.
    pub(in crate::testing) fn find_one(&self, selector: &str) -> Result<NodeId, Failure> {
        self.here()?;
        let dom = &self.document.dom;
        dom.one(selector).map_err(|failure| match dom.select(selector) {
            Ok(found) if found.is_empty() => Failure(format!("{}; {}", failure.0, self.seen())),
            _ => failure,
        })
    }

    fn refuse(&self, selector: &str, node: NodeId, why: &str) -> Failure {
        Failure(format!("`{selector}` {why}: {}", self.document.dom.place(node)))
    }

    async fn changed(&mut self, node: NodeId) -> Result<(), Failure> {
        self.document.emit(node, &Event::new("input"))?;
        self.document.emit(node, &Event::new("change"))?;
        self.settle().await
    }

    pub(in crate::testing) async fn goto(&mut self, path: &str) -> Result<(), Failure> {
        self.open(path).await
    }

    pub(in crate::testing) async fn click(&mut self, selector: &str) -> Result<(), Failure> {
        let node = self.usable(selector).await?;
        self.document.click(node)?;
        self.settle().await
    }

    pub(in crate::testing) async fn fill(&mut self, selector: &str, text: &str) -> Result<(), Failure> {
        let node = self.usable(selector).await?;
        let dom = &mut self.document.dom;
        if !dom.is_fillable(node) {
            return Err(self.refuse(selector, node, "takes no text"));
        }
        if dom.has_attribute(node, "readonly") {
            return Err(self.refuse(selector, node, "is read-only"));
        }
        dom.set_value(node, text);
        if dom.value(node) != text && dom.html_name(node) == "input" {
            let why = format!("does not take {text:?}");
            return Err(self.refuse(selector, node, &why));
        }
        self.changed(node).await
    }

    pub(in crate::testing) async fn check(&mut self, selector: &str) -> Result<(), Failure> {
        self.set_checked(selector, true).await
    }

    pub(in crate::testing) async fn uncheck(&mut self, selector: &str) -> Result<(), Failure> {
        self.set_checked(selector, false).await
    }

    async fn set_checked(&mut self, selector: &str, is_checked: bool) -> Result<(), Failure> {
        let node = self.usable(selector).await?;
        let dom = &self.document.dom;
        match &*dom.control_type(node) {
            "checkbox" => {}
            "radio" if is_checked => {}
            "radio" => {
                return Err(self.refuse(
                    selector,
                    node,
                    "cannot be unchecked, only another of its group checked",
                ));
            }
            _ => return Err(self.refuse(selector, node, "is not a checkbox")),
        }
        if dom.is_checked(node) != is_checked {
            self.document.click(node)?;
        }
        self.settle().await
    }

    pub(in crate::testing) async fn select(&mut self, selector: &str, option: &str) -> Result<(), Failure> {
        let node = self.usable(selector).await?;
        let dom = &mut self.document.dom;
        if dom.html_name(node) != "select" {
            return Err(self.refuse(selector, node, "is no `<select>`"));
        }
        let options = dom.options(node);
        let by_value = options.iter().find(|&&it| dom.option_value(it) == option);
        let chosen = by_value.or_else(|| options.iter().find(|&&it| dom.option_label(it) == option));
        let Some(&chosen) = chosen else {
            let known: Vec<String> =
                options.iter().map(|&it| format!("{:?}", dom.option_value(it))).collect();
            let why = format!("has no option {option:?}, but {}", shortened(&known.join(", ")));
            return Err(self.refuse(selector, node, &why));
        };
        if dom.is_disabled(chosen) {
            return Err(self.refuse(selector, node, &format!("has a disabled option {option:?}")));
        }
        dom.set_selected(chosen, true);
        self.changed(node).await
    }

    pub(in crate::testing) async fn upload(
        &mut self,
        selector: &str,
        name: &str,
        content: Bytes,
    ) -> Result<(), Failure> {
        let node = self.usable(selector).await?;
        let dom = &mut self.document.dom;
        if dom.control_type(node) != "file" {
            return Err(self.refuse(selector, node, "takes no file"));
        }
        let is_multiple = dom.has_attribute(node, "multiple");
        dom.change_control(node, |control| {
            if !is_multiple {
                control.files.clear();
            }
            control.files.push(ChosenFile { name: name.to_owned(), content });
        });
        self.changed(node).await
    }

    pub(in crate::testing) async fn submit(&mut self, selector: &str) -> Result<(), Failure> {
        self.catch_up().await?;
        let node = self.find_one(selector)?;
        let dom = &self.document.dom;
        let form = if dom.html_name(node) == "form" { Some(node) } else { dom.form_of(node) };
        match form {
            Some(form) => self.enter(form)?,
            None => return Err(self.refuse(selector, node, "is in no form")),
        }
        self.settle().await
    }

    /// Submits a form as the Enter key does: by its first button.
    fn enter(&mut self, form: NodeId) -> Result<(), Failure> {
        let dom = &self.document.dom;
        let controls = dom.controls_of(form);
        let button = controls.into_iter().find(|&it| matches!(&*dom.control_type(it), "submit" | "image"));
        match button {
            Some(button) if dom.is_disabled(button) => {
                Err(Failure(format!("the form's button is disabled: {}", dom.place(button))))
            }
            Some(button) => self.document.click(button),
            None => self.document.submit(form, None),
        }
    }

    pub(in crate::testing) async fn press(&mut self, selector: &str, key: &str) -> Result<(), Failure> {
        let node = self.usable(selector).await?;
        let event = |name: &str| {
            let mut event = Event::new(name);
            event.fields.push(("key".to_owned(), Value::text(key)));
            event
        };
        let is_prevented = self.document.emit(node, &event("keydown"))?;
        let dom = &self.document.dom;
        let form =
            dom.form_of(node).filter(|_| key == "Enter" && !is_prevented && dom.html_name(node) == "input");
        if let Some(form) = form {
            self.enter(form)?;
        }
        if self.document.dom.is_connected(node) {
            self.document.emit(node, &event("keyup"))?;
        }
        self.settle().await
    }

    pub(in crate::testing) async fn fire(&mut self, selector: &str, event: &str) -> Result<(), Failure> {
        self.catch_up().await?;
        let node = self.find_one(selector)?;
        self.document.emit(node, &Event::new(event))?;
        self.settle().await
    }

    pub(in crate::testing) async fn wait_for(&mut self, selector: &str) -> Result<(), Failure> {
        let what = format!("`{selector}`");
        self.wait(&what, self.deadline(), &mut |tab: &mut Self| {
            let found = tab.document.dom.select(selector)?;
            Ok(found.into_iter().any(|node| tab.document.dom.is_visible(node)))
        })
        .await
    }

    pub(in crate::testing) async fn set_signal(&mut self, name: &str, value: Value) -> Result<(), Failure> {
        self.catch_up().await?;
        if self.document.signals.peek(name).is_none() {
            let known = self.document.signals.all().to_json();
            return Err(Failure(format!("the page has no signal `{name}`; it has {}", shortened(&known))));
        }
        self.document.signals.merge_path(name, value, false);
        self.settle().await
    }

    /// The value of a signal.
    pub(in crate::testing) fn signal(&self, name: &str) -> Result<serde_json::Value, Failure> {
        match self.document.signals.peek(name) {
            Some(value) => Ok(value.to_serde()),
            None => {
                let known = self.document.signals.all().to_json();
                Err(Failure(format!("the page has no signal `{name}`; it has {}", shortened(&known))))
            }
        }
    }

    /// The text of the page's title.
    pub(in crate::testing) fn title(&self) -> String {
        let dom = &self.document.dom;
        let title = dom.elements(Dom::DOCUMENT).find(|&node| dom.html_name(node) == "title");
        let text = title.map(|title| dom.text_content(title)).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}
