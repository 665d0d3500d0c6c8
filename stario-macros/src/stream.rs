//! `stream! { .. yield event; .. }`: the block becomes a future, and each `yield` sends to the stream that polls the
//! future. The user's tokens are walked, never parsed, so half-typed code still expands.

use std::iter::Peekable;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use crate::errors::Errors;
use crate::html;
use crate::literals::{Literals, rust};

/// The type of the stream's items.
#[derive(Clone, Copy)]
pub(crate) enum Items {
    Events,
    /// Results: the block may fail, and the error is the last item.
    Results,
}

/// Expands `stream!` and `try_stream!`. The input is `(path to the runtime) body`.
pub(crate) fn expand(items: Items, input: TokenStream) -> TokenStream {
    let mut input = input.into_iter();
    let runtime = match input.next() {
        Some(TokenTree::Group(group)) => group.stream(),
        other => return quote!(::core::compile_error!("stream! is called through stario"); #other),
    };
    let body: TokenStream = input.collect();
    let literals = literals(body.clone()).emit(&quote!(#runtime::stario_html));
    let mut walk = Walk {
        yielder: Ident::new("yielder", Span::mixed_site()),
        errors: Errors::default(),
        runtime,
        items,
    };
    let question_mark = match items {
        Items::Events => question_mark(body.clone()),
        Items::Results => None,
    };
    let end = ends_with_expression(&body).then(|| quote!(;));
    let body = walk.tokens(body);
    let Walk { yielder, mut errors, runtime, .. } = walk;
    if let Some(question_mark) = &question_mark {
        errors.at(
            question_mark,
            "a `stream!` cannot fail; write `try_stream!`, and return `impl Stream<Item = Result<Event>>`",
        );
    }
    let errors = errors.into_tokens();
    let block = match items {
        // The block may fail here, so that rustc does not report the `?` a second time.
        Items::Events if question_mark.is_some() => quote! {
            let _: #runtime::Result = async {
                #body #end
                #[allow(unreachable_code)]
                ::core::result::Result::Ok(())
            }
            .await;
        },
        Items::Events => quote!(#body),
        Items::Results => quote! {
            let ended: #runtime::Result = async {
                #body #end
                #[allow(unreachable_code)]
                ::core::result::Result::Ok(())
            }
            .await;
            if let ::core::result::Result::Err(error) = ended {
                #runtime::Yielder::send(&mut #yielder, ::core::result::Result::Err(error)).await;
            }
        },
    };
    quote! {
        #runtime::generate(move |mut #yielder| async move {
            #errors
            #literals
            // This line uses `yielder`, so that rustc does not warn where the block has no `yield`.
            let _ = &mut #yielder;
            #block
        })
    }
}

/// Whether the last statement needs a semicolon before the next one, such as `Err(error)?`.
fn ends_with_expression(body: &TokenStream) -> bool {
    match body.clone().into_iter().last() {
        Some(TokenTree::Punct(punct)) => punct.as_char() != ';',
        Some(TokenTree::Group(group)) => group.delimiter() != Delimiter::Brace,
        Some(TokenTree::Ident(_) | TokenTree::Literal(_)) => true,
        None => false,
    }
}

/// Collects what the block says of the page. Streams in it collect their own.
fn literals(body: TokenStream) -> Literals {
    let mut literals = Literals::default();
    let context = rust::Context {
        writer: None,
        skips_streams: true,
        root_ids: Some(html::root_ids),
        ..rust::Context::default()
    };
    rust::scan(body, context, &mut literals);
    literals
}

