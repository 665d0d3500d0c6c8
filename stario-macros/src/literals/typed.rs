//! Finds typed signals in the Rust of handlers, streams and templates: `Search::list().page()`.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::Literals;

/// A reference to a signal by the functions of a struct.
pub(crate) struct Reference {
    /// The type and its functions, `Search.list.page`. A method of the reference itself may follow.
    pub(crate) path: String,
    /// How many tokens it has, without the method that sets or patches the signal.
    length: usize,
    /// Whether the page sets the signal, and what `toggle` sets it reads, too.
    set: Option<Set>,
    /// Whether an event patches the signal.
    pub(crate) is_patch: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    ToValue,
    Toggled,
}

/// Returns the reference at the start of `tokens`.
pub(crate) fn reference(tokens: &[TokenTree]) -> Option<Reference> {
    let [TokenTree::Ident(name), _, _, TokenTree::Ident(function), TokenTree::Group(arguments), ..] = tokens
    else {
        return None;
    };
    if !is_path(tokens) || !is_type(name) || !arguments.stream().is_empty() {
        return None;
    }
    let mut reference =
        Reference { path: format!("{name}.{}", unraw(function)), length: 5, set: None, is_patch: false };
    while let [TokenTree::Punct(dot), TokenTree::Ident(method), TokenTree::Group(arguments), ..] =
        &tokens[reference.length..]
    {
        if dot.as_char() != '.' {
            break;
        }
        match unraw(method).as_str() {
            "set" => reference.set = Some(Set::ToValue),
            "toggle" => reference.set = Some(Set::Toggled),
            "is" | "delete" => reference.is_patch = true,
            name if arguments.stream().is_empty() => {
                reference.path.push('.');
                reference.path.push_str(name);
                reference.length += 3;
                continue;
            }
            _ => {}
        }
        break;
    }
    Some(reference)
}

