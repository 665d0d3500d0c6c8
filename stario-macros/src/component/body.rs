//! The body: the `html!` whose value the function returns writes into the caller's buffer instead.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Block, Expr, Stmt};

use super::syntax::is_html;

/// Puts `@into(slot)` into each `html!` in tail position. Any other way to return is left as it is.
pub(super) fn write_into(block: &mut Block, slot: &TokenStream) {
    match block.stmts.last_mut() {
        Some(Stmt::Expr(tail, None)) => tail_expression(tail, slot),
        Some(Stmt::Macro(tail)) if tail.semi_token.is_none() && is_html(&tail.mac) => {
            tail.mac.tokens = redirected(&tail.mac.tokens, slot);
        }
        _ => {}
    }
}

fn tail_expression(expression: &mut Expr, slot: &TokenStream) {
    match expression {
        Expr::Macro(call) if is_html(&call.mac) => call.mac.tokens = redirected(&call.mac.tokens, slot),
        Expr::Block(block) => write_into(&mut block.block, slot),
        Expr::If(branch) => {
            write_into(&mut branch.then_branch, slot);
            if let Some((_, otherwise)) = &mut branch.else_branch {
                tail_expression(otherwise, slot);
            }
        }
        Expr::Match(branches) => {
            for arm in &mut branches.arms {
                tail_expression(&mut arm.body, slot);
            }
        }
        _ => {}
    }
}

fn redirected(template: &TokenStream, slot: &TokenStream) -> TokenStream {
    quote!(@into(#slot) #template)
}
