//! Finds the literals in the Rust of handlers, streams and templates, by the exact shape of the tokens: selectors of
//! events, keys of `json!`, and actions by the names of their handlers. Literals that are written in another way are
//! not found.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::LitStr;

use super::typed::{is_borrow, is_patch, is_path, reference, typed};
use super::{Literals, javascript};

/// The place in which the tokens stand.
#[derive(Clone, Copy, Default)]
pub(crate) struct Context<'w> {
    /// The name of the handler's `Writer`.
    pub(crate) writer: Option<&'w str>,
    /// Whether blocks of `stream!` are skipped, because that macro scans them.
    pub(crate) skips_streams: bool,
    /// Whether the tokens stand in a template, where a `json!` value patches nothing.
    pub(crate) in_template: bool,
    /// The function that finds the literal ids of the outermost elements of a template.
    pub(crate) root_ids: Option<RootIds>,
}

/// A function that returns ids with their spans, each as the letter `o`, or `O` if it is the literal beginning of an id.
pub(crate) type RootIds = fn(TokenStream) -> Vec<(char, Span, String)>;

/// Adds all literals that are found in `tokens`.
pub(crate) fn scan(tokens: TokenStream, context: Context<'_>, literals: &mut Literals) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        at += step(&tokens[..at], rest, context, literals);
    }
}

/// Reads the first token of `rest`, and those behind it that belong to it. Returns their number.
fn step(before: &[TokenTree], rest: &[TokenTree], context: Context<'_>, literals: &mut Literals) -> usize {
    if let Some((name, content)) = macro_call(rest) {
        match name.as_str() {
            "html" => return 3,
            "stream" | "try_stream" if context.skips_streams => return 3,
            "json" if !context.in_template => {
                keys(content.stream(), 'j', literals);
                return 3;
            }
            _ => return 2,
        }
    }
    match &rest[0] {
        TokenTree::Ident(ident) => match (ident.to_string().as_str(), &rest[1..]) {
            ("yield", value) => patched(value, context, literals),
            ("Raw" | "push_trusted_markup", _) => {
                literals.add('x', ident.span(), "");
                literals.add('S', ident.span(), "");
            }
            ("event", [_, _, TokenTree::Ident(function), TokenTree::Group(arguments), ..])
                if is_path(rest) =>
            {
                match function.to_string().as_str() {
                    "remove" => selector(arguments, literals),
                    "signals" => changed(arguments, literals),
                    _ => {}
                }
            }
            (handler, [_, _, TokenTree::Ident(function), TokenTree::Group(_), ..])
                if is_path(rest) && function == "action" =>
            {
                let letter = if has_payload(&rest[5..]) { 'P' } else { 'a' };
                literals.add(letter, ident.span(), handler);
            }
            ("js", [TokenTree::Group(_), ..]) => {
                if let Some(code) = js(&rest[..2]) {
                    literals.add_expression(ident.span(), &code);
                }
            }
            _ => {
                if let Some(reference) = reference(rest).filter(|reference| reference.is_patch) {
                    literals.add('Z', ident.span(), &reference.path);
                }
            }
        },
        TokenTree::Punct(dot) if dot.as_char() == '.' => {
            if let [_, TokenTree::Ident(method), TokenTree::Group(arguments), ..] = rest {
                match method.to_string().as_str() {
                    "selector" => selector(arguments, literals),
                    "remove" if is_writer(before, context) => selector(arguments, literals),
                    "patch" if is_writer(before, context) => {
                        let value: Vec<TokenTree> = arguments.stream().into_iter().collect();
                        patched(&value, context, literals);
                    }
                    "sync" if is_writer(before, context) => changed(arguments, literals),
                    _ => {}
                }
            }
        }
        TokenTree::Group(group) => {
            if group.delimiter() == Delimiter::Parenthesis {
                patch_by_mode(group, literals);
            }
            scan(group.stream(), context, literals);
        }
        TokenTree::Punct(_) | TokenTree::Literal(_) => {}
    }
    1
}