fn unraw(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

/// Adds the signals that an expression reads and sets.
pub(crate) fn references(tokens: TokenStream, literals: &mut Literals) {
    each_reference(tokens, &mut |name, reference| {
        if reference.set != Some(Set::ToValue) {
            literals.add('z', name.span(), &reference.path);
        }
        if reference.set.is_some() {
            literals.add('W', name.span(), &reference.path);
        }
    });
}

/// Adds the signals in a component's property or in the arguments of a function, which may bind them.
pub(crate) fn given(tokens: TokenStream, literals: &mut Literals) {
    each_reference(tokens, &mut |name, reference| literals.add('g', name.span(), &reference.path));
}

fn each_reference(tokens: TokenStream, found: &mut dyn FnMut(&Ident, Reference)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(name) => {
                if let Some(reference) = reference(&tokens[at..]) {
                    found(name, reference);
                }
            }
            TokenTree::Group(group) => each_reference(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Returns the signal that a value is, `page::Search::q()`, as the path of a [`Reference`].
pub(crate) fn bound(tokens: TokenStream) -> Option<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().skip_while(is_borrow).collect();
    let tokens = &tokens[path_to_type(&tokens)?..];
    let reference = reference(tokens)?;
    (reference.length == tokens.len()).then_some(reference.path)
}

/// Whether each signal in an expression is written there: none comes by a variable or a function.
pub(crate) fn is_all_seen(tokens: TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut rest = &tokens[..];
    while let Some(token) = rest.first() {
        let read = match token {
            TokenTree::Ident(_) if is_path(rest) => path(rest),
            TokenTree::Ident(name) => match rest.get(1) {
                Some(TokenTree::Group(code)) if name == "js" => is_literal(code.stream()).then_some(2),
                Some(TokenTree::Group(_)) if name == "json" => Some(2),
                _ => (name == "true" || name == "false").then_some(1),
            },
            TokenTree::Punct(dot) if dot.as_char() == '.' => method(rest),
            TokenTree::Group(group) => is_all_seen(group.stream()).then_some(1),
            TokenTree::Punct(_) | TokenTree::Literal(_) => Some(1),
        };
        let Some(read) = read else { return false };
        rest = &rest[read..];
    }
    true
}

fn is_literal(tokens: TokenStream) -> bool {
    let mut tokens = tokens.into_iter();
    matches!((tokens.next(), tokens.next()), (Some(TokenTree::Literal(_)), None))
}

/// Reads a path that is a typed signal or an action, whose options name no signal. Returns the number of its tokens.
fn path(tokens: &[TokenTree]) -> Option<usize> {
    let mut at = 0;
    while is_path(&tokens[at..]) {
        if let Some(reference) = reference(&tokens[at..]) {
            return Some(at + reference.length);
        }
        at += 3;
    }
    match &tokens[at..] {
        [TokenTree::Ident(name), TokenTree::Group(_), ..] if name == "action" => at += 2,
        _ => return None,
    }
    while let Some(name) = method(&tokens[at..]) {
        at += name + 1;
    }
    Some(at)
}

/// Reads the call of a method. Returns the number of its tokens, but for its arguments.
fn method(tokens: &[TokenTree]) -> Option<usize> {
    matches!(tokens, [_, TokenTree::Ident(_), TokenTree::Group(_), ..]).then_some(2)
}

/// Returns the call in `list::action(1).retry(..)` that names the handler, unless the action says which requests it cancels.
pub(crate) fn sent_action(tokens: TokenStream) -> Option<String> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let at = tokens
        .windows(2)
        .position(|two| matches!(two, [TokenTree::Ident(name), TokenTree::Group(_)] if name == "action"))?;
    let cancels =
        !tokens.iter().any(|token| matches!(token, TokenTree::Ident(name) if name == "request_cancellation"));
    let text: String = tokens[..=at].iter().map(ToString::to_string).collect();
    (cancels && tokens[..at].iter().all(is_of_path)).then(|| format!("{text}{}", tokens[at + 1]))
}

/// Returns the type in `Search::default()`, `page::Search::q()` and `Search { .. }`.
pub(crate) fn typed(tokens: &[TokenTree]) -> Option<String> {
    let at = path_to_type(tokens)?;
    let is_made = match tokens.get(at + 1) {
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
        Some(_) => is_path(&tokens[at..]),
        None => false,
    };
    is_made.then(|| tokens[at].to_string())
}

/// Whether a value is the patch of one signal.
pub(super) fn is_patch(tokens: &[TokenTree]) -> bool {
    path_to_type(tokens).and_then(|at| reference(&tokens[at..])).is_some_and(|reference| reference.is_patch)
}

/// Returns the position of the first type, if only the path to it stands before.
fn path_to_type(tokens: &[TokenTree]) -> Option<usize> {
    let at = tokens.iter().position(|token| matches!(token, TokenTree::Ident(name) if is_type(name)))?;
    tokens[..at].iter().all(is_of_path).then_some(at)
}

pub(super) fn is_borrow(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '&')
}

fn is_of_path(token: &TokenTree) -> bool {
    match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':',
        _ => false,
    }
}

fn is_type(name: &Ident) -> bool {
    name.to_string().starts_with(|c: char| c.is_ascii_uppercase())
}

/// Whether the first token is followed by `::`.
pub(super) fn is_path(tokens: &[TokenTree]) -> bool {
    let is_colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    is_colon(1) && is_colon(2)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn an_expression_is_seen_if_all_of_its_signals_are_written_there() {
        let is_seen = |tokens: TokenStream, expected| {
            assert_eq!(is_all_seen(tokens.clone()), expected, "{tokens}");
        };
        is_seen(quote!("Page " + page::Search::page() + " of " + &Search::list().pages()), true);
        is_seen(quote!(Search::open().and(Search::page().gt(1)).then(list::action(id).retry(x))), true);
        is_seen(quote!(import::action().content_type(action::ContentType::Form)), true);
        is_seen(quote!(Search::page().set(1).then(js("$a = 1"))), true);
        is_seen(quote!(Search::page().set(page)), false);
        is_seen(quote!(open), false);
        is_seen(quote!(open.and(Search::open())), false);
        is_seen(quote!(SignalRef::named("a")), false);
        is_seen(quote!(condition(x)), false);
    }

    #[test]
    fn a_bound_signal_is_a_path() {
        assert_eq!(bound(quote!(&page::Search::list().r#type())).as_deref(), Some("Search.list.type"));
        assert_eq!(bound(quote!(Search::q().set(1))), None);
        assert_eq!(bound(quote!(signal)), None);
        assert_eq!(bound(quote!(Plain::<u8>::q())), None);
    }
}
