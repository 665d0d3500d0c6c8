//! The attributes of a tag.

use quote::quote;
use stario_html::names::{AttrKind, DatastarName, ValueRule, plugin};
use stario_html::{Lead, Quote, is_same_site, lead, refresh_url_start};

use super::super::ast::{Attr, Literal, Name, NamedAttr, Splice, Value, ValuePart};
use super::super::braces::characters;
use super::super::kinds::Kinds;
use super::super::ops::{Op, Ops, Place, ValueOp};
use super::{flow, lists, parts};

/// Lowers the attributes of one tag, or those in one block of a condition inside of the tag.
pub(super) fn attrs(kinds: &Kinds<'_>, attrs: Vec<Attr>, out: &mut Ops) {
    let attrs = Attrs::sort(attrs);
    let (mut classes, mut styles) = (Some(attrs.classes), Some(attrs.styles));
    for attr in attrs.others {
        match attr {
            // All classes are written where the first was, and so are all styles.
            Attr::Named(attr) => match Joining::of(&attr.name.text) {
                Some(Joining::Class) => classes.take().into_iter().for_each(|all| list(kinds, all, out)),
                Some(Joining::Style) => styles.take().into_iter().for_each(|all| list(kinds, all, out)),
                None => named_attr(kinds, attr, out),
            },
            Attr::If(group) => {
                let op = flow::if_(group, &mut |attrs| {
                    let mut inner = Ops::default();
                    self::attrs(kinds, attrs, &mut inner);
                    inner.0
                });
                out.0.push(Op::If(op));
            }
            Attr::Spread(_) => {}
        }
    }
    // The browser keeps the first of two attributes, so a spread never overrides what the template says.
    for attrs in attrs.spreads {
        out.0.push(Op::Spread { attrs, runs_code: kinds.runs_code() });
    }
}

/// The attributes of a tag, sorted so that all classes and all styles stand together.
struct Attrs {
    /// All other attributes in their order. Among them, an attribute without a value marks the place of the classes,
    /// and another that of the styles.
    others: Vec<Attr>,
    classes: Vec<NamedAttr>,
    styles: Vec<NamedAttr>,
    spreads: Vec<Splice>,
}

impl Attrs {
    fn sort(attrs: Vec<Attr>) -> Self {
        let mut out =
            Self { others: Vec::new(), classes: Vec::new(), styles: Vec::new(), spreads: Vec::new() };
        for attr in attrs {
            match attr {
                Attr::Spread(spread) => out.spreads.push(spread),
                Attr::Named(attr) => {
                    let joined = match Joining::of(&attr.name.text) {
                        Some(Joining::Class) => &mut out.classes,
                        Some(Joining::Style) => &mut out.styles,
                        None => {
                            out.others.push(Attr::Named(attr));
                            continue;
                        }
                    };
                    if joined.is_empty() {
                        let place = NamedAttr { name: attr.name.clone(), value: None };
                        out.others.push(Attr::Named(place));
                    }
                    joined.push(attr);
                }
                Attr::If(group) => out.others.push(Attr::If(group)),
            }
        }
        out
    }
}

/// Attributes of which several in a tag are written as one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joining {
    Class,
    Style,
}

impl Joining {
    fn of(name: &str) -> Option<Self> {
        match name.split_once(':').map_or(name, |(name, _)| name) {
            "class" => Some(Self::Class),
            "style" => Some(Self::Style),
            _ => None,
        }
    }
}

/// Lowers all `class` or all `style` attributes of a tag.
fn list(kinds: &Kinds<'_>, mut attrs: Vec<NamedAttr>, out: &mut Ops) {
    let is_alone = attrs.len() == 1 && !attrs[0].name.text.contains(':');
    match attrs.first().and_then(|attr| Joining::of(&attr.name.text)) {
        _ if is_alone => attrs.drain(..).for_each(|attr| named_attr(kinds, attr, out)),
        Some(Joining::Class) => lists::classes(attrs, out),
        _ => lists::styles(attrs, out),
    }
}

