//! Collects the literals of a template that only meet in a browser; see [`Literals`].

use proc_macro2::{Span, TokenStream, TokenTree};
use stario_html::names::{DatastarName, camel_cased};

use super::ast::{
    Attr, Element, Else, If, Literal, NamedAttr, Node, Prop, Splice, Tag, Template, Value, ValuePart,
};
use super::braces::characters;
use crate::literals::{Literals, javascript, rust};

/// Collects the literals of a whole template.
pub(crate) fn collect(template: &Template) -> Literals {
    let mut collector = Collector { literals: Literals::default(), place: Vec::new(), branches: 0 };
    collector.nodes(&template.nodes);
    collector.literals
}

/// Returns the literal ids of the outermost elements, with their spans.
pub(super) fn root_ids(template: &Template) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    for node in &template.nodes {
        let Node::Element(element) = node else { continue };
        for attr in &element.attrs {
            if let Attr::Named(NamedAttr { name, value: Some(Value::Literal(text)) }) = attr
                && name.text == "id"
            {
                found.push((text.span, characters(text).into_owned()));
            }
        }
    }
    found
}

struct Collector {
    literals: Literals,
    /// The conditions and loops around the current node: `i1.0` is the first arm of branch 1, `f2` a loop, `g2` a loop
    /// with a `continue` or `break`, `c3` the children of a component, `t` a `<template>`.
    place: Vec<String>,
    /// The number of places that have a number.
    branches: usize,
}

impl Collector {
    fn number(&mut self) -> usize {
        self.branches += 1;
        self.branches
    }

    fn inside(&mut self, place: String, collect: impl FnOnce(&mut Self)) {
        self.place.push(place);
        collect(self);
        self.place.pop();
    }

    fn add(&mut self, kind: char, span: Span, literal: &str) {
        self.literals.add_in(kind, span, literal, &self.place);
    }

