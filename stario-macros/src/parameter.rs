//! A parameter of a handler or of a provider.

mod emit;
mod model;
mod stored;
mod written;

pub(crate) use emit::{
    Taker, block, info, info_name, infos, metadata, name_assertions, requirements, resolutions, runtime,
    short, short_at, signals_source, source_future,
};
pub(crate) use model::{Parameter, unraw};
pub(crate) use stored::{arguments, restorations, stores, storings};
pub(crate) use written::mentions;
