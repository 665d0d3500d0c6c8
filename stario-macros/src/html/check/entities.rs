//! Reports entities in text: they are escaped, so the page shows `&amp;` instead of the character.

use super::super::ast::Literal;
use super::super::report::Report;

/// The entities that people write, and their characters.
const NAMED: [(&str, char); 32] = [
    ("amp", '&'),
    ("apos", '\''),
    ("bull", '•'),
    ("cent", '¢'),
    ("check", '✓'),
    ("copy", '©'),
    ("darr", '↓'),
    ("deg", '°'),
    ("euro", '€'),
    ("gt", '>'),
    ("hearts", '♥'),
    ("hellip", '…'),
    ("laquo", '«'),
    ("larr", '←'),
    ("ldquo", '“'),
    ("lsquo", '‘'),
    ("lt", '<'),
    ("mdash", '—'),
    ("middot", '·'),
    ("nbsp", '\u{a0}'),
    ("ndash", '–'),
    ("pound", '£'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rarr", '→'),
    ("rdquo", '”'),
    ("reg", '®'),
    ("rsquo", '’'),
    ("shy", '\u{ad}'),
    ("times", '×'),
    ("trade", '™'),
    ("uarr", '↑'),
];

/// Checks text that is going to be escaped.
pub(super) fn check(text: &Literal, report: &mut Report) {
    if text.in_braces || !text.value.contains('&') {
        return;
    }
    let Some((entity, character)) =
        text.value.match_indices('&').find_map(|(at, _)| entity(&text.value[at..]))
    else {
        return;
    };
    let instead = match character {
        // These characters look like a space, or like nothing, in a source.
        '\u{a0}' | '\u{ad}' => character.escape_unicode().to_string(),
        _ => character.escape_debug().to_string(),
    };
    report.error(
        text.span,
        format!("text is escaped, so this shows {entity} as it is written: write {instead} for the character, or {{\"{entity}\"}} for the letters"),
    );
}

/// Returns the entity at the beginning of `text`, and the character that it stands for.
fn entity(text: &str) -> Option<(&str, char)> {
    let entity = &text[..=text.find(';')?];
    let name = &entity[1..entity.len() - 1];
    let character = match name.strip_prefix('#') {
        Some(number) => {
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((entity, character))
}

#[cfg(test)]
mod tests {
    use super::{NAMED, entity};

    #[test]
    fn finds_what_people_write() {
        assert_eq!(entity("&nbsp;x"), Some(("&nbsp;", '\u{a0}')));
        assert_eq!(entity("&#39;"), Some(("&#39;", '\'')));
        assert_eq!(entity("&#x2014; a"), Some(("&#x2014;", '—')));
        for text in ["& b;", "&", "&b=1;", "&#;", "&#xd800;", "&copy", "&unknown;"] {
            assert_eq!(entity(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_sorted() {
        assert!(NAMED.is_sorted());
    }
}