    fn rust(&mut self, tokens: &TokenStream) {
        // Most values have no literals, which is found sooner in their text than in their tokens.
        let text = tokens.to_string();
        if !["action", "selector", "Raw", "push_trusted_markup"].iter().any(|word| text.contains(word)) {
            return;
        }
        let context = rust::Context { in_template: true, ..rust::Context::default() };
        rust::scan(tokens.clone(), context, &mut self.literals);
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(_) | Node::Doctype | Node::Comment(_) => {}
                Node::Splice(splice) => self.rust(&splice.tokens),
                Node::Statement(statement) => self.rust(&statement.tokens),
                Node::Element(element) => self.element(element),
                Node::Fragment(nodes) => self.nodes(nodes),
                Node::Component(component) => {
                    component.props.iter().for_each(|prop| self.prop(prop));
                    let number = self.number();
                    self.inside(format!("c{number}"), |this| this.nodes(&component.children));
                }
                Node::If(branch) => {
                    let number = self.number();
                    self.branch(branch, number, 0, &mut |this, nodes| this.nodes(nodes));
                }
                Node::For(node) => {
                    let number = self.number();
                    let letter = if is_left_early(&node.body) { 'g' } else { 'f' };
                    self.inside(format!("{letter}{number}"), |this| this.nodes(&node.body));
                }
                Node::Match(node) => {
                    let number = self.number();
                    for (arm, node) in node.arms.iter().enumerate() {
                        self.inside(format!("i{number}.{arm}"), |this| this.nodes(&node.body));
                    }
                }
            }
        }
    }

    /// Collects the arms of an `if` and of its `else`s.
    fn branch<T>(
        &mut self,
        branch: &If<T>,
        number: usize,
        arm: usize,
        collect: &mut dyn FnMut(&mut Self, &[T]),
    ) {
        self.inside(format!("i{number}.{arm}"), |this| collect(this, &branch.then));
        match &branch.otherwise {
            Some(Else::If(branch)) => self.branch(branch, number, arm + 1, collect),
            Some(Else::Block(block)) => {
                self.inside(format!("i{number}.{}", arm + 1), |this| collect(this, block));
            }
            None => {}
        }
    }

    fn prop(&mut self, prop: &Prop) {
        match (&prop.text, &prop.value) {
            (Some(text), _) if !text.value.contains(char::is_whitespace) => {
                self.add('m', text.span, &text.value);
            }
            (None, Some(value)) => self.rust(value),
            _ => {}
        }
    }

    fn element(&mut self, element: &Element) {
        let name = match &element.tag {
            Tag::Named(name) => name.text.as_str(),
            Tag::Dynamic(_) => "",
        };
        if matches!(name, "html" | "body")
            && let Tag::Named(name) = &element.tag
        {
            self.add('h', name.range.first, "");
        }
        element.attrs.iter().for_each(|attr| self.attr(attr));
        match name {
            "script" | "style" => {}
            // The content of a `<template>` is no part of the page.
            "template" => self.inside("t".to_owned(), |this| this.nodes(&element.children)),
            _ => self.nodes(&element.children),
        }
    }

    fn attr(&mut self, attr: &Attr) {
        match attr {
            Attr::Named(attr) => self.named(attr),
            // A spread may have any id and any signal.
            Attr::Spread(splice) => {
                self.add('x', splice.span, "");
                self.add('S', splice.span, "");
            }
            Attr::If(branch) => {
                let number = self.number();
                self.branch(branch, number, 0, &mut |this, attrs| {
                    for attr in attrs {
                        this.attr(attr);
                    }
                });
            }
        }
    }

    fn named(&mut self, attr: &NamedAttr) {
        let name = attr.name.text.as_str();
        let span = attr.name.range.first;
        if let Some(Value::Splice(splice)) = &attr.value {
            self.rust(&splice.tokens);
        }
        if name == "id" {
            match &attr.value {
                Some(Value::Literal(text)) => self.add('i', text.span, &characters(text)),
                Some(Value::Parts(parts)) => self.id_of(beginning(parts), span),
                Some(Value::Splice(splice)) => self.id_of(beginning_of(splice), span),
                Some(Value::Number(_)) | None => {}
            }
        } else if let Some(rest) = name.strip_prefix("data-") {
            self.datastar(attr, &DatastarName::parse(rest), span);
        }
    }

    /// Adds an id that is made at run time, by its literal beginning.
    fn id_of(&mut self, beginning: Option<(Span, String)>, span: Span) {
        match beginning {
            Some((span, text)) if !text.is_empty() => self.add('p', span, &text),
            _ => self.add('x', span, ""),
        }
    }

    fn datastar(&mut self, attr: &NamedAttr, name: &DatastarName<'_>, span: Span) {
        let value = attr.value.as_ref();
        match (name.plugin, name.key) {
            ("signals" | "computed" | "bind" | "indicator" | "ref", Some(key)) => {
                let kind = match (name.plugin, value) {
                    ("bind", _) => '*',
                    ("indicator", _) => 'b',
                    ("signals", Some(Value::Literal(text) | Value::Number(text))) => {
                        javascript::kind(&text.value)
                    }
                    _ => '?',
                };
                self.add('s', span, &format!("{}:{kind}", cased(key, name)));
                if matches!(name.plugin, "signals" | "computed") {
                    self.expression(value);
                }
            }
            ("bind" | "indicator" | "ref", None) => match value {
                Some(Value::Literal(text)) => {
                    let kind = match name.plugin {
                        "bind" => '*',
                        "indicator" => 'b',
                        _ => '?',
                    };
                    self.add(
                        's',
                        text.span,
                        &format!("{}:{kind}", text.value.trim().trim_start_matches('$')),
                    );
                }
                Some(Value::Splice(splice)) => match typed(splice) {
                    Some(name) => self.add('y', span, &name),
                    None => self.add('S', span, ""),
                },
                Some(_) => self.add('S', span, ""),
                None => {}
            },
            ("signals" | "computed", None) => self.object(value, name.plugin == "signals", span),
            (
                "attr" | "class" | "effect" | "init" | "on" | "on-intersect" | "on-interval"
                | "on-signal-patch" | "show" | "style" | "text",
                _,
            ) => {
                self.expression(value);
                if let Some(value) = value {
                    self.sent(attr, name, value);
                }
            }
            _ => {}
        }
    }

    /// Adds the signals in the value of `data-signals` or `data-computed`.
    fn object(&mut self, value: Option<&Value>, is_kind_known: bool, span: Span) {
        match value {
            Some(Value::Literal(text)) if is_kind_known => self.literals.add_object(text.span, &text.value),
            Some(Value::Literal(text)) => {
                let mut found = Vec::new();
                if !javascript::object(&text.value, "", &mut found) {
                    self.add('S', text.span, "");
                }
                for (name, _) in found {
                    self.add('s', text.span, &format!("{name}:?"));
                }
            }
            Some(Value::Parts(parts)) => {
                // A NUL stands for a value: no kind is known for it.
                let text: String = parts
                    .iter()
                    .map(|part| match part {
                        ValuePart::Literal(text) => text.value.as_str(),
                        ValuePart::Splice(_) => "\u{0}",
                    })
                    .collect();
                self.literals.add_object(span, &text);
            }
            Some(Value::Splice(splice)) => {
                rust::declared(splice.tokens.clone(), splice.span, &mut self.literals);
            }
            Some(Value::Number(_)) | None => {}
        }
        self.expression(value);
    }

    /// Adds the signals in an expression.
    fn expression(&mut self, value: Option<&Value>) {
        match value {
            Some(Value::Literal(text)) => self.code(text),
            Some(Value::Parts(parts)) => {
                for part in parts {
                    match part {
                        ValuePart::Literal(text) => self.code(text),
                        ValuePart::Splice(splice) => self.rust(&splice.tokens),
                    }
                }
            }
            Some(Value::Splice(_) | Value::Number(_)) | None => {}
        }
    }

    fn code(&mut self, text: &Literal) {
        self.literals.add_expression(text.span, &text.value);
        if let Some((method, url)) = action(&text.value) {
            self.add('a', text.span, &format!("@{method} {url}"));
        }
    }

    /// Adds an action that the element sends by itself, at a moment at which other elements may send theirs.
    fn sent(&mut self, attr: &NamedAttr, name: &DatastarName<'_>, value: &Value) {
        let is_shared = matches!(name.plugin, "init" | "on-interval" | "on-signal-patch")
            || (name.plugin == "on"
                && name.modifiers.iter().any(|(modifier, _)| matches!(*modifier, "window" | "document")));
        if !is_shared {
            return;
        }
        let (sent, span) = match value {
            Value::Literal(text) if !text.value.contains("requestCancellation") => {
                (action(&text.value).map(|(method, url)| format!("@{method}('{url}')")), text.span)
            }
            Value::Splice(splice) => (typed_action(splice), splice.span),
            _ => return,
        };
        if let Some(sent) = sent {
            self.add('f', span, &format!("{} {sent}", attr.name.text));
        }
    }
}

