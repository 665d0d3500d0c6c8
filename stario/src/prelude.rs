//! What nearly every file of an app uses: `use stario::prelude::*;`.

pub use crate::{action, event};
pub use crate::{command, component, dependency, detached_command, handler, query};
// For `tokio::time::sleep` between two `yield`s.
pub use std::time::Duration;

#[cfg(feature = "forms")]
pub use crate::Form;
#[cfg(feature = "files")]
pub use crate::asset;
pub use crate::testing::TestClient;
pub use crate::{
    Alive, Children, Cookie, DatastarScript, Event, FormBody, FormField, Header, Headers, Html, IntoResponse,
    Json, JsonBody, Logger, Mode, PathParam, Presence, Query, QueryParam, QueryParams, RawBody, Relay,
    Render, Response, Result, Signal, SignalPatch, SignalRef, Signals, State, TextSignal, Update, Writer,
};
#[cfg(feature = "uploads")]
pub use crate::{Multipart, UploadedFile};
pub use crate::{html, stream, try_stream};
pub use futures_core::Stream;
pub use http::StatusCode;
pub use serde_json::{self, json};
pub use stario_html::json;
