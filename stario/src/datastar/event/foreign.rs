//! Patched elements of another namespace than HTML, SVG or `MathML`, laid out so that the client takes all of them.
//!
//! Datastar's client (1.0.4) walks the nodes of such a patch while it moves them into the page, and so takes only
//! every second node: exactly one text node must stand between two elements.

use std::borrow::Cow;

/// The outermost elements of `markup`, each at the beginning of a line, and nothing between them. Markup that is not
/// well formed is returned as it is.
pub(super) fn one_to_a_line(markup: &str) -> Cow<'_, str> {
    match outermost(markup).as_deref() {
        None => Cow::Borrowed(markup),
        Some([only]) => Cow::Borrowed(only),
        Some(elements) => Cow::Owned(elements.join("\n")),
    }
}

fn outermost(markup: &str) -> Option<Vec<&str>> {
    let mut elements = Vec::new();
    let (mut start, mut depth, mut at) = (0, 0_usize, 0);
    while let Some(found) = markup[at..].find('<') {
        let tag_start = at + found;
        let rest = &markup[tag_start..];
        if rest.starts_with("<!") {
            let end = if rest.starts_with("<![CDATA[") { "]]>" } else { "-->" };
            at = tag_start + rest.find(end)? + end.len();
            continue;
        }
        let tag = &rest[..tag_length(rest)?];
        at = tag_start + tag.len();
        if depth == 0 {
            start = tag_start;
        }
        if tag.starts_with("</") {
            depth = depth.checked_sub(1)?;
        } else if !has_no_end(tag) {
            depth += 1;
        }
        if depth == 0 {
            elements.push(&markup[start..at]);
        }
    }
    (depth == 0).then_some(elements)
}

/// The length of a tag: to the first `>` outside of quotes.
fn tag_length(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Whether a tag has no end tag: it closes itself, or is a void element of HTML, as there may be inside of
/// `<foreignObject>`.
fn has_no_end(tag: &str) -> bool {
    const VOID: [&str; 13] = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
    ];
    let name = tag[1..].split(|char: char| char.is_ascii_whitespace() || matches!(char, '/' | '>')).next();
    tag.ends_with("/>") || name.is_some_and(|name| VOID.iter().any(|void| name.eq_ignore_ascii_case(void)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stand_one_to_a_line() {
        let check = |markup: &str, expected: &str| assert_eq!(one_to_a_line(markup), expected);
        check("<circle/>", "<circle/>");
        check("\n <circle/> ", "<circle/>");
        check(
            "<circle/><circle></circle><path d=\"a>b\"/>",
            "<circle/>\n<circle></circle>\n<path d=\"a>b\"/>",
        );
        check("<g><a/><b/></g><!-- <x> --> t <g></g>", "<g><a/><b/></g>\n<g></g>");
        check("<t><![CDATA[</t>]]></t><t/>", "<t><![CDATA[</t>]]></t>\n<t/>");
        check(
            "<foreignObject><p>a<br>b</p></foreignObject><g/>",
            "<foreignObject><p>a<br>b</p></foreignObject>\n<g/>",
        );
        check("", "");
    }

    #[test]
    fn what_is_not_well_formed_is_left() {
        for markup in ["<g>", "</g><g/>", "<g", "<!-- ", "<g a=\">"] {
            assert_eq!(one_to_a_line(markup), markup);
        }
    }
}
