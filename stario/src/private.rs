//! What the macros' expansions call. Not for users: anything here may change in any release.
//!
//! The contract with `stario-macros`: an expansion names this module, `::core`, `::std` and the user's
//! `crate::app`, and nothing else.

#[path = "private/handler.rs"]
mod handler;

// Short paths to `std`, because long ones cost the compiler time.
pub use std::boxed::Box;
pub use std::convert::From;
pub use std::marker::PhantomData;
pub use std::mem::drop;
pub use std::ops::ControlFlow;
pub use std::option::Option::{None, Some};
pub use std::result::Result::{Err, Ok};
pub use std::time::Duration;

pub use crate::app::{AppHook, HookKind, ModuleGuard, Registration, discover, inventory};
#[cfg(feature = "files")]
pub use crate::assets::{
    Asset, AssetFile, AssetFolder, FolderRegistration, ImportMap, assets_endpoint, serve_asset,
};
pub use crate::datastar::{
    Action, Complete, HasAction, IntoEvent, Link, Probe, QueryValue, RestValue, Set, Setters, Target,
    Unprobed, Unset, Url, UrlBuilder, UrlValue, set_parameter, with_parameter,
};
pub use crate::durable::{
    ArgumentBefore, ArgumentList, ArgumentOf, CommandFunction, CommandOf, Cron, DurableInfo, Keep, Kept,
    Restore, RestoreProvided, Schedule, StoreArgument, StoredValues, TooManyParameters, UnprobedWrapper,
    ValuesWriter, Wrapped, WrapperProbe, enqueue,
};
pub use crate::error::Rejection;
pub use crate::error::{Error, ErrorRegistration, Registered, Result};
pub use crate::exchange::Exchange;
pub use crate::extract::{
    Defaulted, FromRequest, PathSource, ReadBy, SignalsProbe, SourceFor, TextDefault, UnprobedSignals,
    or_default, value_by,
};
pub use crate::handler::{
    DetachedHandler, DurableEndpoint, Endpoint, EndpointFuture, Handler, RunFuture, accept, complete,
};
/// The name is what rustc says of two providers of one type: one of them needs `#[dependency(by_name)]`.
pub use crate::inject::Injected as OneProviderUnlessByName;
pub use crate::inject::{
    Argument, Dependencies, Getting, HookValue, NeedsNoRequest, ParameterInfo, Provider, Replacement,
    Request, Singleton, SingletonOf, Transient, are_ready, by_name, by_type, close, end_hook, get,
    has_writer, make_singleton, pair, requirements, resolve, resolve_now, waiting,
};
pub use crate::inject::{admit, limit_by_client, limit_by_value, require};
pub use crate::layer::{Next, layered};
pub use crate::parameter::{Parameter, ProviderInfo, Requirement, Source};
pub use crate::rate_limit::RateLimit;
pub use crate::reply::{
    Answer, NotOptionOrResult, Opened, Outcome, Unwrapped, end, end_run, expect_nothing_if, reply,
    reply_whole, without_value,
};
pub use crate::response::{Caching, WholeResponse};
pub use crate::route::{EndpointInfo, HandlerKind};
pub use crate::scope::Scope;
pub use crate::stream::{Yielder, generate};

pub use crate::{
    __arguments as arguments, __endpoint as endpoint, __items as items, __links as links,
    __setters as setters,
};
pub use stario_html;
pub use stario_html::__private::signals;
pub use stario_macros::{
    appless, command, detached_command, html as html_macro, on_start, on_stop, query, stream as stream_macro,
    try_stream as try_stream_macro, unnamed, unnamed_hook,
};
#[cfg(feature = "files")]
pub use stario_macros::{asset as asset_macro, assets as assets_macro};

/// What `derive(Form)` calls.
#[cfg(feature = "forms")]
pub mod forms {
    /// What rustc names in its error where the struct has a function of the same name.
    pub mod name_is_taken {
        pub use stario_html::__function_of_field as choose_another_by_form_fn;
    }
    pub use crate::extract::{
        FieldInfo, FieldKind, FieldRef, FileRef, FileRules, FormFields, FormGroup, GroupRef, Reader,
    };
}

/// Converts what a block yields; inference finds the one conversion `K` that fits.
pub fn into_event<K>(value: impl IntoEvent<K>) -> crate::Event {
    value.into_streamed_event()
}
