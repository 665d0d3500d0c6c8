//! Parses a handler: the attribute's arguments and the function.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse as _, ParseStream, Parser};
use syn::{Expr, Lit, LitBool, LitInt, LitStr, Path, Token, parenthesized};

use super::durable::DurableOptions;
use super::kind::Kind;
use crate::function::{Function, refuse_in_impl};
use crate::parameter::unraw;

/// The message for a handler in an `impl` block.
pub(super) const FREE_FUNCTION: &str =
    "a handler is a free function: move it out of the `impl` block, and take what it shares as `State<T>`";

/// A handler as the user wrote it.
pub(super) struct Parsed {
    pub(super) arguments: Arguments,
    pub(super) function: Function,
}

/// The arguments of the attribute. A problem in them is reported later, with the other problems, because the links of
/// the handler must exist while its attribute is being typed.
pub(super) struct Arguments {
    /// The path; `None` if it could not be read.
    pub(super) path: Option<LitStr>,
    pub(super) options: Options,
    pub(super) problem: Option<syn::Error>,
}

/// The options behind the path template, such as `method = PUT, headers("X-Mode" = "a")`.
#[derive(Default)]
pub(super) struct Options {
    pub(super) method: Option<Method>,
    /// The headers that the request must have.
    pub(super) headers: Option<Vec<(LitStr, LitStr)>>,
    /// The app that the handler belongs to, if that is not `crate::app`.
    pub(super) app: Option<Path>,
    pub(super) layer: Option<Expr>,
    pub(super) body_limit: Option<Expr>,
    /// A duration, as text.
    pub(super) timeout: Option<LitStr>,
    /// One or more limits, as text.
    pub(super) rate_limit: Option<LitStr>,
    /// The value of `cache-control`.
    pub(super) cache: Option<LitStr>,
    pub(super) etag: Option<LitBool>,
    pub(super) durable: DurableOptions,
}

/// A method's name, written as a word or, if it is not an identifier of Rust, in quotes.
pub(super) struct Method {
    pub(super) tokens: TokenStream,
    pub(super) name: String,
}

pub(super) fn parse(arguments: TokenStream, item: &TokenStream) -> syn::Result<Parsed> {
    let function = handler(item)?;
    Ok(Parsed { arguments: arguments_parser.parse2(arguments)?, function })
}

/// Parses a handler without a path, whose attribute may say `detached` and has only some of the options.
pub(super) fn parse_handler(
    arguments: TokenStream,
    item: &TokenStream,
) -> syn::Result<(Kind, Options, Function)> {
    let (kind, options) = handler_arguments.parse2(arguments)?;
    Ok((kind, options, handler(item)?))
}

fn handler(item: &TokenStream) -> syn::Result<Function> {
    let function = Function::parse(item, "a handler")?;
    refuse_in_impl(&function.signature, FREE_FUNCTION)?;
    Ok(function)
}

fn handler_arguments(input: ParseStream<'_>) -> syn::Result<(Kind, Options)> {
    const EXPECTED: &str = "write `#[handler]` or `#[handler(detached)]`; the path is given to the app: `.route(query::<f>(\"/\"))`";
    const WITH_ROUTE: &str =
        "the method and the headers are given with the route: `.route(command::<f>(\"/\").method(\"PUT\"))`";
    const DURABLE: &str = "a durable command has its path in its attribute: `#[app::detached_command(\"/import\", durable = \"import\")]`";
    let (mut kind, mut options) = (Kind::Command, Options::default());
    while !input.is_empty() {
        let ahead = input.fork();
        let word = Ident::parse_any(&ahead).map_err(|error| syn::Error::new(error.span(), EXPECTED))?;
        match unraw(&word).as_str() {
            "detached" if kind == Kind::Command => {
                Ident::parse_any(input)?;
                kind = Kind::DetachedCommand;
            }
            "layer" | "body_limit" | "timeout" | "rate_limit" | "etag" | "cache" => {
                option(input, &mut options)?;
            }
            "method" | "headers" | "app" => return Err(syn::Error::new(word.span(), WITH_ROUTE)),
            "durable" => return Err(syn::Error::new(word.span(), DURABLE)),
            _ => return Err(syn::Error::new(word.span(), EXPECTED)),
        }
        if !input.is_empty() {
            input.parse::<Token![,]>().map_err(|error| syn::Error::new(error.span(), EXPECTED))?;
        }
    }
    Ok((kind, options))
}

fn arguments_parser(input: ParseStream<'_>) -> syn::Result<Arguments> {
    let mut arguments = Arguments { path: None, options: Options::default(), problem: None };
    arguments.problem = read(input, &mut arguments).err();
    // The tokens behind a problem are skipped, because nobody knows where they begin to make sense again.
    input.parse::<TokenStream>()?;
    Ok(arguments)
}

fn read(input: ParseStream<'_>, arguments: &mut Arguments) -> syn::Result<()> {
    const EXPECTED: &str = "expected a path template in quotes, such as \"/users/{user_id}\"";
    if input.is_empty() {
        return Err(syn::Error::new(proc_macro2::Span::call_site(), EXPECTED));
    }
    arguments.path = Some(input.parse().map_err(|error| syn::Error::new(error.span(), EXPECTED))?);
    while !input.is_empty() {
        input.parse::<Token![,]>()?;
        if !input.is_empty() {
            option(input, &mut arguments.options)?;
        }
    }
    Ok(())
}

