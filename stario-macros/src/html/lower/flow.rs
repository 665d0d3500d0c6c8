//! Lowers `if` around nodes and around attributes.

use super::super::ast::{Else, If};
use super::super::ops::{ElseOp, IfOp, Op};

/// Lowers an `if`. `block` lowers the content of each of its blocks.
pub(super) fn if_<T>(node: If<T>, block: &mut dyn FnMut(Vec<T>) -> Vec<Op>) -> IfOp {
    let then = block(node.then);
    let otherwise = node.otherwise.map(|otherwise| {
        Box::new(match otherwise {
            Else::If(node) => ElseOp::If(if_(*node, block)),
            Else::Block(nodes) => ElseOp::Block(block(nodes)),
        })
    });
    IfOp { head: node.head, span: node.span, then, otherwise }
}