/// Returns the name and the content of a macro call `name!(..)` at the start of `tokens`.
fn macro_call(tokens: &[TokenTree]) -> Option<(String, &Group)> {
    match tokens {
        [TokenTree::Ident(name), TokenTree::Punct(mark), TokenTree::Group(content), ..]
            if mark.as_char() == '!' =>
        {
            Some((name.to_string(), content))
        }
        _ => None,
    }
}

/// Whether one of the methods that are called on an action gives it values in the place of the page's signals.
fn has_payload(mut tokens: &[TokenTree]) -> bool {
    while let [TokenTree::Punct(_), TokenTree::Ident(method), TokenTree::Group(_), rest @ ..] = tokens {
        if method == "payload" {
            return true;
        }
        tokens = rest;
    }
    false
}

/// Whether a method is called on the handler's `Writer`, and not on a field of that name.
fn is_writer(before: &[TokenTree], context: Context<'_>) -> bool {
    let is_dot = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == '.');
    match before {
        [rest @ .., TokenTree::Ident(name)] => {
            context.writer.is_some_and(|writer| name == writer) && !rest.last().is_some_and(is_dot)
        }
        _ => false,
    }
}

/// Adds the selector of `(Mode::Append, "#list", ..)` and `(Mode::Remove, "#item")`.
fn patch_by_mode(group: &Group, literals: &mut Literals) {
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let [TokenTree::Ident(name), _, _, TokenTree::Ident(mode), TokenTree::Punct(comma), rest @ ..] =
        &tokens[..]
    else {
        return;
    };
    if name != "Mode" || !is_path(&tokens) || comma.as_char() != ',' {
        return;
    }
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let end = rest.iter().position(is_comma);
    // Without a third value, the second is the content of the patch and no selector, except in a removal.
    if mode == "Remove" || end.is_some_and(|end| end + 1 < rest.len()) {
        add_selector(&rest[..end.unwrap_or(rest.len())], literals);
    }
}

/// Adds the selector that is the only argument of a call.
fn selector(arguments: &Group, literals: &mut Literals) {
    let tokens: Vec<TokenTree> = arguments.stream().into_iter().collect();
    add_selector(&tokens, literals);
}

fn add_selector(tokens: &[TokenTree], literals: &mut Literals) {
    if let [token] = tokens
        && let Some(text) = text(token)
    {
        literals.add('t', token.span(), &text);
    }
    if let Some((name, content)) = macro_call(tokens)
        && name == "format"
        && let Some(first) = content.stream().into_iter().next()
        && let Some(text) = text(&first)
    {
        match text.split_once('{') {
            Some((prefix, _)) => literals.add('u', first.span(), prefix),
            None => literals.add('t', first.span(), &text),
        }
    }
}

/// Adds the literals of a value that patches the page: a template replaces the elements with its ids, and a `json!`
/// value changes signals, as does a struct of signals.
fn patched(value: &[TokenTree], context: Context<'_>, literals: &mut Literals) {
    if let Some(name) = typed(value) {
        // The scan finds the patch of one signal.
        if !is_patch(value) {
            literals.add('Z', value[0].span(), &name);
        }
        return;
    }
    let Some((name, content)) = macro_call(value) else { return };
    let is_whole = match value.get(3) {
        None => true,
        Some(TokenTree::Punct(punct)) => matches!(punct.as_char(), ';' | ','),
        Some(_) => false,
    };
    match name.as_str() {
        "html" if is_whole => {
            let ids = context.root_ids.map(|root_ids| root_ids(content.stream()));
            ids.into_iter().flatten().for_each(|(kind, span, id)| literals.add(kind, span, &id));
        }
        "json" if is_whole => {
            keys(content.stream(), 'Y', literals);
        }
        _ => {}
    }
}

/// Adds the keys of `event::signals(json!({ .. }))`.
fn changed(arguments: &Group, literals: &mut Literals) {
    let value: Vec<TokenTree> = arguments.stream().into_iter().skip_while(is_borrow).collect();
    if let Some(("json", content)) =
        macro_call(&value).as_ref().map(|(name, content)| (name.as_str(), *content))
    {
        keys(content.stream(), 'Y', literals);
    }
}