/// Returns the name that Datastar makes of a key, by the modifier `__case`.
fn cased(key: &str, name: &DatastarName<'_>) -> String {
    let case = name.modifiers.iter().find(|(modifier, _)| *modifier == "case");
    match case.and_then(|(_, arguments)| arguments.first().copied()) {
        Some("kebab") => key.to_owned(),
        Some("snake") => key.replace('-', "_"),
        Some("pascal") => {
            let camel = camel_cased(key);
            let mut chars = camel.chars();
            chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
        }
        _ => camel_cased(key),
    }
}

/// Returns the literal at the beginning of `{"row-", id}`.
fn beginning(parts: &[ValuePart]) -> Option<(Span, String)> {
    match parts.first() {
        Some(ValuePart::Literal(text)) => Some((text.span, text.value.clone())),
        _ => None,
    }
}

/// Returns the literal at the beginning of `{("row-", id)}` or `{format!("row-{id}")}`.
fn beginning_of(splice: &Splice) -> Option<(Span, String)> {
    let tokens: Vec<TokenTree> = splice.tokens.clone().into_iter().collect();
    let (group, is_format) = match &tokens[..] {
        [TokenTree::Group(group)] => (group, false),
        [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Group(group)] if name == "format" => {
            (group, true)
        }
        _ => return None,
    };
    let first = group.stream().into_iter().next()?;
    let text = syn::parse2::<syn::LitStr>(first.clone().into()).ok()?.value();
    let text = if is_format { text.split('{').next().unwrap_or_default().to_owned() } else { text };
    Some((first.span(), text))
}

/// Returns the type in a reference to a signal, `Search::q()`.
fn typed(splice: &Splice) -> Option<String> {
    let tokens: Vec<TokenTree> = splice.tokens.clone().into_iter().collect();
    rust::typed(&tokens)
}

/// Whether a turn of a loop may end before its last element.
fn is_left_early(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Statement(statement) => !statement.is_let,
        Node::Element(element) => is_left_early(&element.children),
        Node::Fragment(nodes) => is_left_early(nodes),
        Node::If(branch) => is_branch_left_early(branch),
        Node::For(node) => is_left_early(&node.body),
        Node::Match(node) => node.arms.iter().any(|arm| is_left_early(&arm.body)),
        _ => false,
    })
}

fn is_branch_left_early(branch: &If<Node>) -> bool {
    is_left_early(&branch.then)
        || match &branch.otherwise {
            Some(Else::If(branch)) => is_branch_left_early(branch),
            Some(Else::Block(nodes)) => is_left_early(nodes),
            None => false,
        }
}

/// Returns the method and the URL of a literal action, `@post('/items')`.
fn action(code: &str) -> Option<(&str, &str)> {
    let (method, rest) = code.trim().strip_prefix('@')?.split_once('(')?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let (url, _) = rest[1..].split_once(quote)?;
    matches!(method, "get" | "post" | "put" | "patch" | "delete" | "query").then_some((method, url))
}

