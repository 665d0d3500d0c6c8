//! The protocol of a Datastar 1.0 client: events to the browser, actions in its pages, the client itself.
//!
//! The protocol is that of the Datastar SDK reference for 1.0 (`datastar-patch-elements` and
//! `datastar-patch-signals` events).

mod action;
mod client;
mod event;
mod fields;
#[cfg(feature = "forms")]
mod form_answer;
mod into_event;
mod link;
mod text;
mod url;

pub use action::{Action, ContentType, HasAction, RequestCancellation, Retry};
pub use client::DatastarScript;
pub use event::{
    Comment, Event, Mode, Namespace, PatchElements, PatchSignals, Redirect, Remove, Script, comment, patch,
    ping, redirect, remove, script, signals,
};
pub use into_event::{IntoEvent, StreamItem};
pub use link::{
    Complete, Link, Probe, QueryValue, Set, Setters, Target, Unprobed, Unset, set_parameter, with_parameter,
};
pub use text::{RestValue, UrlValue};
pub use url::{Url, UrlBuilder};

pub(crate) use client::ClientFile;
pub(crate) use event::{Burst, FRAME_BYTES};
pub(crate) use url::encode_form;
#[cfg(feature = "files")]
pub(crate) use url::encoded_prefix_of;
