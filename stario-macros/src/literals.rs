//! The literals that only meet in a browser, such as ids and the names of signals, which the check of the app compares.
//! A macro call emits one text of all its literals, or nothing if it has none.
//!
//! The first line of the text is the user's file. Each other line is a letter, the number of the line in the user's
//! file, a tab, the literal, a tab, and the literal's place: the conditions and loops around it.
//! `stario/src/app/literals.rs` reads the text.
//!
//! | letter | literal |
//! |---|---|
//! | `i`, `p` | an id, the literal beginning of an id |
//! | `C` | the component that returns the template, which has ids, actions or components |
//! | `c` | a component that the template has |
//! | `m` | a text that may become an id: a component's property |
//! | `x` | nothing: ids that the macro cannot see, such as those of `Raw` |
//! | `s` | a signal that the page declares, a colon, and the kind of its value; the kind `*` is that of a bound input |
//! | `y` | the name of a type whose fields are signals of the page |
//! | `d` | such a type, a dot, what `s` says of its field, a space, and the field's function; the kind of a nested struct is its type and `@` |
//! | `b` | such a type, and behind dots the functions that lead to a signal, which is bound |
//! | `B` | the same of a signal that an indicator makes |
//! | `g` | the same of a signal that a component or a function gets, which may bind it; or what looks like one, `String.new` |
//! | `z` | the same of a signal that an expression reads |
//! | `W` | the same of a signal that an expression sets |
//! | `Z` | the same of a signal that an event patches, or what looks like one; a type alone is all of its signals |
//! | `v` | nothing: signals of a value whose type is not written there |
//! | `V` | nothing: a typed signal is bound that the macro cannot see |
//! | `U` | nothing: an expression has parts that the macro cannot see |
//! | `S` | nothing: signals that the macro cannot see |
//! | `r`, `w` | the path of a signal that an expression reads, a signal that it sets |
//! | `R` | the path of a signal that an expression both reads and sets |
//! | `j`, `Y` | a key of a `json!` value, one of a value that patches signals |
//! | `a` | a handler whose action is used, or the URL of an action |
//! | `P` | the same, where the action sends other values than the page's signals |
//! | `f` | an action that an element sends by itself, behind the name of its attribute |
//! | `t`, `u` | a selector of an event, the literal beginning of one |
//! | `o`, `O` | the id of an element that is patched in the place of the one with that id, the literal beginning of such an id |
//! | `F` | the number of a form, and a handler to which it is sent, or `@`, the method and the URL |
//! | `K` | the number of a form that is also sent where the macro cannot see |
//! | `k` | the number of a form, and the name of a field in it |
//! | `n` | the name of a file of `assets!` |
//! | `h` | nothing: the template is a whole page |

pub(crate) mod javascript;
pub(crate) mod rust;
pub(crate) mod typed;

use proc_macro2::{Span, TokenStream};
use quote::quote;

/// The literals that a macro call found.
#[derive(Debug, Default)]
pub(crate) struct Literals {
    /// The file of the first literal.
    file: String,
    text: String,
}

impl Literals {
    /// Adds a literal at `span` that stands in no condition or loop.
    pub(crate) fn add(&mut self, kind: char, span: Span, literal: &str) {
        self.add_in(kind, span, literal, &[]);
    }

    /// Adds a literal with the conditions and loops around it, the outermost first.
    pub(crate) fn add_in(&mut self, kind: char, span: Span, literal: &str, place: &[String]) {
        if self.text.is_empty() {
            self.file = file(span);
        }
        self.text.push(kind);
        self.text.push_str(&line(span).to_string());
        self.text.push('\t');
        self.text.extend(literal.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }));
        self.text.push('\t');
        self.text.push_str(&place.join("/"));
        self.text.push('\n');
    }

    /// Adds the signals that an expression of JavaScript reads and sets.
    pub(crate) fn add_expression(&mut self, span: Span, code: &str) {
        let signals = javascript::signals(code);
        for (path, is_set) in &signals {
            let name = path.split('.').next();
            let is_set_here = || signals.iter().any(|(set, is_set)| *is_set && Some(*set) == name);
            let kind = match is_set {
                true => 'w',
                false if is_set_here() => 'R',
                false => 'r',
            };
            self.add(kind, span, path);
        }
    }

    /// Adds the signals that the value of `data-signals` declares, such as `{count: 0}`. A part of it that cannot be
    /// read may declare any signal.
    pub(crate) fn add_object(&mut self, span: Span, code: &str) {
        let mut found = Vec::new();
        if !javascript::object(code, "", &mut found) {
            self.add('S', span, "");
        }
        for (name, kind) in found {
            self.add('s', span, &format!("{name}:{kind}"));
        }
    }

    /// Whether there is a literal of this kind.
    pub(crate) fn has(&self, kind: char) -> bool {
        self.text.lines().any(|line| line.starts_with(kind))
    }

    /// Writes the statement that puts the literals into the program, if there are any. `html` is the path to
    /// `stario-html`.
    pub(crate) fn emit(self, html: &TokenStream) -> Option<TokenStream> {
        let text = self.into_text()?;
        Some(quote!(#html::__literals! { #text }))
    }

    /// Returns the text of the literals, if there are any.
    pub(crate) fn into_text(self) -> Option<String> {
        (!self.text.is_empty()).then(|| format!("{}\n{}", self.file, self.text))
    }

    #[cfg(test)]
    pub(crate) fn lines(&self) -> Vec<String> {
        self.text.lines().map(|line| line.replace('\t', " ").trim_end().to_owned()).collect()
    }
}

/// Returns the line in the user's file; 0 outside of the compiler.
fn line(span: Span) -> usize {
    if proc_macro::is_available() { span.unwrap().line() } else { 0 }
}

/// Returns the user's file; an empty text outside of the compiler.
fn file(span: Span) -> String {
    if proc_macro::is_available() { span.unwrap().file() } else { String::new() }
}
