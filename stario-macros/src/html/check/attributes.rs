//! Checks attributes: their names, repetitions, and values that do not fit the attribute.

use proc_macro2::Span;
use stario_html::names::{AttrKind, Element, is_known_attribute, known_attributes, most_similar};
use stario_html::{is_same_site, refresh_url_start};

use super::super::ast::{Attr, Else, If, Literal, Name, NamedAttr, Range, Value, ValuePart};
use super::super::braces::{self, Piece, as_parts};
use super::super::kinds::Kinds;
use super::super::report::Report;
use super::javascript::{Open, Scanner};
use super::{datastar, entities};

/// The element that has the attributes.
#[derive(Clone, Copy)]
struct On<'e> {
    name: &'e str,
    /// The entry of the element in the tables; `None` if it is a custom element or chosen at run time.
    known: Option<&'static Element>,
    kinds: Kinds<'e>,
}

/// The names that the tag has so far.
type Seen = Vec<Written>;

#[derive(Clone)]
struct Written {
    name: String,
    range: Range,
    /// The address of the attributes among which the name stands: those of the tag, or of the block of an `if`.
    block: *const Attr,
}

/// Checks the attributes of one tag. `name` is empty for an element chosen at run time.
pub(crate) fn check(name: &str, known: Option<&'static Element>, attrs: &[Attr], report: &mut Report) {
    let on = On { name, known, kinds: Kinds::of(name, attrs) };
    attributes(on, attrs, &mut Seen::new(), report);
}

fn attributes(on: On<'_>, attrs: &[Attr], seen: &mut Seen, report: &mut Report) {
    for attr in attrs {
        match attr {
            Attr::Named(attr) => {
                check_repetition(&attr.name, attrs.as_ptr(), seen, report);
                if check_name(on, attr, report) {
                    check_value(on, attr, report);
                }
            }
            Attr::If(group) => {
                let before = seen.clone();
                check_group(on, group, &before, seen, report);
            }
            Attr::Spread(_) => {}
        }
    }
}

/// Checks the branches of an `if`. Only one of them is written, so each is checked against the names in `before` alone.
fn check_group(on: On<'_>, group: &If<Attr>, before: &Seen, seen: &mut Seen, report: &mut Report) {
    let mut branch = |attrs: &[Attr], report: &mut Report| {
        let mut inner = before.clone();
        attributes(on, attrs, &mut inner, report);
        seen.extend(inner.split_off(before.len()));
    };
    branch(&group.then, report);
    match &group.otherwise {
        Some(Else::Block(attrs)) => branch(attrs, report),
        Some(Else::If(group)) => check_group(on, group, before, seen, report),
        None => {}
    }
}

fn check_repetition(name: &Name, block: *const Attr, seen: &mut Seen, report: &mut Report) {
    let key = name.text.to_ascii_lowercase();
    // Several attributes `class` are written as one, and several `style`, too.
    let is_list = matches!(key.as_str(), "class" | "style");
    if let Some(first) = seen.iter().find(|written| written.name == key && !is_list) {
        report.error(name.range, format!("duplicate attribute {}", name.text));
        report.note(first.range, format!("{} first written here", name.text));
    } else if let Some(joined) = joined(&key)
        && let Some(first) =
            seen.iter().find(|written| written.block != block && self::joined(&written.name) == Some(joined))
    {
        let toggle = if joined == "class" { "class:name={condition}" } else { "style:name={option}" };
        let problem = format!(
            "this makes a second {joined} attribute, which browsers drop; put the condition in the value: {toggle}"
        );
        report.error(name.range, problem);
        report.note(first.range, format!("the first {joined} attribute begins here"));
    }
    seen.push(Written { name: key, range: name.range, block });
}

/// Returns `class` or `style` for the names that are written as one attribute, such as `class` and `class:x`.
fn joined(name: &str) -> Option<&'static str> {
    let is =
        |joined: &str| name == joined || name.strip_prefix(joined).is_some_and(|rest| rest.starts_with(':'));
    ["class", "style"].into_iter().find(|joined| is(joined))
}

