//! Changes the body of a component: an `html!` whose value the function returns writes into the caller's buffer
//! instead, and gets the name of the component.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Block, Expr, Ident, Stmt};

use super::syntax::is_html;

/// Where a template writes, and the component that returns it.
pub(super) struct Target<'t> {
    pub(super) output: &'t TokenStream,
    pub(super) component: &'t Ident,
}

/// Puts `@into(output) @of(component)` into each `html!` in tail position. Values that are returned in another way are left
/// unchanged.
pub(super) fn write_into(block: &mut Block, target: &Target<'_>) {
    match block.stmts.last_mut() {
        Some(Stmt::Expr(tail, None)) => tail_expression(tail, target),
        Some(Stmt::Macro(tail)) if tail.semi_token.is_none() && is_html(&tail.mac) => {
            tail.mac.tokens = redirected(&tail.mac.tokens, target);
        }
        _ => {}
    }
}

fn tail_expression(expression: &mut Expr, target: &Target<'_>) {
    match expression {
        Expr::Macro(call) if is_html(&call.mac) => call.mac.tokens = redirected(&call.mac.tokens, target),
        Expr::Block(block) => write_into(&mut block.block, target),
        Expr::If(branch) => {
            write_into(&mut branch.then_branch, target);
            if let Some((_, otherwise)) = &mut branch.else_branch {
                tail_expression(otherwise, target);
            }
        }
        Expr::Match(branches) => {
            for arm in &mut branches.arms {
                tail_expression(&mut arm.body, target);
            }
        }
        _ => {}
    }
}

fn redirected(template: &TokenStream, target: &Target<'_>) -> TokenStream {
    let Target { output, component } = target;
    quote!(@into(#output) @of(#component) #template)
}
