//! Turns operations into Rust. Each expression of the user appears once, as it was written, so that the compiler's
//! errors and an editor's completion refer to it. No expression stands inside of a closure, so `?`, `.await`,
//! `continue` and `break` work.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::ast::{Prop, Splice};
use super::ops::{ComponentOp, ElseOp, IfOp, JoinedItem, JoinedOp, Op, Place, ValueOp};

/// Writes the expression for a template.
pub(crate) fn emit(
    krate: &TokenStream,
    into: Option<TokenStream>,
    ops: &[Op],
    literals: Option<&str>,
    statements: &TokenStream,
) -> TokenStream {
    let Some(into) = into else { return template(krate, ops, literals, statements) };
    let literals = literals.map(|text| quote!(#krate::__literals! { #text }));
    let emitter = Emitter::new(krate);
    let body = emitter.ops(ops);
    let buf = &emitter.buf;
    let output = Ident::new("output", Span::mixed_site());
    quote! {{
        #statements
        #literals
        let #output: &mut #krate::__private::ComponentOutput<'_> = #into;
        let #buf = #output.buf();
        #body
        #output.finish()
    }}
}

/// Writes a template with a buffer of its own.
fn template(
    krate: &TokenStream,
    ops: &[Op],
    literals: Option<&str>,
    statements: &TokenStream,
) -> TokenStream {
    let known = match ops {
        [] => Some(""),
        [Op::Static(markup)] => Some(markup.as_str()),
        _ => None,
    };
    if let Some(markup) = known {
        let html = quote!(#krate::__private::Html::from_static(#markup));
        let literals = literals.map(|text| quote!(#krate::__literals! { #text }));
        let is_alone = statements.is_empty() && literals.is_none();
        return if is_alone { html } else { quote!({ #statements #literals #html }) };
    }
    let emitter = Emitter::new(krate);
    let (guess, body) = (guess(ops), emitter.ops(ops));
    let (buf, owned) = (&emitter.buf, Ident::new("owned", Span::mixed_site()));
    // The literals share the static of the hint, because a second static would cost the compiler as much again.
    let hint = match literals {
        Some(text) => quote!(#krate::__literals! { hint #guess #text }),
        None => quote!(static __STARIO_HINT: #krate::__private::Hint = #krate::__private::Hint::new(#guess);),
    };
    quote! {{
        #statements
        #hint
        let mut #owned = __STARIO_HINT.buf();
        let #buf = &mut #owned;
        #body
        __STARIO_HINT.finish(#owned)
    }}
}

struct Emitter<'t> {
    krate: &'t TokenStream,
    buf: Ident,
}

impl<'t> Emitter<'t> {
    fn new(krate: &'t TokenStream) -> Self {
        Self { krate, buf: Ident::new("buf", Span::mixed_site()) }
    }

    fn ops(&self, ops: &[Op]) -> TokenStream {
        let buf = &self.buf;
        let mut out = TokenStream::new();
        let mut head = String::new();
        let mut ops = ops.iter().peekable();
        while let Some(op) = ops.next() {
            match op {
                Op::Static(markup) => head.push_str(markup),
                Op::Value(value) => {
                    // One call writes the value and the markup on both sides of it.
                    let tail = match ops.next_if(|next| matches!(next, Op::Static(_))) {
                        Some(Op::Static(markup)) => markup,
                        _ => "",
                    };
                    out.extend(self.value(value, std::mem::take(&mut head), tail));
                }
                op => {
                    if !head.is_empty() {
                        out.extend(quote!(#buf.__static(#head);));
                        head.clear();
                    }
                    out.extend(self.op(op));
                }
            }
        }
        if !head.is_empty() {
            out.extend(quote!(#buf.__static(#head);));
        }
        out
    }

    fn value(&self, op: &ValueOp, mut head: String, tail: &str) -> TokenStream {
        let buf = &self.buf;
        let (span, value) = argument(&op.value);
        let method = Ident::new(method(op.place), span);
        let Some((open, quote)) = &op.open else {
            return quote_spanned!(span=> #buf.#method(#head, &#value, #tail););
        };
        let open_at = head.len();
        head.push_str(open);
        let tail = format!("{}{tail}", quote.as_char());
        quote_spanned!(span=> #buf.#method(#head, #open_at, &#value, #tail);)
    }

    fn op(&self, op: &Op) -> TokenStream {
        let buf = &self.buf;
        match op {
            Op::Static(_) | Op::Value(_) => TokenStream::new(),
            Op::Flag { condition, markup } => {
                let (span, condition) = argument(condition);
                quote_spanned!(span=> if #condition { #buf.__static(#markup); })
            }
            Op::Joined(joined) => self.joined(joined),
            Op::Spread { attrs, runs_code } => {
                let (span, attrs) = argument(attrs);
                let method = Ident::new(if *runs_code { "__code_attrs" } else { "__attrs" }, span);
                quote_spanned!(span=> #buf.#method(&#attrs);)
            }
            Op::DeclareTag(number, tag) => {
                let (span, tag) = argument(tag);
                let (krate, name) = (self.krate, tag_ident(*number));
                quote_spanned!(span=> let #name: &#krate::TagName = &#tag;)
            }
            Op::DynamicTag(number) => {
                let name = tag_ident(*number);
                quote!(#buf.__tag(#name);)
            }
            Op::DynamicNewline(number) => {
                let name = tag_ident(*number);
                quote!(#buf.__tag_newline(#name);)
            }
            Op::Component(component) => self.component(component),
            Op::If(op) => self.if_(op),
            Op::For { head, span, body } => {
                let body = self.ops(body);
                quote_spanned!(place_of(*span)=> #head { #body })
            }
            Op::Match { head, arms, span } => {
                let arms = arms.iter().map(|(pattern, body)| {
                    let body = self.ops(body);
                    quote!(#pattern => { #body })
                });
                quote_spanned!(*span=> #head { #(#arms)* })
            }
            Op::Statement(tokens) => tokens.clone(),
            Op::Scope(ops) => {
                let body = self.ops(ops);
                quote!({ #body })
            }
        }
    }

    fn if_(&self, op: &IfOp) -> TokenStream {
        let (head, then) = (&op.head, self.ops(&op.then));
        let otherwise = op.otherwise.as_deref().map(|otherwise| match otherwise {
            ElseOp::If(op) => {
                let op = self.if_(op);
                quote!(else #op)
            }
            ElseOp::Block(ops) => {
                let body = self.ops(ops);
                quote!(else { #body })
            }
        });
        quote_spanned!(place_of(op.span)=> #head { #then } #otherwise)
    }

    fn joined(&self, joined: &JoinedOp) -> TokenStream {
        let (krate, buf) = (self.krate, &self.buf);
        let list = Ident::new("joined", Span::mixed_site());
        let (open, separator) = (format!(" {}=\"", joined.name), joined.separator);
        let items = joined.items.iter().map(|item| match item {
            JoinedItem::Static(markup) => quote!(#list.add(&mut *#buf, #markup);),
            JoinedItem::Classes(value) => {
                let (span, value) = argument(value);
                quote_spanned!(span=> #list.add_classes(&mut *#buf, &#value);)
            }
            JoinedItem::Style(value) => {
                let (span, value) = argument(value);
                quote_spanned!(span=> #list.add_style(&mut *#buf, &#value);)
            }
            JoinedItem::Toggle { condition, class } => {
                let (span, condition) = argument(condition);
                quote_spanned!(span=> if #condition { #list.add(&mut *#buf, #class); })
            }
            JoinedItem::Property { name, value } => {
                let (span, value) = argument(value);
                quote_spanned!(span=> #list.add_property(&mut *#buf, #name, &#value);)
            }
        });
        quote! {{
            let mut #list = #krate::__private::Joined::new(#open, #separator);
            #(#items)*
            #list.finish(&mut *#buf);
        }}
    }

    /// Writes `<Card title="x">..</Card>` as a chain of setters, which ends in a call that writes into the buffer.
    fn component(&self, component: &ComponentOp) -> TokenStream {
        let (krate, buf, path) = (self.krate, &self.buf, &component.path);
        let span = place_of(component.range.last);
        let setters = component.props.iter().map(|Prop { name, value, .. }| {
            let value = value.clone().unwrap_or_else(|| quote_spanned!(name.span()=> true));
            let setter = raw_if_keyword(name);
            quote!(.#setter(#value))
        });
        let children = component.children.as_ref().map(|ops| {
            let html = template(krate, ops, None, &TokenStream::new());
            quote_spanned!(span=> .children(#krate::Children::from(#html)))
        });
        if component.is_broken {
            // A property that could not be read has been reported. Without the last call rustc does not report it as
            // missing, too.
            return quote_spanned!(span=> let _ = #path::__props() #(#setters)* #children;);
        }
        quote_spanned!(span=> #path::__props() #(#setters)* #children .__render(&mut *#buf);)
    }
}

/// Returns the name of a setter as an identifier that can be called.
fn raw_if_keyword(name: &Ident) -> Ident {
    let text = name.to_string();
    if syn::parse_str::<Ident>(&text).is_ok() { name.clone() } else { Ident::new_raw(&text, name.span()) }
}

/// Returns the name of the method that writes a value at a place.
fn method(place: Place) -> &'static str {
    match place {
        Place::Text => "__text",
        Place::Attr => "__attr",
        Place::AttrPart => "__part",
        Place::FlagOrText => "__flag_or_text",
        Place::TrueFalse => "__true_false",
        Place::Url => "__url",
        Place::UrlPart => "__url_part",
        Place::CodeUrl => "__code_url",
        Place::UrlList => "__urls",
        Place::Refresh => "__refresh",
        Place::Style => "__style",
        Place::Srcdoc => "__srcdoc",
        Place::Expression => "__expression",
        Place::ExpressionPart => "__expression_part",
        Place::Datastar => "__datastar",
        Place::DatastarPart => "__datastar_part",
        Place::Condition => "__condition",
        Place::ShownText => "__shown_text",
        Place::ShownValue => "__shown_value",
        Place::Signals => "__signals",
        Place::Bind => "__bind",
        Place::Indicator => "__indicator",
        Place::Handler => "__handler",
        Place::HandlerPart => "__handler_part",
        Place::Script => "__script",
        Place::Sheet => "__sheet",
        Place::ForeignScript => "__foreign_script",
        Place::ForeignSheet => "__foreign_sheet",
    }
}

fn tag_ident(number: usize) -> Ident {
    Ident::new(&format!("tag_{number}"), Span::mixed_site())
}

/// Returns a span at the same place that does not belong to the user's code, so that lints ignore the code made with
/// it.
fn place_of(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}

/// Returns an expression of the user in parentheses, and the span for the code around it: that of the braces in the
/// template.
fn argument(splice: &Splice) -> (Span, TokenStream) {
    let span = place_of(splice.span);
    let tokens = &splice.tokens;
    (span, quote_spanned!(span=> (#tokens)))
}

/// Guesses how many bytes a template writes, for the first time it runs: its static text, and a word for each value.
fn guess(ops: &[Op]) -> u32 {
    let bytes: u32 = ops
        .iter()
        .map(|op| match op {
            Op::Static(markup) | Op::Flag { markup, .. } => length(markup),
            Op::Value(value) => 24 + value.open.as_ref().map_or(0, |(open, _)| length(open)),
            Op::Joined(_) | Op::Spread { .. } => 32,
            Op::DynamicTag(_) => 8,
            Op::Component(component) => 64 + component.children.as_deref().map_or(0, guess),
            Op::If(op) => guess(&op.then),
            Op::For { body, .. } => 4 * guess(body),
            Op::Match { arms, .. } => arms.iter().map(|(_, body)| guess(body)).max().unwrap_or(0),
            Op::DeclareTag(..) | Op::DynamicNewline(_) | Op::Statement(_) => 0,
            Op::Scope(ops) => guess(ops),
        })
        .sum();
    bytes.min(1 << 16)
}

fn length(markup: &str) -> u32 {
    u32::try_from(markup.len()).unwrap_or(u32::MAX)
}
