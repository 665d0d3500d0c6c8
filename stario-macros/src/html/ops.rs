//! The operations to which a template is lowered: markup that is known, and values with the kind of place in which they
//! stand.

use proc_macro2::{Span, TokenStream};
use stario_html::{Quote, escape_into};

use super::ast::{Prop, Range, Splice};

/// One step of writing a template.
pub(crate) enum Op {
    /// Markup that is known at compile time. No two of these operations follow each other.
    Static(String),
    Value(ValueOp),
    /// Markup that is written if a condition is true.
    Flag {
        condition: Splice,
        markup: String,
    },
    Joined(JoinedOp),
    /// Attributes that are made at run time. They are checked more strictly if the element runs code that it loads.
    Spread {
        attrs: Splice,
        runs_code: bool,
    },
    /// Writes the name that the surrounding scope declared under this number.
    DynamicTag(usize),
    /// Declares the element name `<{tag}>` under a number.
    DeclareTag(usize, Splice),
    /// Writes a newline if the dynamic element of this number drops the first one of its content.
    DynamicNewline(usize),
    Component(ComponentOp),
    If(IfOp),
    For {
        head: TokenStream,
        span: Span,
        body: Vec<Op>,
    },
    Match {
        head: TokenStream,
        arms: Vec<(TokenStream, Vec<Op>)>,
        span: Span,
    },
    Statement(TokenStream),
    /// Operations in a block of their own, at whose end their `let`s are out of scope.
    Scope(Vec<Op>),
}

/// A value that is written at a place.
pub(crate) struct ValueOp {
    pub(crate) place: Place,
    /// Markup that is left out together with an absent value, such as ` name="`, and the quote that follows the value.
    pub(crate) open: Option<(String, Quote)>,
    pub(crate) value: Splice,
}

/// The place in which a value stands. It decides which trait the value needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Text,
    Attr,
    AttrPart,
    FlagOrText,
    TrueFalse,
    Url,
    UrlPart,
    CodeUrl,
    UrlList,
    Refresh,
    Style,
    Srcdoc,
    Expression,
    ExpressionPart,
    Datastar,
    DatastarPart,
    Condition,
    ShownText,
    ShownValue,
    Signals,
    Bind,
    Indicator,
    Handler,
    HandlerPart,
    Script,
    Sheet,
    ForeignScript,
    ForeignSheet,
}

/// A `class` or `style` attribute made of several sources.
pub(crate) struct JoinedOp {
    pub(crate) name: &'static str,
    pub(crate) separator: &'static str,
    pub(crate) items: Vec<JoinedItem>,
}

pub(crate) enum JoinedItem {
    Static(String),
    Classes(Splice),
    Style(Splice),
    Toggle { condition: Splice, class: String },
    Property { name: String, value: Splice },
}

pub(crate) struct ComponentOp {
    pub(crate) path: TokenStream,
    pub(crate) range: Range,
    pub(crate) props: Vec<Prop>,
    pub(crate) is_broken: bool,
    pub(crate) children: Option<Vec<Op>>,
}

pub(crate) struct IfOp {
    pub(crate) head: TokenStream,
    pub(crate) span: Span,
    pub(crate) then: Vec<Op>,
    pub(crate) otherwise: Option<Box<ElseOp>>,
}

pub(crate) enum ElseOp {
    If(IfOp),
    Block(Vec<Op>),
}

/// A list of operations that is being built. It joins neighbouring markup.
#[derive(Default)]
pub(crate) struct Ops(pub(crate) Vec<Op>);

impl Ops {
    pub(crate) fn markup(&mut self, markup: &str) {
        if let Some(Op::Static(last)) = self.0.last_mut() {
            last.push_str(markup);
        } else if !markup.is_empty() {
            self.0.push(Op::Static(markup.to_owned()));
        }
    }

    pub(crate) fn escaped(&mut self, text: &str, quote: Quote) {
        let mut markup = String::new();
        escape_into(text, quote, &mut markup);
        self.markup(&markup);
    }

    pub(crate) fn value(&mut self, place: Place, value: Splice) {
        self.0.push(Op::Value(ValueOp { place, open: None, value }));
    }

    /// Adds an attribute whose value is known.
    pub(crate) fn literal_attr(&mut self, name: &str, value: &str) {
        let quote = Quote::best_for(value);
        let mark = quote.as_char();
        self.markup(&format!(" {name}={mark}"));
        self.escaped(value, quote);
        self.markup(&mark.to_string());
    }
}
