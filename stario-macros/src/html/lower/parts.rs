//! `{"/users/", id}`: values made of several parts.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use stario_html::Quote;

use super::super::ast::{Splice, ValuePart};
use super::super::ops::{Ops, Place};

/// Lowers parts one by one, between the quotes of an attribute.
pub(super) fn each(place: Place, parts: Vec<ValuePart>, out: &mut Ops) {
    for part in parts {
        match part {
            ValuePart::Literal(text) => out.escaped(&text.value, Quote::Double),
            ValuePart::Splice(value) => out.value(place, value),
        }
    }
}

/// Makes a tuple of the parts, which is checked as a whole when it is written.
pub(super) fn as_tuple(parts: Vec<ValuePart>) -> Splice {
    let mut span = Span::call_site();
    let values = parts.into_iter().enumerate().map(|(at, part)| {
        let splice = match part {
            ValuePart::Literal(text) => {
                let mut literal = proc_macro2::Literal::string(&text.value);
                literal.set_span(text.span);
                Splice { tokens: TokenTree::Literal(literal).into(), span: text.span, has_group: false }
            }
            ValuePart::Splice(splice) => splice,
        };
        if at == 0 {
            span = splice.span;
        }
        let value = &splice.tokens;
        quote_spanned!(splice.span.resolved_at(Span::mixed_site())=> &(#value),)
    });
    let values: Vec<TokenStream> = values.collect();
    Splice { tokens: nested(&values), span, has_group: true }
}

/// Writes a tuple of up to eight values, for which the traits are implemented. If there are more values, the eighth is
/// a tuple of the rest.
fn nested(values: &[TokenStream]) -> TokenStream {
    match values.split_at_checked(7) {
        Some((first, rest)) if rest.len() > 1 => {
            let rest = nested(rest);
            quote!((#(#first)* #rest))
        }
        _ => quote!((#(#values)*)),
    }
}
