//! One field as a template shows it: attributes of its control, and what is wrong with it.

use stario_html::{AttrValue, Attrs, Html, Raw, Render};

use super::super::value;
use super::entries::FormEntry;
use super::reader::FieldKind;

/// A field of a form on its way into a page; made by [`Form::field`](crate::Form::field).
///
/// Its methods give the attributes of a control, which a template spreads, and [`message`](Self::message) what is wrong:
///
/// | control | |
/// |---|---|
/// | `<input>` of one line | `<input type="email" {..email.input()}>` |
/// | a text area | `<textarea {..note.control()}>{note.value()}</textarea>` |
/// | a checkbox that is a `bool` | `<input type="checkbox" {..news.checkbox()}>` |
/// | radio buttons, and checkboxes of a list | `<input type="radio" {..plan.choice("small")}>` |
/// | a selection | `<select {..plan.control()}><option {..plan.option("small")}>"Small"</option></select>` |
/// | files | `<input type="file" {..photo.control()}>` |
///
/// All of them name the field, and give a field that has a problem `aria-invalid` and `aria-describedby`, which names
/// the element of [`message`](Self::message). The first such field of the form gets `autofocus`, so that a browser
/// without scripts puts the cursor there when the page is shown again. Write other attributes in the template; an
/// attribute that the template has itself wins.
#[derive(Debug)]
pub struct Field<'f> {
    pub(super) name: String,
    pub(super) message_id: String,
    pub(super) entry: Option<&'f FormEntry>,
    pub(super) kind: Option<&'static FieldKind>,
    pub(super) problems: Vec<String>,
    pub(super) is_first_problem: bool,
}

impl Field<'_> {
    /// The attributes of an `<input>` of one line, with what was typed. A field with `#[form(secret)]` is empty again.
    pub fn input(&self) -> Attrs {
        let value = Some(self.value()).filter(|_| !self.is_secret());
        with(self.control(), "value", value)
    }

    /// The attributes of a control without its value: a text area, a selection, a file input.
    pub fn control(&self) -> Attrs {
        let mut attrs = with(Attrs::new(), "name", &*self.name);
        if let Some(FieldKind::File(rules)) = self.kind {
            attrs = with(attrs, "accept", Some(rules.accept).filter(|accept| !accept.is_empty()));
        }
        if self.has_problem() {
            attrs = with(attrs, "aria-invalid", "true");
            attrs = with(attrs, "aria-describedby", &*self.message_id);
        }
        flag(attrs, "autofocus", self.is_first_problem)
    }

    /// The attributes of a checkbox that sends `true`.
    pub fn checkbox(&self) -> Attrs {
        flag(with(self.control(), "value", "true"), "checked", value::is_true(self.value()))
    }

    /// The attributes of a radio button, or of one checkbox of several, that sends `value`.
    pub fn choice(&self, value: &str) -> Attrs {
        flag(with(self.control(), "value", value), "checked", self.is_chosen(value))
    }

    /// The attributes of an `<option>` that sends `value`.
    pub fn option(&self, value: &str) -> Attrs {
        flag(with(Attrs::new(), "value", value), "selected", self.is_chosen(value))
    }

    /// The text that was typed; the last if there are several.
    pub fn value(&self) -> &str {
        self.texts().last().map_or("", String::as_str)
    }

    /// Whether `value` was chosen.
    pub fn is_chosen(&self, value: &str) -> bool {
        self.texts().iter().any(|text| text == value)
    }

    /// Whether anything is wrong with the field.
    pub fn has_problem(&self) -> bool {
        !self.problems.is_empty()
    }

    /// The problems of the field, in the words of the form's messages.
    pub fn problems(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().map(String::as_str)
    }

    /// The id of the element that says what is wrong, such as `email-problem`.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// The problems of the field, as an element with that id: `<span class="problem" role="alert" id=..>`. `None` if
    /// nothing is.
    pub fn message(&self) -> Option<Html> {
        self.has_problem().then(|| {
            let id = with(Attrs::new(), "id", &*self.message_id);
            let text = self.problems.join(" ");
            Raw(format!("<span class=\"problem\" role=\"alert\"{}>{}</span>", id.as_str(), text.into_html()))
                .into_html()
        })
    }

    fn texts(&self) -> &[String] {
        self.entry.map_or(&[], |entry| &entry.texts)
    }

    fn is_secret(&self) -> bool {
        matches!(self.kind, Some(FieldKind::Secret))
    }
}

/// Adds an attribute. Its name is one of HTML's, which `Attrs` takes.
fn with(attrs: Attrs, name: &str, value: impl AttrValue) -> Attrs {
    attrs.with(name, value).unwrap_or_default()
}

fn flag(attrs: Attrs, name: &str, is_present: bool) -> Attrs {
    attrs.with_flag(name, is_present).unwrap_or_default()
}
