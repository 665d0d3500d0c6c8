//! Extractors: the trait `FromRequest`, its rejections, and one file for each source of parameters.

mod content_type;
#[cfg(feature = "uploads")]
mod file_name;
#[cfg_attr(not(feature = "uploads"), path = "extract/form_parts/fields.rs")]
mod form_parts;
mod json_bounds;
mod off_worker;
mod signals_json;
mod urlencoded;
mod value;

// The sources.
mod app_handle;
mod body_stream;
mod client_address;
mod cookie;
mod datastar;
#[cfg(feature = "uploads")]
mod file_signal;
#[cfg(feature = "forms")]
mod form;
mod form_body;
mod form_field;
mod head;
mod header;
mod json_body;
mod json_or_form;
mod logger;
mod matched_path;
#[cfg(feature = "uploads")]
mod multipart;
mod nonce;
mod path;
mod query;
mod query_param;
mod raw_body;
mod request_id;
#[cfg(feature = "sealed-cookies")]
mod sealed_cookie;
mod signal;
mod signal_source;
mod signals;
mod state;
mod upload_progress;
#[cfg(feature = "uploads")]
mod uploaded_file;

use crate::error::Rejection;
use crate::inject::ArgumentInfo;
use crate::parameter::{Parameter, Requirement, Source};
use crate::response::Location;
use crate::scope::Scope;

pub use app_handle::AppHandle;
pub use body_stream::BodyStream;
pub use client_address::ClientAddress;
pub use cookie::Cookie;
#[cfg(feature = "sessions")]
pub(crate) use cookie::named as cookies_named;
#[cfg(feature = "uploads")]
pub use file_signal::FileSignal;
#[cfg(feature = "forms")]
pub use form::{
    Field, FieldInfo, FieldKind, FieldOf, FieldRef, FileRef, FileRules, Form, FormFields, FormGroup,
    GroupRef, ListRef, Problem, Reader,
};
pub use form_body::FormBody;
pub use form_field::FormField;
pub use header::{Header, Headers};
pub use json_body::JsonBody;
pub use json_or_form::JsonOrForm;
pub use logger::Logger;
pub use matched_path::MatchedPath;
#[cfg(feature = "uploads")]
pub use multipart::{Multipart, MultipartPart};
pub use path::{PathParam, PathSource};
pub use query::Query;
pub use query_param::{QueryParam, QueryParams};
pub use raw_body::{RawBody, WholeBody};
#[cfg(feature = "sealed-cookies")]
pub use sealed_cookie::{EncryptedCookie, RetiredKeys, SignedCookie};
#[cfg(feature = "sessions")]
pub(crate) use sealed_cookie::{decrypt as decrypt_cookie, verify as verify_cookie};
pub use signal::Signal;
pub use signal_source::{ReadBy, SignalsProbe, SourceFor, UnprobedSignals, value_by};
pub use signals::Signals;
pub use state::State;
pub use upload_progress::UploadProgress;
#[cfg(feature = "uploads")]
pub use uploaded_file::UploadedFile;
#[cfg(feature = "uploads")]
pub(crate) use uploaded_file::warn_without_temporary_folder;

/// A type that a handler can take as a parameter.
///
/// Before the handler runs, each of its parameters is resolved by this trait; the first one that fails, in their
/// order, decides the answer.
///
/// ```
/// use stario::prelude::*;
/// use stario::{FromRequest, Parameter, Rejection, Scope};
///
/// struct UserAgent(String);
///
/// impl FromRequest for UserAgent {
///     async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
///         let header = scope.headers().get("user-agent").and_then(|value| value.to_str().ok());
///         header.map(|agent| Self(agent.to_owned())).ok_or_else(|| Rejection::bad_request("who are you?"))
///     }
/// }
///
/// # stario::app!();
/// #[app::query("/me")]
/// async fn me(UserAgent(agent): UserAgent) -> String {
///     agent
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/me").header("user-agent", "<ie>").send().text(), "&lt;ie&gt;");
/// assert_eq!(client.get("/me").send().status(), 400);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot take `{Self}` as a parameter",
    label = "not a source of a request's values",
    note = "take a source such as `PathParam<T>`, `QueryParam<T>`, `Header<T>`, `JsonBody<T>`, `Signal<T>` or `State<T>`, or implement `FromRequest`"
)]
pub trait FromRequest: Sized {
    /// Which part of the request the value is made from; the macros check what can be combined.
    ///
    /// A type that reads the body must say so here: otherwise a handler could take the body twice.
    const SOURCE: Source = Source::Head;

