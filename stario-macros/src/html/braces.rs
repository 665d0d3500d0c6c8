//! Braces in quoted text. They are only characters: `"Hello {name}"` shows no value, and is reported. As in format
//! strings, `{{` and `}}` write one brace; in a raw string they write two.

use std::borrow::Cow;

use super::ast::Literal;
use super::report::Report;

/// Returns the characters that quoted text stands for.
pub(crate) fn characters(text: &Literal) -> Cow<'_, str> {
    if !has_rules(text) {
        return Cow::Borrowed(&text.value);
    }
    Cow::Owned(text.value.replace("{{", "{").replace("}}", "}"))
}

/// A piece of a text with values in braces.
#[derive(Debug, PartialEq)]
pub(crate) enum Piece<'t> {
    Text(&'t str),
    Value(&'t str),
}

/// Reports values in braces. `instead` makes of the pieces of the text what the user should write instead.
pub(crate) fn check(text: &Literal, instead: impl FnOnce(&[Piece<'_>]) -> String, report: &mut Report) {
    if !has_rules(text) {
        return;
    }
    let found = pieces(&text.value);
    let Some(value) = found.list.iter().find_map(|piece| match piece {
        Piece::Value(value) => Some(value),
        Piece::Text(_) => None,
    }) else {
        if found.has_single && found.has_double {
            report.error(
                text.span,
                "{{ and }} in quotes write one brace, and here are single ones, too: write a raw string, r#\"..\"#, \
                 in which each brace is one",
            );
        }
        return;
    };
    let instead = instead(&found.list);
    report.error(
        text.span,
        format!(
            "braces in quotes are only characters: write {instead} for the value, or {{{{{value}}}}} for the characters"
        ),
    );
}

/// Writes the pieces as a list of parts: `"card-", name`.
pub(crate) fn as_parts(pieces: &[Piece<'_>]) -> String {
    let parts: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => format!("{text:?}"),
            Piece::Value(value) => as_rust(value),
        })
        .collect();
    parts.join(", ")
}

/// Writes the pieces as nodes: `"Hello " {name}`.
pub(crate) fn as_nodes(pieces: &[Piece<'_>]) -> String {
    let nodes: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => format!("{text:?}"),
            Piece::Value(value) => format!("{{{}}}", as_rust(value)),
        })
        .collect();
    nodes.join(" ")
}

/// Writes the value in Rust outside of a text: `price:.2` becomes `format_args!("{:.2}", price)`.
fn as_rust(value: &str) -> String {
    match value.split_once(':') {
        Some((name, format)) => format!("format_args!(\"{{:{format}}}\", {name})"),
        None => value.to_owned(),
    }
}

fn has_rules(text: &Literal) -> bool {
    !text.in_braces && !text.is_raw && text.value.contains(['{', '}'])
}

#[derive(Default)]
struct Pieces<'t> {
    list: Vec<Piece<'t>>,
    has_single: bool,
    has_double: bool,
}

fn pieces(text: &str) -> Pieces<'_> {
    let mut found = Pieces::default();
    let (mut text_from, mut at) = (0, 0);
    while let Some(next) = text[at..].find(['{', '}']) {
        at += next;
        let rest = &text[at..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            found.has_double = true;
            at += 2;
        } else if let Some(value) = value_at(rest) {
            if text_from < at {
                found.list.push(Piece::Text(&text[text_from..at]));
            }
            found.list.push(Piece::Value(value));
            at += value.len() + 2;
            text_from = at;
        } else {
            found.has_single = true;
            at += 1;
        }
    }
    if text_from < text.len() {
        found.list.push(Piece::Text(&text[text_from..]));
    }
    found
}

/// Returns the content of the braces at the beginning if it looks like a value: `{user.id}`, `{items.len()}`,
/// `{price:.2}`.
fn value_at(text: &str) -> Option<&str> {
    let (value, _) = text.strip_prefix('{')?.split_once('}')?;
    let (names, format) = value.split_once(':').unwrap_or((value, "?"));
    // `{count:0}` may be an object of JavaScript, in an attribute of another library.
    let is_format = (format.ends_with('?') || format.starts_with(['.', '<', '>', '^', '#']))
        && format.chars().all(|c| c.is_ascii_alphanumeric() || ".?#<>^+-".contains(c));
    let is_value = is_format
        && names.split('.').all(|name| {
            let name = name.strip_suffix("()").unwrap_or(name);
            name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        });
    is_value.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{as_nodes, as_parts, pieces};

    fn check(text: &str, parts: &str, nodes: &str) {
        let found = pieces(text);
        assert_eq!(as_parts(&found.list), parts, "{text}");
        assert_eq!(as_nodes(&found.list), nodes, "{text}");
    }

    #[test]
    fn finds_what_was_meant_as_a_value() {
        check("Hello {name}", "\"Hello \", name", "\"Hello \" {name}");
        check("{a.b}{c.len()} é", "a.b, c.len(), \" é\"", "{a.b} {c.len()} \" é\"");
        check(
            "{a:?} {b.c:.2}",
            r#"format_args!("{:?}", a), " ", format_args!("{:.2}", b.c)"#,
            r#"{format_args!("{:?}", a)} " " {format_args!("{:.2}", b.c)}"#,
        );
        for text in [
            "{{name}}", "{}", "{1}", "{a b}", "{a", "a}", "{a: 1}", "{a:}", "{a:0}", "{a:b.c}", "{ a }",
            "{.a}", "{a.}",
        ] {
            check(text, &format!("{text:?}"), &format!("{text:?}"));
        }
    }

    #[test]
    fn tells_single_braces_from_double_ones() {
        let flags = |text| (pieces(text).has_single, pieces(text).has_double);
        assert_eq!(flags("{ a }"), (true, false));
        assert_eq!(flags("{{a}}"), (false, true));
        assert_eq!(flags("{a: {b: 1}}"), (true, true));
    }
}