fn named_attr(kinds: &Kinds<'_>, attr: NamedAttr, out: &mut Ops) {
    let name = &attr.name.text;
    let kind = kinds.kind(name);
    match attr.value {
        // The name has been reported. The trait that its value needs is not known.
        Some(Value::Splice(value)) if is_unknown_to_datastar(&attr.name) => {
            let value = value.tokens;
            out.0.push(Op::Statement(quote!(let _ = &(#value);)));
        }
        None => out.markup(&format!(" {name}")),
        // A value such as `"false"` has been reported. The attribute is written with it, because any value makes it
        // present.
        Some(Value::Literal(value)) if kind.is_code() => out.literal_attr(name, &value.value),
        Some(Value::Literal(value) | Value::Number(value)) => out.literal_attr(name, &characters(&value)),
        Some(Value::Splice(value)) => {
            let place = match kind {
                AttrKind::Boolean => {
                    out.0.push(Op::Flag { condition: value, markup: format!(" {name}") });
                    return;
                }
                AttrKind::Plain => datastar_place(name).unwrap_or(Place::Attr),
                AttrKind::FlagOrText => Place::FlagOrText,
                AttrKind::TrueFalse => Place::TrueFalse,
                AttrKind::Url => Place::Url,
                AttrKind::CodeUrl => Place::CodeUrl,
                AttrKind::UrlList => Place::UrlList,
                AttrKind::Refresh => Place::Refresh,
                AttrKind::Style => Place::Style,
                AttrKind::Srcdoc => Place::Srcdoc,
                AttrKind::Expression => datastar_place(name).unwrap_or(Place::Expression),
                AttrKind::Handler => Place::Handler,
            };
            // Signals are mostly JSON, which has many double quotes.
            let quote = if name.starts_with("data-signals") { Quote::Single } else { Quote::Double };
            let open = format!(" {name}={}", quote.as_char());
            out.0.push(Op::Value(ValueOp { place, open: Some((open, quote)), value }));
        }
        Some(Value::Parts(parts)) => attr_of_parts(name, kind, parts, out),
    }
}

/// Returns the place of a value in an attribute that Datastar reads; `None` if the value is a name or a list of names.
fn datastar_place(name: &str) -> Option<Place> {
    let name = DatastarName::parse(name.strip_prefix("data-")?);
    let plugin = plugin(name.plugin)?;
    let place = match (plugin.name, name.key, plugin.value) {
        ("bind", ..) => Place::Bind,
        ("indicator", ..) => Place::Indicator,
        ("show", ..) | ("class", Some(_), _) => Place::Condition,
        ("text", ..) => Place::ShownText,
        ("attr" | "style", Some(_), _) => Place::ShownValue,
        ("signals", None, _) => Place::Signals,
        (_, _, ValueRule::Expression | ValueRule::OptionalExpression) => Place::Datastar,
        (_, _, ValueRule::Text | ValueRule::None) => return None,
    };
    Some(place)
}

/// Whether a name has the form of a Datastar attribute, and Datastar has none of that name.
fn is_unknown_to_datastar(name: &Name) -> bool {
    let Some(rest) = name.text.strip_prefix("data-").filter(|_| !name.is_quoted) else { return false };
    let parsed = DatastarName::parse(rest);
    plugin(parsed.plugin).is_none() && (parsed.key.is_some() || !parsed.modifiers.is_empty())
}

fn attr_of_parts(name: &str, kind: AttrKind, parts: Vec<ValuePart>, out: &mut Ops) {
    let open = format!(" {name}=\"");
    // A URL whose beginning is not known at compile time is checked as a whole when it is written.
    let place = match kind {
        AttrKind::Url if !begins_settled(&parts) => Place::Url,
        AttrKind::CodeUrl if !begins_settled(&parts) || !begins_here(&parts) => Place::CodeUrl,
        AttrKind::UrlList => Place::UrlList,
        _ => {
            out.markup(&open);
            match kind {
                AttrKind::Expression => {
                    let is_datastar = datastar_place(name).is_some();
                    let place = if is_datastar { Place::DatastarPart } else { Place::ExpressionPart };
                    parts::each(place, parts, out);
                }
                AttrKind::Handler => parts::each(Place::HandlerPart, parts, out),
                AttrKind::Refresh => refresh(parts, out),
                _ => parts::each(Place::AttrPart, parts, out),
            }
            out.markup("\"");
            return;
        }
    };
    let open = Some((open, Quote::Double));
    out.0.push(Op::Value(ValueOp { place, open, value: parts::as_tuple(parts) }));
}

/// Whether a URL begins with a literal that decides where the URL leads, so that the rest needs no check.
fn begins_settled(parts: &[ValuePart]) -> bool {
    matches!(parts.first(), Some(ValuePart::Literal(text)) if lead(&text.value) == Lead::Settled)
}

/// Whether a URL begins with a literal that leads to this site.
fn begins_here(parts: &[ValuePart]) -> bool {
    matches!(parts.first(), Some(ValuePart::Literal(text)) if is_same_site(&text.value))
}

/// Lowers `{"5; url=/", path}`: the delay is written unchecked, and the URL behind it is checked like other URLs.
fn refresh(mut parts: Vec<ValuePart>, out: &mut Ops) {
    if let Some(ValuePart::Literal(first)) = parts.first_mut()
        && let Some(start) = refresh_url_start(&first.value)
    {
        let url = Literal { value: first.value[start..].to_owned(), ..first.clone() };
        out.escaped(&first.value[..start], Quote::Double);
        *first = url;
    }
    if begins_settled(&parts) {
        parts::each(Place::AttrPart, parts, out);
    } else {
        out.value(Place::UrlPart, parts::as_tuple(parts));
    }
}