fn option(input: ParseStream<'_>, options: &mut Options) -> syn::Result<()> {
    const UNKNOWN: &str = "unknown option; a handler takes `method`, `headers`, `app`, `layer`, `body_limit`, `timeout`, `rate_limit`, `etag` and `cache` after its path, a detached command also `durable` and what goes with it";
    let unknown = |error: &syn::Error| syn::Error::new(error.span(), UNKNOWN);
    let name = Ident::parse_any(input).map_err(|error| unknown(&error))?;
    let is_new = match unraw(&name).as_str() {
        "method" => options.method.replace(assigned(input, &name, "DELETE", method)?).is_none(),
        "headers" => options.headers.replace(headers(input, &name)?).is_none(),
        "app" => options.app.replace(assigned(input, &name, "admin", Path::parse_mod_style)?).is_none(),
        "layer" => options.layer.replace(assigned(input, &name, "the_layer()", expression)?).is_none(),
        "body_limit" => {
            options.body_limit.replace(assigned(input, &name, "64 * 1024", expression)?).is_none()
        }
        "timeout" => options.timeout.replace(assigned(input, &name, "\"10s\"", text)?).is_none(),
        "rate_limit" => options.rate_limit.replace(assigned(input, &name, "\"5/minute\"", text)?).is_none(),
        "etag" => options.etag.replace(assigned(input, &name, "true", LitBool::parse)?).is_none(),
        "cache" => options.cache.replace(assigned(input, &name, "\"public, max-age=60\"", text)?).is_none(),
        _ => match durable_option(input, &name, &mut options.durable)? {
            Some(is_new) => is_new,
            None => return Err(syn::Error::new(name.span(), UNKNOWN)),
        },
    };
    if is_new { Ok(()) } else { Err(syn::Error::new(name.span(), format!("`{name}` is written twice"))) }
}

/// `durable`, or an option that goes with it. Returns whether it is new; `None` if it is neither.
fn durable_option(
    input: ParseStream<'_>,
    name: &Ident,
    options: &mut DurableOptions,
) -> syn::Result<Option<bool>> {
    let is_new = match unraw(name).as_str() {
        "durable" => {
            return Ok(Some(options.name.replace(assigned(input, name, "\"import\"", text)?).is_none()));
        }
        "version" => options.version.replace(assigned(input, name, "2", LitInt::parse)?).is_none(),
        "lift" => {
            options.lift.replace(assigned(input, name, "lift_old_values", Path::parse_mod_style)?).is_none()
        }
        "attempts" => options.attempts.replace(assigned(input, name, "3", LitInt::parse)?).is_none(),
        "backoff" => options.backoff.replace(assigned(input, name, "\"10s\"", text)?).is_none(),
        "delay" => options.delay.replace(assigned(input, name, "\"10m\"", text)?).is_none(),
        "every" => options.every.replace(assigned(input, name, "\"1h\"", text)?).is_none(),
        "cron" => options.cron.replace(assigned(input, name, "\"0 3 * * *\"", text)?).is_none(),
        "concurrency" => {
            options.concurrency.replace(assigned(input, name, "\"4, 1 by account\"", text)?).is_none()
        }
        "in_order" => options.in_order.replace(assigned(input, name, "true", Lit::parse)?).is_none(),
        _ => return Ok(None),
    };
    options.companion.get_or_insert_with(|| name.clone());
    Ok(Some(is_new))
}

/// Reads the rest of `name = value`. `example` is a value for the message.
fn assigned<T>(
    input: ParseStream<'_>,
    name: &Ident,
    example: &str,
    value: fn(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let expected = |span| syn::Error::new(span, format!("write `{name} = {example}`"));
    if !input.peek(Token![=]) {
        return Err(expected(name.span()));
    }
    input.parse::<Token![=]>()?;
    if input.is_empty() {
        return Err(expected(name.span()));
    }
    value(input).map_err(|error| expected(error.span()))
}

fn method(input: ParseStream<'_>) -> syn::Result<Method> {
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        return Ok(Method { name: text.value(), tokens: quote::quote!(#text) });
    }
    let word = Ident::parse_any(input)?;
    Ok(Method { name: word.to_string(), tokens: quote::quote!(#word) })
}

fn text(input: ParseStream<'_>) -> syn::Result<LitStr> {
    input.parse()
}

fn expression(input: ParseStream<'_>) -> syn::Result<Expr> {
    input.parse()
}

/// Reads the rest of `headers("X-Mode" = "a", "X-Other" = "b")`.
fn headers(input: ParseStream<'_>, keyword: &Ident) -> syn::Result<Vec<(LitStr, LitStr)>> {
    let expected = |span| syn::Error::new(span, "write `headers(\"X-Mode\" = \"a\")`");
    if !input.peek(syn::token::Paren) {
        return Err(expected(keyword.span()));
    }
    let content;
    parenthesized!(content in input);
    let pairs = content.parse_terminated(pair, Token![,]).map_err(|error| expected(error.span()))?;
    if pairs.is_empty() {
        return Err(expected(keyword.span()));
    }
    Ok(pairs.into_iter().collect())
}

/// Reads `"X-Mode" = "a"`.
fn pair(input: ParseStream<'_>) -> syn::Result<(LitStr, LitStr)> {
    let name = input.parse()?;
    input.parse::<Token![=]>()?;
    Ok((name, input.parse()?))
}
