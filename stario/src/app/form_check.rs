//! Compares the names of a form's fields with what the handler takes that the form is sent to.
//!
//! Only what a template writes as literals is compared, and only where everything that a form is sent to is known.

use std::collections::{BTreeMap, BTreeSet};

use stario_html::names::most_similar;

use super::known::Known;
use super::literals::{Literal, Names};
use super::page_check::own_literals;
use super::parts::Part;
use super::requirements::TakenForm;
use crate::parameter::TakenFields;

/// A form in a template.
#[derive(Default)]
struct TemplateForm {
    /// Its targets: a handler, or a method and a URL.
    targets: Vec<&'static str>,
    /// Whether it is sent elsewhere, too.
    is_open: bool,
    fields: Vec<(&'static Literal, &'static str)>,
}

/// Finds the fields in the forms of the app's own modules that nobody takes. They are warnings, because handlers skip them.
pub(super) fn check(parts: &[Part], taken: &[TakenForm], known: &Known) -> Vec<String> {
    let known = Names::given(&known.form_fields);
    let mut forms: BTreeMap<(usize, &str), TemplateForm> = BTreeMap::new();
    for literal in own_literals(parts) {
        if !matches!(literal.kind, 'F' | 'K' | 'k') {
            continue;
        }
        let (number, text) = literal.text.split_once(' ').unwrap_or_default();
        let form = forms.entry((literal.call, number)).or_default();
        match literal.kind {
            'F' => form.targets.push(text),
            'K' => form.is_open = true,
            _ => form.fields.push((literal, text)),
        }
    }
    let mut found = Vec::new();
    for form in forms.values() {
        let Some(takers) = form.takers(taken) else { continue };
        for (literal, name) in form.untaken(&takers) {
            if !known.has(name) {
                found.push(form.describe(literal, name, &takers));
            }
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|text| seen.insert(text.clone()));
    found
}

impl TemplateForm {
    /// The handlers that take its fields, if they are known and take some.
    fn takers<'t>(&self, taken: &'t [TakenForm]) -> Option<Vec<&'t TakenForm>> {
        if self.is_open {
            return None;
        }
        let mut takers = Vec::new();
        for target in &self.targets {
            let is_meant = |form: &&TakenForm| match target.strip_prefix('@') {
                None => form.endpoint.handler.rsplit("::").next() == Some(target),
                Some(target) => target.split_once(' ').is_some_and(|(method, path)| {
                    form.route == path && form.endpoint.method.eq_ignore_ascii_case(method)
                }),
            };
            let mut found = taken.iter().filter(is_meant).peekable();
            found.peek()?;
            takers.extend(found);
        }
        let is_closed =
            |form: &&TakenForm| !form.is_open && form.fields.iter().all(|fields| fields.names().is_some());
        let takes_any = takers.iter().any(|form| !form.fields.is_empty());
        (takes_any && takers.iter().all(is_closed)).then_some(takers)
    }

    /// The fields that no handler takes, while one takes a field that the form does not have. With all that handlers take
    /// in the form, another field is there on purpose.
    fn untaken(&self, takers: &[&TakenForm]) -> Vec<(&'static Literal, &'static str)> {
        let is_taken =
            |name: &str| takers.iter().any(|form| form.fields.iter().any(|fields| fields.has(name)));
        if self.absent(takers).is_empty() {
            return Vec::new();
        }
        self.fields.iter().copied().filter(|(_, name)| !is_taken(name)).collect()
    }

    /// The fields that handlers take and the form does not have.
    fn absent(&self, takers: &[&TakenForm]) -> BTreeSet<&'static str> {
        let taken = takers.iter().flat_map(|form| &form.fields).filter_map(TakenFields::names).flatten();
        let is_there = |taken: &str| {
            let is_of = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
            self.fields.iter().any(|(_, name)| name.strip_prefix(taken).is_some_and(is_of))
        };
        taken.filter(|taken| !is_there(taken)).collect()
    }

    fn describe(&self, literal: &Literal, name: &str, takers: &[&TakenForm]) -> String {
        let handlers: BTreeSet<String> = takers.iter().map(|form| form.endpoint.to_string()).collect();
        let handlers: Vec<String> = handlers.into_iter().collect();
        let hint = most_similar(name, self.absent(takers))
            .map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        format!(
            "nobody takes the form field `{name}` at {}, which is sent to {}{hint} (meant so? `.known_form_fields([\"{name}\"])`)",
            literal.place,
            handlers.join(" and to ")
        )
    }
}