/// Adds the signals that a value for `data-signals` declares: the keys of a `json!` in it, the text of `js(..)`, or the
/// type of a struct. The signals of any other value cannot be seen.
pub(crate) fn declared(tokens: TokenStream, span: Span, literals: &mut Literals) {
    if let Some(object) = find_json(tokens.clone()) {
        if !keys(object, 's', literals) {
            literals.add('S', span, "");
        }
        return;
    }
    let tokens: Vec<TokenTree> = tokens.into_iter().skip_while(is_borrow).collect();
    if let Some(code) = js(&tokens) {
        literals.add_object(span, &code);
    } else if let Some(name) = typed(&tokens) {
        literals.add('y', span, &name);
    } else {
        let is_json = |token: &TokenTree| matches!(token, TokenTree::Ident(name) if ["json", "try_json", "js"].iter().any(|call| name == call));
        // A variable most likely has a type that derives `Signals`.
        literals.add(if tokens.first().is_some_and(is_json) { 'S' } else { 'v' }, span, "");
    }
}

/// Returns the text of `js("..")`.
fn js(tokens: &[TokenTree]) -> Option<String> {
    match tokens {
        [TokenTree::Ident(name), TokenTree::Group(code)] if name == "js" => {
            code.stream().into_iter().next().as_ref().and_then(text)
        }
        _ => None,
    }
}

/// Returns the content of the first `json!` that stands in no block.
fn find_json(tokens: TokenStream) -> Option<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    (0..tokens.len()).find_map(|at| match (macro_call(&tokens[at..]), &tokens[at]) {
        (Some((name, content)), _) if name == "json" => Some(content.stream()),
        (_, TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            find_json(group.stream())
        }
        _ => None,
    })
}

/// Adds the keys of `{ "a": 1, "b": x }`. Keys that declare signals have the kinds of their values. Returns whether all
/// keys are literals.
fn keys(object: TokenStream, letter: char, literals: &mut Literals) -> bool {
    let mut tokens = object.into_iter();
    let (Some(TokenTree::Group(object)), None) = (tokens.next(), tokens.next()) else { return false };
    let tokens: Vec<TokenTree> = object.stream().into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let mut are_literals = object.delimiter() == Delimiter::Brace;
    for entry in tokens.split(is_comma).filter(|entry| !entry.is_empty()) {
        let (name, value) = match entry {
            [key, TokenTree::Punct(colon), value @ ..] if colon.as_char() == ':' => (text(key), value),
            // The comma before this entry separated arguments of a type or a closure.
            _ => (None, &[][..]),
        };
        let Some(name) = name else {
            are_literals = false;
            continue;
        };
        let name = if letter == 's' { format!("{name}:{}", kind(value)) } else { name };
        literals.add(letter, entry[0].span(), &name);
    }
    are_literals
}

/// Returns the kind of a value in `json!`, with the letters of [`javascript::kind`].
fn kind(value: &[TokenTree]) -> char {
    match value {
        [TokenTree::Group(group)] => match group.delimiter() {
            Delimiter::Brace => 'o',
            Delimiter::Bracket => 'l',
            _ => '?',
        },
        [token @ (TokenTree::Ident(_) | TokenTree::Literal(_))] => match text(token) {
            Some(_) => 't',
            None => javascript::kind(&token.to_string()),
        },
        _ => '?',
    }
}

