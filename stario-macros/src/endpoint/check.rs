//! Every mistake that can be seen in the tokens. Mistakes in types are left to bounds that `emit`
//! writes at the user's types.

use super::model::{Endpoint, Segment};
use crate::errors::Errors;

pub(super) fn check(endpoint: &Endpoint) -> Errors {
    let mut errors = Errors::default();
    path(endpoint, &mut errors);
    captures(endpoint, &mut errors);
    signature(endpoint, &mut errors);
    parameters(endpoint, &mut errors);
    errors
}

fn path(endpoint: &Endpoint, errors: &mut Errors) {
    let template = endpoint.path.value();
    if !template.starts_with('/') {
        errors.at(&endpoint.path, format!("a path template begins with `/`: \"/{template}\""));
    }
    for segment in &endpoint.pattern.segments {
        match segment {
            Segment::Literal(text) => literal(endpoint, text, errors),
            Segment::Capture(name) if !is_identifier(name) => {
                let shown = format!("{{{name}}}");
                errors.at(
                    &endpoint.path,
                    format!("`{shown}` is not the name of a parameter; write a Rust identifier, such as `{{user_id}}`"),
                );
            }
            Segment::Capture(_) => {}
        }
    }
    let last = endpoint.pattern.segments.len() - 1;
    for (position, segment) in endpoint.pattern.segments.iter().enumerate() {
        if matches!(segment, Segment::Literal(text) if text.is_empty()) && position != last {
            errors.at(&endpoint.path, "a path template has no empty segment; remove the doubled `/`");
            break;
        }
    }
}

fn literal(endpoint: &Endpoint, text: &str, errors: &mut Errors) {
    let is_out_of_place = |c: char| !is_path_character(c) && !matches!(c, '{' | '}');
    let message = match text.chars().find(|&c| is_out_of_place(c)) {
        Some(bad @ ('?' | '#')) => {
            format!("`{bad}` does not belong in a path template; read the query with QueryParam")
        }
        Some(bad) => {
            format!(
                "`{bad}` does not belong in a path template; write it percent-encoded as a browser sends it"
            )
        }
        None if text.contains(['{', '}']) => {
            format!("`{text}` mixes text and braces; a capture is a whole segment: `/{{name}}/`")
        }
        None => return,
    };
    errors.at(&endpoint.path, message);
}

/// Whether a parameter can have this name, as a raw identifier if need be.
fn is_identifier(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok() || syn::parse_str::<syn::Ident>(&format!("r#{name}")).is_ok()
}

/// The characters of a path segment that need no escape: `pchar` of RFC 3986 section 3.3.
fn is_path_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%".contains(c)
}

fn captures(endpoint: &Endpoint, errors: &mut Errors) {
    let names: Vec<&str> = endpoint.pattern.captures().filter(|name| is_identifier(name)).collect();
    for (position, name) in names.iter().enumerate() {
        if names[..position].contains(name) {
            errors.at(
                &endpoint.path,
                format!("`{{{name}}}` stands twice in this path; every capture needs its own name"),
            );
        } else if endpoint.parameter(name).is_none() {
            errors.at(
                &endpoint.path,
                format!("`{{{name}}}` has no parameter; add `{name}: PathParam<..>` to the function"),
            );
        }
    }
}

fn signature(endpoint: &Endpoint, errors: &mut Errors) {
    let signature = &endpoint.function.signature;
    if !signature.generics.params.is_empty() {
        errors.at(&signature.generics, "a handler is not generic: it is called with the types written here");
    }
    for attribute in &endpoint.other_methods {
        errors.at(attribute, "a handler answers one method; write a second function that calls what both do");
    }
    if let Some(receiver) = signature.receiver() {
        errors.at(receiver, "a handler takes no `self`; share state with `State<T>`");
    }
    if let syn::Safety::Unsafe(token) = &signature.safety {
        errors.at(token, "a handler cannot be unsafe");
    }
}

fn parameters(endpoint: &Endpoint, errors: &mut Errors) {
    for parameter in &endpoint.parameters {
        for (tokens, message) in &parameter.problems {
            errors.at(tokens, message);
        }
    }
}
