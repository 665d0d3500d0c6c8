//! The meaning of attributes that depends on other attributes of the tag: that of `href` on a `<link>` depends on its
//! `rel`, that of `content` on a `<meta>` on its `http-equiv`.

use stario_html::names::{AttrKind, attr_kind, runs_what_it_loads};

use super::ast::{Attr, Else, If, NamedAttr, Value};

/// The meaning of the attributes of one tag.
#[derive(Clone, Copy)]
pub(crate) struct Kinds<'e> {
    /// The name of the element; empty if it is chosen at run time.
    element: &'e str,
    /// Whether a `<link>` may load a style sheet or a module.
    may_load_code: bool,
    /// Whether a `<meta>` may send the browser to another page.
    may_refresh: bool,
}

impl<'e> Kinds<'e> {
    /// Reads the attributes of a whole tag, including those inside of conditions.
    pub(crate) fn of(element: &'e str, attrs: &[Attr]) -> Self {
        let loads = |rel: &str| {
            rel.split_ascii_whitespace().any(|word| {
                ["stylesheet", "modulepreload"].iter().any(|code| word.eq_ignore_ascii_case(code))
            })
        };
        Self {
            element,
            may_load_code: may(attrs, "rel", &loads),
            may_refresh: may(attrs, "http-equiv", &|name| name.trim().eq_ignore_ascii_case("refresh")),
        }
    }

    /// Returns the meaning of the attribute `name`.
    pub(crate) fn kind(&self, name: &str) -> AttrKind {
        let is_on = |element: &str| self.element.eq_ignore_ascii_case(element);
        match attr_kind(self.element, name) {
            AttrKind::CodeUrl if is_on("link") && !self.may_load_code => AttrKind::Url,
            AttrKind::Refresh if self.element.is_empty() || !self.may_refresh => AttrKind::Plain,
            kind => kind,
        }
    }

    /// Whether the element runs code that it loads from one of its URLs. Then attributes that are made at run time are
    /// checked for such URLs.
    pub(crate) fn runs_code(&self) -> bool {
        runs_what_it_loads(self.element) && (self.may_load_code || !self.element.eq_ignore_ascii_case("link"))
    }
}

/// Whether the attribute `name` may have a value for which `is_meant` is true: it has such a value, or the value is
/// made at run time.
fn may(attrs: &[Attr], name: &str, is_meant: &dyn Fn(&str) -> bool) -> bool {
    attrs.iter().any(|attr| match attr {
        Attr::Named(attr) if attr.name.text.eq_ignore_ascii_case(name) => may_be(attr, is_meant),
        Attr::Named(_) => false,
        Attr::If(group) => may_in_group(group, name, is_meant),
        // A browser uses the first of two attributes, and a spread is written last.
        Attr::Spread(_) => !attrs
            .iter()
            .any(|attr| matches!(attr, Attr::Named(attr) if attr.name.text.eq_ignore_ascii_case(name))),
    })
}

fn may_in_group(group: &If<Attr>, name: &str, is_meant: &dyn Fn(&str) -> bool) -> bool {
    may(&group.then, name, is_meant)
        || match &group.otherwise {
            Some(Else::If(group)) => may_in_group(group, name, is_meant),
            Some(Else::Block(attrs)) => may(attrs, name, is_meant),
            None => false,
        }
}

fn may_be(attr: &NamedAttr, is_meant: &dyn Fn(&str) -> bool) -> bool {
    match &attr.value {
        Some(Value::Literal(text)) => is_meant(&text.value),
        Some(Value::Splice(_) | Value::Parts(_)) => true,
        Some(Value::Number(_)) | None => false,
    }
}
