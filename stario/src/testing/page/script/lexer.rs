//! Text → tokens.

/// A token, with what the parser asks of its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Where it begins, in bytes.
    pub(super) at: usize,
    /// Whether a line ended before it: a statement may end there.
    pub(super) is_first_of_line: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Number(f64),
    String(String),
    /// `/source/flags`
    Regex(String, String),
    Name(String),
    /// `$a.b`, as its names.
    Signal(Vec<String>),
    /// `@post(`: the parenthesis is part of it.
    Action(String),
    Punctuation(&'static str),
    /// What is no part of the subset, as it is written.
    Foreign(String),
    End,
}

/// The longest first.
const PUNCTUATION: &[&str] = &[
    "===", "!==", "...", "??=", "&&=", "||=", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++",
    "--", "+=", "-=", "*=", "/=", "+", "-", "*", "/", "%", "!", "<", ">", "=", "?", ":", "(", ")", "[", "]",
    "{", "}", ",", ";", ".",
];

/// Splits code into tokens; the last is [`TokenKind::End`].
pub(super) fn tokens(code: &str) -> Vec<Token> {
    let mut lexer = Lexer { code, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let is_first_of_line = lexer.skip_space();
        let at = lexer.at;
        let kind = lexer.token(begins_operand(tokens.last()));
        let is_end = matches!(kind, TokenKind::End | TokenKind::Foreign(_));
        tokens.push(Token { kind, at, is_first_of_line });
        if is_end {
            return tokens;
        }
    }
}

struct Lexer<'c> {
    code: &'c str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.code[self.at..]
    }

    /// Skips space and comments, and returns whether a line ended.
    fn skip_space(&mut self) -> bool {
        let begin = self.at;
        loop {
            let rest = self.rest();
            let skipped = if rest.starts_with("//") {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                rest.len() - rest.trim_start().len()
            };
            if skipped == 0 {
                return self.code[begin..self.at].contains('\n');
            }
            self.at += skipped;
        }
    }

    /// Takes what `is_part` accepts.
    fn take(&mut self, is_part: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        let taken = rest[..end].to_owned();
        self.at += end;
        taken
    }

    fn token(&mut self, begins_operand: bool) -> TokenKind {
        let Some(first) = self.rest().chars().next() else { return TokenKind::End };
        match first {
            '\'' | '"' | '`' => self.string(first),
            '$' if self.rest()[1..].starts_with(is_word) => {
                self.at += 1;
                TokenKind::Signal(self.path())
            }
            '@' => self.action(),
            '/' if begins_operand => self.regex(),
            '0'..='9' => self.number(),
            '.' if self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) => self.number(),
            _ if is_word(first) => {
                TokenKind::Name(self.take(|character| is_word(character) || character == '$'))
            }
            _ => match PUNCTUATION.iter().find(|sign| self.rest().starts_with(**sign)) {
                Some(sign) => {
                    self.at += sign.len();
                    TokenKind::Punctuation(sign)
                }
                None => self.foreign(first.len_utf8()),
            },
        }
    }

    fn foreign(&mut self, length: usize) -> TokenKind {
        let text = self.rest()[..length].to_owned();
        self.at += length;
        TokenKind::Foreign(text)
    }

    /// The names behind a `$`. The client takes `-` for a part of a name, too.
    fn path(&mut self) -> Vec<String> {
        let mut path = Vec::new();
        let mut name = self.take(is_word);
        loop {
            let rest = self.rest();
            let goes_on = rest.len() > 1 && rest[1..].starts_with(is_word);
            if goes_on && rest.starts_with('-') {
                self.at += 1;
                name = name + "-" + &self.take(is_word);
            } else if goes_on && rest.starts_with('.') {
                self.at += 1;
                path.push(std::mem::replace(&mut name, self.take(is_word)));
            } else {
                path.push(name);
                return path;
            }
        }
    }

    fn action(&mut self) -> TokenKind {
        self.at += 1;
        let name = self.take(|character| is_word(character) || character == '$');
        if name.is_empty() || !self.rest().starts_with('(') {
            return TokenKind::Foreign(format!("@{name}"));
        }
        self.at += 1;
        TokenKind::Action(name)
    }

    fn number(&mut self) -> TokenKind {
        let begin = self.at;
        self.take(|character| character.is_ascii_digit() || character == '.');
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            if self.rest().starts_with(['+', '-']) {
                self.at += 1;
            }
            self.take(|character| character.is_ascii_digit());
        }
        let written = self.code[begin..self.at].to_owned();
        match written.parse() {
            Ok(number) if !self.rest().starts_with(is_word) => TokenKind::Number(number),
            _ => TokenKind::Foreign(written + &self.take(is_word)),
        }
    }

    fn string(&mut self, quote: char) -> TokenKind {
        let begin = self.at;
        let mut text = String::new();
        let mut characters = self.code[begin + 1..].char_indices();
        while let Some((offset, character)) = characters.next() {
            match character {
                _ if character == quote => {
                    self.at = begin + 1 + offset + 1;
                    return TokenKind::String(text);
                }
                '\\' => match escape(&mut characters) {
                    // A line that goes on.
                    Some('\n') if self.code[begin + 1 + offset..].starts_with("\\\n") => {}
                    Some(character) => text.push(character),
                    None => break,
                },
                '$' if quote == '`' && self.code[begin + 1 + offset..].starts_with("${") => {
                    return self.foreign_string(begin, "${");
                }
                '\n' if quote != '`' => break,
                _ => text.push(character),
            }
        }
        self.foreign_string(begin, "")
    }

    fn regex(&mut self) -> TokenKind {
        let mut is_in_class = false;
        let mut characters = self.rest()[1..].char_indices();
        while let Some((end, character)) = characters.next() {
            match character {
                '\\' => {
                    characters.next();
                }
                '[' => is_in_class = true,
                ']' => is_in_class = false,
                '/' if !is_in_class => {
                    let source = self.rest()[1..=end].to_owned();
                    self.at += end + 2;
                    return TokenKind::Regex(source, self.take(is_word));
                }
                '\n' => break,
                _ => {}
            }
        }
        self.foreign(1)
    }

    fn foreign_string(&mut self, begin: usize, found: &str) -> TokenKind {
        self.at = self.code.len();
        let text = if found.is_empty() { self.code[begin..].to_owned() } else { found.to_owned() };
        TokenKind::Foreign(text)
    }
}

/// The character that stands behind a backslash; `None` for what is not read.
fn escape(characters: &mut std::str::CharIndices<'_>) -> Option<char> {
    let (_, kind) = characters.next()?;
    let mut hex = |digits: usize| {
        let mut code = 0;
        for _ in 0..digits {
            code = code * 16 + characters.next()?.1.to_digit(16)?;
        }
        char::from_u32(code)
    };
    Some(match kind {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'v' => '\u{b}',
        '0' => '\0',
        'x' => hex(2)?,
        'u' => hex(4)?,
        other => other,
    })
}

/// Whether a `/` behind this token begins a regular expression, and divides nothing.
fn begins_operand(last: Option<&Token>) -> bool {
    match last.map(|token| &token.kind) {
        None | Some(TokenKind::Action(_)) => true,
        Some(TokenKind::Punctuation(sign)) => !matches!(*sign, ")" | "]" | "}" | "++" | "--"),
        Some(_) => false,
    }
}

/// A character of `\w`.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}
