//! Checks a template. This stage collects every mistake and changes nothing.

mod attributes;
mod datastar;
mod entities;
mod javascript;

use stario_html::names::{
    Content, Element as KnownElement, Rearranged, element, element_names, most_similar, rearranged,
};

use self::attributes::in_open_javascript;
use self::javascript::Scanner;
use super::ast::{Component, Element, Else, If, Literal, Name, Node, Range, Tag, Template};
use super::braces;
use super::report::Report;

/// Checks a whole template.
pub(crate) fn check(template: &Template, report: &mut Report) {
    Checker { report, outer: Vec::new() }.nodes(&template.nodes);
}

struct Checker<'r> {
    report: &'r mut Report,
    /// The elements around the current node, the innermost last. An empty name stands for an element that is not known.
    outer: Vec<(String, Range)>,
}

impl Checker<'_> {
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(text) => self.text(text),
                Node::Splice(_) | Node::Statement(_) | Node::Doctype => {}
                Node::Comment(text) => self.comment(text),
                Node::Element(element) => self.element(element),
                Node::Fragment(nodes) => self.nodes(nodes),
                Node::Component(component) => self.component(component),
                Node::If(node) => for_each_block(node, &mut |nodes| self.nodes(nodes)),
                Node::For(node) => self.nodes(&node.body),
                Node::Match(node) => node.arms.iter().for_each(|arm| self.nodes(&arm.body)),
            }
        }
    }

    fn text(&mut self, text: &Literal) {
        self.characters(text);
        let Some((parent, _)) = self.outer.last() else { return };
        let is_table = matches!(parent.as_str(), "table" | "thead" | "tbody" | "tfoot" | "tr" | "colgroup");
        if is_table && !text.value.trim().is_empty() {
            let problem = format!(
                "text inside <{parent}>: the browser moves it in front of the table; put it into a cell"
            );
            self.report.error(text.span, problem);
        }
    }

    /// Checks text that is shown as it is written.
    fn characters(&mut self, text: &Literal) {
        entities::check(text, self.report);
        braces::check(text, braces::as_nodes, self.report);
    }

    fn comment(&mut self, text: &Literal) {
        let value = text.value.as_str();
        if value.contains("--") || value.starts_with(['>', '-']) || value.ends_with('-') {
            self.report
                .error(text.span, "a comment cannot contain `--`, begin with `>` or `-`, or end with `-`");
        }
    }

    fn component(&mut self, component: &Component) {
        for (at, prop) in component.props.iter().enumerate() {
            if let Some(first) = component.props[..at].iter().find(|first| first.name == prop.name) {
                self.report.error(prop.span, format!("duplicate property {}", prop.name));
                self.report.note(first.span, format!("{} first written here", prop.name));
            }
            if let Some(text) = &prop.text {
                let instead =
                    |_: &[braces::Piece<'_>]| format!("{}={{&format!({:?})}}", prop.name, text.value);
                braces::check(text, instead, self.report);
            }
        }
        // Nobody knows into which element the component puts its children.
        self.outer.push((String::new(), component.range));
        self.nodes(&component.children);
        self.outer.pop();
    }

    fn element(&mut self, node: &Element) {
        let name = match &node.tag {
            Tag::Named(name) => name,
            Tag::Dynamic(tag) => {
                attributes::check("", None, &node.attrs, self.report);
                self.outer.push((String::new(), tag.span.into()));
                self.nodes(&node.children);
                self.outer.pop();
                return;
            }
        };
        let known = element(&name.text);
        self.check_tag(name, known);
        self.check_nesting(name);
        attributes::check(&name.text, known, &node.attrs, self.report);
        match known.map_or(Content::Normal, |known| known.content) {
            Content::Normal | Content::Void => {
                self.outer.push((name.text.clone(), name.range));
                self.nodes(&node.children);
                self.outer.pop();
            }
            Content::Rcdata => self.only_text(&name.text, "only text and values", &node.children),
            Content::Script => self.code(name, &["</script", "<script", "<!--"], &node.children),
            Content::Style => self.code(name, &["</style", "<!--"], &node.children),
            Content::Raw => {
                if !node.children.is_empty() {
                    let text = format!("nothing is shown inside <{0}>; write <{0} ..></{0}>", name.text);
                    self.report.error(name.range, text);
                }
            }
        }
    }

    fn check_tag(&mut self, name: &Name, known: Option<&KnownElement>) {
        let text = name.text.as_str();
        let is_custom = text.contains('-') && !text.bytes().any(|b| b.is_ascii_uppercase());
        if known.is_some() || is_custom || name.is_quoted {
            return;
        }
        let hint = match most_similar(text, element_names()) {
            Some(known) => format!("; did you mean <{known}>? (custom elements contain a dash)"),
            None => " (custom elements contain a dash, components begin with an uppercase letter)".to_owned(),
        };
        self.report.error(name.range, format!("unknown element <{text}>{hint}"));
    }

    fn check_nesting(&mut self, name: &Name) {
        let inner = name.text.as_str();
        let outer: Vec<&str> = self.outer.iter().map(|(name, _)| name.as_str()).collect();
        let Some((at, what)) = rearranged(inner, &outer) else { return };
        let around = outer[at];
        let problem = match what {
            Rearranged::ClosesOuter if around == "p" => format!(
                "<{inner}> inside <p>: the browser closes <p> first, which breaks element patching; use <div> or <span>"
            ),
            Rearranged::ClosesOuter => format!(
                "<{inner}> inside <{around}>: the browser closes <{around}> first, which breaks element patching"
            ),
            Rearranged::DropsInner => {
                format!(
                    "<{inner}> inside <{around}>: the browser drops the inner tag, which breaks element patching"
                )
            }
            Rearranged::MovedOut => format!(
                "<{inner}> inside <{around}>: the browser moves it in front of the table, which breaks element patching"
            ),
            Rearranged::NeedsParent(parent) => format!(
                "<{inner}> inside <{around}>: the browser drops or moves it, which breaks element patching; put it into \
                 <{parent}>"
            ),
        };
        let outer_range = self.outer[at].1;
        self.report.error(name.range, problem);
        self.report.note(outer_range, format!("<{around}> opened here"));
    }

    /// Checks children that must not be elements.
    fn only_text(&mut self, parent: &str, allowed: &str, nodes: &[Node]) {
        for node in nodes {
            let what = match node {
                Node::Text(text) => {
                    if matches!(parent, "title" | "textarea") {
                        self.characters(text);
                    }
                    continue;
                }
                Node::Splice(_) | Node::Statement(_) => continue,
                Node::Fragment(nodes) => {
                    self.only_text(parent, allowed, nodes);
                    continue;
                }
                Node::If(node) => {
                    for_each_block(node, &mut |nodes| self.only_text(parent, allowed, nodes));
                    continue;
                }
                Node::For(node) => {
                    self.only_text(parent, allowed, &node.body);
                    continue;
                }
                Node::Match(node) => {
                    node.arms.iter().for_each(|arm| self.only_text(parent, allowed, &arm.body));
                    continue;
                }
                Node::Element(element) => match &element.tag {
                    Tag::Named(name) => Some((name.range, format!("<{}>", name.text))),
                    Tag::Dynamic(tag) => Some((tag.span.into(), "an element".to_owned())),
                },
                Node::Component(component) => Some((component.range, "a component".to_owned())),
                Node::Comment(text) => Some((text.span.into(), "a comment".to_owned())),
                Node::Doctype => None,
            };
            let (range, what) = what.unwrap_or_else(|| (self.outer_range(), "a doctype".to_owned()));
            self.report
                .error(range, format!("{what} inside <{parent}> would be shown as text: write {allowed}"));
        }
    }

    fn outer_range(&self) -> Range {
        self.outer.last().map_or_else(|| proc_macro2::Span::call_site().into(), |(_, range)| *range)
    }

    /// Checks the content of `<script>` and `<style>`, in which browsers read no entities.
    fn code(&mut self, name: &Name, forbidden: &'static [&'static str], nodes: &[Node]) {
        let parent = name.text.as_str();
        self.only_text(parent, "only text and values", nodes);
        // In a script, `let x = 1;` is a statement of Rust, which writes nothing.
        if !nodes.is_empty() && nodes.iter().all(|node| matches!(node, Node::Statement(_))) {
            let problem = format!("the text of <{parent}> is quoted, too: <{parent}>\"..\"</{parent}>");
            self.report.error(name.range, problem);
        }
        let mut code = Code {
            parent,
            forbidden,
            run: String::new(),
            first: None,
            latest: None,
            scanner: Scanner::default(),
        };
        code.nodes(nodes, self.report);
        code.end_run(true, self.report);
    }
}

