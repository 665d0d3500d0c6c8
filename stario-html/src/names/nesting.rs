//! Nestings that a browser does not keep: it closes or moves elements while it parses.

/// A nesting the browser would rearrange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rearranged {
    /// The outer element is closed before the inner one begins.
    ClosesOuter,
    /// The inner tag is dropped.
    DropsInner,
    /// The inner element is moved in front of the table.
    MovedOut,
    /// The inner element is wrapped in others that the table needs, or dropped where there is no table.
    NeedsParent(&'static str),
}

/// What closes an open `<p>`.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "details",
    "dialog",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "dd",
    "dt",
    "pre",
    "search",
    "section",
    "table",
    "ul",
];

/// What hides the elements outside from these rules.
const SCOPES: &[&str] = &[
    "button",
    "caption",
    "foreignObject",
    "html",
    "marquee",
    "object",
    "svg",
    "math",
    "table",
    "td",
    "template",
    "th",
];

/// What may be a direct child of a table part.
fn table_children(parent: &str) -> Option<&'static [&'static str]> {
    Some(match parent {
        "table" => {
            &["caption", "colgroup", "thead", "tbody", "tfoot", "tr", "script", "style", "template", "form"]
        }
        "thead" | "tbody" | "tfoot" => &["tr", "script", "style", "template", "form"],
        "tr" => &["td", "th", "script", "style", "template", "form"],
        "colgroup" => &["col", "template"],
        _ => return None,
    })
}

/// The parent a table part needs, when it is somewhere else.
fn needed_parent(inner: &str, parent: &str) -> Option<&'static str> {
    let (needs, fine): (_, &[&str]) = match inner {
        "td" | "th" => ("tr", &["tr"]),
        "tr" => ("table", &["table", "thead", "tbody", "tfoot"]),
        "thead" | "tbody" | "tfoot" | "caption" | "colgroup" => ("table", &["table"]),
        "col" => ("colgroup", &["colgroup"]),
        _ => return None,
    };
    (!fine.contains(&parent)).then_some(needs)
}

/// Looks at `inner` below the open elements `outer`, nearest last, and returns the one that does not go with it.
///
/// An empty name stands for a place that is not known statically, such as the children of a component; nothing is said
/// across one.
#[must_use]
pub fn rearranged(inner: &str, outer: &[&str]) -> Option<(usize, Rearranged)> {
    let parent = outer.len().checked_sub(1)?;
    if outer[parent].is_empty() {
        return None;
    }
    if let Some(children) = table_children(outer[parent]) {
        if !children.contains(&inner) {
            let needed = needed_parent(inner, outer[parent]);
            return Some((parent, needed.map_or(Rearranged::MovedOut, Rearranged::NeedsParent)));
        }
    } else if outer[parent] != "template"
        && let Some(needs) = needed_parent(inner, outer[parent])
    {
        return Some((parent, Rearranged::NeedsParent(needs)));
    }
    for (at, &name) in outer.iter().enumerate().rev() {
        if name.is_empty() {
            return None;
        }
        match name {
            "p" if BLOCKS.contains(&inner) => return Some((at, Rearranged::ClosesOuter)),
            "a" | "button" if inner == name => return Some((at, Rearranged::ClosesOuter)),
            "form" if inner == "form" => return Some((at, Rearranged::DropsInner)),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6"
                if at == parent && matches!(inner, "h1" | "h2" | "h3" | "h4" | "h5" | "h6") =>
            {
                return Some((at, Rearranged::ClosesOuter));
            }
            "li" if inner == "li" && at == parent => return Some((at, Rearranged::ClosesOuter)),
            "dd" | "dt" if matches!(inner, "dd" | "dt") && at == parent => {
                return Some((at, Rearranged::ClosesOuter));
            }
            "option" if matches!(inner, "option" | "optgroup") => return Some((at, Rearranged::ClosesOuter)),
            _ => {}
        }
        // A form is forbidden below a form through every scope but a template.
        if SCOPES.contains(&name) && !(inner == "form" && name != "template") && inner != "a" {
            return None;
        }
        if matches!(name, "template" | "svg" | "math" | "td" | "th" | "caption" | "object") && inner == "a" {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Rearranged, rearranged};

    fn check(outer: &[&str], inner: &str, expected: Option<(usize, Rearranged)>) {
        assert_eq!(rearranged(inner, outer), expected, "<{inner}> in {outer:?}");
    }

    #[test]
    fn knows_what_browsers_close() {
        check(&["p"], "div", Some((0, Rearranged::ClosesOuter)));
        check(&["p", "span"], "ul", Some((0, Rearranged::ClosesOuter)));
        check(&["a", "span"], "a", Some((0, Rearranged::ClosesOuter)));
        check(&["button", "div"], "button", Some((0, Rearranged::ClosesOuter)));
        check(&["form", "div"], "form", Some((0, Rearranged::DropsInner)));
        check(&["li"], "li", Some((0, Rearranged::ClosesOuter)));
        check(&["p"], "span", None);
        check(&["p", "button"], "div", None);
        check(&["li", "ul"], "li", None);
        check(&["p", ""], "div", None);
        check(&["div"], "p", None);
    }

    #[test]
    fn knows_the_parts_of_tables() {
        check(&["table"], "tr", None);
        check(&["table"], "div", Some((0, Rearranged::MovedOut)));
        check(&["table"], "td", Some((0, Rearranged::NeedsParent("tr"))));
        check(&["tr"], "td", None);
        check(&["tbody"], "td", Some((0, Rearranged::NeedsParent("tr"))));
        check(&["div"], "td", Some((0, Rearranged::NeedsParent("tr"))));
        check(&["div"], "tr", Some((0, Rearranged::NeedsParent("table"))));
        check(&[], "td", None);
        check(&["template"], "td", None);
        check(&["colgroup"], "col", None);
        check(&["p", "table", "tr", "td"], "p", None);
    }
}