/// Returns the text of a string literal.
fn text(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Literal(literal) if literal.to_string().contains('"') => {
            syn::parse2::<LitStr>(token.clone().into()).ok().map(|text| text.value())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[track_caller]
    // A case is one `quote!`.
    #[allow(clippy::needless_pass_by_value)]
    fn check(tokens: TokenStream, expected: &[&str]) {
        let mut literals = Literals::default();
        let context = Context {
            writer: Some("w"),
            skips_streams: true,
            in_template: false,
            root_ids: Some(crate::html::root_ids),
        };
        scan(tokens.clone(), context, &mut literals);
        assert_eq!(literals.lines(), expected, "{tokens}");
    }

    #[test]
    fn selectors_of_events_are_found() {
        check(quote!(yield event::remove("#a");), &["t0 #a"]);
        check(quote!(return stario::event::remove(r"#a");), &["t0 #a"]);
        check(
            quote!(if x {
                changes.publish("x", Event::new((Mode::Append, "#a", html! { <b/> })));
            }),
            &["t0 #a"],
        );
        check(quote!(yield (Mode::Remove, "#a")), &["t0 #a"]);
        check(quote!(yield (Mode::Remove, format!("#row-{id}"))), &["u0 #row-"]);
        check(quote!(yield event::patch(x).mode(Mode::Inner).selector("#a > b")), &["t0 #a > b"]);
        check(quote!(w.remove("#a").await?;), &["t0 #a"]);
    }

    #[test]
    fn what_only_looks_like_a_selector_is_not() {
        check(quote!(map.remove("#a"); self.w.remove("#a");), &[]);
        check(quote!(yield (Mode::Replace, "#a");), &[]);
        check(quote!(let s = "#a"; event::remove(s); x.selector(s)), &[]);
        check(quote!(html! { <b>{event::remove("#a")}</b> }), &[]);
        check(quote!(stream! { yield event::remove("#a"); }), &[]);
    }

    #[test]
    fn a_yielded_template_goes_where_its_ids_are() {
        check(quote!(yield html! { <p id="a"><b id="b"/></p><p id="c"/> };), &["o0 a", "o0 c"]);
        check(quote!(w.patch(html! { <p id="a"/> }).await?;), &["o0 a"]);
        check(quote!(yield html! { <p id={("row-", id)}/><p id={id}/> };), &["O0 row-"]);
        check(quote!(yield html! { <p id="a"/> }.render();), &[]);
        check(quote!(yield items(); let x = html! { <p id="a"/> };), &[]);
    }

    #[test]
    fn keys_of_json_may_be_signals() {
        check(quote!(yield json!({ "a": 1, "b": f(1, 2) });), &["Y0 a", "Y0 b", "j0 a", "j0 b"]);
        check(quote!(event::signals(json!({ "a": 1 })).only_if_missing()), &["Y0 a", "j0 a"]);
        check(quote!(w.sync(&json!({ "a": 1 })).await), &["Y0 a", "j0 a"]);
        check(quote!(Event::new(json!({ "a": { "b": 1 }, key: 2 }))), &["j0 a"]);
    }

    #[test]
    fn typed_signals_are_patched() {
        check(quote!(yield Search::q().is("x");), &["Z0 Search.q"]);
        check(quote!(Ok(page::Search::list().page().delete())), &["Z0 Search.list.page"]);
        check(quote!(yield Search { q };), &["Z0 Search"]);
        check(quote!(Vec::new().is(1); Search::q().set(1); x.is(2)), &["Z0 Vec.new"]);
    }

    #[test]
    fn expressions_of_javascript_are_read() {
        check(quote!(Menu::open().set(true).then(js("$a = $b"))), &["w0 a", "r0 b"]);
        check(quote!(js(code)), &[]);
    }

    #[test]
    fn actions_and_markup_of_others_are_noticed() {
        check(quote!(users::tick::action(id).retry(x)), &["a0 tick"]);
        check(quote!(users::tick::action(id).retry(x).payload(y)), &["P0 tick"]);
        check(quote!(Ok(Raw(Page { title }))), &["x0", "S0"]);
    }

    #[track_caller]
    // A case is one `quote!`.
    #[allow(clippy::needless_pass_by_value)]
    fn check_declared(tokens: TokenStream, expected: &[&str]) {
        let mut literals = Literals::default();
        declared(tokens.clone(), Span::call_site(), &mut literals);
        assert_eq!(literals.lines(), expected, "{tokens}");
    }

    #[test]
    fn a_declaration_is_read_where_it_is_literal() {
        let json = quote!(json(&json!({ "a": 1, "b": "x", "c": {}, "d": [], "e": true, "f": x, "g": -1 })));
        check_declared(json, &["s0 a:n", "s0 b:t", "s0 c:o", "s0 d:l", "s0 e:b", "s0 f:?", "s0 g:?"]);
        check_declared(quote!(js("{a: 1}")), &["s0 a:n"]);
        check_declared(quote!(Search::default()), &["y0 Search"]);
        check_declared(quote!(&page::Search { q, ..x }), &["y0 Search"]);
        check_declared(quote!(json(&search)), &["S0"]);
        check_declared(quote!(search), &["v0"]);
        check_declared(quote!(json!({ key: 1 })), &["S0"]);
    }
}
