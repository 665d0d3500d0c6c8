//! Finds every mistake of a handler that can be seen in its tokens. rustc finds mistakes in types, by the bounds that
//! `emit` writes at the user's types.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;

use super::caching;
use super::durable;
use super::kind::Kind;
use super::model::{Endpoint, Segment, milliseconds};
use super::parse::{FREE_FUNCTION, Method, Options};
use super::rate_limit::rate_limits;
use crate::errors::Errors;
use crate::function::generic_over_types;
use crate::parameter::Parameter;

pub(super) fn check(endpoint: &mut Endpoint) -> Errors {
    let mut errors = Errors::default();
    if let Some(problem) = endpoint.problem.take() {
        errors.add(problem);
    }
    let endpoint = &*endpoint;
    path(endpoint, &mut errors);
    method(endpoint, &mut errors);
    headers(endpoint, &mut errors);
    body_limit(endpoint, &mut errors);
    timeout(endpoint, &mut errors);
    rate_limit(endpoint, &mut errors);
    caching(endpoint, &mut errors);
    durable::check(endpoint, &mut errors);
    captures(endpoint, &mut errors);
    signature(endpoint, &mut errors);
    parameters(endpoint, &mut errors);
    errors
}

/// Checks a handler whose path and method the app chooses.
pub(super) fn check_handler(endpoint: &Endpoint) -> Errors {
    let mut errors = Errors::default();
    timeout(endpoint, &mut errors);
    rate_limit(endpoint, &mut errors);
    caching(endpoint, &mut errors);
    signature(endpoint, &mut errors);
    parameters(endpoint, &mut errors);
    errors
}

fn path(endpoint: &Endpoint, errors: &mut Errors) {
    if !endpoint.has_path() {
        return;
    }
    let template = endpoint.path.value();
    if !template.starts_with('/') {
        errors.at(&endpoint.path, format!("a path template begins with `/`: \"/{template}\""));
    }
    let segments = &endpoint.pattern.segments;
    let is_empty = |segment: &Segment| matches!(segment, Segment::Literal(text) if text.is_empty());
    let last = segments.len() - 1;
    if segments[..last].iter().any(is_empty) {
        errors.at(&endpoint.path, "a path template has no empty segment; remove the doubled `/`");
    } else if last > 0 && is_empty(&segments[last]) {
        let path = template.trim_end_matches('/');
        let message = format!(
            "a path template does not end in `/`; write \"{path}\", to which \"{template}\" is redirected"
        );
        errors.at(&endpoint.path, message);
    }
    for (position, segment) in segments.iter().enumerate() {
        match segment {
            Segment::Literal(text) => literal(endpoint, text, errors),
            Segment::Capture(name) if name.starts_with('*') || name.ends_with("..") => {
                let name = name.trim_matches(['*', '.']);
                let message = format!("write `{{{name}...}}` for all that is left of the path");
                errors.at(&endpoint.path, message);
            }
            Segment::Capture(name) | Segment::Rest(name) if !is_identifier(name) => {
                errors.at(&endpoint.path, not_a_name(&endpoint.pattern.shown(name), name));
            }
            Segment::Rest(name) if position != last => {
                let message =
                    format!("`{{{name}...}}` takes all that is left of the path, so it must be last");
                errors.at(&endpoint.path, message);
            }
            Segment::Capture(_) | Segment::Rest(_) => {}
        }
    }
}

/// The message for a capture, written as `shown`, whose name is not an identifier.
fn not_a_name(shown: &str, name: &str) -> String {
    match name.split_once(':') {
        _ if name.contains(['{', '}']) => {
            format!("`{shown}` is more than one capture; a capture is a whole segment: `/{{name}}/`")
        }
        Some((name, _)) if is_identifier(name) => {
            format!("`{shown}` has a type in it; the type belongs to the parameter, so write `{{{name}}}`")
        }
        _ => {
            format!(
                "`{shown}` is not the name of a parameter; write a Rust identifier, such as `{{user_id}}`"
            )
        }
    }
}

fn method(endpoint: &Endpoint, errors: &mut Errors) {
    let Some(Method { tokens, name }) = &endpoint.options.method else {
        return;
    };
    let message = match name.as_str() {
        "HEAD" | "OPTIONS" => format!("{name} is answered automatically wherever there is a handler"),
        "CONNECT" | "TRACE" => format!("{name} is for proxies; no handler answers it"),
        // RFC 9110 section 5.6.2.
        _ if name.is_empty() || !name.bytes().all(is_token) => {
            "a method is a word, such as DELETE; in quotes, it can have `-` and `!#$%&'*+.^_`|~` in it"
                .to_owned()
        }
        _ if name.bytes().any(|byte| byte.is_ascii_lowercase()) => {
            format!("methods are written in capitals: `{}`", name.to_ascii_uppercase())
        }
        "GET" | "QUERY" if endpoint.kind == Kind::Query => return,
        _ if endpoint.kind == Kind::Query => {
            format!("a query only reads, by GET or QUERY; make this handler a command to answer {name}")
        }
        "GET" => "a command changes something, which GET must not; make this handler a query".to_owned(),
        _ => return,
    };
    errors.at(tokens, message);
}

