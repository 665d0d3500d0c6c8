//! Parses the inside of a tag: attributes of elements, and properties of components.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::super::ast::{Attr, Literal, Name, NamedAttr, Prop, Range, Splice, Value, ValuePart};
use super::super::braces::characters;
use super::super::cursor::{Cursor, number_value};
use super::source::source_like;
use super::{Parser, is_name_part, push_part};

impl Parser<'_> {
    pub(super) fn attrs(&mut self, cursor: &mut Cursor, tag: &str) -> Vec<Attr> {
        let mut attrs = Vec::new();
        while !cursor.is_empty()
            && !cursor.is_punct(0, '>')
            && !cursor.is_puncts("/>")
            && !cursor.is_punct(0, '<')
        {
            let before = cursor.position();
            attrs.extend(self.attr(cursor));
            if cursor.position() == before {
                self.no_attribute(cursor, tag);
            }
        }
        attrs
    }

    /// Reports and skips a token that cannot begin an attribute.
    fn no_attribute(&mut self, cursor: &mut Cursor, tag: &str) {
        let what = cursor.peek(0).map(ToString::to_string).unwrap_or_default();
        let span = cursor.span();
        cursor.skip(1);
        let hint = match what.as_str() {
            "," => ": attributes are separated by spaces".to_owned(),
            ":" | "." | "#" | "*" if cursor.peek(0).is_some_and(is_name_part) => {
                let name = match self.attr(cursor) {
                    Some(Attr::Named(attr)) => attr.name.text,
                    _ => "name".to_owned(),
                };
                format!(": a name that begins with it is written in quotes, \"{what}{name}\"")
            }
            _ => String::new(),
        };
        self.report.error(span, format!("`{what}` cannot stand in the tag <{tag}>{hint}"));
    }

    /// Reads the attributes in a block of an `if` inside a tag.
    pub(super) fn attr_block(&mut self, tokens: TokenStream) -> Vec<Attr> {
        let mut cursor = Cursor::new(tokens);
        let mut attrs = Vec::new();
        while !cursor.is_empty() {
            let before = cursor.position();
            attrs.extend(self.attr(&mut cursor));
            if cursor.position() == before {
                self.report.error(cursor.span(), "only attributes can stand here");
                cursor.skip(1);
            }
        }
        attrs
    }

    /// Reads one attribute. If there is none, the cursor stays where it is.
    fn attr(&mut self, cursor: &mut Cursor) -> Option<Attr> {
        if cursor.is_ident(0, "if") && !cursor.is_punct(1, '=') {
            return self.if_(cursor, Self::attr_block).map(Attr::If);
        }
        if let Some(group) = cursor.brace(0).cloned() {
            cursor.skip(1);
            return self.spread(&group.stream(), group.span()).map(Attr::Spread);
        }
        let name = self.attr_name(cursor)?;
        let equals = cursor.span();
        if !cursor.take_punct('=') {
            return Some(Attr::Named(NamedAttr { name, value: None }));
        }
        let value = self.value(cursor, &name, equals);
        Some(Attr::Named(NamedAttr { name, value }))
    }

    /// Reads `{..value}` from the content of the braces.
    fn spread(&mut self, tokens: &TokenStream, span: Span) -> Option<Splice> {
        let mut inner = Cursor::new(tokens.clone());
        if inner.is_puncts("..") {
            inner.skip(2);
            let start = inner.position();
            while !inner.is_empty() {
                inner.skip(1);
            }
            return self.splice(inner.stream_since(start), span);
        }
        let problem = match only_name(tokens) {
            Some(name) => format!(
                "in a tag, a value needs its attribute's name, {name}={{{name}}}, and attributes two dots, {{..{name}}}"
            ),
            None => {
                "in a tag, braces hold attributes to spread, {..attrs}, or a value behind `name=`".to_owned()
            }
        };
        self.report.error(span, problem);
        None
    }

    fn attr_name(&mut self, cursor: &mut Cursor) -> Option<Name> {
        if let Some(text) = cursor.take_string() {
            if text.value.is_empty()
                || text.value.contains(|c: char| c.is_whitespace() || "\"'<>/=".contains(c))
            {
                let hint = text
                    .value
                    .strip_prefix("class:")
                    .map_or(String::new(), |class| format!("; write class:{class:?}={{condition}}"));
                self.report.error(text.span, format!("{:?} cannot be an attribute name{hint}", text.value));
            }
            return Some(Name {
                range: text.span.into(),
                parts: vec![(0, text.span)],
                text: text.value,
                is_quoted: true,
            });
        }
        let start = cursor.position();
        let mut name =
            Name { text: String::new(), range: cursor.span().into(), parts: Vec::new(), is_quoted: false };
        if cursor.is_punct(0, '@') && cursor.peek(1).is_some_and(is_name_part) {
            push_part(&mut name, cursor);
        }
        if !cursor.peek(0).is_some_and(is_name_part) {
            return None;
        }
        push_part(&mut name, cursor);
        loop {
            let mut separators = 0;
            while is_separator(cursor, separators) {
                separators += 1;
            }
            if separators == 0 {
                break;
            }
            for _ in 0..separators {
                push_part(&mut name, cursor);
            }
            if name.text == "class:"
                && let Some(class) = cursor.take_string()
            {
                name.parts.push((name.text.len(), class.span));
                name.text.push_str(&class.value);
                name.is_quoted = true;
                break;
            }
            if !cursor.peek(0).is_some_and(is_name_part) {
                break;
            }
            push_part(&mut name, cursor);
        }
        name.range = cursor.range_since(start);
        if name.text.contains('/') && !name.text.starts_with("class:") {
            let problem = "a `/` ends the name of an attribute in HTML; a class that has one is written class:w-1/2={..} or, for Datastar, data-class=\"{'w-1/2': ..}\"";
            self.report.error(name.range, problem);
        }
        Some(name)
    }

    fn value(&mut self, cursor: &mut Cursor, name: &Name, equals: Span) -> Option<Value> {
        if let Some(text) = cursor.take_string() {
            return Some(Value::Literal(text));
        }
        let start = cursor.position();
        if let Some(number) = number(cursor) {
            if cursor.take_punct('%') {
                let (name, value) = (&name.text, &number.value);
                let problem = format!("attribute values are quoted or braced: {name}=\"{value}%\"");
                self.report.error(cursor.range_since(start), problem);
            }
            return Some(Value::Number(number));
        }
        if let Some(group) = cursor.take_brace() {
            return self.braced_value(&group.stream(), group.span());
        }
        let name = &name.text;
        if cursor.is_empty() || cursor.is_punct(0, '<') || cursor.is_punct(0, '>') || cursor.is_puncts("/>") {
            self.report.error(
                equals,
                format!("missing value for {name}; write {name}=\"...\" or {name}={{..}}, or {name} alone"),
            );
            return None;
        }
        let (value, range) = self.unquoted_value(cursor, "attribute values", name);
        Some(Value::Literal(Literal { value, span: range.first, in_braces: true, is_raw: false }))
    }

    /// Reads and reports a value that is neither quoted nor braced. It ends where another attribute may begin.
    fn unquoted_value(&mut self, cursor: &mut Cursor, what: &str, name: &str) -> (String, Range) {
        let start = cursor.position();
        let is_value = matches!(cursor.next(), Some(TokenTree::Ident(_) | TokenTree::Literal(_)));
        while let Some(token) = cursor.peek(0) {
            match token {
                TokenTree::Punct(punct) if ">@,<".contains(punct.as_char()) || cursor.is_puncts("/>") => {
                    break;
                }
                TokenTree::Punct(_) => {
                    cursor.skip(1);
                    cursor.skip(usize::from(cursor.peek(0).is_some_and(is_name_part)));
                }
                TokenTree::Group(group) if group.delimiter() != Delimiter::Brace => cursor.skip(1),
                _ => break,
            }
        }
        let range = cursor.range_since(start);
        let source = source_like(cursor.since(start));
        // A value in single quotes is a character literal of Rust.
        let text = source.trim_matches('\'').to_owned();
        let is_path = source.chars().all(|c| c.is_alphanumeric() || "_.:()&".contains(c));
        let braced = if is_path { source.as_str() } else { ".." };
        let quoted = if is_value { format!("{name}={text:?} or ") } else { String::new() };
        self.report.error(range, format!("{what} are quoted or braced: {quoted}{name}={{{braced}}}"));
        (text, range)
    }

    /// Reads `{value}` or `{part, part}`. No expression of Rust has a comma outside of brackets.
    fn braced_value(&mut self, tokens: &TokenStream, span: Span) -> Option<Value> {
        let parts = split_at_commas(tokens);
        if parts.len() < 2 {
            if let Some(text) = Cursor::new(tokens.clone()).only_string() {
                return Some(Value::Literal(Literal { in_braces: true, ..text }));
            }
            return self.splice(tokens.clone(), span).map(Value::Splice);
        }
        let mut out: Vec<ValuePart> = Vec::new();
        for tokens in parts {
            let mut cursor = Cursor::new(tokens.clone());
            let text = cursor.take_string();
            match (text, out.last_mut()) {
                // Neighbouring literals are joined.
                (Some(text), Some(ValuePart::Literal(before))) if cursor.is_empty() => {
                    before.value.push_str(&text.value);
                }
                (Some(text), _) if cursor.is_empty() => {
                    out.push(ValuePart::Literal(Literal { in_braces: true, ..text }));
                }
                _ => {
                    let range = tokens.clone().into_iter().next().map_or(span, |token| token.span());
                    out.extend(self.splice(tokens, range).map(ValuePart::Splice));
                }
            }
        }
        // A value of literals only is a literal.
        if let [ValuePart::Literal(_)] = out[..]
            && let Some(ValuePart::Literal(text)) = out.pop()
        {
            return Some(Value::Literal(text));
        }
        Some(Value::Parts(out))
    }

    /// Reads the properties of a component, and says whether one was left out because it could not be read.
    pub(super) fn props(&mut self, cursor: &mut Cursor, tag: &str) -> (Vec<Prop>, bool) {
        let mut props = Vec::new();
        let mut is_broken = false;
        while !cursor.is_empty()
            && !cursor.is_punct(0, '>')
            && !cursor.is_puncts("/>")
            && !cursor.is_punct(0, '<')
        {
            let prop = self.prop(cursor, tag);
            is_broken |= prop.is_none();
            props.extend(prop);
        }
        (props, is_broken)
    }

    fn prop(&mut self, cursor: &mut Cursor, tag: &str) -> Option<Prop> {
        let start = cursor.position();
        let Some(name) = cursor.ident(0).cloned() else {
            let hint = match cursor.peek(0) {
                Some(TokenTree::Group(group)) => match only_name(&group.stream()) {
                    Some(name) => format!("write {name}={{{name}}}"),
                    None => "write each property: name={..}".to_owned(),
                },
                _ => "properties are written name=\"..\" or name={..}".to_owned(),
            };
            let what =
                cursor.peek(0).map(|token| source_like(std::slice::from_ref(token))).unwrap_or_default();
            self.report.error(cursor.span(), format!("`{what}` cannot stand in the tag <{tag}>: {hint}"));
            cursor.skip(1);
            return None;
        };
        if name == "if" && !cursor.is_punct(1, '=') {
            cursor.skip_head();
            cursor.skip(1);
            let problem =
                "properties have no conditions around them; give an Option: name={condition.then_some(..)}";
            self.report.error(cursor.range_since(start), problem);
            return None;
        }
        cursor.skip(1);
        if is_separator(cursor, 0) {
            while is_separator(cursor, 0)
                || cursor.peek(0).is_some_and(is_name_part) && follows_separator(cursor)
            {
                cursor.skip(1);
            }
            let written = source_like(cursor.since(start));
            let problem = format!(
                "`{written}` is an attribute, and <{tag}> a component: it has properties, named as its function names them"
            );
            self.report.error(cursor.range_since(start), problem);
            if cursor.take_punct('=') && cursor.take_string().is_none() && number(cursor).is_none() {
                cursor.skip(1);
            }
            return None;
        }
        let equals = cursor.span();
        if !cursor.take_punct('=') {
            return Some(Prop { span: name.span(), name, value: None, text: None });
        }
        if let Some(text) = cursor.take_string() {
            let mut literal = proc_macro2::Literal::string(&characters(&text));
            literal.set_span(text.span);
            let value = Some(TokenTree::Literal(literal).into());
            return Some(Prop { span: name.span(), name, value, text: Some(text) });
        }
        let value = self.prop_value(cursor, &name.to_string(), equals)?;
        Some(Prop { span: name.span(), name, value: Some(value), text: None })
    }

    fn prop_value(&mut self, cursor: &mut Cursor, name: &str, equals: Span) -> Option<TokenStream> {
        let start = cursor.position();
        if number(cursor).is_some() {
            return Some(cursor.stream_since(start));
        }
        if let Some(group) = cursor.take_brace() {
            let span = group.span();
            return self.splice(group.stream(), span).map(|splice| splice.tokens);
        }
        let is_missing = cursor.is_empty() || cursor.is_punct(0, '>') || cursor.is_puncts("/>");
        if is_missing || (cursor.ident(0).is_some() && cursor.is_punct(1, '=')) {
            let problem = format!("missing value for {name}; write {name}=\"...\" or {name}={{..}}");
            self.report.error(equals, problem);
        } else {
            self.unquoted_value(cursor, "properties", name);
        }
        None
    }
}