/// Returns the call in `list::action(1).retry(..)` that names the handler, unless the action says which requests it
/// cancels.
fn typed_action(splice: &Splice) -> Option<String> {
    let tokens: Vec<TokenTree> = splice.tokens.clone().into_iter().collect();
    let at = tokens
        .windows(2)
        .position(|two| matches!(two, [TokenTree::Ident(name), TokenTree::Group(_)] if name == "action"))?;
    let is_path = |token: &TokenTree| match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    };
    let cancels =
        !tokens.iter().any(|token| matches!(token, TokenTree::Ident(name) if name == "request_cancellation"));
    let text: String = tokens[..=at].iter().map(ToString::to_string).collect();
    (cancels && tokens[..at].iter().all(is_path)).then(|| format!("{text}{}", tokens[at + 1]))
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::super::{cursor, parse, report};
    use super::collect;

    #[track_caller]
    // A case is one `quote!`.
    #[allow(clippy::needless_pass_by_value)]
    fn check(template: TokenStream, expected: &[&str]) {
        let mut report = report::Report::default();
        let tree = parse::parse(cursor::Cursor::new(template.clone()), &mut report);
        assert_eq!(collect(&tree).lines(), expected, "{template}");
    }

    #[test]
    fn ids_are_collected_with_their_place() {
        check(quote!(<p id="a"><b id={"b"}/></p>), &["i0 a", "i0 b"]);
        check(
            quote!(if x { <p id="a"/> } else if y { <p id="b"/> } else { for z in w { <p id="c"/> } }),
            &["i0 a i1.0", "i0 b i1.1", "i0 c i1.2/f2"],
        );
        check(quote!(match x { 1 => <p id="a"/>, _ => <p id="a"/> }), &["i0 a i1.0", "i0 a i1.1"]);
        check(
            quote!(for x in y { if x { <p id="a"/> continue; } <p id="a"/> }),
            &["i0 a g1/i2.0", "i0 a g1"],
        );
        check(quote!(<p if x { id="a" }/>), &["i0 a i1.0"]);
        check(quote!(<Card id="a" title="A b"><p id="c"/></Card>), &["m0 a", "i0 c c1"]);
        check(quote!(<template><p id="a"/></template>), &["i0 a t"]);
        check(
            quote!(<p id={("row-", id)}/><p id={"row-", id}/><p id={format!("row-{id}")}/>),
            &["p0 row-"; 3],
        );
        check(quote!(<p id={id}/><p {..attrs}/>), &["x0", "x0", "S0"]);
        check(quote!(<body>{Raw(x)}</body>), &["h0", "x0", "S0"]);
        check(quote!(<p class="a" title={x}>"text" {y}</p>), &[]);
    }

    #[test]
    fn signals_are_declared() {
        check(quote!(<p data-signals="{n: 1, t: ''}"/>), &["s0 n:n", "s0 t:t"]);
        check(quote!(<p data-signals={"{n: ", n, ", t: ''}"}/>), &["s0 n:?", "s0 t:t"]);
        check(quote!(<p data-signals:my-count="0" data-signals:s={x}/>), &["s0 myCount:n", "s0 s:?"]);
        check(quote!(<p data-signals:my-count__case.kebab="0"/>), &["s0 my-count:n"]);
        check(
            quote!(<input data-bind:user-name><input data-bind="x"><input data-bind={y}>),
            &["s0 userName:*", "s0 x:*", "S0"],
        );
        check(quote!(<input data-bind={Search::q()}>), &["y0 Search"]);
        check(
            quote!(<p data-ref:el data-indicator="busy" data-computed:sum="$a + 1"/>),
            &["s0 el:?", "s0 busy:b", "s0 sum:?", "r0 a"],
        );
        check(quote!(<p data-computed="{sum: () => $a}"/>), &["s0 sum:?", "r0 a"]);
    }

    #[test]
    fn expressions_read_and_set() {
        check(
            quote!(<p data-text="$a" data-class:b="$b" data-on:click="$c = !$d"/>),
            &["r0 a", "r0 b", "w0 c", "r0 d"],
        );
        check(quote!(<p data-show={"$a > ", max}/>), &["r0 a"]);
        check(quote!(<p title="$a" data-user="$b"/>), &[]);
    }

    #[test]
    fn actions_are_named() {
        check(quote!(<p data-on:click={tick::action(id)}/>), &["a0 tick"]);
        check(quote!(<p data-on:click="@post('/items', {})"/>), &["a0 @post /items"]);
        check(quote!(<p data-init="@get('/live')"/>), &["a0 @get /live", "f0 data-init @get('/live')"]);
        check(
            quote!(<p data-init={a::live::action(1).retry(x)}/>),
            &["a0 live", "f0 data-init a::live::action(1)"],
        );
        check(quote!(<p data-init={live::action().request_cancellation(x)}/>), &["a0 live"]);
        check(quote!(<p data-on:click={import::action().selector("#form")}/>), &["a0 import", "t0 #form"]);
    }
}
