//! Forms in a template: where a form is sent, and the names of its fields, for the comparison with the handler that takes it.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::ast::{Attr, Else, If, NamedAttr, Splice, Value, ValuePart};
use crate::literals::{javascript, typed};

/// Returns what the element says: a letter of [`literals`](crate::literals), a span, and the text behind the number of the
/// form.
pub(super) fn parts(element: &str, attrs: &[Attr]) -> Vec<(char, Span, String)> {
    let mut part = Part { attrs: Vec::new(), found: Vec::new() };
    part.list(attrs, element == "form");
    part.targets(element);
    part.field(element);
    part.found
}

struct Part<'t> {
    /// The attributes with a name, and those under a condition.
    attrs: Vec<&'t NamedAttr>,
    found: Vec<(char, Span, String)>,
}

impl<'t> Part<'t> {
    fn list(&mut self, attrs: &'t [Attr], is_form: bool) {
        for attr in attrs {
            match attr {
                Attr::Named(attr) => self.attrs.push(attr),
                // It may have an `action`.
                Attr::Spread(splice) if is_form => self.is_open(splice.span),
                Attr::Spread(_) => {}
                Attr::If(branch) => self.branch(branch, is_form),
            }
        }
    }

    fn branch(&mut self, branch: &'t If<Attr>, is_form: bool) {
        self.list(&branch.then, is_form);
        match &branch.otherwise {
            Some(Else::If(branch)) => self.branch(branch, is_form),
            Some(Else::Block(attrs)) => self.list(attrs, is_form),
            None => {}
        }
    }

    fn attr(&self, name: &str) -> Option<&'t NamedAttr> {
        self.attrs.iter().copied().find(|attr| attr.name.text == name)
    }

    /// Returns the text of an attribute whose value is a literal.
    fn text(&self, name: &str) -> Option<&'t str> {
        match &self.attr(name)?.value {
            Some(Value::Literal(text)) => Some(&text.value),
            _ => None,
        }
    }

    fn is_open(&mut self, span: Span) {
        self.found.push(('K', span, String::new()));
    }

    fn is_sent_to(&mut self, span: Span, target: String) {
        self.found.push(('F', span, target));
    }

    fn targets(&mut self, element: &str) {
        let is_posted = self.text("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
        for attr in self.attrs.clone() {
            let span = attr.name.range.first;
            match attr.name.text.as_str() {
                "action" if element == "form" && is_posted => self.url(attr.value.as_ref(), span),
                // The fields are in the query.
                "action" if element == "form" => self.is_open(span),
                "formaction" => self.url(attr.value.as_ref(), span),
                name if name.starts_with("data-on") => self.action(attr.value.as_ref(), span),
                _ => {}
            }
        }
    }

    /// Adds the URL to which a browser sends the form.
    fn url(&mut self, value: Option<&Value>, span: Span) {
        match value {
            Some(Value::Literal(text)) => {
                let path = text.value.split(['?', '#']).next().unwrap_or_default();
                self.is_sent_to(text.span, format!("@post {path}"));
            }
            Some(Value::Splice(splice)) => self.handlers(splice, "url", span),
            _ => self.is_open(span),
        }
    }

    /// Adds the action by which Datastar sends the form. Most actions send signals instead.
    fn action(&mut self, value: Option<&Value>, span: Span) {
        let sends_form = |code: &str| code.contains("contentType");
        match value {
            Some(Value::Literal(text)) if sends_form(&text.value) => match javascript::action(&text.value) {
                Some((method, url)) => self.is_sent_to(text.span, format!("@{method} {url}")),
                None => self.is_open(text.span),
            },
            Some(Value::Splice(splice)) => {
                let text = splice.tokens.to_string();
                let tokens: Vec<TokenTree> = splice.tokens.clone().into_iter().collect();
                // Another form is sent, or signals.
                let is_other = text.contains("selector") || text.contains("Json");
                let is_action = text.contains("action");
                if is_action && text.contains("content_type") && !is_other {
                    self.handlers(splice, "action", span);
                } else if !is_action && typed::typed(&tokens).is_none() {
                    self.is_open(span);
                }
            }
            Some(Value::Parts(parts)) => {
                let is_form =
                    |part: &ValuePart| matches!(part, ValuePart::Literal(text) if sends_form(&text.value));
                if parts.iter().any(is_form) {
                    self.is_open(span);
                }
            }
            Some(Value::Literal(_) | Value::Number(_)) | None => {}
        }
    }

    /// Adds each handler whose `function` is called, `session::sign_in` in `session::sign_in::url()`.
    fn handlers(&mut self, splice: &Splice, function: &str, span: Span) {
        let mut names = Vec::new();
        called(splice.tokens.clone(), function, &mut names);
        if names.is_empty() {
            self.is_open(span);
        }
        for name in names {
            self.is_sent_to(span, name);
        }
    }

    /// Adds the name of a field that a browser sends with the form around it.
    fn field(&mut self, element: &str) {
        let is_sent = match element {
            "input" => !matches!(self.text("type"), Some("button" | "image" | "reset")),
            "button" => !matches!(self.text("type"), Some("button" | "reset")),
            "select" | "textarea" => true,
            _ => false,
        };
        if !is_sent || self.attr("form").is_some() {
            return;
        }
        if let Some(NamedAttr { value: Some(Value::Literal(name)), .. }) = self.attr("name")
            // The browser fills in the encoding.
            && !matches!(name.value.as_str(), "" | "_charset_")
        {
            self.found.push(('k', name.span, name.value.clone()));
        }
    }
}

/// Adds the handlers whose `function` is called anywhere in the tokens.
fn called(tokens: TokenStream, function: &str, names: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            called(group.stream(), function, names);
        }
        if let [
            TokenTree::Ident(handler),
            TokenTree::Punct(_),
            TokenTree::Punct(colon),
            TokenTree::Ident(name),
            TokenTree::Group(arguments),
            ..,
        ] = &tokens[at..]
            && colon.as_char() == ':'
            && name == function
            && arguments.delimiter() == Delimiter::Parenthesis
        {
            names.push(handler.to_string());
        }
    }
}
