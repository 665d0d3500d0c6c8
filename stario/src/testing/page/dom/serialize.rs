//! Nodes → HTML, as `outerHTML` writes it.

use html5ever::ns;

use super::{Attribute, Dom, Element, Kind, NodeId};

/// Elements without an end.
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements whose text is not escaped.
const RAW: &[&str] = &["style", "script", "xmp", "iframe", "noembed", "noframes", "plaintext"];

impl Dom {
    pub(in crate::testing) fn outer_html(&self, id: NodeId) -> String {
        let mut html = String::new();
        self.write(id, &mut html);
        html
    }

    /// The tag that begins an element.
    pub(in crate::testing) fn opening_tag(&self, id: NodeId) -> String {
        let mut html = String::new();
        if let Some(element) = self.element(id) {
            write_opening_tag(element, &mut html);
        }
        html
    }

    fn write(&self, id: NodeId, html: &mut String) {
        match self.kind(id) {
            Kind::Document | Kind::Fragment => self.write_children(id, html),
            Kind::Doctype(name) => html.extend(["<!DOCTYPE ", name, ">"]),
            Kind::Comment(text) => html.extend(["<!--", text, "-->"]),
            Kind::Text(text) => {
                let is_raw = self.parent(id).is_some_and(|parent| RAW.contains(&self.html_name(parent)));
                html.push_str(&if is_raw { text.clone() } else { escape(text, false) });
            }
            Kind::Element(element) => {
                write_opening_tag(element, html);
                if VOID.contains(&self.html_name(id)) {
                    return;
                }
                self.write_children(element.content.unwrap_or(id), html);
                html.extend(["</", &element.name.local, ">"]);
            }
        }
    }

    fn write_children(&self, id: NodeId, html: &mut String) {
        for child in self.children(id) {
            self.write(child, html);
        }
    }
}

fn write_opening_tag(element: &Element, html: &mut String) {
    html.extend(["<", &element.name.local]);
    for attribute in &element.attributes {
        html.extend([" ", &qualified(attribute), "=\"", &escape(&attribute.value, true), "\""]);
    }
    html.push('>');
}

fn qualified(attribute: &Attribute) -> String {
    let local = &attribute.name.local;
    match attribute.name.ns {
        ns!(xlink) => format!("xlink:{local}"),
        ns!(xml) => format!("xml:{local}"),
        ns!(xmlns) if &**local != "xmlns" => format!("xmlns:{local}"),
        _ => local.to_string(),
    }
}

fn escape(text: &str, is_attribute: bool) -> String {
    let text =
        text.replace('&', "&amp;").replace('\u{a0}', "&nbsp;").replace('<', "&lt;").replace('>', "&gt;");
    if is_attribute { text.replace('"', "&quot;") } else { text }
}