/// Calls `visit` with each block of an `if`.
fn for_each_block<T>(node: &If<T>, visit: &mut dyn FnMut(&[T])) {
    visit(&node.then);
    match &node.otherwise {
        Some(Else::If(node)) => for_each_block(node, visit),
        Some(Else::Block(nodes)) => visit(nodes),
        None => {}
    }
}

/// Reads the text of a script or a style sheet. Literals that are neighbours in the page, a run, are checked together.
struct Code<'c> {
    parent: &'c str,
    forbidden: &'static [&'static str],
    run: String,
    /// The first literal of the run.
    first: Option<Range>,
    /// The last literal, also of earlier runs.
    latest: Option<Range>,
    scanner: Scanner,
}

impl Code<'_> {
    fn nodes(&mut self, nodes: &[Node], report: &mut Report) {
        for node in nodes {
            match node {
                Node::Text(text) => {
                    self.first.get_or_insert(text.span.into());
                    self.latest = Some(text.span.into());
                    self.run.push_str(&text.value);
                    self.scanner.read(&text.value);
                }
                Node::Splice(value) => {
                    self.end_run(false, report);
                    if self.parent == "script" {
                        in_open_javascript(self.scanner.open(), value.span.into(), report);
                    }
                    self.scanner.read_value();
                }
                Node::Fragment(nodes) => self.nodes(nodes, report),
                Node::If(node) => for_each_block(node, &mut |nodes| self.branch(nodes, report)),
                Node::For(node) => self.branch(&node.body, report),
                Node::Match(node) => node.arms.iter().for_each(|arm| self.branch(&arm.body, report)),
                // These nodes have been reported, or write nothing.
                Node::Element(_)
                | Node::Component(_)
                | Node::Comment(_)
                | Node::Doctype
                | Node::Statement(_) => {}
            }
        }
    }

    /// Checks a block that is perhaps not written: the same syntax must be open before and after it.
    fn branch(&mut self, nodes: &[Node], report: &mut Report) {
        self.end_run(false, report);
        let before = self.scanner.clone();
        self.nodes(nodes, report);
        self.end_run(false, report);
        // Only a literal opens or closes syntax, so `latest` is set.
        if self.parent == "script"
            && self.scanner.open() != before.open()
            && let Some(range) = self.latest
        {
            report.error(range, "a string or comment must begin and end in the same block");
        }
        self.scanner = before;
    }

    /// Checks the literals since the last value or block. `is_last` says that nothing follows which could complete a
    /// word at their end.
    fn end_run(&mut self, is_last: bool, report: &mut Report) {
        let text = std::mem::take(&mut self.run).to_ascii_lowercase();
        let Some(first) = self.first.take() else { return };
        let parent = self.parent;
        if let Some(word) = self.forbidden.iter().find(|word| text.contains(**word)) {
            let problem = match *word {
                "<!--" => format!(
                    "{parent} text contains <!--, which changes how the browser finds the end of the element"
                ),
                "<script" => format!("{parent} text contains <script, which can hide the end of the element"),
                word => format!("{parent} text contains {word}>, which would end the element"),
            };
            report.error(first, problem);
            return;
        }
        let ends_with_part = |word: &str| (1..word.len()).any(|length| text.ends_with(&word[..length]));
        if !is_last && self.forbidden.iter().any(|word| ends_with_part(word)) {
            report.error(
                first,
                "a `<` right before a value or a block could end the element; put a space behind it",
            );
        }
    }
}
