//! Parses Rust around nodes: conditions, loops, matches and statements. The expansion repeats their heads as they are.

use proc_macro2::{Spacing, Span, TokenStream, TokenTree};

use super::super::ast::{Arm, Else, For, If, Match, Node, Statement};
use super::super::cursor::Cursor;
use super::super::report::Report;
use super::Parser;
use super::source::source_like;

impl Parser<'_> {
    pub(super) fn if_<T>(
        &mut self,
        cursor: &mut Cursor,
        block: fn(&mut Self, TokenStream) -> Vec<T>,
    ) -> Option<If<T>> {
        let start = cursor.position();
        let keyword = cursor.span();
        cursor.skip(1);
        cursor.skip_head();
        let head = cursor.stream_since(start);
        let is_missing = cursor.is_head_missing(start);
        let Some(then) = cursor.take_brace() else {
            self.report.error(keyword, "`if` needs a block: if condition { .. }");
            return None;
        };
        if is_missing {
            self.report.error(keyword, "`if` needs a condition before its block: if condition { .. }");
        }
        let span = then.span();
        let then = block(self, then.stream());
        let mut otherwise = None;
        if cursor.is_ident(0, "else") {
            let else_span = cursor.span();
            cursor.skip(1);
            if cursor.is_ident(0, "if") {
                otherwise = self.if_(cursor, block).map(|inner| Else::If(Box::new(inner)));
            } else if let Some(group) = cursor.take_brace() {
                otherwise = Some(Else::Block(block(self, group.stream())));
            } else {
                otherwise = self.else_without_block(cursor, else_span, block).map(Else::Block);
            }
        }
        (!is_missing).then_some(If { head, span, then, otherwise })
    }

    /// Reads the node or token after `else` as if it stood in a block.
    pub(super) fn else_without_block<T>(
        &mut self,
        cursor: &mut Cursor,
        else_span: Span,
        block: fn(&mut Self, TokenStream) -> Vec<T>,
    ) -> Option<Vec<T>> {
        if cursor.is_empty() {
            self.report.error(else_span, "else needs a block: else { .. }");
            return None;
        }
        let start = cursor.position();
        if cursor.is_punct(0, '<') {
            // The node is read only to find its end. Its mistakes are reported when it is read again, as the block.
            let mut unheard = Report::default();
            Parser { report: &mut unheard, open: Vec::new() }.markup(cursor);
        } else {
            cursor.skip(1);
        }
        let source = source_like(cursor.since(start));
        let text = format!("else needs a block: else {{ {source} }}");
        self.report.error(cursor.first_span_since(start), text);
        Some(block(self, cursor.stream_since(start)))
    }

    /// Reads `for` and `while`.
    pub(super) fn for_(&mut self, cursor: &mut Cursor) -> Option<Node> {
        let start = cursor.position();
        let keyword = cursor.span();
        let example = if cursor.is_ident(0, "while") || cursor.is_ident(3, "while") {
            "`while` needs a condition and a block: while condition { .. }"
        } else {
            // Braces of a pattern stand before `in`, those of the body behind it. No pattern begins with a brace.
            let has_pattern = cursor.brace(1).is_none();
            while has_pattern && !cursor.is_empty() && !cursor.is_ident(0, "in") {
                cursor.skip(1);
            }
            "`for` needs items and a block: for item in items { .. }"
        };
        // The keyword is skipped, so that `is_head_missing` sees that nothing stands behind it.
        cursor.skip(1);
        cursor.skip_head();
        let head = cursor.stream_since(start);
        let is_missing = cursor.is_head_missing(start);
        let body = cursor.take_brace().filter(|_| !is_missing);
        let Some(body) = body else {
            self.report.error(keyword, example);
            return None;
        };
        Some(Node::For(For { head, span: body.span(), body: self.block(body.stream()) }))
    }

    pub(super) fn match_(&mut self, cursor: &mut Cursor) -> Option<Node> {
        let start = cursor.position();
        let keyword = cursor.span();
        cursor.skip(1);
        cursor.skip_head();
        let head = cursor.stream_since(start);
        let is_missing = cursor.is_head_missing(start);
        let body = cursor.take_brace().filter(|_| !is_missing);
        let Some(body) = body else {
            self.report
                .error(keyword, "`match` needs a value and a block: match value { pattern => { .. } }");
            return None;
        };
        let mut arms = Vec::new();
        let mut inner = Cursor::new(body.stream());
        while !inner.is_empty() {
            arms.extend(self.arm(&mut inner));
        }
        Some(Node::Match(Match { head, arms, span: body.span() }))
    }

    fn arm(&mut self, cursor: &mut Cursor) -> Option<Arm> {
        let start = cursor.position();
        while !cursor.is_empty() && !is_fat_arrow(cursor) {
            cursor.skip(1);
        }
        let pattern = cursor.stream_since(start);
        if cursor.is_empty() {
            self.report.error(cursor.range_since(start), "an arm is written pattern => { .. }");
            return None;
        }
        cursor.skip(2);
        let body = if let Some(group) = cursor.take_brace() {
            self.block(group.stream())
        } else {
            let outside = std::mem::take(&mut self.open);
            let mut body: Vec<Node> = self.node(cursor).into_iter().collect();
            // No pattern begins with a tag.
            if cursor.is_punct(0, '<') {
                self.report
                    .error(cursor.span(), "several nodes of an arm stand in braces: pattern => { .. }");
                while cursor.is_punct(0, '<') && !cursor.is_puncts("</") {
                    body.extend(self.node(cursor));
                }
            }
            self.open = outside;
            body
        };
        cursor.take_punct(',');
        Some(Arm { pattern, body })
    }

    /// Reads a statement up to the semicolon.
    pub(super) fn statement(&mut self, cursor: &mut Cursor, is_let: bool) -> Option<Node> {
        let start = cursor.position();
        let keyword = cursor.span();
        while !cursor.is_empty() && !cursor.is_punct(0, ';') {
            cursor.skip(1);
        }
        if !cursor.take_punct(';') {
            let word = if is_let { "let" } else { "continue and break" };
            self.report.error(keyword, format!("`{word}` ends with a semicolon here"));
            return None;
        }
        Some(Node::Statement(Statement { tokens: cursor.stream_since(start), is_let }))
    }
}

fn is_fat_arrow(cursor: &Cursor) -> bool {
    matches!(cursor.peek(0), Some(TokenTree::Punct(punct)) if punct.as_char() == '=' && punct.spacing() == Spacing::Joint)
        && cursor.is_punct(1, '>')
}