/// Checks a name. Returns whether its value should be checked, too.
fn check_name(on: On<'_>, attr: &NamedAttr, report: &mut Report) -> bool {
    let name = &attr.name;
    let text = name.text.as_str();
    if text == "class:" {
        report.error(name.range, "class: needs a name: class:active={condition}");
        return false;
    }
    if text == "style:" {
        report.error(name.range, "style: needs a property: style:color={value}");
        return false;
    }
    if name.is_quoted || joined(text).is_some() {
        return true;
    }
    if text.starts_with("data-") {
        datastar::check(attr, report);
        return true;
    }
    // The parser has reported this name.
    if text.contains('/') {
        return true;
    }
    if text.starts_with('@') {
        report.error(name.range, of_another_library(text));
        return false;
    }
    let Some(element) = on.known else {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            let lower = text.to_ascii_lowercase();
            report.error(
                name.range,
                format!("HTML lowercases attribute names: this reaches the page as {lower}; write {lower}"),
            );
        }
        return true;
    };
    if is_known_attribute(element, text) {
        return true;
    }
    if is_of_another_library(text) {
        report.error(name.range, of_another_library(text));
        return false;
    }
    let meant = match text {
        "className" => Some("class"),
        "htmlFor" => Some("for"),
        _ => most_similar(text, known_attributes(Some(element))),
    };
    let hint = meant.map_or(String::new(), |known| format!("; did you mean {known}?"));
    let stop = if hint.is_empty() { "." } else { "" };
    report.error(
        name.range,
        format!("<{}> has no attribute {text}{hint}{stop} Use data-* or {text:?} in quotes for a non-standard one", on.name),
    );
    false
}

/// Whether a name has the form that Alpine, Vue, htmx and others give their attributes.
fn is_of_another_library(name: &str) -> bool {
    ["hx-", "v-", "x-"].iter().any(|prefix| name.starts_with(prefix))
        || (name.contains([':', '.']) && !name.starts_with("xlink:") && !name.starts_with("xml"))
}

fn of_another_library(name: &str) -> String {
    format!(
        "{name} is neither HTML nor Datastar: the name of another library's attribute is written in quotes, {name:?}"
    )
}

fn check_value(on: On<'_>, attr: &NamedAttr, report: &mut Report) {
    let name = &attr.name.text;
    if name.starts_with("class:") {
        if !matches!(attr.value, Some(Value::Splice(_))) {
            report.error(attr.name.range, format!("{name} takes a condition: {name}={{condition}}"));
        }
        return;
    }
    if name.starts_with("style:") {
        if attr.value.is_none() {
            report.error(attr.name.range, format!("{name} takes a value: {name}={{value}}"));
        }
        if let Some(Value::Literal(text)) = &attr.value {
            braces::check(text, |pieces| value_of(&attr.name, pieces), report);
        }
        return;
    }
    let kind = on.kinds.kind(name);
    if let Some(Value::Literal(text)) = &attr.value
        && !kind.is_code()
    {
        entities::check(text, report);
        braces::check(text, |pieces| value_of(&attr.name, pieces), report);
    }
    match (kind, &attr.value) {
        (AttrKind::Boolean, Some(Value::Literal(text) | Value::Number(text))) => {
            boolean_literal(name, text, report);
        }
        (AttrKind::FlagOrText, Some(Value::Literal(text)))
            if matches!(text.value.as_str(), "true" | "false") =>
        {
            let value = &text.value;
            let problem =
                format!("{name} is present or absent, and {value:?} means neither; write {name}={{cond}}");
            report.error(text.span, problem);
        }
        (AttrKind::Boolean, Some(Value::Parts(_))) => {
            report.error(attr.name.range, format!("{name} is a boolean attribute: write {name}={{cond}}"));
        }
        (AttrKind::Style, Some(Value::Parts(_))) => report.error(
            attr.name.range,
            "a style is not put together from parts; write the properties: style:color={value}",
        ),
        (AttrKind::Srcdoc, Some(Value::Parts(_))) => {
            report.error(attr.name.range, "srcdoc takes one value, the `Html` that html! returns");
        }
        (AttrKind::Url | AttrKind::CodeUrl, Some(Value::Literal(url))) => {
            url_literal(name, &url.value, url.span, report);
        }
        (AttrKind::Refresh, Some(Value::Literal(content))) => {
            let url = refresh_url_start(&content.value).map_or("", |start| &content.value[start..]);
            url_literal(name, url, content.span, report);
        }
        (AttrKind::Url, Some(Value::Parts(parts))) => url_parts(parts, report),
        (AttrKind::CodeUrl, Some(Value::Parts(parts))) => {
            url_parts(parts, report);
            code_url_parts(on.name, name, parts, report);
        }
        (AttrKind::Refresh, Some(Value::Parts(parts))) => {
            refresh_parts(attr.name.range, parts, report);
        }
        (AttrKind::Expression | AttrKind::Handler, Some(Value::Parts(parts))) => {
            javascript_parts(parts, report);
        }
        _ => {}
    }
}

fn boolean_literal(name: &str, text: &Literal, report: &mut Report) {
    let value = &text.value;
    if value.is_empty() || value == name {
        return;
    }
    let problem = match value.as_str() {
        "false" | "0" | "no" | "off" => format!(
            "{name} is a boolean attribute: {value:?} still {}; write {name}={{cond}} or leave it out",
            if name == "disabled" { "disables" } else { "sets it" },
        ),
        _ => format!(
            "{name} is a boolean attribute: {value:?} has no meaning; write {name}={{cond}} or {name} alone"
        ),
    };
    report.error(text.span, problem);
}

