//! Tokens → statements and expressions.

use super::lexer::{Token, TokenKind, tokens};
use super::value::Value;

/// The statements of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::testing) struct Program(pub(in crate::testing) Vec<Statement>);

#[derive(Debug, Clone, PartialEq)]
pub(in crate::testing) enum Statement {
    Expression(Expression),
    If { condition: Expression, then: Vec<Statement>, otherwise: Vec<Statement> },
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::testing) enum Expression {
    Literal(Value),
    Signal(Vec<String>),
    Name(String),
    Member(Box<Expression>, String),
    Index(Box<Expression>, Box<Expression>),
    Method(Box<Expression>, String, Vec<Expression>),
    Action(String, Vec<Expression>),
    Array(Vec<Expression>),
    Object(Vec<(String, Expression)>),
    /// A function without arguments: `() => ..`.
    Function(Box<Expression>),
    Unary(&'static str, Box<Expression>),
    Binary(&'static str, Box<Expression>, Box<Expression>),
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
    Assign(&'static str, Box<Expression>, Box<Expression>),
    /// `++` and `--`: the number added, and whether the value before is the result.
    Update {
        target: Box<Expression>,
        step: f64,
        is_postfix: bool,
    },
}

/// What the subset does not have, as it is written.
pub(in crate::testing) type Foreign = String;

/// Parses the statements of an attribute.
///
/// # Errors
///
/// The first part that needs more of JavaScript.
pub(in crate::testing) fn parse(code: &str) -> Result<Program, Foreign> {
    let mut parser = Parser { code, tokens: tokens(code), at: 0 };
    let statements = parser.statements("")?;
    match parser.kind() {
        TokenKind::End => Ok(Program(statements)),
        _ => Err(parser.foreign()),
    }
}

/// The binary operators, by how strongly they bind; the weakest first.
const BINARY: &[&[&str]] = &[
    &["??"],
    &["||"],
    &["&&"],
    &["===", "!==", "==", "!="],
    &["<=", ">=", "<", ">"],
    &["+", "-"],
    &["*", "/", "%"],
];

const ASSIGN: &[&str] = &["=", "+=", "-=", "*=", "/=", "??=", "&&=", "||="];

/// Words that begin what the subset does not have.
const RESERVED: &[&str] = &[
    "new",
    "function",
    "async",
    "await",
    "typeof",
    "delete",
    "void",
    "let",
    "const",
    "var",
    "for",
    "while",
    "do",
    "switch",
    "try",
    "throw",
    "class",
    "in",
    "of",
    "instanceof",
    "else",
    "this",
    "yield",
    "import",
];

struct Parser<'c> {
    code: &'c str,
    tokens: Vec<Token>,
    at: usize,
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn kind(&self) -> &TokenKind {
        &self.token().kind
    }

    fn advance(&mut self) {
        self.at += 1;
    }

    fn is(&self, sign: &str) -> bool {
        matches!(self.kind(), TokenKind::Punctuation(found) if *found == sign)
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(self.kind(), TokenKind::Name(found) if found == name)
    }

    fn skip(&mut self, sign: &str) -> bool {
        let is_there = self.is(sign);
        if is_there {
            self.advance();
        }
        is_there
    }

    fn expect(&mut self, sign: &str) -> Result<(), Foreign> {
        if self.skip(sign) { Ok(()) } else { Err(self.foreign()) }
    }

    /// The token that cannot stand here.
    fn foreign(&self) -> Foreign {
        let token = self.token();
        match &token.kind {
            TokenKind::Foreign(text) => text.clone(),
            TokenKind::End => "an expression that is not complete".to_owned(),
            _ => {
                let end = self.tokens.get(self.at + 1).map_or(self.code.len(), |next| next.at);
                self.code[token.at..end].trim_end().to_owned()
            }
        }
    }

    fn statements(&mut self, end: &str) -> Result<Vec<Statement>, Foreign> {
        let mut statements = Vec::new();
        loop {
            while self.skip(";") {}
            if *self.kind() == TokenKind::End || (!end.is_empty() && self.is(end)) {
                return Ok(statements);
            }
            statements.push(self.statement()?);
        }
    }

    fn statement(&mut self) -> Result<Statement, Foreign> {
        if self.is_name("if") {
            self.advance();
            self.expect("(")?;
            let condition = self.expression()?;
            self.expect(")")?;
            let then = self.block()?;
            while self.is(";")
                && matches!(self.tokens.get(self.at + 1), Some(Token { kind: TokenKind::Name(name), .. }) if name == "else")
            {
                self.advance();
            }
            let otherwise = if self.is_name("else") {
                self.advance();
                self.block()?
            } else {
                Vec::new()
            };
            return Ok(Statement::If { condition, then, otherwise });
        }
        if self.is_name("return") {
            self.advance();
        }
        let expression = self.sequence()?;
        let is_ended =
            self.is(";") || self.is("}") || *self.kind() == TokenKind::End || self.token().is_first_of_line;
        if is_ended { Ok(Statement::Expression(expression)) } else { Err(self.foreign()) }
    }

    /// A statement, or several in braces.
    fn block(&mut self) -> Result<Vec<Statement>, Foreign> {
        if !self.skip("{") {
            return Ok(vec![self.statement()?]);
        }
        let statements = self.statements("}")?;
        self.expect("}")?;
        Ok(statements)
    }

    /// Expressions with commas between, of which the last is the value.
    fn sequence(&mut self) -> Result<Expression, Foreign> {
        let mut expression = self.expression()?;
        while self.skip(",") {
            expression = Expression::Binary(",", Box::new(expression), Box::new(self.expression()?));
        }
        Ok(expression)
    }

    fn expression(&mut self) -> Result<Expression, Foreign> {
        if self.is("(") && self.is_function() {
            self.at += 3;
            return Ok(Expression::Function(Box::new(self.expression()?)));
        }
        let target = self.conditional()?;
        let operator = ASSIGN.iter().find(|sign| self.is(sign));
        let Some(operator) = operator else { return Ok(target) };
        if !is_target(&target) {
            return Err(self.foreign());
        }
        self.advance();
        Ok(Expression::Assign(operator, Box::new(target), Box::new(self.expression()?)))
    }

    /// Whether `() =>` stands here.
    fn is_function(&self) -> bool {
        let sign = |offset: usize| match self.tokens.get(self.at + offset) {
            Some(Token { kind: TokenKind::Punctuation(sign), .. }) => *sign,
            _ => "",
        };
        (sign(1), sign(2)) == (")", "=>") && sign(3) != "{"
    }

    fn conditional(&mut self) -> Result<Expression, Foreign> {
        let condition = self.binary(0)?;
        if !self.skip("?") {
            return Ok(condition);
        }
        let then = self.expression()?;
        self.expect(":")?;
        let otherwise = self.expression()?;
        Ok(Expression::Conditional(Box::new(condition), Box::new(then), Box::new(otherwise)))
    }

    fn binary(&mut self, level: usize) -> Result<Expression, Foreign> {
        let Some(operators) = BINARY.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = operators.iter().find(|sign| self.is(sign)) {
            self.advance();
            left = Expression::Binary(operator, Box::new(left), Box::new(self.binary(level + 1)?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, Foreign> {
        for operator in ["!", "-", "+"] {
            if self.skip(operator) {
                return Ok(Expression::Unary(operator, Box::new(self.unary()?)));
            }
        }
        if let Some(step) = self.step() {
            let target = self.unary()?;
            return self.update(target, step, false);
        }
        let target = self.postfix()?;
        // A line that ends before `++` ends the statement.
        if !self.token().is_first_of_line
            && let Some(step) = self.step()
        {
            return self.update(target, step, true);
        }
        Ok(target)
    }

    fn step(&mut self) -> Option<f64> {
        if self.skip("++") { Some(1.0) } else { self.skip("--").then_some(-1.0) }
    }

    fn update(&self, target: Expression, step: f64, is_postfix: bool) -> Result<Expression, Foreign> {
        if !is_target(&target) {
            return Err(self.foreign());
        }
        Ok(Expression::Update { target: Box::new(target), step, is_postfix })
    }

    fn postfix(&mut self) -> Result<Expression, Foreign> {
        let mut value = self.primary()?;
        loop {
            if self.skip(".") || self.skip("?.") {
                let TokenKind::Name(name) = self.kind().clone() else { return Err(self.foreign()) };
                self.advance();
                value = if self.skip("(") {
                    Expression::Method(Box::new(value), name, self.list(")")?)
                } else {
                    Expression::Member(Box::new(value), name)
                };
            } else if self.is("[") && !self.token().is_first_of_line {
                self.advance();
                let index = self.expression()?;
                self.expect("]")?;
                value = Expression::Index(Box::new(value), Box::new(index));
            } else if self.is("(") && !self.token().is_first_of_line {
                // `$a.trim()`: the lexer took the method's name for a part of the signal's.
                let (value_before, name) = match value {
                    Expression::Signal(mut path) if path.len() > 1 => {
                        let name = path.pop().unwrap_or_default();
                        (Expression::Signal(path), name)
                    }
                    _ => return Err(self.foreign()),
                };
                self.advance();
                value = Expression::Method(Box::new(value_before), name, self.list(")")?);
            } else {
                return Ok(value);
            }
        }
    }

    fn primary(&mut self) -> Result<Expression, Foreign> {
        let kind = self.kind().clone();
        let is_opening = |sign: &str| matches!(sign, "(" | "[" | "{");
        match kind {
            TokenKind::Punctuation(sign) if is_opening(sign) => {
                self.advance();
                match sign {
                    "(" => {
                        let inner = self.sequence()?;
                        self.expect(")")?;
                        Ok(inner)
                    }
                    "[" => self.list("]").map(Expression::Array),
                    _ => self.object(),
                }
            }
            TokenKind::Name(name) if RESERVED.contains(&&*name) => Err(self.foreign()),
            TokenKind::Punctuation(_) | TokenKind::Foreign(_) | TokenKind::End => Err(self.foreign()),
            _ => {
                self.advance();
                match kind {
                    TokenKind::Number(number) => Ok(Expression::Literal(Value::Number(number))),
                    TokenKind::String(text) => Ok(Expression::Literal(Value::String(text))),
                    TokenKind::Regex(source, flags) => Ok(Expression::Literal(Value::Regex(source, flags))),
                    TokenKind::Signal(path) => Ok(Expression::Signal(path)),
                    TokenKind::Action(name) => Ok(Expression::Action(name, self.list(")")?)),
                    TokenKind::Name(name) => Ok(match &*name {
                        "true" => Expression::Literal(Value::Bool(true)),
                        "false" => Expression::Literal(Value::Bool(false)),
                        "null" => Expression::Literal(Value::Null),
                        "undefined" => Expression::Literal(Value::Undefined),
                        _ => Expression::Name(name),
                    }),
                    _ => Err(self.foreign()),
                }
            }
        }
    }

    /// Expressions with commas between, up to and with `end`.
    fn list(&mut self, end: &str) -> Result<Vec<Expression>, Foreign> {
        let mut items = Vec::new();
        while !self.skip(end) {
            items.push(self.expression()?);
            if !self.is(end) {
                self.expect(",")?;
            }
        }
        Ok(items)
    }

    fn object(&mut self) -> Result<Expression, Foreign> {
        let mut fields = Vec::new();
        while !self.skip("}") {
            let name = match self.kind().clone() {
                TokenKind::Name(name) | TokenKind::String(name) => name,
                TokenKind::Number(number) => Value::Number(number).to_text(),
                _ => return Err(self.foreign()),
            };
            self.advance();
            self.expect(":")?;
            fields.push((name, self.expression()?));
            if !self.is("}") {
                self.expect(",")?;
            }
        }
        Ok(Expression::Object(fields))
    }
}

fn is_target(expression: &Expression) -> bool {
    matches!(expression, Expression::Signal(_) | Expression::Member(..) | Expression::Index(..))
}