fn headers(endpoint: &Endpoint, errors: &mut Errors) {
    let pairs: Vec<_> = endpoint.options.headers.iter().flatten().collect();
    for (position, (name, value)) in pairs.iter().enumerate() {
        let (name_text, value_text) = (name.value(), value.value());
        if name_text.is_empty() || !name_text.bytes().all(is_token) {
            errors.at(name, format!("`{name_text}` is not the name of a header"));
        } else if pairs[..position].iter().any(|(other, _)| other.value().eq_ignore_ascii_case(&name_text)) {
            errors.at(name, format!("`{name_text}` is written twice; a header has one value here"));
        }
        // The value is one that a request can carry, without spaces that a parser would trim: RFC 9110 section 5.5.
        if value_text.trim() != value_text || !value_text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            let message = "the value of a header is visible ASCII, without spaces around it";
            errors.at(value, message);
        }
    }
}

fn body_limit(endpoint: &Endpoint, errors: &mut Errors) {
    if let Some(limit) = &endpoint.options.body_limit
        && !endpoint.has_body()
    {
        let message = "a query by GET reads no body, so there is nothing to limit; remove `body_limit`, or make this handler a command";
        errors.at(limit, message);
    }
}

fn timeout(endpoint: &Endpoint, errors: &mut Errors) {
    if let Some(timeout) = &endpoint.options.timeout
        && milliseconds(&timeout.value()).is_none()
    {
        let text = timeout.value();
        errors.at(
            timeout,
            format!(
                "`{text}` is not a timeout: write a whole number above 0 and its unit, `ms`, `s`, `m` or `h`, at most a year: `timeout = \"10s\"`"
            ),
        );
    }
}

fn rate_limit(endpoint: &Endpoint, errors: &mut Errors) {
    let Some(text) = &endpoint.options.rate_limit else { return };
    let value = text.value();
    let limits = match rate_limits(&value) {
        Ok(limits) => limits,
        Err(limit) => {
            errors.at(
                text,
                format!(
                    "`{limit}` is not a rate limit: write a whole number above 0, `/`, and `second`, `minute`, `hour`, `day` or a time such as `10m`, then perhaps `by` and a parameter: `rate_limit = \"5/minute by name, 100/hour\"`"
                ),
            );
            return;
        }
    };
    for (position, limit) in limits.iter().enumerate() {
        if limits[..position].contains(limit) {
            errors.at(text, "one of these limits is written twice");
        }
        if let Some(name) = &limit.by
            && endpoint.own_parameter(name).is_none()
        {
            errors.at(text, without_parameter(endpoint, name));
        }
    }
}

