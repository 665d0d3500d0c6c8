//! Attributes `class` and `style` that are made of several sources.

use stario_html::{Quote, escape_into};

use super::super::ast::{NamedAttr, Value};
use super::super::braces::characters;
use super::super::ops::{JoinedItem, JoinedOp, Op, Ops};
use super::parts;

/// Lowers all the lists of classes of a tag, `class="a"`, and toggles, `class:b={condition}`.
pub(super) fn classes(attrs: Vec<NamedAttr>, out: &mut Ops) {
    // The lists come first, so that the toggles can be written after them.
    let (lists, toggles): (Vec<_>, Vec<_>) = attrs.into_iter().partition(|attr| attr.name.text == "class");
    let mut known = String::new();
    let mut made = Vec::new();
    for value in lists.into_iter().filter_map(|attr| attr.value) {
        match value {
            Value::Literal(text) | Value::Number(text) => {
                let gap = if known.is_empty() { "" } else { " " };
                known.extend([gap, characters(&text).trim()]);
            }
            Value::Splice(classes) => made.push(classes),
            Value::Parts(parts) => made.push(parts::as_tuple(parts)),
        }
    }
    let toggles = toggles.into_iter().filter_map(|attr| {
        let class = attr.name.text.split_once(':')?.1.to_owned();
        match attr.value? {
            Value::Splice(condition) => Some((condition, class)),
            _ => None,
        }
    });
    if made.is_empty() && !known.is_empty() {
        out.markup(" class=\"");
        out.escaped(&known, Quote::Double);
        for (condition, class) in toggles {
            out.0.push(Op::Flag { condition, markup: format!(" {}", escaped(&class)) });
        }
        out.markup("\"");
        return;
    }
    let mut items = Vec::new();
    if !known.is_empty() {
        items.push(JoinedItem::Static(escaped(&known)));
    }
    items.extend(made.into_iter().map(JoinedItem::Classes));
    items.extend(toggles.map(|(condition, class)| JoinedItem::Toggle { condition, class: escaped(&class) }));
    out.0.push(Op::Joined(JoinedOp { name: "class", separator: " ", items }));
}

/// Lowers all the styles of a tag, `style="a: b"`, and single properties, `style:color={value}`.
pub(super) fn styles(attrs: Vec<NamedAttr>, out: &mut Ops) {
    let mut items = Vec::new();
    // The known declarations since the last value. Their order is kept, because a later declaration overrides an
    // earlier one.
    let mut known = String::new();
    for attr in attrs {
        let property = attr.name.text.split_once(':').map(|(_, property)| property.to_owned());
        let item = match (property, attr.value) {
            (Some(name), Some(Value::Literal(text) | Value::Number(text))) => {
                push_declaration(&mut known, &format!("{name}:{}", characters(&text)));
                continue;
            }
            (None, Some(Value::Literal(text))) => {
                push_declaration(&mut known, &characters(&text));
                continue;
            }
            (Some(name), Some(Value::Splice(value))) => JoinedItem::Property { name: name + ":", value },
            (Some(name), Some(Value::Parts(parts))) => {
                JoinedItem::Property { name: name + ":", value: parts::as_tuple(parts) }
            }
            (None, Some(Value::Splice(style))) => JoinedItem::Style(style),
            _ => continue,
        };
        push_known(&mut known, &mut items);
        items.push(item);
    }
    if items.is_empty() {
        out.literal_attr("style", &known);
        return;
    }
    push_known(&mut known, &mut items);
    out.0.push(Op::Joined(JoinedOp { name: "style", separator: ";", items }));
}

fn push_known(known: &mut String, items: &mut Vec<JoinedItem>) {
    if !known.is_empty() {
        items.push(JoinedItem::Static(escaped(&std::mem::take(known))));
    }
}

fn push_declaration(known: &mut String, declaration: &str) {
    let declaration = declaration.trim().trim_end_matches(';');
    if !known.is_empty() && !declaration.is_empty() {
        known.push(';');
    }
    known.push_str(declaration);
}

fn escaped(text: &str) -> String {
    let mut markup = String::new();
    escape_into(text, Quote::Double, &mut markup);
    markup
}