/// Whether a name continues with this token: `-`, `:`, `.`, or a `/` that does not end the tag.
fn is_separator(cursor: &Cursor, ahead: usize) -> bool {
    ['-', ':', '.'].into_iter().any(|c| cursor.is_punct(ahead, c))
        || (cursor.is_punct(ahead, '/') && !cursor.is_punct(ahead + 1, '>'))
}

/// Returns the name if it is the only token in braces.
fn only_name(tokens: &TokenStream) -> Option<String> {
    let cursor = Cursor::new(tokens.clone());
    cursor.ident(0).filter(|_| cursor.peek(1).is_none()).map(ToString::to_string)
}

/// Whether the token before this one is a separator of the same name.
fn follows_separator(cursor: &Cursor) -> bool {
    matches!(cursor.previous(), Some(TokenTree::Punct(_)))
}

/// Splits at the commas that are not inside `::<..>`.
fn split_at_commas(tokens: &TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![Vec::new()];
    let mut angles = 0_usize;
    let mut before: Vec<char> = Vec::new();
    for token in tokens.clone() {
        let mut punct_char = ' ';
        if let TokenTree::Punct(punct) = &token {
            punct_char = punct.as_char();
            let is_turbofish = before.ends_with(&[':', ':']);
            match punct_char {
                '<' if is_turbofish || angles > 0 => angles += 1,
                '>' if angles > 0 && !before.ends_with(&['-']) => angles -= 1,
                ',' if angles == 0 => {
                    parts.push(Vec::new());
                    before.clear();
                    continue;
                }
                _ => {}
            }
        }
        before.push(punct_char);
        if let Some(part) = parts.last_mut() {
            part.push(token);
        }
    }
    // A trailing comma makes no empty part.
    if parts.len() > 1 && parts.last().is_some_and(Vec::is_empty) {
        parts.pop();
    }
    parts.into_iter().map(TokenStream::from_iter).collect()
}

/// Reads a number: `5`, `-1`, `1.5`.
fn number(cursor: &mut Cursor) -> Option<Literal> {
    let sign = usize::from(cursor.is_punct(0, '-'));
    let Some(TokenTree::Literal(literal)) = cursor.peek(sign) else { return None };
    let mut number = number_value(literal)?;
    if sign == 1 {
        number.value.insert(0, '-');
    }
    cursor.skip(1 + sign);
    Some(number)
}