    /// Whether the value is looked up by the parameter's name, so that the parameter must have one.
    const BY_NAME: bool = false;

    /// Whether the future of `from_request` is ready when it is polled first, because it waits for nothing.
    #[doc(hidden)]
    const IS_READY: bool = false;

    #[doc(hidden)]
    const INFO: ArgumentInfo = ArgumentInfo {
        source: Self::SOURCE,
        by_name: Self::BY_NAME,
        is_ready: Self::IS_READY,
        defers: false,
        reads_body: |_| Self::SOURCE.reads_body(),
        reads_body_later: |_| false,
        requirement: Self::requirement,
    };

    /// Resolves the parameter.
    ///
    /// # Errors
    ///
    /// A [`Rejection`] when the request does not hold what the parameter needs; the handler does not run.
    fn from_request(
        scope: &Scope,
        parameter: &Parameter,
    ) -> impl Future<Output = Result<Self, Rejection>> + Send;

    /// What the app must have been given for this parameter, checked before it listens.
    #[doc(hidden)]
    fn requirement(_parameter: &Parameter) -> Option<Requirement> {
        None
    }
}

/// A source whose parameters can have a `#[default(..)]`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` takes no default",
    note = "`#[default(..)]` goes with sources of one value that may be missing, such as `QueryParam<T>`, `Header<T>`, `Cookie<T>` and `Signal<T>`"
)]
pub trait Defaulted: Sized {
    type Value;

    fn from_default(value: Self::Value) -> Self;
}

/// A type whose default can be written as a string literal: `#[default("new")]`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "text is no default for a parameter of type `{Self}`",
    label = "not a `{Self}`"
)]
pub trait TextDefault {
    fn from_text(text: &'static str) -> Self;
}

impl TextDefault for String {
    fn from_text(text: &'static str) -> Self {
        text.to_owned()
    }
}

impl TextDefault for Location {
    fn from_text(text: &'static str) -> Self {
        text.into()
    }
}

/// Replaces the refusal of an absent value by the default; an invalid value is still refused.
#[doc(hidden)]
pub async fn or_default<T>(
    resolution: impl Future<Output = Result<T, Rejection>>,
    default: impl FnOnce() -> T,
) -> Result<T, Rejection> {
    match resolution.await {
        Err(rejection) if rejection.is_absent() => Ok(default()),
        resolved => resolved,
    }
}

/// Implements what all newtypes around a parameter's value share: `Deref` to the value, and rendering.
macro_rules! value_newtype {
    ($name:ident) => {
        value_newtype!($name, T);

        impl<T: std::fmt::Display> std::fmt::Display for $name<T> {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
    ($name:ident, $target:ty) => {
        impl<T> std::ops::Deref for $name<T> {
            type Target = $target;

            fn deref(&self) -> &$target {
                &self.0
            }
        }

        impl<T> std::ops::DerefMut for $name<T> {
            fn deref_mut(&mut self) -> &mut $target {
                &mut self.0
            }
        }

        impl<T: std::hash::Hash> std::hash::Hash for $name<T> {
            fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
                self.0.hash(hasher);
            }
        }

        impl<T: stario_html::Render> stario_html::Render for $name<T> {
            fn render(&self, buf: &mut stario_html::Buf) {
                self.0.render(buf);
            }
        }
    };
}
use value_newtype;