/// Finds the first `?` that would leave the block. A `?` in a closure, a function, an `async` block, or another stream
/// does not. Where the tokens leave that open, this function finds none, and rustc reports the `?` in its own words.
fn question_mark(tokens: TokenStream) -> Option<TokenTree> {
    let mut before = [String::new(), String::new()];
    // A closure ends at the next `,` or `;`; the body of a function or an `async` block is the next block.
    let (mut in_closure, mut skips_block) = (false, false);
    for token in tokens {
        let text = match &token {
            TokenTree::Group(_) => String::new(),
            other => other.to_string(),
        };
        match &token {
            TokenTree::Group(group) => {
                let is_block = group.delimiter() == Delimiter::Brace;
                let is_stream = before[1] == "!" && matches!(before[0].as_str(), "stream" | "try_stream");
                let is_skipped = in_closure || is_stream || (is_block && skips_block);
                if !is_skipped && let Some(found) = question_mark(group.stream()) {
                    return Some(found);
                }
                skips_block &= !is_block;
            }
            TokenTree::Punct(punct) => match punct.as_char() {
                ',' | ';' => (in_closure, skips_block) = (false, false),
                // A `|` begins a closure, unless it follows an operand or is the second one of `||`.
                '|' if before[1] != "|" && is_operator(&before[1]) => in_closure = true,
                // The `?` of `?Sized` follows no operand.
                '?' if !in_closure && !is_operator(&before[1]) => return Some(token),
                _ => {}
            },
            TokenTree::Ident(_) if matches!(text.as_str(), "fn" | "async" | "macro_rules") => {
                skips_block = true;
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => {}
        }
        before = [std::mem::take(&mut before[1]), if text.is_empty() { ")".to_owned() } else { text }];
    }
    None
}

/// Whether an expression can begin behind this token.
fn is_operator(token: &str) -> bool {
    matches!(token, "" | "move" | "return" | "in" | "else" | "match" | "if")
        || (token.len() == 1
            && token.starts_with(|c: char| c.is_ascii_punctuation() && !matches!(c, ')' | '?')))
}

/// Takes the tokens of one yielded expression: up to `;`, the `,` of a match arm, or the end of the block. A `,`
/// between the generic arguments of a turbofish belongs to the expression.
fn yielded(tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) -> TokenStream {
    let mut value = TokenStream::new();
    let (mut previous, mut before) = (' ', ' ');
    let mut turbofish = 0_usize;
    while let Some(next) = tokens.peek() {
        let current = match next {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        match current {
            ';' => break,
            ',' if turbofish == 0 => break,
            '<' if turbofish > 0 || (previous == ':' && before == ':') => turbofish += 1,
            '>' if previous != '-' && previous != '=' => turbofish = turbofish.saturating_sub(1),
            _ => {}
        }
        (before, previous) = (previous, current);
        value.extend(tokens.next());
    }
    value
}

struct Walk {
    yielder: Ident,
    errors: Errors,
    runtime: TokenStream,
    items: Items,
}

impl Walk {
    fn tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let mut output = TokenStream::new();
        let mut tokens = tokens.into_iter().peekable();
        // The number of tokens of `stream !` or `try_stream !` that stand before the next token. A block behind both
        // yields to its own stream.
        let mut inner_macro = 0;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(ident) if ident == "yield" => {
                    let value = yielded(&mut tokens);
                    output.extend(self.send(&ident, value));
                }
                TokenTree::Group(group) if inner_macro < 2 => {
                    inner_macro = 0;
                    output.extend([self.group(&group)]);
                }
                other => {
                    inner_macro = match &other {
                        TokenTree::Ident(ident) if ident == "stream" || ident == "try_stream" => 1,
                        TokenTree::Punct(punct) if punct.as_char() == '!' && inner_macro == 1 => 2,
                        _ => 0,
                    };
                    output.extend([other]);
                }
            }
        }
        output
    }

    fn group(&mut self, group: &Group) -> TokenTree {
        let mut walked = Group::new(group.delimiter(), self.tokens(group.stream()));
        walked.set_span(group.span());
        walked.into()
    }

    fn send(&mut self, keyword: &Ident, value: TokenStream) -> TokenStream {
        if value.is_empty() {
            self.errors.at(keyword, "`yield` needs a value: an element, signals or an event");
            return quote!({});
        }
        let value = self.tokens(value);
        let mut value = Group::new(Delimiter::None, value);
        value.set_span(keyword.span());
        let (runtime, yielder) = (&self.runtime, &self.yielder);
        let span = keyword.span().resolved_at(Span::mixed_site());
        let item = match self.items {
            Items::Events => quote_spanned!(span=> #runtime::into_event(#value)),
            Items::Results => quote_spanned!(span=> ::core::result::Result::Ok(#runtime::into_event(#value))),
        };
        quote_spanned!(span=> #runtime::Yielder::send(&mut #yielder, #item).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &TokenStream, leaves: bool) {
        assert_eq!(question_mark(body.clone()).is_some(), leaves, "{body}");
    }

    #[test]
    fn a_question_mark_that_leaves_the_block_is_found() {
        check(&quote!(let x = f()?;), true);
        check(&quote!(yield html! { <p>{f()?}</p> };), true);
        check(
            &quote!(if a || f()? {
                yield 1;
            }),
            true,
        );
        check(&quote!(let f = |x| g(x); h()?;), true);
        check(&quote!(select! { x = a => { x?; } }), true);
        check(&quote!(for x in y?.z() {}), true);
    }

    #[test]
    fn a_question_mark_that_stays_inside_is_not() {
        check(&quote!(let f = |x| g(x)?;), false);
        check(&quote!(let f = move || { g()?; Ok(()) };), false);
        check(&quote!(async move { g()? }.await;), false);
        check(
            &quote!(
                fn f<T: ?Sized>() -> Option<u8> {
                    g()?
                }
            ),
            false,
        );
        check(&quote!(let s = try_stream! { g()?; };), false);
        check(
            &quote!(
                macro_rules! m {
                    ($($x:expr)?) => {};
                }
            ),
            false,
        );
        check(&quote!(yield event::remove("#a");), false);
    }
}
