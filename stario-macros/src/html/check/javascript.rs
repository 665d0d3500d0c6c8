//! Reads as much of JavaScript as is needed to know whether a value stands inside of a string. A value is written as a
//! complete literal, which would end the string.

/// The syntax that is open at the end of the code so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Open {
    #[default]
    Nothing,
    String(char),
    Regex {
        in_class: bool,
    },
    LineComment,
    BlockComment,
    /// Unknown, because of a `/` after `)` or `}`. Whether it divides or begins a regular expression depends on code
    /// far before it.
    Ambiguous,
}

/// Reads code piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanner {
    open: Open,
    is_ambiguous: bool,
    /// The last character outside of spaces and comments. It decides whether a `/` divides or begins a regular
    /// expression.
    last: Option<char>,
    /// The word that ends with `last`; empty if `last` ends no word.
    word: String,
    /// Whether the next character may continue the word.
    last_touches: bool,
}

impl Scanner {
    /// Reads a piece of code. A token ends with its piece, so a piece must not end inside of an operator.
    pub(crate) fn read(&mut self, code: &str) {
        let mut chars = code.chars().peekable();
        while let Some(c) = chars.next() {
            match self.open {
                Open::Nothing => match (c, chars.peek()) {
                    ('"' | '\'' | '`', _) => self.open = Open::String(c),
                    ('/', Some('/')) => self.open = Open::LineComment,
                    ('/', Some('*')) => {
                        chars.next();
                        self.open = Open::BlockComment;
                    }
                    ('/', _) if matches!(self.last, Some(')' | '}')) => self.is_ambiguous = true,
                    ('/', _) if self.begins_expression() => self.open = Open::Regex { in_class: false },
                    _ => {}
                },
                Open::String(quote) => match c {
                    '\\' => drop(chars.next()),
                    _ if c == quote => self.open = Open::Nothing,
                    _ => {}
                },
                Open::Regex { in_class } => match c {
                    '\\' => drop(chars.next()),
                    '[' => self.open = Open::Regex { in_class: true },
                    ']' => self.open = Open::Regex { in_class: false },
                    '/' if !in_class => self.open = Open::Nothing,
                    _ => {}
                },
                Open::LineComment if c == '\n' => self.open = Open::Nothing,
                Open::BlockComment if c == '*' && chars.peek() == Some(&'/') => {
                    chars.next();
                    self.open = Open::Nothing;
                    continue;
                }
                Open::LineComment | Open::BlockComment | Open::Ambiguous => continue,
            }
            if !c.is_whitespace() {
                if !is_word(c) || !self.last_touches {
                    self.word.clear();
                }
                self.word.extend(is_word(c).then_some(c));
                self.last = Some(c);
            }
            self.last_touches = is_word(c);
        }
    }

    /// Reads a value, which is a complete expression.
    pub(crate) fn read_value(&mut self) {
        // As behind a name, a `/` divides.
        self.last = Some('a');
        self.word.clear();
        self.last_touches = false;
    }

    /// Returns the syntax that is open.
    pub(crate) fn open(&self) -> Open {
        if self.is_ambiguous { Open::Ambiguous } else { self.open }
    }

    /// Whether an operand must follow, not an operator.
    fn begins_expression(&self) -> bool {
        // An operand follows these words. An operator follows all other words.
        const BEFORE_OPERAND: [&str; 13] = [
            "await",
            "case",
            "delete",
            "do",
            "else",
            "in",
            "instanceof",
            "new",
            "of",
            "return",
            "throw",
            "typeof",
            "void",
        ];
        self.last.is_none_or(|c| "(,=:[!&|?{;+-*%~^<>".contains(c))
            || self.word == "yield"
            || BEFORE_OPERAND.contains(&self.word.as_str())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

#[cfg(test)]
mod tests {
    use super::{Open, Scanner};

    fn check(code: &str, open: Open) {
        let mut scanner = Scanner::default();
        scanner.read(code);
        assert_eq!(scanner.open(), open, "{code}");
    }

    #[test]
    fn follows_what_is_open() {
        check("a + b", Open::Nothing);
        check("'a", Open::String('\''));
        check("'a\\'", Open::String('\''));
        check("'a' + \"", Open::String('"'));
        check("`a ${b}", Open::String('`'));
        check("a // '", Open::LineComment);
        check("a // '\n b", Open::Nothing);
        check("a /* '", Open::BlockComment);
        check("a /* ' */ b", Open::Nothing);
        check("a / b / 'c'", Open::Nothing);
        check("x = /'/", Open::Nothing);
        check("x = /[/']/ + 'a", Open::String('\''));
        check("x = /a", Open::Regex { in_class: false });
        check("return /'/.test(x)", Open::Nothing);
        check("typeof /a", Open::Regex { in_class: false });
        check("returned / 'a'", Open::Nothing);
        check("a.b / 'c", Open::String('\''));
        check("f() / 2", Open::Ambiguous);
        check("{ } /\"/", Open::Ambiguous);
    }
}
