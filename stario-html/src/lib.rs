//! HTML values, escaping and rendering: the runtime of the `html!` macro of `stario`, usable alone.
//!
//! [`Html`] is finished markup, [`Render`] is implemented by values that can become part of it, and [`Buf`] is the buffer
//! they are written to. Everything written is escaped. Trusted markup is written only through [`Raw`],
//! [`Html::from_static`] and [`Buf::push_trusted_markup`].
//!
//! Attributes whose value is more than characters have traits of their own, so that a value that is not safe in a place
//! does not compile there: [`UrlAttr`], [`Expression`] for JavaScript, [`StyleAttr`] and [`StyleValue`] for CSS.
//!
#![doc = include_str!("../docs/html.md")]

mod html;
mod render;
mod buf;
mod escape;
mod attribute;
mod url;
mod expression;
#[cfg(feature = "json")]
mod json;
mod places;
#[cfg(feature = "json")]
mod signals;
mod style;
mod attrs;
mod component;
mod hint;
// `cfg(stario_portable)` collects literals as other systems than Linux do.
#[allow(unexpected_cfgs)]
mod literals;

// `cfg(rust_analyzer)` adds items that only editors read.
#[allow(unexpected_cfgs)]
#[doc(hidden)]
pub mod names;
#[allow(unexpected_cfgs)]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use attribute::{AttrValue, AttrWriter, FlagOrTextAttr, TrueFalseAttr};
pub use attrs::{Attrs, InvalidName, TagName};
pub use buf::Buf;
pub use component::Children;
#[doc(hidden)]
pub use escape::{Quote, escape_into};
#[doc(hidden)]
pub use expression::code_of;
pub use expression::{Expression, HandlerAttr, Js, JsWriter, ScriptValue, js};
pub use html::Html;
#[cfg(feature = "json")]
pub use json::{Json, json, try_json};
pub use places::{
    BindAttr, ConditionAttr, DatastarExpression, IndicatorAttr, SignalsAttr, TextExpression, ValueExpression,
};
pub use render::{Displayed, Raw, Render, display};
#[cfg(feature = "json")]
pub use signals::{
    Effect, Expr, NestedSignals, Operand, PageSignals, SignalInfo, SignalKind, SignalPatch, SignalRef,
    TextSignal,
};
pub use style::{Css, StyleAttr, StyleSheet, StyleValue, css};
#[doc(hidden)]
pub use url::{Lead, is_same_site, lead, refresh_url_start};
pub use url::{TrustedUrl, UrlAttr, trusted_url};
