//! The procedural macros of stario. User code reaches them through `stario`.
//!
//! Every macro has the same stages: it parses the tokens as they were written, turns them into what they mean, checks
//! for all mistakes at once, and emits code by functions that cannot fail.

use proc_macro::TokenStream;

mod assets;
mod dependency;
mod endpoint;
mod error_response;
mod errors;
mod fields;
mod form;
mod from_request;
mod function;
mod hook;
mod html;
mod component;
mod literals;
mod parameter;
mod signals;
mod stream;

#[cfg(test)]
mod expansions;

/// Registers a handler for GET; see `stario::app!`.
#[proc_macro_attribute]
pub fn query(arguments: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand(endpoint::Kind::Query, arguments.into(), &item.into()).into()
}

/// Registers a handler for POST; see `stario::app!`.
#[proc_macro_attribute]
pub fn command(arguments: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand(endpoint::Kind::Command, arguments.into(), &item.into()).into()
}

/// Registers a handler for POST that answers 204 before it runs; see `stario::app!`.
///
/// The command lives in the memory of the process: if the process is killed or the machine loses power, commands that
/// were answered and had not ended are lost. Where the answer must be a promise, store the work first and answer after,
/// in a plain command.
#[proc_macro_attribute]
pub fn detached_command(arguments: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand(endpoint::Kind::DetachedCommand, arguments.into(), &item.into()).into()
}

/// Makes the app call a function before it serves; see `stario::app!`.
#[proc_macro_attribute]
pub fn on_start(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand(hook::Moment::Start, arguments.into(), &item.into()).into()
}

/// Makes the app call a function when it stops; see `stario::app!`.
#[proc_macro_attribute]
pub fn on_stop(arguments: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand(hook::Moment::Stop, arguments.into(), &item.into()).into()
}

/// Refuses `#[admin::query("/")]`. It stands for the attributes of handlers in the module of an app with a name, which
/// no attribute can know.
#[proc_macro_attribute]
pub fn unnamed(_: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand_unnamed(&item.into()).into()
}

/// Refuses `#[admin::on_start]`. It stands for the attributes of hooks in the module of an app with a name.
#[proc_macro_attribute]
pub fn unnamed_hook(_: TokenStream, item: TokenStream) -> TokenStream {
    hook::expand_unnamed(&item.into()).into()
}

/// Refuses `#[query("/")]`. It stands for the attributes of handlers where they are written without an app.
#[proc_macro_attribute]
pub fn appless(_: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand_appless(&item.into()).into()
}

/// Makes a handler without a path; see `stario::handler`.
#[proc_macro_attribute]
pub fn handler(arguments: TokenStream, item: TokenStream) -> TokenStream {
    endpoint::expand_handler(arguments.into(), &item.into()).into()
}

/// Makes a function the provider of the value that it returns.
///
/// Handlers and other providers take the value by its type: `db: &Database` borrows it, `db: Database` clones
/// it. The type may be your own or from another crate. A provider may be `async` or not, return the value or a
/// `Result` of it, and take any parameter that a handler can take, and a `Cleanup`. If it fails, its error is the
/// answer, and the handler does not run.
///
/// | attribute | the function is called |
/// |---|---|
/// | `#[dependency]` | once per request that needs it, and shared in it |
/// | `#[dependency(transient)]` | for each parameter that takes the value |
/// | `#[dependency(singleton)]` | once per app, at the first use; again if it failed |
/// | `#[dependency(singleton, eager)]` | once per app, before its port opens; a failure keeps the app from starting |
///
/// A type has one provider in a crate. A second one is marked `by_name`, and named where it is used:
/// `#[dependency(by_name)] fn replica() -> Database`, `#[from(replica)] db: &Database`.
///
/// A provider of a type that its own crate defines is found in every crate. For any other type, each crate that takes it says
/// where it comes from, once: `app::provide!(PgPool = shared::pool);`. `App::replace` puts one provider in the place of another,
/// in all crates.
#[proc_macro_attribute]
pub fn dependency(arguments: TokenStream, item: TokenStream) -> TokenStream {
    dependency::expand(arguments.into(), &item.into()).into()
}

/// Makes an impl of `ErrorResponse` known to the app; see `stario::ErrorResponse`.
#[proc_macro_attribute]
pub fn error_response(arguments: TokenStream, item: TokenStream) -> TokenStream {
    error_response::expand(&arguments.into(), &item.into()).into()
}

/// Builds HTML from a template: elements as in HTML, text in quotes, Rust in braces.
///
/// Documented where users find it, in `stario` and in the guide of `stario-html`.
#[proc_macro]
pub fn html(tokens: TokenStream) -> TokenStream {
    html::expand(tokens.into()).into()
}

/// Makes the files of a folder part of the program; see `stario::assets!`.
#[proc_macro]
pub fn assets(input: TokenStream) -> TokenStream {
    assets::expand(input.into()).into()
}

/// Names a file of the folder that `assets!` names; see `stario::asset!`.
#[proc_macro]
pub fn asset(input: TokenStream) -> TokenStream {
    assets::expand_one(input.into()).into()
}

/// Makes a tag of a function: the function's arguments are the tag's properties, and its name is the tag's name.
///
/// Documented where users find it, in `stario` and in the guide of `stario-html`.
#[proc_macro_attribute]
pub fn component(arguments: TokenStream, item: TokenStream) -> TokenStream {
    component::expand(&arguments.into(), &item.into()).into()
}

/// Turns a block with `yield` into a stream; see `stario::stream!`.
#[proc_macro]
pub fn stream(input: TokenStream) -> TokenStream {
    stream::expand(stream::Items::Events, input.into()).into()
}

/// Turns a block with `yield` and `?` into a stream; see `stario::try_stream!`.
#[proc_macro]
pub fn try_stream(input: TokenStream) -> TokenStream {
    stream::expand(stream::Items::Results, input.into()).into()
}

/// Makes a source of a struct whose fields are sources; see `stario::FromRequest`.
#[proc_macro_derive(FromRequest, attributes(default, name))]
pub fn from_request(item: TokenStream) -> TokenStream {
    from_request::expand(item.into()).into()
}

/// Makes the fields of a struct the signals of a page; see `stario::Signals`.
#[proc_macro_derive(Signals, attributes(signals, serde))]
pub fn signals(item: TokenStream) -> TokenStream {
    signals::expand(item.into()).into()
}

/// Makes the fields of a struct those of a form; see `stario::Form`.
#[proc_macro_derive(Form, attributes(form, serde))]
pub fn form(item: TokenStream) -> TokenStream {
    form::expand(item.into()).into()
}
