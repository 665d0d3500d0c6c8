//! Apps through a `TestClient`: how requests are routed, what handlers take and answer, and how apps are put together.
//!
//! Each module has an app of its own, `local`: the same paths stand in several of them.

mod caching;
mod asset_files;
mod composition;
#[cfg(feature = "sealed-cookies")]
mod cookies_out;
mod dependencies;
mod endpoints;
mod errors;
mod everyday;
mod failure_region;
mod files;
#[cfg(feature = "sessions")]
mod flash;
mod guards;
mod layers;
mod links;
mod parts;
mod prefixes;
mod rate_limits;
mod redirects;
mod responses;
mod routing;
mod security;
#[cfg(feature = "sessions")]
mod sessions;
mod service;
mod signals;
mod templates;
mod timeouts;
mod without_requests;
#[path = "../support/mod.rs"]
mod support;

stario::app!();
stario::assets!("tests/app/static", app = asset_files::local);
