//! The guide's login, in two browsers.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use browser_tests::{Browsers, datastar_file, wait_until};
use fantoccini::{Client, Locator};
use stario::http::{Method, request};
use stario::prelude::*;
use stario::{ErrorResponse, Flash, Location, Redirect, Session, Sessions, error_response};
use tokio::net::TcpListener;

stario::app!();

include!("sessions/recipe.rs");

#[test]
fn the_guide_shows_this_login() {
    let guide = include_str!("../../stario/docs/guide.md");
    assert!(guide.contains(include_str!("sessions/recipe.rs")));
}
