//! `#[query]`, `#[command]` and `#[detached_command]`: an async fn becomes an endpoint that resolves its parameters from the
//! request and answers by its return type.

mod caching;
mod check;
mod cron;
mod durable;
mod emit;
mod kind;
mod links;
mod model;
mod parse;
mod rate_limit;
mod run;

use proc_macro2::TokenStream;

use crate::function;

pub(crate) use kind::Kind;

/// Expands one handler. Despite errors the function and its links are emitted, so that editors keep working and code
/// that uses the handler reports no second error.
pub(crate) fn expand(kind: Kind, arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let parsed = match parse::parse(arguments, item) {
        Ok(parsed) => parsed,
        Err(error) => return function::with_error(item, &error),
    };
    let mut model = model::Endpoint::new(kind, parsed);
    let errors = check::check(&mut model);
    if !errors.is_empty() {
        model.recover();
    }
    emit::emit(&model, errors)
}

/// Expands a handler whose path the app chooses.
pub(crate) fn expand_handler(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let (kind, options, function) = match parse::parse_handler(arguments, item) {
        Ok(parsed) => parsed,
        Err(error) => return function::with_error(item, &error),
    };
    let model = model::Endpoint { options, ..model::Endpoint::without_path(kind, function) };
    let errors = check::check_handler(&model);
    emit::emit_handler(&model, errors)
}

/// Refuses an attribute that is named through the module of an app, `#[admin::query("/")]`. The macro does not see by
/// which path it is called, so it cannot know the app.
pub(crate) fn expand_unnamed(item: &TokenStream) -> TokenStream {
    let message = "name the app after the path: `#[app::query(\"/\", app = admin)]`; the same goes for `command` and `detached_command`";
    function::with_error(item, &syn::Error::new(proc_macro2::Span::call_site(), message))
}

/// Refuses an attribute that names no app, `#[query("/")]`.
pub(crate) fn expand_appless(item: &TokenStream) -> TokenStream {
    let message = "a handler belongs to an app: write `#[app::query(\"/\")]`; the same goes for `command` and `detached_command`; `stario::app!();` in the crate's root makes `app`, and `use crate::app;` brings it into a module";
    function::with_error(item, &syn::Error::new(proc_macro2::Span::call_site(), message))
}