/// Returns how to write an attribute whose text has values in braces.
fn value_of(name: &Name, pieces: &[Piece<'_>]) -> String {
    let parts = as_parts(pieces);
    match name.text.as_str() {
        "style" => "each property on its own, style:property={value},".to_owned(),
        text if name.is_quoted => format!("{text:?}={{{parts}}}"),
        text => format!("{text}={{{parts}}}"),
    }
}

/// Reports a URL that runs as code.
fn url_literal(name: &str, url: &str, span: Span, report: &mut Report) {
    let scheme = url.split_once(':').map_or(String::new(), |(scheme, _)| scheme.trim().to_ascii_lowercase());
    if !matches!(scheme.as_str(), "javascript" | "vbscript") {
        return;
    }
    let instead = match name {
        "content" => "a refresh takes the URL of a page".to_owned(),
        name => format!(
            "write <button data-on:click=\"..\">, or {name}={{trusted_url(\"..\")}} if it must be a URL"
        ),
    };
    report.error(span, format!("{scheme}: runs the URL as code; {instead}"));
}

/// Reports a URL of another site to which values are added, if the page runs the code at that URL.
fn code_url_parts(element: &str, name: &str, parts: &[ValuePart], report: &mut Report) {
    let Some(ValuePart::Literal(first)) = parts.first() else { return };
    if !is_same_site(&first.value) {
        report.error(
            first.span,
            format!(
                "{name} of <{element}> runs in the page what another site sends: write the whole URL as a literal, or \
                 {name}={{trusted_url(format!(\"..\"))}}"
            ),
        );
    }
}

/// Checks that the first part of a refresh has the delay, so that the URL behind it can be checked.
fn refresh_parts(range: Range, parts: &[ValuePart], report: &mut Report) {
    let first = match parts.first() {
        Some(ValuePart::Literal(first)) => {
            refresh_url_start(&first.value).map(|start| (&first.value[start..], first.span))
        }
        _ => None,
    };
    match first {
        Some((url, span)) => beginning_of_url(url, span, report),
        None => report.error(
            range,
            "a refresh begins with its delay and `url=` in one text: content={\"5; url=\", url}",
        ),
    }
}

/// Reports values in a URL that is code or a document itself, such as `javascript:` or `data:text/html`.
fn url_parts(parts: &[ValuePart], report: &mut Report) {
    if let Some(ValuePart::Literal(first)) = parts.first() {
        beginning_of_url(&first.value, first.span, report);
    }
}

fn beginning_of_url(url: &str, span: Span, report: &mut Report) {
    let Some((scheme, rest)) = url.split_once(':') else { return };
    let scheme = scheme.trim().to_ascii_lowercase();
    let is_code = match scheme.as_str() {
        "javascript" | "vbscript" => true,
        "data" => !rest.trim_start().to_ascii_lowercase().starts_with("image/"),
        _ => false,
    };
    if is_code {
        report.error(
            span,
            format!("a value behind {scheme}: would be run as code; use an event, or trusted_url(..) for the whole URL"),
        );
    }
}

fn javascript_parts(parts: &[ValuePart], report: &mut Report) {
    let mut scanner = Scanner::default();
    let mut is_call = false;
    for part in parts {
        match part {
            ValuePart::Literal(text) => {
                scanner.read(&text.value);
                // The literal may be the beginning of an action: `@get('/users/`.
                is_call = text.value.contains('@');
            }
            ValuePart::Splice(value) if is_call && matches!(scanner.open(), Open::String(_)) => {
                report.error(
                    value.span,
                    "a value cannot stand inside of a string in JavaScript; write the handler's own link, name::action(..), or \
                     end the string and join with +: \"'/users/' + \", json(&id)",
                );
                scanner.read_value();
            }
            ValuePart::Splice(value) => {
                in_open_javascript(scanner.open(), value.span.into(), report);
                scanner.read_value();
            }
        }
    }
}

/// Reports a value that stands inside of a string or a comment.
pub(crate) fn in_open_javascript(open: Open, range: Range, report: &mut Report) {
    let inside = match open {
        Open::Nothing => return,
        Open::String('`') => "a template literal",
        Open::String(_) => "a string",
        Open::Regex { .. } => "a regular expression",
        Open::LineComment | Open::BlockComment => "a comment",
        Open::Ambiguous => {
            report.error(
                range,
                "a `/` behind `)` or `}` may divide or begin a regular expression, so it is not clear what this value stands in; name what is divided, or put the value before it",
            );
            return;
        }
    };
    report.error(
        range,
        format!("a value cannot stand inside of {inside} in JavaScript; end it and join with +: \"'/users/' + \", json(&id)"),
    );
}
