//! Names of elements for editors. At each tag, the name of the element refers to an item with documentation.
//!
//! The names are passed to a macro of `stario-html`. For rust-analyzer it mentions the items, for rustc it expands to
//! nothing.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use stario_html::names::element;

use super::ast::{Else, If, Node, Tag, Template};

/// Writes a statement that mentions every known element at its tags, if the template has one.
pub(crate) fn hints(krate: &TokenStream, template: &Template) -> Option<TokenStream> {
    let mut names = Vec::new();
    nodes(&template.nodes, &mut names);
    if names.is_empty() {
        return None;
    }
    Some(quote!(#krate::__hints! { #(#names)* }))
}

fn nodes(list: &[Node], names: &mut Vec<Ident>) {
    for node in list {
        match node {
            Node::Element(node) => {
                if let Tag::Named(name) = &node.tag {
                    mention(&name.text, name.range.first, names);
                    if let Some(closing) = node.closing {
                        mention(&name.text, closing, names);
                    }
                }
                nodes(&node.children, names);
            }
            Node::Fragment(list) => nodes(list, names),
            Node::Component(node) => nodes(&node.children, names),
            Node::If(node) => branches(node, names),
            Node::For(node) => nodes(&node.body, names),
            Node::Match(node) => node.arms.iter().for_each(|arm| nodes(&arm.body, names)),
            Node::Text(_) | Node::Splice(_) | Node::Statement(_) | Node::Doctype | Node::Comment(_) => {}
        }
    }
}

fn branches(node: &If<Node>, names: &mut Vec<Ident>) {
    nodes(&node.then, names);
    match &node.otherwise {
        Some(Else::If(node)) => branches(node, names),
        Some(Else::Block(list)) => nodes(list, names),
        None => {}
    }
}

/// Adds the name of a known element. Names with a dash are left out, because they consist of several tokens.
fn mention(name: &str, span: Span, names: &mut Vec<Ident>) {
    if element(name).is_some() && !name.contains('-') {
        names.push(if name == "use" { Ident::new_raw(name, span) } else { Ident::new(name, span) });
    }
}
