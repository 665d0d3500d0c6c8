//! Just enough of JavaScript to know whether a value would land inside a string, where a complete literal breaks it.

/// What the code so far has left open.
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
}

/// Follows code piece by piece.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scanner {
    open: Open,
    /// The last character that was neither space nor comment, which tells a division from a regular expression.
    last: Option<char>,
}

impl Scanner {
    /// Reads on. A piece ends a token: nothing is remembered of a half-read operator.
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
                Open::LineComment | Open::BlockComment => continue,
            }
            if !c.is_whitespace() {
                self.last = Some(c);
            }
        }
    }

    /// Reads over a value: a complete expression.
    pub(crate) fn read_value(&mut self) {
        self.last = Some(')');
    }

    /// What is still open.
    pub(crate) fn open(&self) -> Open {
        self.open
    }

    /// Whether an operand is due rather than an operator.
    fn begins_expression(&self) -> bool {
        self.last.is_none_or(|c| "(,=:[!&|?{};+-*%~^<>".contains(c))
    }
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
    }
}
