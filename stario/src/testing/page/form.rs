//! Forms: what they send, and whether a browser would send it.

use bytes::Bytes;
use regress::Regex;

use super::address::encode;
use super::bind::media_type;
use super::dom::{ChosenFile, Dom, NodeId};

/// A field of a form.
#[derive(Debug, Clone)]
pub(in crate::testing) struct Entry {
    name: String,
    value: EntryValue,
}

#[derive(Debug, Clone)]
enum EntryValue {
    Text(String),
    File(ChosenFile),
}

impl Entry {
    fn text(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: EntryValue::Text(value.into()) }
    }
}

/// What a form sends, in the order of its controls; `submitter` is the button that was clicked.
pub(in crate::testing) fn entries(dom: &Dom, form: NodeId, submitter: Option<NodeId>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for control in dom.controls_of(form) {
        let name = dom.attribute(control, "name").unwrap_or_default();
        let is_in_list = dom.ancestors(control).any(|node| dom.html_name(node) == "datalist");
        if name.is_empty() || dom.is_disabled(control) || is_in_list {
            continue;
        }
        match (dom.html_name(control), &*dom.control_type(control)) {
            ("button", _) | ("input", "submit" | "image" | "reset" | "button")
                if submitter != Some(control) => {}
            ("input", "checkbox" | "radio") if !dom.is_checked(control) => {}
            ("input", "file") => {
                let mut files = dom.control(control).map(|control| control.files.clone()).unwrap_or_default();
                if files.is_empty() {
                    files.push(ChosenFile { name: String::new(), content: Bytes::new() });
                }
                entries.extend(
                    files
                        .into_iter()
                        .map(|file| Entry { name: name.to_owned(), value: EntryValue::File(file) }),
                );
            }
            ("select", _) => {
                let options =
                    dom.selected_options(control).into_iter().filter(|&option| !dom.is_disabled(option));
                entries.extend(options.map(|option| Entry::text(name, dom.option_value(option))));
            }
            ("button" | "input" | "textarea", _) => entries.push(Entry::text(name, dom.value(control))),
            _ => {}
        }
    }
    entries
}

/// Adds a button's name and value.
pub(in crate::testing) fn push_submitter(dom: &Dom, entries: &mut Vec<Entry>, submitter: NodeId) {
    if let Some(name) = dom.attribute(submitter, "name").filter(|name| !name.is_empty()) {
        entries.push(Entry::text(name, dom.value(submitter)));
    }
}

/// The entries as texts, with what stands for a file.
pub(in crate::testing) fn texts(entries: &[Entry], file: impl Fn(&str) -> String) -> Vec<(String, String)> {
    entries
        .iter()
        .map(|entry| {
            let value = match &entry.value {
                EntryValue::Text(text) => text.clone(),
                EntryValue::File(chosen) => file(&chosen.name),
            };
            (entry.name.clone(), value)
        })
        .collect()
}

/// The entries as a browser sends them without a script: with the ends of lines that forms have.
pub(in crate::testing) fn native_texts(entries: &[Entry]) -> Vec<(String, String)> {
    let pairs = texts(entries, str::to_owned);
    pairs.into_iter().map(|(name, value)| (crlf(&name), crlf(&value))).collect()
}

pub(in crate::testing) fn urlencoded(entries: &[Entry], file: impl Fn(&str) -> String) -> String {
    encode(&texts(entries, file))
}

/// The boundary of the parts of a form.
const BOUNDARY: &str = "----StarioFormBoundary7MA4YWxkTrZu0gW";

/// The content type and the body of a form with files.
pub(in crate::testing) fn multipart(entries: &[Entry]) -> (String, Bytes) {
    let mut body = Vec::new();
    for entry in entries {
        let name = escape_quoted(&crlf(&entry.name));
        let head = match &entry.value {
            EntryValue::Text(_) => format!("name=\"{name}\"\r\n\r\n"),
            EntryValue::File(file) => {
                let kind =
                    if file.name.is_empty() { "application/octet-stream" } else { media_type(&file.name) };
                let file_name = escape_quoted(&file.name);
                format!("name=\"{name}\"; filename=\"{file_name}\"\r\ncontent-type: {kind}\r\n\r\n")
            }
        };
        body.extend_from_slice(format!("--{BOUNDARY}\r\ncontent-disposition: form-data; {head}").as_bytes());
        match &entry.value {
            EntryValue::Text(text) => body.extend_from_slice(crlf(text).as_bytes()),
            EntryValue::File(file) => body.extend_from_slice(&file.content),
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body.into())
}

/// As browsers do (HTML, section 4.10.21.8).
fn escape_quoted(name: &str) -> String {
    name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22")
}

/// Ends lines as forms send them.
fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

/// The first control that keeps a browser from sending the form, and why.
pub(in crate::testing) fn invalid(dom: &Dom, form: NodeId) -> Option<(NodeId, String)> {
    dom.controls_of(form).into_iter().find_map(|control| Some((control, problem(dom, control)?)))
}

fn problem(dom: &Dom, control: NodeId) -> Option<String> {
    let kind = dom.control_type(control);
    let name = dom.html_name(control);
    let is_read_only = dom.has_attribute(control, "readonly");
    let is_checked_at_all = matches!(name, "input" | "select" | "textarea") && !is_read_only;
    if !is_checked_at_all
        || dom.is_disabled(control)
        || matches!(&*kind, "hidden" | "reset" | "button" | "submit" | "image")
    {
        return None;
    }
    let value = dom.value(control);
    if dom.has_attribute(control, "required") {
        let is_missing = match &*kind {
            "checkbox" => !dom.is_checked(control),
            "radio" => {
                let group = dom.radio_group(control);
                !dom.is_checked(control) && !group.into_iter().any(|radio| dom.is_checked(radio))
            }
            _ => value.is_empty(),
        };
        if is_missing {
            return Some("it is required".to_owned());
        }
    }
    if value.is_empty() || matches!(&*kind, "checkbox" | "radio" | "file") || name == "select" {
        return None;
    }
    let number = |attribute: &str| dom.attribute(control, attribute)?.parse::<f64>().ok();
    let length = || {
        #[allow(clippy::cast_precision_loss)] // No text of a test is so long.
        let length = value.encode_utf16().count() as f64;
        length
    };
    let is_number = matches!(&*kind, "number" | "range");
    match &*kind {
        "email" if !is_email(&value) => return Some(format!("{value:?} is not an e-mail address")),
        "url" if !value.contains(':') => return Some(format!("{value:?} is no URL")),
        _ => {}
    }
    if let Some(pattern) = dom.attribute(control, "pattern").filter(|_| name == "input" && !is_number) {
        let matches = Regex::new(&format!("^(?:{pattern})$")).map(|regex| regex.find(&value).is_some());
        if matches == Ok(false) {
            return Some(format!("{value:?} does not fit its pattern `{pattern}`"));
        }
    }
    let parsed = value.parse::<f64>().unwrap_or_default();
    if is_number && number("min").is_some_and(|min| parsed < min) {
        return Some(format!("{value} is below its minimum"));
    }
    if is_number && number("max").is_some_and(|max| parsed > max) {
        return Some(format!("{value} is above its maximum"));
    }
    // Only what was typed is measured.
    let is_typed = dom.control(control).is_some_and(|control| control.value.is_some());
    if !is_number && is_typed && number("minlength").is_some_and(|min| length() < min) {
        return Some(format!("{value:?} is too short"));
    }
    if !is_number && is_typed && number("maxlength").is_some_and(|max| length() > max) {
        return Some(format!("{value:?} is too long"));
    }
    None
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains(['@', ' ']) && !name.contains(' ')
    })
}