/// The message for a limit by a parameter that the function does not have.
fn without_parameter(endpoint: &Endpoint, name: &str) -> String {
    let names: Vec<String> = endpoint.parameters.iter().map(Parameter::own_name).collect();
    let names: Vec<String> =
        names.iter().filter(|name| !name.is_empty()).map(|name| format!("`{name}`")).collect();
    let has = match names.split_last() {
        None => "none with a name".to_owned(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    };
    format!(
        "`by {name}` names no parameter of this function, which has {has}; without `by` the limit is by the client's address"
    )
}

fn caching(endpoint: &Endpoint, errors: &mut Errors) {
    let Options { etag, cache, .. } = &endpoint.options;
    // The app may make a query of a handler without a path, so the app checks these options.
    if endpoint.kind == Kind::DetachedCommand || endpoint.kind == Kind::Command && !endpoint.is_explicit {
        let message = |name| {
            format!(
                "`{name}` is for queries: nothing keeps the answer to a command; remove it, or make this handler a query"
            )
        };
        if let Some(etag) = etag {
            errors.at(etag, message("etag"));
        }
        if let Some(cache) = cache {
            errors.at(cache, message("cache"));
        }
        return;
    }
    let Some(cache) = cache else { return };
    let value = cache.value();
    for problem in caching::problems(&value) {
        errors.at(cache, problem);
    }
    if let Some(etag) = etag
        && etag.value
        && value.split(',').any(|directive| directive.trim() == "no-store")
    {
        errors.at(
            etag,
            "with `no-store` no client keeps the page, so none asks whether it has changed: remove `etag`",
        );
    }
}

/// Whether a method or a header's name can have this character: `tchar` of RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn literal(endpoint: &Endpoint, text: &str, errors: &mut Errors) {
    if let Some(capture) = meant_capture(endpoint, text) {
        let message =
            format!("`{text}` stands for itself in a path template; write `{capture}` for what varies");
        errors.at(&endpoint.path, message);
        return;
    }
    let is_out_of_place = |c: char| !is_path_character(c) && !matches!(c, '{' | '}');
    let message = match text.chars().find(|&c| is_out_of_place(c)) {
        Some(bad @ ('?' | '#')) => {
            format!("`{bad}` does not belong in a path template; read the query with QueryParam")
        }
        Some(bad) => {
            let bad = bad.escape_debug();
            format!(
                "`{bad}` does not belong in a path template; write it percent-encoded as a browser sends it"
            )
        }
        None if text.contains(['{', '}']) => {
            format!("`{text}` mixes text and braces; a capture is a whole segment: `/{{name}}/`")
        }
        None if !has_whole_escapes(text) => {
            format!(
                "`%` begins an escape of two hex digits, which `{text}` has not; write `%25` for the character"
            )
        }
        None => match decoded(text).as_deref() {
            Some("." | "..") => {
                format!("browsers resolve `{text}` before they ask, so no request has it")
            }
            Some(_) => return,
            None => format!("`{text}` is not UTF-8 text when its escapes are decoded, so no request has it"),
        },
    };
    errors.at(&endpoint.path, message);
}

/// Returns the capture that a segment such as `:id`, `<id>` or `*path` stands for in other frameworks.
fn meant_capture(endpoint: &Endpoint, text: &str) -> Option<String> {
    let is_parameter = |name: &&str| endpoint.parameter(name).is_some();
    let bracketed = || text.strip_prefix('<')?.strip_suffix('>');
    if let Some(name) = text.strip_prefix('*').filter(is_parameter) {
        return Some(format!("{{{name}...}}"));
    }
    let name = text.strip_prefix(':').or_else(bracketed).filter(is_parameter)?;
    Some(format!("{{{name}}}"))
}

fn has_whole_escapes(text: &str) -> bool {
    text.split('%')
        .skip(1)
        .all(|rest| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

/// Decodes the escapes of a text, which are whole. Returns `None` if the result is not UTF-8 or has a NUL.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// Whether a parameter can have this name, perhaps as a raw identifier.
fn is_identifier(name: &str) -> bool {
    syn::parse_str::<syn::Ident>(name).is_ok() || syn::parse_str::<syn::Ident>(&format!("r#{name}")).is_ok()
}

/// Whether a segment of a path template can have this character: `pchar` of RFC 3986 section 3.3, and letters and signs
/// beyond ASCII, which links escape.
fn is_path_character(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%".contains(c)
    } else {
        !c.is_whitespace() && !c.is_control()
    }
}

fn captures(endpoint: &Endpoint, errors: &mut Errors) {
    let names: Vec<&str> = endpoint.pattern.captures().filter(|name| is_identifier(name)).collect();
    for (position, name) in names.iter().enumerate() {
        let shown = endpoint.pattern.shown(name);
        if names[..position].contains(name) {
            errors.at(
                &endpoint.path,
                format!("`{shown}` is in this path twice; every capture needs its own name"),
            );
            continue;
        }
        match endpoint.parameter(name) {
            None => {
                let message =
                    format!("`{shown}` has no parameter; add `{name}: PathParam<..>` to the function");
                errors.at(&endpoint.path, message);
            }
            Some(parameter) if parameter.problems.is_empty() && borrows(parameter.ty.to_token_stream()) => {
                let message =
                    "a path parameter is decoded, so it is taken by value; write `PathParam<String>`";
                errors.at(&parameter.ty, message);
            }
            Some(_) => {}
        }
    }
}

fn borrows(ty: TokenStream) -> bool {
    ty.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == '&',
        TokenTree::Group(group) => borrows(group.stream()),
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    })
}

fn signature(endpoint: &Endpoint, errors: &mut Errors) {
    let signature = &endpoint.function.signature;
    if generic_over_types(signature) {
        errors.at(
            &signature.generics,
            "a handler cannot be generic: the app calls it with the types written here",
        );
    }
    for attribute in &endpoint.other_methods {
        errors.at(
            attribute,
            "a handler answers one method; write a second handler, and call the shared code from both",
        );
    }
    if let Some(receiver) = signature.receiver() {
        errors.at(receiver, FREE_FUNCTION);
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
